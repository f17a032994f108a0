create or replace function api.receipt(p_user_id text, p_operation_id uuid, p_wallet text default 'points') returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_bucket smallint := points.bucket(p_user_id, p_wallet);
    v_entry points.entry;
    v_leaf points.seal_leaf;
    v_before points.seal_leaf;
    v_seal points.seal;
begin
    select e.* into v_entry
    from points.account a
    join points.operation o on o.bucket = a.bucket and o.account_id = a.id and o.id = p_operation_id
    join points.entry_history e on e.bucket = a.bucket and e.account_id = a.id and e.seq = o.seq
    where a.bucket = v_bucket and a.user_id = p_user_id and a.wallet = p_wallet;
    select * into v_leaf from points.seal_leaf l
    where l.bucket = v_bucket and l.account_id = v_entry.account_id and l.seq >= v_entry.seq
    order by l.number limit 1;
    if v_leaf.number is null then
        return null;
    end if;
    select * into v_before from points.seal_leaf l
    where l.bucket = v_bucket and l.account_id = v_entry.account_id and l.number < v_leaf.number
    order by l.number desc limit 1;
    select * into v_seal from points.seal s where s.bucket = v_bucket and s.number = v_leaf.number;
    return jsonb_build_object(
        'version', 1, 'bucket', v_bucket, 'accountId', v_entry.account_id::text, 'seq', v_entry.seq::text,
        'entry', jsonb_build_object(
            'operationId', v_entry.operation_id, 'kind', v_entry.kind,
            'deltas', jsonb_build_array(v_entry.pending_delta, v_entry.available_delta, v_entry.held_delta, v_entry.debt_delta),
            'after', jsonb_build_array(v_entry.pending_after, v_entry.available_after, v_entry.held_after, v_entry.debt_after),
            'occurredAt', encode(timestamptz_send(v_entry.occurred_at), 'hex'), 'recordedAt', encode(timestamptz_send(v_entry.recorded_at), 'hex')),
        'chain', jsonb_build_object(
            'from', encode(coalesce(v_before.head, decode(repeat('00', 32), 'hex')), 'hex'), 'fromSeq', coalesce(v_before.seq, 0)::text, 'toSeq', v_leaf.seq::text,
            'digests', (
                select jsonb_agg(encode(points.entry_digest(row(h.*)::points.entry), 'hex') order by h.seq)
                from points.entry_history h
                where h.bucket = v_bucket and h.account_id = v_entry.account_id and h.seq > coalesce(v_before.seq, 0) and h.seq <= v_leaf.seq)),
        'path', points.merkle_path(
            array(select points.leaf_digest(l.bucket, l.account_id, l.seq, l.head) from points.seal_leaf l
                where l.bucket = v_bucket and l.number = v_leaf.number order by l.account_id),
            (select count(*)::int from points.seal_leaf l where l.bucket = v_bucket and l.number = v_leaf.number and l.account_id <= v_entry.account_id)),
        'seal', jsonb_build_object(
            'number', v_seal.number::text, 'entries', v_seal.entries::text, 'accounts', v_seal.accounts::text,
            'sealedAt', encode(timestamptz_send(v_seal.sealed_at), 'hex'), 'previous', encode(v_seal.previous, 'hex'),
            'root', encode(v_seal.root, 'hex')));
end
$$;

comment on function api.receipt(text, uuid, text) is
    'A member''s receipt for an operation: its entry, and what leads from it to the root of the seal that it is in, so that whoever keeps the root can tell that it was not changed. jifen verify --receipt checks it without a database. Null: there is no such operation, it moved nothing, or is not sealed yet.';
