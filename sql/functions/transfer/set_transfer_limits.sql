create or replace function api.set_transfer_limits(
    p_minimum bigint default null, p_maximum bigint default null, p_times_a_day int default null, p_points_a_day bigint default null
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_fault text[];
begin
    v_fault := case
        when p_minimum not between 1 and 9007199254740991 then array['minimum', 'must be from 1 to 9007199254740991']
        when p_maximum not between 1 and 9007199254740991 then array['maximum', 'must be from 1 to 9007199254740991']
        when p_minimum > p_maximum then array['maximum', 'must not be less than the minimum']
        when p_times_a_day < 1 then array['times_a_day', 'must be positive']
        when p_points_a_day not between 1 and 9007199254740991 then array['points_a_day', 'must be from 1 to 9007199254740991']
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    update points.program
    set transfer_minimum = p_minimum, transfer_maximum = p_maximum,
        transfer_times_a_day = p_times_a_day, transfer_points_a_day = p_points_a_day;
end
$$;

comment on function api.set_transfer_limits(bigint, bigint, int, bigint) is
    'Sets the limits on transfers: points of one, at least and at most, and times and points that a member may send on a day of the program''s time zone. Null: no limit. They count from the next transfer on. Raises LP001 INVALID_INPUT.';
