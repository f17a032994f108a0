create or replace function points.note_findings(p_run points.reconciliation_run, p_of_bucket smallint, p_found points.finding[]) returns void
language plpgsql volatile as $$
declare
    v_now timestamptz := clock_timestamp();
    v_discrepancy points.discrepancy;
begin
    for v_discrepancy in
        -- Whatever is wrong with all accounts is known by a thousand of a chunk.
        insert into points.discrepancy as d (check_name, account_bucket, account_id, subject, evidence, first_run, last_run, first_seen_at, last_seen_at)
        select distinct on (f.check_name, f.account_id, f.subject) f.check_name, case when f.account_id is not null then p_of_bucket end, f.account_id, f.subject,
            case when length(f.evidence::text) <= 10000 then f.evidence else jsonb_build_object('begins', left(f.evidence::text, 10000)) end, coalesce(p_run.id, 0), coalesce(p_run.id, 0), v_now, v_now
        from unnest(p_found[1 : 1000]) f
        on conflict (check_name, coalesce(account_bucket, -1), coalesce(account_id, -1), subject) where closed_at is null
        do update set last_run = excluded.last_run, last_seen_at = excluded.last_seen_at, evidence = excluded.evidence
        returning *
    loop
        if v_discrepancy.first_seen_at = v_now and v_discrepancy.account_id is not null and (select p.freezes_discrepancies from points.program p) then
            perform points.freeze_wrong(v_discrepancy);
        end if;
    end loop;
    if p_run.mode = 'full' then
        -- All was looked at, so what was not found is not there any more.
        update points.discrepancy d
        set state = 'closed', closed_at = v_now
        where d.closed_at is null and d.account_bucket is not distinct from p_of_bucket and d.last_run < p_run.id;
    end if;
end
$$;

comment on function points.note_findings(points.reconciliation_run, smallint, points.finding[]) is
    'Keeps what a run has found in a bucket or in none, at most 1,000 discrepancies at once, as new ones or as those that were known; closes those that a full run did not find again; and freezes the accounts of new ones if the program wants that.';
