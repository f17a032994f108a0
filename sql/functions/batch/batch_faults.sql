create or replace function points.batch_faults(p_client_id int, p_rows jsonb, p_now timestamptz)
returns table (place int, code text, detail jsonb)
language plpgsql stable as $$
begin
    return query
        select q.place, case when q.fault is not null then 'INVALID_INPUT' else 'FORBIDDEN' end,
            case
                when q.fault is not null then jsonb_build_object('path', q.fault[1], 'message', q.fault[2])
                else jsonb_build_object('scope', points.scope_of(q.kind), 'rule', q.rule, 'wallet', q.wallet)
            end
        from (
            select e.ord::int as place, r.kind, r.rule, r.wallet,
                case
                    when jsonb_typeof(e.value) <> 'object' then array['row', 'must be an object']
                    when e.value ? 'fault' then array['row', e.value ->> 'fault']
                    when r.kind is null or r.kind not in ('earn', 'spend', 'adjust') then array['kind', 'must be earn, spend or adjust']
                    else points.input_fault(r.kind, r.user_id, w.code is not null, r.idempotency_key, r.rule, r.order_key, r.reward,
                        r.original, r.counterparty, r.amount, r.points, r.occurred_at, r.expires_at, r.reason, r.actor, r.metadata, r.subject, r.origin, p_now)
                end as fault,
                -- As points.receive has it, which asks again when the row is carried out.
                points.scope_of(r.kind) <> all (c.scopes) or r.rule <> all (c.rules) or coalesce(r.wallet, 'points') <> all (c.wallets) as forbidden
            from jsonb_array_elements(p_rows) with ordinality as e(value, ord)
            cross join lateral jsonb_populate_record(null::api.request, case when jsonb_typeof(e.value) = 'object' then e.value else '{}' end) r
            join points.client c on c.id = p_client_id
            left join points.wallet w on w.code = coalesce(r.wallet, 'points')
            offset 0
        ) q
        where q.fault is not null or q.forbidden
        order by q.place;
end
$$;

comment on function points.batch_faults(int, jsonb, timestamptz) is
    'Which of these rows cannot be queued for the client, and why: an input at fault by itself (INVALID_INPUT), or a rule, wallet or kind that the client may not use (FORBIDDEN). A row with a member fault could not be read.';
