create or replace function points.seal_bucket(
    p_of_bucket smallint, p_since timestamptz, p_from bigint, p_now timestamptz, out entries bigint, out at_account_id bigint
)
language plpgsql volatile
set enable_seqscan = off set plan_cache_mode = force_custom_plan set work_mem = '64MB' set jit = off as $$
declare
    v_to bigint := points.seal_to(p_of_bucket, p_from, p_since);
    v_entry record;
    v_missing record;
    v_at bigint := 0::bigint;
    v_seq bigint := 0::bigint;
    v_head bytea;
    v_ids bigint[] := array[]::bigint[];
    v_seqs bigint[] := array[]::bigint[];
    v_heads bytea[] := array[]::bytea[];
    -- Before the seal that is being made.
    v_before bigint := 0::bigint;
begin
    entries := 0;
    at_account_id := v_to;
    for v_entry in
        select e.account_id, e.seq, points.entry_digest(e) as digest, coalesce(h.seq, 0) as sealed_to, coalesce(h.head, decode(repeat('00', 32), 'hex')) as sealed_head
        from points.entry e
        left join lateral (
            select l.seq, l.head from points.seal_leaf l
            where l.bucket = p_of_bucket and l.account_id = e.account_id
            order by l.number desc
            limit 1
        ) h on true
        where e.bucket = p_of_bucket and e.account_id > p_from and e.account_id <= v_to and e.recorded_at >= p_since and e.seq > coalesce(h.seq, 0)
        order by e.account_id, e.seq
    loop
        if v_entry.account_id <> v_at then
            if cardinality(v_ids) >= 4096 then
                perform points.add_seal(p_of_bucket, v_ids, v_seqs, v_heads, entries - v_before, p_now);
                v_ids := array[]::bigint[];
                v_seqs := array[]::bigint[];
                v_heads := array[]::bytea[];
                v_before := entries;
            end if;
            v_at := v_entry.account_id;
            v_seq := v_entry.sealed_to;
            v_head := v_entry.sealed_head;
        end if;
        -- What is between was booked by a clock that was set back, and may be archived by now.
        if v_entry.seq > v_seq + 1 then
            for v_missing in
                select h.seq, points.entry_digest(row(h.*)::points.entry) as digest
                from points.entry_history h
                where h.bucket = p_of_bucket and h.account_id = v_at and h.seq > v_seq and h.seq < v_entry.seq
                order by h.seq
            loop
                exit when v_missing.seq <> v_seq + 1;
                v_seq := v_missing.seq;
                v_head := sha256(v_head || v_missing.digest);
                entries := entries + 1;
            end loop;
        end if;
        -- What does not go on from what is sealed waits.
        if v_entry.seq = v_seq + 1 then
            v_seq := v_entry.seq;
            v_head := sha256(v_head || v_entry.digest);
            entries := entries + 1;
        end if;
        if v_seq > v_entry.sealed_to and v_at is distinct from v_ids[cardinality(v_ids)] then
            v_ids := v_ids || v_at;
            v_seqs := v_seqs || v_seq;
            v_heads := v_heads || v_head;
        elsif v_seq > v_entry.sealed_to then
            v_seqs[cardinality(v_seqs)] := v_seq;
            v_heads[cardinality(v_heads)] := v_head;
        end if;
    end loop;
    if v_ids <> '{}' then
        perform points.add_seal(p_of_bucket, v_ids, v_seqs, v_heads, entries - v_before, p_now);
    end if;
end
$$;

comment on function points.seal_bucket(smallint, timestamptz, bigint, timestamptz) is
    'Seals the entries of a bucket that are not sealed yet, of those accounts after p_from that have one recorded since p_since, as many as points.seal_to says: goes on with the hash chain of each account, and puts the ends of these chains under roots, 4,096 under one at most, so that a receipt, which needs all leaves of its seal, is made in milliseconds. Answers how many it has sealed, and up to which account; 2^63 - 1: all.';
