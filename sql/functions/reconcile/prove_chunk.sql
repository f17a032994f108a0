create or replace function points.prove_chunk(p_run points.reconciliation_run, p_chunk points.reconciliation_chunk, p_limit int, p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_snapshot xid8 := pg_snapshot_xmin(pg_current_snapshot());
    v_proven record;
    v_found points.finding[];
    v_to bigint := 9223372036854775807::bigint;
    v_accounts bigint := 0::bigint;
    v_entries bigint := 0::bigint;
    v_discrepancies bigint := 0::bigint;
    v_trials jsonb[] := array[]::jsonb[];
begin
    if p_chunk.kind in ('entries', 'operations', 'lot_uses') then
        perform points.sum_chunk(p_chunk.run, p_chunk.no);
    elsif p_chunk.kind = 'rest' then
        v_found := points.check_rest(p_run.mode = 'full', p_now);
        perform points.note_findings(p_run, null, v_found);
        v_discrepancies := cardinality(v_found)::bigint;
    elsif p_run.mode = 'full' then
        for v_proven in select * from points.weigh_buckets(p_chunk.run, p_chunk.of_bucket, p_chunk.to_bucket, p_run.settled_at) loop
            v_found := points.prove_bucket(v_proven.of_bucket, v_proven.parts, v_proven.suspects, v_proven.special);
            perform points.note_findings(p_run, v_proven.of_bucket, v_found);
            v_discrepancies := v_discrepancies + cardinality(v_found);
            v_accounts := v_accounts + v_proven.accounts;
            v_entries := v_entries + v_proven.entries;
            v_trials := v_trials || v_proven.trial;
        end loop;
    else
        v_to := points.changed_to(p_chunk.of_bucket, p_chunk.at_account_id, p_run.since, p_limit);
        v_proven := points.prove_changed(p_chunk.of_bucket, p_chunk.at_account_id, v_to, p_run.since);
        perform points.note_findings(p_run, p_chunk.of_bucket, v_proven.findings);
        v_discrepancies := cardinality(v_proven.findings)::bigint;
        v_accounts := v_proven.accounts;
        v_entries := v_proven.entries;
    end if;
    update points.reconciliation_chunk c
    set done = v_to = 9223372036854775807, at_account_id = v_to, snapshot_xid = least(c.snapshot_xid, v_snapshot),
        accounts = c.accounts + v_accounts, entries = c.entries + v_entries, discrepancies = c.discrepancies + v_discrepancies, trials = v_trials
    where c.run = p_chunk.run and c.no = p_chunk.no;
end
$$;

comment on function points.prove_chunk(points.reconciliation_run, points.reconciliation_chunk, int, timestamptz) is
    'Does one chunk of a run, whose row is locked; p_limit: entries of an incremental one, about. Its checks see one snapshot.';
