create or replace function points.note_findings(p_run points.reconciliation_run, p_of_bucket smallint, p_found points.finding[], p_counts jsonb default '{}') returns jsonb
language plpgsql volatile as $$
declare
    v_now timestamptz := clock_timestamp();
    v_freezes boolean := (select p.freezes_discrepancies from points.program p);
    v_counts jsonb;
begin
    v_counts := (
        select coalesce(jsonb_object_agg(q.check_name, q.count), '{}')
        from (
            select c.check_name, sum(c.count) as count
            from (
                select f.check_name, count(distinct (f.account_id, f.subject)) as count from unnest(p_found) f group by f.check_name
                union all
                select k.key, k.value::bigint from jsonb_each_text(p_counts) k
            ) c
            group by c.check_name
        ) q);
    insert into points.discrepancy as d (
        check_name, account_bucket, account_id, subject, evidence, first_run, last_run, first_seen_at, last_seen_at, to_freeze)
    select q.check_name, case when q.account_id is not null then p_of_bucket end, q.account_id, q.subject,
        case when length(q.evidence::text) <= 10000 then q.evidence else jsonb_build_object('begins', left(q.evidence::text, 10000)) end,
        coalesce(p_run.id, 0), coalesce(p_run.id, 0), v_now, v_now, v_freezes and q.account_id is not null
    from (
        select f.*, row_number() over (partition by f.check_name order by f.account_id, f.subject) as place
        from (
            select distinct on (f.check_name, f.account_id, f.subject) f.*
            from unnest(p_found) f
            order by f.check_name, f.account_id, f.subject
        ) f
    ) q
    -- Whatever is wrong with all accounts is known by a thousand.
    where q.place <= 1000
    order by q.check_name, q.account_id, q.subject
    on conflict (check_name, coalesce(account_bucket, -1), coalesce(account_id, -1), subject) where closed_at is null
    do update set last_run = greatest(d.last_run, excluded.last_run), last_seen_at = excluded.last_seen_at, evidence = excluded.evidence,
        state = case when d.evidence = excluded.evidence then d.state else 'open' end;
    return v_counts;
end
$$;

comment on function points.note_findings(points.reconciliation_run, smallint, points.finding[], jsonb) is
    'Keeps what a run has found in a bucket or in none, at most 1,000 discrepancies of each check at once, as new ones or as those that were known: one that somebody has acknowledged is open again when it says something else. Those whose accounts are to be frozen are marked. Returns how many each check has found, with what p_counts says it had found before.';
