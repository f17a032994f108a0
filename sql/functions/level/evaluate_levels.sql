create or replace function api.evaluate_levels(p_limit int default 1000, p_bucket smallint default null) returns int
language plpgsql volatile security definer
-- A plan made while tables were empty must not read them whole later.
set search_path = '' set enable_seqscan = off set jit = off as $$
declare
    v_done int := 0;
begin
    for v_bucket in coalesce(p_bucket, 0) .. coalesce(p_bucket, points.bucket_count() - 1) loop
        v_done := v_done + points.decide_due_levels(v_bucket::smallint, p_limit - v_done, clock_timestamp());
        exit when v_done >= p_limit;
    end loop;
    return v_done;
end
$$;

comment on function api.evaluate_levels(int, smallint) is
    'Books what has become of levels without anybody touching the accounts, in one step of at most p_limit accounts, of one bucket or of all: levels that have ended, and what changed levels make of members. Returns how many accounts it looked after; call it until that is 0. What it leaves to do later is true to readers all the same. It waits for no operation, and operations wait for one step at most.';
