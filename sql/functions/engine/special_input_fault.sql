create or replace function points.special_input_fault(
    p_kind points.operation_kind, p_rule text, p_order_key text, p_reward text, p_original uuid, p_counterparty text,
    p_amount numeric, p_points bigint, p_occurred_at timestamptz, p_expires_at timestamptz, p_reason text,
    p_actor text, p_metadata jsonb, p_subject text, p_origin api.origin, p_now timestamptz
) returns text[]
language plpgsql immutable parallel safe as $$
begin
    return case
        when p_expires_at <= p_now or not isfinite(p_expires_at)
            then array['expires_at', 'must be in the future']
        when length(p_reason) > 500
            then array['reason', 'must have at most 500 characters']
        when length(p_actor) > 128
            then array['actor', 'must have at most 128 characters']
        when jsonb_typeof(p_metadata) <> 'object' or length(p_metadata::text) > 4096
            then array['metadata', 'must be an object of at most 4096 characters']
        when p_kind not in ('earn', 'sign_in', 'claim') and num_nonnulls((p_origin).address, (p_origin).device) > 0
            then array['origin', 'is for earn, sign_in and claim']
        when length((p_origin).device) not between 1 and 128
            then array['origin', 'a device must have 1 to 128 characters']
        when p_kind in ('earn', 'spend', 'adjust') and num_nonnulls(p_reward, p_original, p_counterparty, p_subject) = 0
            then case
                -- Said by points.input_fault.
                when (p_kind = 'earn') <> (p_rule is not null) or p_kind <> 'earn' and p_amount is not null and p_order_key is null
                        or p_kind <> 'earn' and (p_points is null or p_points = 0) or p_kind <> 'adjust' and p_points < 1
                    then null
                when p_expires_at is not null and (p_kind <> 'adjust' or p_points < 0)
                    then array['expires_at', 'is for adjustments that grant points']
                when p_kind = 'adjust' and num_nonnulls(p_order_key, p_amount) > 0
                    then array['order_key', 'is not for adjustments']
                when p_kind = 'adjust' and coalesce(p_reason, '') = ''
                    then array['reason', 'an adjustment needs a reason']
                when p_kind = 'adjust' and coalesce(p_actor, '') = ''
                    then array['actor', 'an adjustment needs its actor']
            end
        when p_kind in ('sign_in', 'make_up', 'set_time_zone', 'progress', 'claim', 'invite', 'join')
                or p_subject is not null and p_kind <> 'extend'
            then points.occasion_input_fault(p_kind, p_rule, p_order_key, p_reward, p_original, p_counterparty, p_amount, p_points,
                p_occurred_at, p_expires_at, p_subject)
        when p_rule is not null
            then array['rule', 'is for earn']
        when p_kind = 'extend'
            then points.extend_input_fault(p_order_key, p_reward, p_original, p_counterparty, p_amount, p_points, p_expires_at, p_reason, p_actor, p_subject)
        when (p_kind in ('capture', 'release', 'reverse', 'fulfil', 'cancel', 'approve', 'reject', 'activate', 'cancel_award', 'reinstate'))
            <> (p_original is not null)
            then array['original', 'is for what undoes, ends or decides on an operation, which needs it']
        when p_kind in ('transfer', 'merge', 'unmerge') or p_counterparty is not null
            then array['kind', 'what touches two accounts is for api.execute_pair']
        when (p_kind = 'redeem') <> (p_reward is not null)
            then array['reward', 'is for redeem, which needs it']
        when p_kind = 'return' and p_order_key is null
            then array['order_key', 'a return needs it']
        when p_order_key is not null and p_kind not in ('return', 'hold', 'redeem')
            then array['order_key', 'is for earn, spend, hold, redeem and return']
        when p_amount is not null and p_order_key is null
            then array['amount', 'is an order''s, so it needs an order_key']
        when p_kind = 'return' and p_amount = 0
            then array['amount', 'must not be 0']
        when p_kind = 'hold' and p_points is null
            then array['points', 'must not be null']
        when p_points < 1
            then array['points', 'must be positive']
        when p_points is not null and p_kind not in ('hold', 'capture', 'redeem')
            then array['points', 'is not for this kind']
        when p_kind = 'reinstate' and p_expires_at is null
            then array['expires_at', 'must not be null']
        when p_expires_at is not null and p_kind not in ('hold', 'reinstate')
            then array['expires_at', 'is for hold, extend, reinstate and for adjustments that grant points']
        when p_kind in ('freeze', 'unfreeze', 'approve', 'reject', 'activate', 'cancel_award', 'reinstate') and coalesce(p_reason, '') = ''
            then array['reason', 'this needs a reason']
        when p_kind in ('freeze', 'unfreeze', 'approve', 'reject', 'activate', 'cancel_award', 'reinstate') and coalesce(p_actor, '') = ''
            then array['actor', 'this needs its actor']
    end;
end
$$;

comment on function points.special_input_fault(points.operation_kind, text, text, text, uuid, text, numeric, bigint, timestamptz, timestamptz, text, text, jsonb, text, api.origin, timestamptz) is
    'The rest of points.input_fault, for kinds other than earn and spend and for what few requests have. Apart, so that a batch without them does not prepare it.';
