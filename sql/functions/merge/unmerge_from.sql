create or replace function points.unmerge_from(
    p_to_bucket smallint, p_to_id bigint, p_from_bucket smallint, p_from_id bigint, p_request api.request, p_seqs bigint[], p_now timestamptz
) returns points.draft
language plpgsql volatile as $$
declare
    v_asked api.request := p_request;
    v_given points.draft;
    v_draft points.draft;
begin
    v_asked.client_id := 0;
    v_asked.idempotency_key := format('unmerge:%s:%s', p_to_id, (
        select b.version + 1 from points.balance b where b.bucket = p_to_bucket and b.account_id = p_to_id));
    select 1, b.account_id, api.operation_id(0, v_asked.idempotency_key), 'merge'::points.entry_kind, 1, -l.pending - l.available, p_now,
        b.version + 1, -l.pending, -l.available, 0::bigint, 0::bigint,
        b.pending - l.pending, b.available - l.available, b.held::bigint, b.debt::bigint
    into v_given.ord, v_given.account_id, v_given.operation_id, v_given.entry_kind, v_given.round, v_given.moved, v_given.happened_at,
        v_given.seq, v_given.pending_delta, v_given.available_delta, v_given.held_delta, v_given.debt_delta,
        v_given.pending_after, v_given.available_after, v_given.held_after, v_given.debt_after
    from points.balance b
    cross join (
        select coalesce(sum(l.remaining) filter (where l.pending), 0)::bigint as pending,
            coalesce(sum(l.remaining) filter (where not l.pending), 0)::bigint as available
        from points.lot l
        where l.bucket = p_from_bucket and l.account_id = p_from_id and l.seq = any (p_seqs)
    ) l
    where b.bucket = p_from_bucket and b.account_id = p_from_id;
    perform points.write_entries(p_from_bucket, array[v_given], p_now);
    perform points.take_lots(p_from_bucket, array[v_given], p_seqs, p_now);

    update points.account a set into_bucket = null, into_id = null where a.bucket = p_to_bucket and a.id = p_to_id;
    update points.balance b set merged = false, touched_version = b.version where b.bucket = p_to_bucket and b.account_id = p_to_id;
    perform points.announce(p_to_bucket, p_to_id::text);
    v_draft := points.receive_points(
        p_to_bucket, p_to_id, 'merge', api.operation_id(p_request.client_id, p_request.idempotency_key),
        points.moved_lots(p_from_bucket, v_given, p_now), 0, p_now);
    perform points.inherit(p_from_bucket, p_from_id, v_given.seq, p_now);
    perform points.record_transfer(p_from_bucket, v_asked, v_given, p_to_bucket, p_to_id, p_now);
    perform points.record_transfer(p_to_bucket, p_request, v_draft, p_from_bucket, p_from_id, p_now);
    return v_draft;
end
$$;

comment on function points.unmerge_from(smallint, bigint, smallint, bigint, api.request, bigint[], timestamptz) is
    'Gives back to a merged account what is left of the lots that it brought, by the entries p_seqs of the account that has them, and parts the two. Both are settled and locked.';
