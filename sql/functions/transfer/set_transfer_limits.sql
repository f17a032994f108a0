create or replace function api.set_transfer_limits(
    p_minimum bigint default null, p_maximum bigint default null, p_times_a_day int default null, p_points_a_day bigint default null
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if least(p_minimum, p_maximum, p_times_a_day, p_points_a_day) < 1 or greatest(p_minimum, p_maximum, p_points_a_day) > 9007199254740991 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'limits', 'message', 'must be from 1 to 9007199254740991'));
    end if;
    if p_minimum > p_maximum then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'maximum', 'message', 'must not be less than the minimum'));
    end if;
    update points.program
    set transfer_minimum = p_minimum, transfer_maximum = p_maximum,
        transfer_times_a_day = p_times_a_day, transfer_points_a_day = p_points_a_day;
end
$$;

comment on function api.set_transfer_limits(bigint, bigint, int, bigint) is
    'Sets the limits on transfers: points of one, at least and at most, and times and points that a member may send on a day of the program''s time zone. Null: no limit. They count from the next transfer on. Raises LP001 INVALID_INPUT.';
