create or replace function points.decide_due_levels(p_bucket smallint, p_limit int, p_now timestamptz) returns int
language plpgsql volatile as $$
declare
    v_revision int := (select p.level_revision from points.program p);
    v_done points.level_evaluation;
    v_ids bigint[];
begin
    insert into points.level_evaluation (bucket, revision, done_to)
    select l.bucket, 0, 0 from points.lane l
    where l.bucket = p_bucket and not exists (select from points.level_evaluation e where e.bucket = p_bucket)
    on conflict do nothing;
    select * into v_done from points.level_evaluation e where e.bucket = p_bucket for no key update skip locked;
    if v_done.bucket is null or v_done.revision = v_revision and v_done.done_to = 9223372036854775807 then
        return 0;
    end if;
    v_ids := array(
        select b.account_id from points.balance b
        where b.bucket = p_bucket and b.account_id > case when v_done.revision = v_revision then v_done.done_to else 0 end
            and b.level_revision <> v_revision and not b.closed
        order by b.account_id
        limit p_limit
        for no key update skip locked
    );
    -- What was locked is left to a second walk; most of it was decided by whoever had locked it.
    update points.level_evaluation e
    set revision = v_revision, done_to = case
        when v_ids <> '{}' then v_ids[cardinality(v_ids)]
        when exists (
            select from points.balance b where b.bucket = p_bucket and b.level_revision <> v_revision and not b.closed
        ) then 0
        else 9223372036854775807
    end
    where e.bucket = p_bucket;
    perform points.decide_levels(p_bucket, v_ids, p_now);
    return cardinality(v_ids);
end
$$;

comment on function points.decide_due_levels(smallint, int, timestamptz) is
    'Books what changed levels make of at most p_limit accounts of a bucket, walking through it; levels that end by themselves are booked as all that is due (balance.next_change_at). Accounts that an operation has locked are left for the next time, so it waits for nobody. Returns how many it looked after; 0: nothing is left, or all of it is locked.';
