create or replace function api.explain_operation(p_user_id text, p_operation_id uuid, p_wallet text default 'points')
returns table (no int, step text, words text, result bigint, at timestamptz, agrees boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_operation points.operation;
    v_zone text;
    v_currency text := (select p.currency from points.program p);
begin
    select o.* into v_operation
    from points.account a
    join points.operation o on o.bucket = a.bucket and o.account_id = a.id
    where a.bucket = points.bucket(p_user_id, p_wallet) and a.user_id = p_user_id and a.wallet = p_wallet and o.id = p_operation_id;
    if not found then
        return;
    end if;
    v_zone := points.zone_at(v_operation.recorded_at);
    return query
        select (row_number() over ())::int, s.*
        from (
            select 'asked', format('%s asked to %s%s%s%s%s, at %s.', c.name, replace(v_operation.kind::text, '_', ' '),
                    case when v_operation.kind = 'claim' then ' the task ' || v_operation.subject end,
                    ' ' || points.counted(v_operation.requested), ' by the rule ' || v_operation.rule,
                    ' for ' || v_operation.amount || ' ' || v_currency,
                    points.moment(coalesce(v_operation.occurred_at, v_operation.recorded_at), v_zone)),
                v_operation.requested::bigint, coalesce(v_operation.occurred_at, v_operation.recorded_at), null::boolean
            from points.client c
            where c.id = v_operation.client_id
            union all
            select a.* from points.explain_award(v_operation, v_zone, v_currency) a where v_operation.kind in ('earn', 'sign_in', 'claim')
            union all
            select o.* from points.explain_outcome(v_operation, v_zone) o
        ) s;
end
$$;

comment on function api.explain_operation(text, uuid, text) is
    'Says step by step, in words and numbers, how an operation came to its points: what was asked, the rule version and the award computed again from what is stored, refusal, entry, lots, and what has been undone since. result: points of the step; at: instant of the step; agrees: whether what was computed is what was booked, null: nothing to compare. No row: the account has no such operation.';
