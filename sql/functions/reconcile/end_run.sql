create or replace function points.end_run(p_run bigint, p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    update points.reconciliation_run r
    set ended_at = clock_timestamp(),
        proven_up_to = coalesce(points.proven_mark(r.id, c.snapshot, p_now), (
            select p.proven_up_to from points.reconciliation_run p where p.proven_up_to is not null order by p.id desc limit 1)),
        accounts = c.accounts, entries = c.entries, discrepancies = c.discrepancies, trial = t.trial
    from (
        select min(c.snapshot_xid) as snapshot, sum(c.accounts) as accounts, sum(c.entries) as entries, sum(c.discrepancies) as discrepancies
        from points.reconciliation_chunk c
        where c.run = p_run
    ) c
    cross join (
        select jsonb_object_agg(q.key, q.points) as trial
        from (
            select k.key, sum(k.value::numeric) as points
            from points.reconciliation_chunk c
            cross join lateral jsonb_each_text(c.trial) k
            where c.run = p_run
            group by k.key
        ) q
    ) t
    where r.id = p_run and r.ended_at is null;
    if not found then
        return;
    end if;
    insert into points.reconciliation_result (run, check_name, accounts, discrepancies)
    select r.id, k.name, r.accounts, (
        select coalesce(sum((c.counts ->> k.name)::bigint), 0)::bigint from points.reconciliation_chunk c where c.run = r.id)
    from points.reconciliation_run r
    join points.reconciliation_check k on k.incremental or r.mode = 'full'
    where r.id = p_run;
    perform points.keep_proof(r) from points.reconciliation_run r where r.id = p_run and r.mode = 'full';
    delete from points.reconciliation_sum s where s.run = p_run;
    delete from points.reconciliation_chunk c where c.run = p_run;
end
$$;

comment on function points.end_run(bigint, timestamptz) is
    'Ends a run whose chunks are done: what it has proven, up to when, and what each check came to.';
