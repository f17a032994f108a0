create or replace function points.seal_bucket(
    p_of_bucket smallint, p_since timestamptz, p_next_since timestamptz, p_now timestamptz, p_most bigint default 200000
) returns bigint
language plpgsql volatile
set enable_seqscan = off set plan_cache_mode = force_custom_plan set work_mem = '64MB' set jit = off as $$
declare
    v_last points.seal;
    v_entry record;
    v_at bigint := 0::bigint;
    v_seq bigint := 0::bigint;
    v_head bytea;
    v_ids bigint[] := array[]::bigint[];
    v_seqs bigint[] := array[]::bigint[];
    v_heads bytea[] := array[]::bytea[];
    v_read bigint := 0::bigint;
    v_entries bigint := 0::bigint;
    v_root bytea;
begin
    select * into v_last from points.seal s where s.bucket = p_of_bucket order by s.number desc limit 1;
    for v_entry in
        select e.account_id, e.seq, points.entry_digest(e) as digest, coalesce(h.seq, 0) as sealed_to, coalesce(h.head, decode(repeat('00', 32), 'hex')) as sealed_head
        from points.entry e
        left join lateral (
            select l.seq, l.head from points.seal_leaf l
            where l.bucket = p_of_bucket and l.account_id = e.account_id
            order by l.number desc
            limit 1
        ) h on true
        where e.bucket = p_of_bucket and e.recorded_at >= p_since - interval '1 minute' and e.seq > coalesce(h.seq, 0)
        order by e.account_id, e.seq
        limit p_most
    loop
        v_read := v_read + 1;
        if v_entry.account_id <> v_at then
            v_at := v_entry.account_id;
            v_seq := v_entry.sealed_to;
            v_head := v_entry.sealed_head;
            -- What does not go on from what is sealed waits.
            if v_entry.seq = v_seq + 1 then
                v_ids := v_ids || v_at;
                v_seqs := v_seqs || v_seq;
                v_heads := v_heads || v_head;
            end if;
        end if;
        if v_entry.seq = v_seq + 1 then
            v_seq := v_entry.seq;
            v_head := sha256(v_head || v_entry.digest);
            v_seqs[cardinality(v_seqs)] := v_seq;
            v_heads[cardinality(v_heads)] := v_head;
            v_entries := v_entries + 1;
        end if;
    end loop;
    if v_entries = 0 then
        return v_entries;
    end if;
    insert into points.seal_leaf (bucket, account_id, number, seq, head)
    select p_of_bucket, l.id, coalesce(v_last.number, 0) + 1, l.seq, l.head
    from unnest(v_ids, v_seqs, v_heads) as l(id, seq, head);
    v_root := points.merkle_root(array(
        select points.leaf_digest(p_of_bucket, l.id, l.seq, l.head) from unnest(v_ids, v_seqs, v_heads) as l(id, seq, head) order by l.id));
    insert into points.seal (bucket, number, entries, accounts, sealed_at, next_since, previous, leaves_root, root)
    select p_of_bucket, s.number, v_entries, cardinality(v_ids), p_now, case when v_read < p_most then p_next_since else p_since end, s.previous, v_root,
        points.seal_digest(p_of_bucket, s.number, v_entries, cardinality(v_ids), p_now, s.previous, v_root)
    from (select coalesce(v_last.number, 0) + 1 as number, coalesce(v_last.root, decode(repeat('00', 32), 'hex')) as previous) s;
    return v_entries;
end
$$;

comment on function points.seal_bucket(smallint, timestamptz, timestamptz, timestamptz, bigint) is
    'Seals the entries of a bucket that are not sealed yet, of those recorded since p_since less a minute, at most p_most: goes on with the hash chain of each account, and puts the ends of these chains under one root. The next one begins at p_next_since, or, where some may be left, at p_since again. Returns how many it has sealed.';
