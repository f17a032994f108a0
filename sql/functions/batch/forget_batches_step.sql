create or replace function points.forget_batches_step(
    p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text
)
language plpgsql volatile as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_batch points.batch;
    v_deleted int;
    v_left int;
    v_abandoned int := 0;
begin
    done := 0;
    failure := null;
    loop
        select b.* into v_batch from points.batch b
        where b.done_at <= v_now - (select p.batch_days from points.program p) * interval '1 day'
        order by b.done_at
        limit 1
        for update skip locked;
        exit when not found;
        due_since := v_now;
        v_left := p_limit - done;
        exit when v_left <= 0;
        delete from points.batch_result r
        using (select o.no, o.attempt from points.batch_result o where o.ticket = v_batch.ticket limit v_left) o
        where r.ticket = v_batch.ticket and r.no = o.no and r.attempt = o.attempt;
        get diagnostics v_deleted = row_count;
        done := done + v_deleted;
        continue when done >= p_limit;
        delete from points.batch b where b.ticket = v_batch.ticket;
        done := done + 1;
        due_since := null;
    end loop;
    for v_batch in
        select * from points.batch b
        where b.queued_at is null and b.touched_at <= v_now - interval '1 hour'
        order by b.touched_at
        limit 5
        for update skip locked
    loop
        perform points.discard_batch(v_batch.ticket);
        done := done + 1;
        v_abandoned := v_abandoned + 1;
    end loop;
    if v_abandoned = 5 then
        due_since := v_now;
    end if;
end
$$;

comment on function points.forget_batches_step(int, timestamptz) is
    'Job forget_batches: deletes batches that were done program.batch_days ago, with their answers, p_limit rows at most, and uploads to which nothing was added for an hour, five a step. p_now moves the clock in tests; null: the clock.';
