create or replace function points.burn_lots(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_debits points.draft[] := array(select d from unnest(p_drafts) d where d.seq is not null and d.moved < 0);
    v_uncovered bigint;
begin
    insert into points.lot_use (bucket, account_id, seq, lot_seq, lot_no, points, granted, source, available_at, expires_at, recorded_at)
    select p_bucket, d.account_id, d.seq, l.seq, l.no, least(l.remaining, -d.moved - l.before), l.granted, l.source,
        l.available_at, l.expires_at, p_now
    from unnest(v_debits) d
    cross join lateral (
        select l.*, sum(l.remaining) over (order by l.expires_at, l.seq, l.no) - l.remaining as before
        from (
            select * from points.lot l
            where l.bucket = p_bucket and l.account_id = d.account_id and not l.pending
            order by l.expires_at, l.seq, l.no
            -- Each lot has at least one point, so this many lots are enough.
            limit -d.moved
        ) l
    ) l
    where l.before < -d.moved;

    delete from points.lot l
    using unnest(v_debits) d
    cross join lateral (
        select * from points.lot_use u
        where u.bucket = p_bucket and u.account_id = d.account_id and u.seq = d.seq and u.recorded_at = p_now
        offset 0
    ) u
    where l.bucket = p_bucket and l.account_id = u.account_id and l.expires_at = u.expires_at
        and l.seq = u.lot_seq and l.no = u.lot_no and l.remaining = u.points;

    update points.lot l
    set remaining = l.remaining - u.points
    from unnest(v_debits) d
    cross join lateral (
        select * from points.lot_use u
        where u.bucket = p_bucket and u.account_id = d.account_id and u.seq = d.seq and u.recorded_at = p_now
        offset 0
    ) u
    where l.bucket = p_bucket and l.account_id = u.account_id and l.expires_at = u.expires_at
        and l.seq = u.lot_seq and l.no = u.lot_no;

    select d.account_id into v_uncovered
    from unnest(v_debits) d
    where -d.moved is distinct from (
        select sum(u.points) from points.lot_use u
        where u.bucket = p_bucket and u.account_id = d.account_id and u.seq = d.seq and u.recorded_at = p_now
    );
    if found then
        raise exception using errcode = 'LP901', message = format('the lots of account %s do not cover its available points', v_uncovered);
    end if;
end
$$;

comment on function points.burn_lots(smallint, points.draft[], timestamptz) is
    'Takes the points of each debit from the account''s available lots: soonest expiry first, never-expiring last, then oldest grant. At most one debit an account. Raises LP901 when lots and account disagree, which no operation can bring about.';
