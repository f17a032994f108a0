create or replace function points.draft_sign_ins(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select q.draft
        from (
            select d.ord, row(
                d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version, v.refusal,
                case v.refusal
                    when 'ALREADY_SIGNED_IN' then jsonb_build_object('day', a.day, 'made_up', s.made_on is not null, 'operation_id', s.operation_id)
                    when 'DAY_OUT_OF_RANGE' then jsonb_build_object('day', a.day, 'first', a.first, 'last', m.day - 1)
                    when 'LIMIT_REACHED' then jsonb_build_object('limit', 'days made up a month', 'maximum', t.make_up_times)
                end,
                d.replayed, d.round, n.moved, d.happened_at, d.lot_source, d.lot_available_at, d.lot_expires_at, null,
                case when d.lot_available_at > p_now then n.moved else 0 end, case when d.lot_available_at > p_now then 0 else n.moved end, 0, 0,
                null, null, null, null, null, null, null, null, d.lot_idle
            )::points.draft as draft
            from unnest(p_drafts) d
            cross join lateral (
                select (p_requests[d.ord]).kind, (p_requests[d.ord]).subject, coalesce((p_requests[d.ord]).wallet, 'points') as wallet
            ) r
            join points.sign_in_terms t on t.wallet = r.wallet
            cross join lateral points.member_day(p_bucket, d.account_id, p_now) m
            cross join lateral (
                select coalesce(r.subject::date, m.day) as day,
                    greatest(m.day - t.make_up_days, (c.created_at at time zone m.time_zone)::date) as first
                from points.account c
                where c.bucket = p_bucket and c.id = d.account_id
                limit 1
            ) a
            left join lateral (
                select * from points.sign_in s
                where s.bucket = p_bucket and s.account_id = d.account_id and s.day = a.day
                limit 1
            ) s on true
            cross join lateral (
                select case
                    when r.kind = 'make_up' and a.day not between a.first and m.day - 1 then 'DAY_OUT_OF_RANGE'
                    when s.day is not null then 'ALREADY_SIGNED_IN'
                    when r.kind = 'make_up' and points.made_up_in(p_bucket, d.account_id, m.day) >= t.make_up_times then 'LIMIT_REACHED'
                end as refusal
            ) v
            cross join lateral (
                select case
                    when v.refusal is not null then 0
                    when r.kind = 'make_up' then -t.make_up_price
                    else d.moved + points.streak_bonus(t, points.streak_to(p_bucket, d.account_id, a.day - 1) + 1)
                end as moved
            ) n
            where d.round is not null and d.refusal is null and r.kind in ('sign_in', 'make_up')
            union all
            select d.ord, d from unnest(p_drafts) d
            where d.round is null or d.refusal is not null or ((p_requests[d.ord]).kind in ('sign_in', 'make_up')) is not true
        ) q
        order by q.ord
    );
end
$$;

comment on function points.draft_sign_ins(smallint, api.request[], points.draft[], timestamptz) is
    'Works out what sign-ins bring, the award by the rule and the bonus of the streak that they make, and what days made up cost. ALREADY_SIGNED_IN, DAY_OUT_OF_RANGE (also for days before the account was there), LIMIT_REACHED.';
