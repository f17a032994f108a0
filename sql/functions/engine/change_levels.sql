create or replace function points.change_levels(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    insert into points.level_change (bucket, account_id, seq, previous, level, recorded_at)
    select p_bucket, q.account_id, q.seq, q.previous, q.level, p_now
    from (
        select d.account_id, d.seq, l.code as level, coalesce(lag(l.code) over w, a.level) as previous
        from unnest(p_drafts) d
        cross join lateral (
            select a.wallet, b.level from points.account a
            join points.balance b on b.bucket = p_bucket and b.account_id = a.id
            where a.bucket = p_bucket and a.id = d.account_id
            limit 1
        ) a
        left join points.level_step l on l.wallet = a.wallet and l.threshold <= d.earned_after and d.earned_after < l.until
        where d.entry_kind in ('earn', 'clawback') and d.seq is not null
        window w as (partition by d.account_id order by d.seq)
    ) q
    where q.level is distinct from q.previous;

    update points.balance b
    set level = l.code, level_until = l.until
    from (
        select distinct on (d.account_id) d.account_id, d.earned_after
        from unnest(p_drafts) d
        where d.entry_kind in ('earn', 'clawback') and d.seq is not null
        order by d.account_id, d.seq desc
    ) d
    join points.account a on a.bucket = p_bucket and a.id = d.account_id
    join points.level_step l on true
    where b.bucket = p_bucket and b.account_id = d.account_id
        and l.wallet = a.wallet and l.threshold <= d.earned_after and d.earned_after < l.until;
end
$$;

comment on function points.change_levels(smallint, points.draft[], timestamptz) is
    'Decides the level after each award and clawback of these drafts, and keeps each change with the entry that caused it. Called when an award reaches level_until, and for each clawback.';
