create or replace function points.split_chunk(p_run bigint, p_no int) returns void
language plpgsql volatile as $$
begin
    -- points.plan_run has left a number for each bucket.
    insert into points.reconciliation_chunk (run, no, kind, buckets)
    select c.run, c.no + cardinality(c.buckets) / 2, c.kind, c.buckets[cardinality(c.buckets) / 2 + 1:]
    from points.reconciliation_chunk c
    where c.run = p_run and c.no = p_no;
    update points.reconciliation_chunk c
    set buckets = c.buckets[:cardinality(c.buckets) / 2], progress_at = clock_timestamp()
    where c.run = p_run and c.no = p_no;
end
$$;

comment on function points.split_chunk(bigint, int) is
    'Makes two chunks, each of half of its buckets, of one of which nothing was done, and whose row is locked: where much is new, more sessions find something to do.';
