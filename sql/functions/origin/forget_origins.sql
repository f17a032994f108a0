create or replace function api.forget_origins(p_rows int default 1000) returns int
language plpgsql volatile security definer set search_path = '' as $$
declare
    v_forgotten int;
    v_now timestamptz := clock_timestamp();
begin
    with old as (
        select u.origin, u.code, u.starts_at from points.origin_use u
        where u.until <= v_now
        order by u.until limit p_rows
        for update skip locked
    ), forgotten as (
        delete from points.origin_use u using old o
        where u.origin = o.origin and u.code = o.code and u.starts_at = o.starts_at
        returning 1
    ), passed as (
        select e.origin, e.code, e.account_bucket, e.account_id, e.no from points.origin_award e
        where e.until <= v_now
        order by e.until limit p_rows
        for update skip locked
    ), left_behind as (
        delete from points.origin_award e using passed o
        where e.origin = o.origin and e.code = o.code and e.account_bucket = o.account_bucket and e.account_id = o.account_id and e.no = o.no
        returning 1
    ), idle as (
        select o.origin from points.origin o
        where o.made_at <= v_now - interval '1 day'
        limit p_rows
        for update skip locked
    ), let_go as (
        delete from points.origin o using idle i where o.origin = i.origin returning 1
    )
    select ((select count(*) from forgotten) + (select count(*) from left_behind) + (select count(*) from let_go))::int into v_forgotten;
    return v_forgotten;
end
$$;

comment on function api.forget_origins(int) is
    'Deletes what is no longer needed of addresses and devices: counts of periods that ended a week ago, awards that no window holds, and locks, p_rows of each at most. Returns how many; 0: there is nothing left. Repeat it until then.';
