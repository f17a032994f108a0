create or replace function points.add_seal(p_of_bucket smallint, p_ids bigint[], p_seqs bigint[], p_heads bytea[], p_entries bigint, p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_last points.seal;
    v_number bigint;
    v_root bytea;
begin
    v_root := points.merkle_root(array(
        select points.leaf_digest(p_of_bucket, l.id, l.seq, l.head) from unnest(p_ids, p_seqs, p_heads) as l(id, seq, head) order by l.id));
    select * into v_last from points.seal s where s.bucket = p_of_bucket order by s.number desc limit 1;
    v_number := coalesce(v_last.number, 0) + 1;
    insert into points.seal_leaf (bucket, account_id, number, seq, head)
    select p_of_bucket, l.id, v_number, l.seq, l.head
    from unnest(p_ids, p_seqs, p_heads) as l(id, seq, head);
    insert into points.seal (bucket, number, entries, accounts, sealed_at, previous, leaves_root, root)
    select p_of_bucket, v_number, p_entries, cardinality(p_ids), p_now, s.previous, v_root,
        points.seal_digest(p_of_bucket, v_number, p_entries, cardinality(p_ids), p_now, s.previous, v_root)
    from (select coalesce(v_last.root, decode(repeat('00', 32), 'hex')) as previous) s;
    perform points.note_seal(p_of_bucket, v_number);
end
$$;

comment on function points.add_seal(smallint, bigint[], bigint[], bytea[], bigint, timestamptz) is
    'Puts the ends of the hash chains of some accounts, which are p_entries longer than before, under the next root of a bucket, and tells of it.';
