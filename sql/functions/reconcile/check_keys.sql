create or replace function points.check_keys(p_run points.reconciliation_run) returns setof points.finding
language plpgsql stable as $$
begin
    return query
        select 'keys_are_operations', null::bigint, format('bucket %s, part %s', q.bucket, q.part),
            jsonb_build_object('recorded_before', q.proven_to, 'came_to', q.total, 'come_to', q.keys)
        from (
            select bucket, part, coalesce(s.keys, 0) as keys, k.total, m.proven_to, k.bucket is not null and k.total is null as unproven
            from points.key_proof k
            full join (
                select s.bucket, s.part, sum(s.proven_keys) as keys from points.reconciliation_sum s where s.run = p_run.id group by s.bucket, s.part
            ) s using (bucket, part)
            cross join (select min(p.proven_to) as proven_to from points.key_proof p) m
        ) q
        -- A run whose sums end before that instant has not seen all of them.
        where q.proven_to <= p_run.settled_at and not q.unproven and q.keys <> coalesce(q.total, 0) and not exists (
            select from points.discrepancy d
            where d.account_bucket = q.bucket and d.check_name = 'keys_are_operations' and d.closed_at is null and d.account_id & 63 = q.part);
end
$$;

comment on function points.check_keys(points.reconciliation_run) is
    'Whether a full run that has proven all buckets saw the operations that points.key_proof is about, where no key explains the difference: some were deleted, or put in with an instant that is past. keys_are_operations, of a 64th of a bucket: which account it was cannot be told, if nothing else is left of it.';
