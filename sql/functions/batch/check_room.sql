create or replace function points.check_room(p_client_id int, p_more int) returns void
language plpgsql stable as $$
declare
    v_program points.program;
    v_own bigint := coalesce((select t.waiting from points.batch_turn t where t.client_id = p_client_id), 0);
    v_all bigint := coalesce((select sum(t.waiting)::bigint from points.batch_turn t), 0);
begin
    select * into strict v_program from points.program;
    if v_own + p_more > v_program.batch_rows_a_client or v_all + p_more > v_program.batch_rows then
        raise exception using
            errcode = 'LP929',
            message = 'too many rows wait',
            detail = jsonb_build_object(
                'waiting', v_own, 'limit', v_program.batch_rows_a_client, 'waitingOfAll', v_all, 'limitOfAll', v_program.batch_rows)::text;
    end if;
end
$$;

comment on function points.check_room(int, int) is
    'Raises LP929, which the gateway answers as OVERLOADED, if so many more rows of the client would be too many.';
