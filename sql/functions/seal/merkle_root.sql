create or replace function points.merkle_root(p_leaves bytea[]) returns bytea
language plpgsql immutable as $$
declare
    v_nodes bytea[] := p_leaves;
begin
    while cardinality(v_nodes) > 1 loop
        v_nodes := array(
            select case when n.node is null then m.node else sha256('\x01'::bytea || m.node || n.node) end
            from unnest(v_nodes) with ordinality as m(node, place)
            left join unnest(v_nodes) with ordinality as n(node, place) on n.place = m.place + 1
            where m.place % 2 = 1
            order by m.place);
    end loop;
    return v_nodes[1];
end
$$;

comment on function points.merkle_root(bytea[]) is
    'Root of the Merkle tree over these leaves: two nodes side by side become SHA-256 over the byte 1 and both; one that is left alone goes up as it is.';
