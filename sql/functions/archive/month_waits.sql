create or replace function points.month_waits(p_month date, out lots bigint, out holds bigint)
language plpgsql stable set enable_seqscan = on set plan_cache_mode = auto as $$
declare
    v_from timestamptz := points.month_start(p_month);
    v_until timestamptz := points.month_start(p_month, 1);
begin
    select count(*) into lots
    from points.lot l
    join points.entry e on e.bucket = l.bucket and e.account_id = l.account_id and e.seq = l.seq
    where e.recorded_at >= v_from and e.recorded_at < v_until;

    select count(*) into holds
    from points.hold h
    where h.closed_at is null and (
        h.held_at >= v_from and h.held_at < v_until
        or exists (
            select from points.lot_use u
            join points.entry e on e.bucket = u.bucket and e.account_id = u.account_id and e.seq = u.lot_seq
            where u.bucket = h.bucket and u.account_id = h.account_id and u.seq = h.seq and u.recorded_at = h.held_at
                and e.recorded_at >= v_from and e.recorded_at < v_until
        ));
end
$$;

comment on function points.month_waits(date) is
    'What keeps a month from the archive: lots that its entries opened and that are not used up, and open holds that were made in it or took from such lots.';
