create or replace function points.unsealed_since() returns timestamptz
language plpgsql stable set enable_seqscan = off set plan_cache_mode = force_custom_plan as $$
declare
    v_since timestamptz;
begin
    -- Nothing was booked before the first account was there.
    select min(case when isfinite(w.since) then w.since else a.created_at end) into v_since
    from points.seal_window w
    left join lateral (
        select a.created_at from points.account a where a.bucket = w.bucket order by a.id limit 1
    ) a on true;
    if exists (select from points.entry e where e.recorded_at >= v_since) then
        return v_since;
    end if;
    return null;
end
$$;

comment on function points.unsealed_since() is
    'An instant before which nothing was recorded that is not sealed: as late as can be told without reading what was recorded since. Null: all entries are sealed.';
