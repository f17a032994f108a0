create or replace function points.weigh_parts(p_of_bucket smallint, p_from bigint, p_to bigint, p_parts smallint[], p_archive boolean) returns bigint[]
language plpgsql stable as $$
begin
    return array(
        select account_id
        from (
            select b.account_id, points.balance_weight(b) as weight, c.seq as at_seq, points.account_hash(b.account_id, b.version, b.pending, b.available, b.held, b.debt)::numeric as hash,
                coalesce(points.account_hash(b.account_id, c.seq, c.pending, c.available, c.held, c.debt), points.account_hash(b.account_id, 0, 0, 0, 0, 0))::numeric as at_hash,
                points.account_hash(b.account_id, 0, 0, 0, 0, 0)::numeric as no_hash
            from points.balance b
            left join points.checkpoint c on c.bucket = p_of_bucket and c.account_id = b.account_id
            where b.bucket = p_of_bucket and b.account_id > p_from and b.account_id <= p_to and (b.account_id & 63)::smallint = any (p_parts)
        ) b
        full join (
            select q.account_id, sum(q.weight) as weight, sum(q.live) as live, sum(q.archived) as archived, sum(q.strange) as strange
            from (
                select e.account_id, coalesce(e.weight, e.large_weight) as weight, case when not e.archived then e.goes_on end as live, case when e.archived then e.goes_on end as archived, 0 as strange
                from points.entry_weight e
                where e.bucket = p_of_bucket and e.account_id > p_from and e.account_id <= p_to and (e.account_id & 63)::smallint = any (p_parts)
                union all
                select u.account_id, coalesce(u.weight, u.large_weight), null, null, 0
                from points.lot_use_weight u
                where u.bucket = p_of_bucket and u.account_id > p_from and u.account_id <= p_to and (u.account_id & 63)::smallint = any (p_parts)
                union all
                select o.account_id, -coalesce(o.weight, 0), null, null, o.strange::int
                from points.operation_weight o
                where o.bucket = p_of_bucket and o.account_id > p_from and o.account_id <= p_to and (o.account_id & 63)::smallint = any (p_parts)
                union all
                select l.account_id, -(points.seq_weight(l.account_id, l.seq)::numeric * l.remaining), null, null, 0
                from points.lot l
                where l.bucket = p_of_bucket and l.account_id > p_from and l.account_id <= p_to and (l.account_id & 63)::smallint = any (p_parts)
            ) q
            group by q.account_id
        ) s using (account_id)
        where b.weight is null or coalesce(s.strange, 0) > 0
            or coalesce(s.live, 0) <> b.hash - b.at_hash
            or (p_archive or b.at_seq is null) and (coalesce(s.weight, 0) <> b.weight or coalesce(s.archived, 0) <> b.at_hash - b.no_hash)
    );
end
$$;

comment on function points.weigh_parts(smallint, bigint, bigint, smallint[], boolean) is
    'Accounts p_from < id <= p_to of these 64ths of a bucket that do not come to 0 by themselves, or have no balance. p_archive: whether what is archived is there; if it is not, only live entries are weighed of accounts with a checkpoint.';
