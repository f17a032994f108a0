create or replace function points.input_fault(
    p_kind points.operation_kind, p_user_id text, p_wallet_known boolean, p_idempotency_key text, p_rule text, p_order_key text,
    p_reward text, p_original uuid, p_counterparty text, p_amount numeric, p_points bigint, p_occurred_at timestamptz,
    p_expires_at timestamptz, p_reason text, p_actor text, p_metadata jsonb, p_subject text, p_origin api.origin,
    p_now timestamptz
) returns text[]
language sql stable parallel safe
return coalesce(case
    when p_kind is null or p_kind >= 'expire'
        then array['kind', 'must be one that can be asked for']
    when p_user_id is null or length(p_user_id) not between 1 and 64
        then array['user_id', 'must have 1 to 64 characters']
    when p_idempotency_key is null or length(p_idempotency_key) not between 1 and 128
        then array['idempotency_key', 'must have 1 to 128 characters']
    when not p_wallet_known
        then array['wallet', 'no such wallet']
    when p_points not between -9007199254740991 and 9007199254740991
        then array['points', 'must be within 9007199254740991 either way']
    when p_amount < 0 or p_amount >= 1e12 or p_amount = 'NaN' or scale(p_amount) > 8
        then array['amount', 'must be from 0 to less than 1000000000000, with at most 8 decimals']
    when p_occurred_at > p_now + interval '5 minutes' or p_occurred_at < '1970-01-01 00:00:00+00'
        then array['occurred_at', 'must be from 1970 on and not in the future']
    when length(p_order_key) not between 1 and 128
        then array['order_key', 'must have 1 to 128 characters']
    when p_kind not in ('earn', 'spend')
            or num_nonnulls(p_reward, p_original, p_counterparty, p_expires_at, p_reason, p_actor, p_metadata, p_subject, p_origin) > 0
        then points.special_input_fault(p_kind, p_rule, p_order_key, p_reward, p_original, p_counterparty, p_amount,
            p_points, p_occurred_at, p_expires_at, p_reason, p_actor, p_metadata, p_subject, p_origin, p_now)
end, case
    when (p_kind = 'earn') <> (p_rule is not null)
        then array['rule', 'is for earn, which needs it']
    when p_amount is not null and p_kind <> 'earn' and p_order_key is null
        then array['amount', 'is an order''s, so it needs an order_key']
    when p_kind in ('spend', 'adjust') and (p_points is null or p_points = 0)
        then array['points', 'must not be 0']
    when p_kind <> 'adjust' and p_points < 1
        then array['points', 'must be positive']
end);

comment on function points.input_fault(points.operation_kind, text, boolean, text, text, text, text, uuid, text, numeric, bigint, timestamptz, timestamptz, text, text, jsonb, text, api.origin, timestamptz) is
    'The first thing wrong with a request by itself, as path and message; null: nothing. One expression, stable like its parts, so that the planner inlines it.';
