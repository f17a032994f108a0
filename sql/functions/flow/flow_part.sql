create or replace function points.flow_part(p_flow points.flow_measure, p_kind points.entry_kind, p_points bigint) returns bigint
language sql immutable parallel safe
return case p_flow
    when 'issued' then case when p_kind = 'earn' then p_points else 0 end
    when 'clawed_back' then case when p_kind = 'clawback' then -p_points else 0 end
    when 'used' then case when p_kind in ('spend', 'capture') then -p_points else 0 end
    when 'expired' then case when p_kind = 'expire' then -p_points else 0 end
    when 'adjusted' then case when p_kind in ('adjust', 'write_off') then p_points else 0 end
    else p_points
end;

comment on function points.flow_part(points.flow_measure, points.entry_kind, bigint) is
    'What entries of a kind add to a flow.';
