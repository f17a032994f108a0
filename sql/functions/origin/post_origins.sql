create or replace function points.post_origins(
    p_bucket smallint, p_drafts points.draft[], p_marks points.origin_mark[], p_now timestamptz
) returns void
language plpgsql volatile as $$
begin
    insert into points.origin_use (origin, code, starts_at, until, times, max_times)
    select m.origin, m.code, m.starts_at, max(m.until), count(*), max(m.most)
    from unnest(p_drafts) d
    join unnest(p_marks) m on m.ord = d.ord
    where d.seq is not null and m.starts_at is not null
    group by m.origin, m.code, m.starts_at
    order by m.origin, m.code, m.starts_at
    on conflict (origin, code, starts_at) do update
    set times = origin_use.times + excluded.times, max_times = excluded.max_times;

    insert into points.origin_award (origin, code, account_bucket, account_id, no, recorded_at, until)
    select m.origin, m.code, p_bucket, m.account_id, case when m.members then 0 else d.seq end, p_now, m.until
    from unnest(p_drafts) d
    join unnest(p_marks) m on m.ord = d.ord
    where d.seq is not null and m.since is not null
    order by m.origin, m.code, m.account_id
    on conflict (origin, code, account_bucket, account_id, no) do update
    set recorded_at = excluded.recorded_at, until = excluded.until;
end
$$;

comment on function points.post_origins(smallint, points.draft[], points.origin_mark[], timestamptz) is
    'Counts the awards of a round that were booked for the limits and risk rules by address and device.';
