create or replace function points.flow_points(p_flow points.flow_measure, p_wallet text, p_hour timestamptz) returns bigint
language plpgsql stable as $$
begin
    return (
        select coalesce(abs(sum(points.flow_part(p_flow, f.kind, f.points))), 0)::bigint
        from points.hourly_flow f
        where f.hour = p_hour and f.wallet = p_wallet
    );
end
$$;

comment on function points.flow_points(points.flow_measure, text, timestamptz) is
    'Points of a flow in an hour, as far as it is counted.';
