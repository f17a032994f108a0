create or replace function points.prove_chunk(p_run points.reconciliation_run, p_chunk points.reconciliation_chunk, p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_snapshot xid8 := pg_snapshot_xmin(pg_current_snapshot());
    v_weighed record;
    v_proven record;
    v_found points.finding[];
    v_checks text[];
    v_ids bigint[];
    v_special bigint[] := p_chunk.special;
    v_to bigint := 9223372036854775807::bigint;
    v_accounts bigint := 0::bigint;
    v_entries bigint := 0::bigint;
    v_trial jsonb;
    v_counts jsonb := p_chunk.counts;
begin
    if p_chunk.kind in ('entries', 'operations', 'lot_uses') then
        perform points.sum_chunk(p_chunk.run, p_chunk.no);
    elsif p_chunk.kind <> 'bucket' then
        select r.findings, r.checks into v_found, v_checks from points.check_rest(p_chunk.kind, p_now) r;
        if p_run.mode = 'full' and p_chunk.kind = 'rest' then
            v_found := v_found || array(select f from points.check_keys(p_run) f);
            v_checks := v_checks || 'keys_are_operations'::text;
        end if;
    elsif p_run.mode = 'incremental' then
        for v_proven in select * from points.prove_changed(p_chunk.buckets, p_chunk.at_account_id, p_chunk.to_account_id, p_run.since) loop
            v_accounts := v_accounts + v_proven.accounts;
            v_entries := v_entries + v_proven.entries;
            v_counts := points.note_findings(p_run, v_proven.of_bucket, v_proven.findings, v_counts);
        end loop;
    elsif v_special is null then
        select * into v_weighed from points.weigh_bucket(p_chunk.run, p_chunk.buckets[1], p_run.settled_at);
        v_proven := points.prove_bucket(p_chunk.buckets[1], v_weighed.parts, v_weighed.suspects, v_weighed.special);
        v_found := v_proven.findings;
        v_special := v_proven.special;
        v_accounts := v_weighed.accounts;
        v_entries := v_weighed.entries;
        v_trial := v_weighed.trial;
        v_to := case when v_special = '{}' then v_to else -1 end;
    else
        v_ids := array(select i from unnest(v_special) i where i > p_chunk.at_account_id order by i limit 5000);
        v_found := points.prove_special(p_chunk.buckets[1], v_ids);
        v_to := case when cardinality(v_ids) = 5000 then v_ids[5000] else v_to end;
    end if;
    if v_found is not null then
        v_counts := points.note_findings(p_run, p_chunk.buckets[1], v_found, v_counts);
        -- Where archived rows are not there, not all was looked at.
        if p_run.mode = 'full' and v_to = 9223372036854775807 and (p_chunk.buckets is null or points.archive_there()) then
            perform points.close_findings(p_run.id, p_chunk.buckets[1], v_checks, v_counts);
        end if;
    end if;
    update points.reconciliation_chunk c
    set done = v_to = 9223372036854775807, at_account_id = v_to, snapshot_xid = least(c.snapshot_xid, v_snapshot), progress_at = clock_timestamp(),
        accounts = c.accounts + v_accounts, entries = c.entries + v_entries, special = v_special, trial = coalesce(v_trial, c.trial), counts = v_counts,
        discrepancies = (select coalesce(sum(k.value::bigint), 0) from jsonb_each_text(v_counts) k)
    where c.run = p_chunk.run and c.no = p_chunk.no;
end
$$;

comment on function points.prove_chunk(points.reconciliation_run, points.reconciliation_chunk, timestamptz) is
    'Does one chunk of a run, whose row is locked, or some of it. Its checks see one snapshot.';
