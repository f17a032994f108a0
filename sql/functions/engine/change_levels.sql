create or replace function points.change_levels(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    insert into points.level_change (bucket, account_id, seq, no, previous, level, cause, measure, measured, changed_at, recorded_at)
    select p_bucket, q.account_id, q.seq, 0, q.previous, q.level,
        case q.entry_kind when 'earn' then 'award' when 'clawback' then 'clawback' else 'merge' end::points.level_cause, 'ever', q.earned_after, p_now, p_now
    from (
        select d.account_id, d.seq, d.entry_kind, d.earned_after, l.code as level, coalesce(lag(l.code) over w, a.level) as previous
        from unnest(p_drafts) d
        cross join lateral (
            select a.wallet, b.level from points.account a
            join points.balance b on b.bucket = p_bucket and b.account_id = a.id
            where a.bucket = p_bucket and a.id = d.account_id and b.level_until > 0
            limit 1
        ) a
        join points.level_step l on l.wallet = a.wallet and l.threshold <= d.earned_after and d.earned_after < l.until
        where d.entry_kind in ('earn', 'clawback', 'merge') and d.seq is not null
        window w as (partition by d.account_id order by d.seq)
    ) q
    where q.level is distinct from q.previous;

    update points.balance b
    set level = l.code, level_until = l.until, level_revision = p.level_revision
    from (
        select distinct on (d.account_id) d.account_id, d.earned_after
        from unnest(p_drafts) d
        where d.entry_kind in ('earn', 'clawback', 'merge') and d.seq is not null
        order by d.account_id, d.seq desc
    ) d
    join points.account a on a.bucket = p_bucket and a.id = d.account_id
    join points.level_step l on true
    cross join points.program p
    where b.bucket = p_bucket and b.account_id = d.account_id and b.level_until > 0
        and l.wallet = a.wallet and l.threshold <= d.earned_after and d.earned_after < l.until;

    if exists (
        select from unnest(p_drafts) d
        join points.balance b on b.bucket = p_bucket and b.account_id = d.account_id and b.level_until = 0
    ) then
        perform points.change_period_levels(p_bucket, p_drafts, p_now);
    end if;
end
$$;

comment on function points.change_levels(smallint, points.draft[], timestamptz) is
    'Decides the level after each award and clawback of these drafts, and keeps each change with the entry that caused it. Called when an award reaches level_until, and for each clawback.';
