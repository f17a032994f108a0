create or replace function points.post_sign_ins(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns points.draft[]
language plpgsql volatile as $$
begin
    insert into points.sign_in (bucket, account_id, day, made_on, operation_id, signed_at)
    select b.bucket, d.account_id, coalesce((p_requests[d.ord]).subject::date, m.day),
        case when (p_requests[d.ord]).kind = 'make_up' then m.day end, d.operation_id, p_now
    from unnest(p_drafts) d
    join points.lane b on b.bucket = p_bucket
    cross join lateral points.member_day(p_bucket, d.account_id, p_now) m
    where d.round is not null and d.refusal is null and (p_requests[d.ord]).kind in ('sign_in', 'make_up');

    return array(
        select case
            when s.day is null then d
            else row(
                d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version, d.refusal,
                coalesce(d.refusal_detail, '{}') || jsonb_build_object('day', s.day, 'streak', s.streak)
                    || case when s.made_on is null then jsonb_build_object('bonus', s.bonus) else '{}' end,
                d.replayed, d.round, d.moved, d.happened_at, d.lot_source, d.lot_available_at, d.lot_expires_at, d.seq,
                d.pending_delta, d.available_delta, d.held_delta, d.debt_delta, d.pending_after, d.available_after, d.held_after,
                d.debt_after, d.earned_after, d.level_due, d.undo, d.undoes, d.lot_idle
            )::points.draft
        end
        from unnest(p_drafts) d
        left join lateral (
            select s.day, s.made_on, n.streak, points.streak_bonus(t, n.streak) as bonus
            from points.sign_in s
            cross join lateral (select points.streak_now(p_bucket, s.account_id, coalesce(s.made_on, s.day)) as streak) n
            join points.sign_in_terms t on t.wallet = coalesce((p_requests[d.ord]).wallet, 'points')
            where d.round is not null and d.refusal is null and (p_requests[d.ord]).kind in ('sign_in', 'make_up')
                and s.bucket = p_bucket and s.account_id = d.account_id and s.operation_id = d.operation_id
                and s.day = coalesce((p_requests[d.ord]).subject::date, (points.member_day(p_bucket, d.account_id, p_now)).day)
            limit 1
        ) s on true
        order by d.ord
    );
end
$$;

comment on function points.post_sign_ins(smallint, api.request[], points.draft[], timestamptz) is
    'Keeps the days signed and made up of a round, and says which day it was, the streak that it made, and the bonus that was paid beside the rule''s award.';
