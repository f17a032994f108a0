create or replace function points.check_operations(p_of_bucket smallint, p_ids bigint[], p_archive boolean) returns setof points.finding
language plpgsql stable as $$
begin
    return query
        select 'entries_have_operations', q.account_id, '', jsonb_build_object('seqs', jsonb_agg(distinct q.seq))
        from (
            select coalesce(o.account_id, e.account_id) as account_id, coalesce(o.seq, e.seq) as seq
            from (
                select o.* from unnest(p_ids) i(id)
                join points.operation o on o.bucket = p_of_bucket and o.account_id = i.id and o.seq is not null
            ) o
            full join (
                select e.* from unnest(p_ids) i(id)
                join points.entry e on e.bucket = p_of_bucket and e.account_id = i.id
                union all
                select a.* from unnest(p_ids) i(id)
                join points.entry_archive a on a.bucket = p_of_bucket and a.account_id = i.id
            ) e on e.account_id = o.account_id and e.seq = o.seq
            where (e.operation_id is distinct from o.id or e.recorded_at is distinct from o.recorded_at
                or e.kind::text <> case o.kind
                    when 'redeem' then 'spend'
                    when 'make_up' then 'spend'
                    when 'sign_in' then 'earn'
                    when 'claim' then 'earn'
                    when 'receive' then 'transfer'
                    when 'erase' then 'write_off'
                    when 'reject' then 'clawback'
                    when 'cancel_award' then 'clawback'
                    when 'unmerge' then 'merge'
                    when 'forward' then 'merge'
                    when 'cancel' then 'refund'
                    when 'reverse' then case when e.kind in ('clawback', 'refund', 'adjust', 'release', 'transfer') then e.kind::text else 'another' end
                    else o.kind::text
                end
                or abs(o.points) is distinct from abs(case e.kind
                    when 'hold' then e.held_delta
                    when 'repay' then e.debt_delta
                    when 'activate' then e.available_delta
                    when 'release' then e.available_delta
                    when 'merge' then e.pending_delta + e.available_delta
                    else e.pending_delta + e.available_delta + e.held_delta - e.debt_delta
                end))
                and (e.account_id is not null or p_archive or o.seq > coalesce((
                    select c.seq from points.checkpoint c where c.bucket = p_of_bucket and c.account_id = o.account_id), 0))
        ) q
        group by q.account_id
        union all
        select 'keys_are_operations', o.account_id, '', jsonb_build_object('operations', jsonb_agg(o.id))
        from unnest(p_ids) i(id)
        join points.operation o on o.bucket = p_of_bucket and o.account_id = i.id
        where o.id <> api.operation_id(o.client_id, o.idempotency_key) and (o.client_id <> 2 or o.counterparty_id is null)
        group by o.account_id;
end
$$;

comment on function points.check_operations(smallint, bigint[], boolean) is
    'Entries of accounts and their operations, one by one, and the keys of these: entries_have_operations, keys_are_operations. p_archive: whether what is archived is there.';
