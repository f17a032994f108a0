create or replace function points.keep_proof(p_run points.reconciliation_run) returns void
language plpgsql volatile as $$
begin
    -- What was proven stays what others are measured by as long as something of it is missing.
    if exists (select from points.discrepancy d where d.check_name = 'keys_are_operations' and d.account_id is null and d.closed_at is null) then
        return;
    end if;
    -- Nor has a run been measured by it for which less is settled, as in a database that was restored elsewhere.
    if p_run.settled_at < (select min(k.proven_to) from points.key_proof k) then
        return;
    end if;
    delete from points.key_proof;
    insert into points.key_proof (bucket, part, proven_to, total)
    select s.bucket, s.part, p_run.settled_at,
        -- Of each check, points.note_findings keeps 1,000 discrepancies of a bucket.
        case when count(distinct d.id) filter (where d.account_id & 63 = s.part) = 0 and count(distinct d.id) < 1000 then min(s.keys) end
    from (
        select s.bucket, s.part, sum(s.keys) as keys from points.reconciliation_sum s where s.run = p_run.id group by s.bucket, s.part
    ) s
    left join points.discrepancy d on d.account_bucket = s.bucket and d.check_name = 'keys_are_operations' and d.closed_at is null
    group by s.bucket, s.part;
end
$$;

comment on function points.keep_proof(points.reconciliation_run) is
    'Keeps what the keys of operations came to in a full run that has looked at all of them, for the next one; not while points.check_keys finds that some are missing.';
