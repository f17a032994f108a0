create or replace function points.merkle_root(p_leaves bytea[]) returns bytea
language plpgsql immutable as $$
declare
    -- The nodes of a row behind one another, 32 bytes each.
    v_nodes bytea := (select string_agg(l.node, '' order by l.place) from unnest(p_leaves) with ordinality as l(node, place));
    v_count int := cardinality(p_leaves);
begin
    while v_count > 1 loop
        v_nodes := (
            select string_agg(sha256('\x01'::bytea || substring(v_nodes from 64 * n.pair + 1 for 64)), '' order by n.pair)
            from generate_series(0, v_count / 2 - 1) as n(pair)
        ) || substring(v_nodes from 64 * (v_count / 2) + 1);
        v_count := (v_count + 1) / 2;
    end loop;
    return v_nodes;
end
$$;

comment on function points.merkle_root(bytea[]) is
    'Root of the Merkle tree over these leaves: two nodes side by side become SHA-256 over the byte 1 and both; one that is left alone goes up as it is.';
