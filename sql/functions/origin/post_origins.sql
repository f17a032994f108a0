create or replace function points.post_origins(
    p_bucket smallint, p_drafts points.draft[], p_marks points.origin_mark[], p_now timestamptz
) returns void
language plpgsql volatile as $$
declare
    -- Side by side: a join of two arrays would go through all pairs.
    v_ords int[] := array(select d.ord from unnest(p_drafts) d where d.seq is not null order by d.ord);
    v_seqs bigint[] := array(select d.seq from unnest(p_drafts) d where d.seq is not null order by d.ord);
begin
    insert into points.origin_use (origin, code, starts_at, until, times, max_times)
    select m.origin, m.code, m.starts_at, max(m.until), count(*), max(m.most)
    from unnest(p_marks) m
    where m.starts_at is not null and m.ord = any (v_ords)
    group by m.origin, m.code, m.starts_at
    order by m.origin, m.code, m.starts_at
    on conflict (origin, code, starts_at) do update
    set times = origin_use.times + excluded.times, max_times = excluded.max_times;

    insert into points.origin_award (origin, code, account_bucket, account_id, no, recorded_at, until)
    select m.origin, m.code, p_bucket, m.account_id, case when m.members then 0 else v_seqs[array_position(v_ords, m.ord)] end, p_now, m.until
    from unnest(p_marks) m
    where m.since is not null and m.ord = any (v_ords)
    order by m.origin, m.code, m.account_id
    on conflict (origin, code, account_bucket, account_id, no) do update
    set recorded_at = excluded.recorded_at, until = excluded.until;
end
$$;

comment on function points.post_origins(smallint, points.draft[], points.origin_mark[], timestamptz) is
    'Counts the awards of a round that were booked for the limits and risk rules by address and device.';
