create or replace function points.count_transfer(p_bucket smallint, p_draft points.draft, p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    insert into points.transfer_day (bucket, account_id, day, times, points)
    select b.bucket, b.account_id, (p_now at time zone p.time_zone)::date, 1, -p_draft.moved
    from points.balance b
    cross join points.program p
    where b.bucket = p_bucket and b.account_id = p_draft.account_id
    on conflict (bucket, account_id, day) do update
    set times = transfer_day.times + 1, points = transfer_day.points + excluded.points;
end
$$;

comment on function points.count_transfer(smallint, points.draft, timestamptz) is
    'Counts a transfer or offer for the limits of its day.';
