create or replace function points.receive(p_bucket smallint, p_requests api.request[], p_now timestamptz, p_as_asked boolean default true)
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select row(
            q.ord, q.account_id, api.operation_id(q.client_id, q.idempotency_key), points.entry_kind_of(q.kind), q.version,
            case
                when q.fault is not null then 'INVALID_INPUT'
                when q.forbidden then 'FORBIDDEN'
                when q.kind = 'earn' and q.version is null then 'UNKNOWN_RULE'
                when q.retired_at is not null then 'RULE_RETIRED'
                when q.rule_fault is not null then 'INVALID_INPUT'
            end,
            case when num_nonnulls(q.fault, q.retired_at, q.rule_fault) > 0 or q.forbidden or q.kind = 'earn' and q.version is null
                then points.receipt_detail(q.kind, q.rule, q.wallet, q.version, q.fault, q.forbidden, q.retired_at, q.rule_fault)
            end,
            false, case when q.once or q.kind in ('sign_in', 'make_up', 'set_time_zone', 'progress', 'claim', 'invite', 'join') then 0 end, null, null,
            q.reward, null, null, null, null, null, null, null, null, null, null, null, null, q.merged, null, null, null
        )::points.draft
        from (
            select r.ord, r.kind, r.client_id, r.idempotency_key, r.rule, r.wallet, r.reward, a.id as account_id, a.merged, v.version,
                r.rule = any (array(select o.code from points.rule o where o.once)) as once,
                points.input_fault(r.kind, r.user_id, coalesce(r.wallet, 'points') = any (array(select w.code from points.wallet w)), r.idempotency_key, r.rule, r.order_key, r.reward,
                    r.original, r.counterparty, r.amount, r.points, r.occurred_at, r.expires_at, r.reason, r.actor, r.metadata, r.subject, r.origin, p_now) as fault,
                c.id is null or c.revoked_at <= p_now or case
                    -- Facts about orders, and where a member is, are the host's to tell.
                    when c.id = 2 then p_as_asked
                        and (not points.members_may(r.kind) or num_nonnulls(r.order_key, r.amount, (r.origin).address, (r.origin).device) > 0)
                    else points.scope_of(r.kind) <> all (c.scopes) or r.rule <> all (c.rules) or coalesce(r.wallet, 'points') <> all (c.wallets)
                end as forbidden,
                case when v.basis = 'none' then v.starts_at end as retired_at,
                points.rule_fault(v.basis, v.fixed_points, v.wallet, coalesce(r.wallet, 'points'), r.amount, r.points) as rule_fault
            from unnest(p_requests) with ordinality
                as r(kind, user_id, wallet, client_id, idempotency_key, rule, order_key, reward, original, counterparty, amount, points, occurred_at, expires_at, reason, actor, metadata, subject, origin, ord)
            left join points.client c on c.id = r.client_id
            left join lateral (
                select a.id, a.into_id is not null as merged from points.account a
                where a.bucket = p_bucket and a.user_id = r.user_id and a.wallet = coalesce(r.wallet, 'points')
                limit 1
            ) a on true
            left join lateral (
                select v.version, v.starts_at, v.basis, v.fixed_points, v.wallet
                from points.rule_version v
                where v.rule = r.rule and v.starts_at <= p_now
                order by v.starts_at desc, v.version desc
                limit 1
            ) v on r.kind = 'earn'
            order by r.ord
            -- Keeps the planner from copying each fault into every place that asks for it.
            offset 0
        ) q
        order by q.ord
    );
end
$$;

comment on function points.receive(smallint, api.request[], timestamptz, boolean) is
    'First stage: makes a draft of each request, finds its account, checks its inputs, the client''s rights and the rule. INVALID_INPUT, FORBIDDEN, UNKNOWN_RULE, RULE_RETIRED, in this order. p_as_asked false: these are what others come to, and members'' rights to those were checked.';
