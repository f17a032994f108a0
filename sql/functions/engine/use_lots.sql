create or replace function points.use_lots(p_bucket smallint, p_debits points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_uncovered bigint;
begin
    delete from points.lot l
    using unnest(p_debits) d
    cross join lateral (
        select * from points.lot_use u
        where u.bucket = p_bucket and u.account_id = d.account_id and u.seq = d.seq and u.recorded_at = p_now
        offset 0
    ) u
    where l.bucket = p_bucket and l.account_id = u.account_id and l.expires_at = u.expires_at
        and l.seq = u.lot_seq and l.no = u.lot_no and l.remaining = u.points;

    update points.lot l
    set remaining = l.remaining - u.points
    from unnest(p_debits) d
    cross join lateral (
        select * from points.lot_use u
        where u.bucket = p_bucket and u.account_id = d.account_id and u.seq = d.seq and u.recorded_at = p_now
        offset 0
    ) u
    where l.bucket = p_bucket and l.account_id = u.account_id and l.expires_at = u.expires_at
        and l.seq = u.lot_seq and l.no = u.lot_no;

    select d.account_id into v_uncovered
    from unnest(p_debits) d
    where -(d.pending_delta + d.available_delta) is distinct from (
        select sum(u.points) from points.lot_use u
        where u.bucket = p_bucket and u.account_id = d.account_id and u.seq = d.seq and u.recorded_at = p_now
    );
    if found then
        raise exception using errcode = 'LP901', message = format('the lots of account %s do not cover its available points', v_uncovered);
    end if;
end
$$;

comment on function points.use_lots(smallint, points.draft[], timestamptz) is
    'Takes from the lots what points.lot_use says that these debits take. Raises LP901 when lots and account disagree, which no operation can bring about.';
