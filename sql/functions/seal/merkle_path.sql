create or replace function points.merkle_path(p_leaves bytea[], p_place int) returns jsonb
language plpgsql immutable as $$
declare
    v_nodes bytea[] := p_leaves;
    v_place int := p_place;
    v_path jsonb := '[]'::jsonb;
begin
    while cardinality(v_nodes) > 1 loop
        if v_place % 2 = 0 then
            v_path := v_path || jsonb_build_object('left', encode(v_nodes[v_place - 1], 'hex'));
        elsif v_place < cardinality(v_nodes) then
            v_path := v_path || jsonb_build_object('right', encode(v_nodes[v_place + 1], 'hex'));
        end if;
        v_nodes := array(
            select case when n.node is null then m.node else sha256('\x01'::bytea || m.node || n.node) end
            from unnest(v_nodes) with ordinality as m(node, place)
            left join unnest(v_nodes) with ordinality as n(node, place) on n.place = m.place + 1
            where m.place % 2 = 1
            order by m.place);
        v_place := (v_place + 1) / 2;
    end loop;
    return v_path;
end
$$;

comment on function points.merkle_path(bytea[], int) is
    'What leads from the leaf at a place, from 1, to the root of points.merkle_root: the other node of each pair, and on which side it is.';
