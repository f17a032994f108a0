create or replace function points.forget_origins_step(
    p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text
)
language plpgsql volatile as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
begin
    with old as (
        select u.origin, u.code, u.starts_at from points.origin_use u
        where u.until <= v_now
        order by u.until limit p_limit
        for update skip locked
    ), forgotten as (
        delete from points.origin_use u using old o
        where u.origin = o.origin and u.code = o.code and u.starts_at = o.starts_at
        returning 1
    ), passed as (
        select e.origin, e.code, e.account_bucket, e.account_id, e.no from points.origin_award e
        where e.until <= v_now
        order by e.until limit p_limit
        for update skip locked
    ), left_behind as (
        delete from points.origin_award e using passed o
        where e.origin = o.origin and e.code = o.code and e.account_bucket = o.account_bucket and e.account_id = o.account_id and e.no = o.no
        returning 1
    ), idle as (
        select o.origin from points.origin o
        where o.made_at <= v_now - interval '1 day'
        limit p_limit
        for update skip locked
    ), let_go as (
        delete from points.origin o using idle i where o.origin = i.origin returning 1
    )
    select ((select count(*) from forgotten) + (select count(*) from left_behind) + (select count(*) from let_go))::int into done;
    failure := null;
    due_since := least(
        (select min(u.until) from points.origin_use u where u.until <= v_now),
        (select min(e.until) from points.origin_award e where e.until <= v_now),
        (select min(o.made_at) + interval '1 day' from points.origin o where o.made_at <= v_now - interval '1 day'));
end
$$;

comment on function points.forget_origins_step(int, timestamptz) is
    'Job forget_origins: deletes what is no longer needed of addresses and devices: counts of periods that ended a week ago, awards that no window holds, and locks, p_limit of each at most. p_now moves the clock in tests; null: the clock.';
