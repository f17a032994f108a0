create or replace function api.change_task(
    p_code text,
    p_name text,
    p_rule text,
    p_status points.task_status,
    p_idempotency_key text,
    p_points bigint default null,
    p_steps int default 1,
    p_open_from timestamptz default null,
    p_open_until timestamptz default null,
    p_client text default 'psql'
) returns table (replayed boolean, task api.task)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_task points.task;
    v_fault text[];
    v_replayed boolean;
begin
    select * into v_task from points.task t where t.code = p_code for no key update;
    if not found then
        perform points.raise_refusal('UNKNOWN_TASK', jsonb_build_object('task', p_code));
    end if;
    v_fault := case
        when p_status is null then array['status', 'must not be null']
        else points.task_fault(p_name, p_rule, p_points, p_steps, p_open_from, p_open_until)
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_replayed := (points.note_change(p_client, 'rewards', p_idempotency_key, 'change_task', p_code, jsonb_build_object(
        'name', p_name, 'rule', p_rule, 'status', p_status, 'points', p_points, 'steps', p_steps, 'open_from', p_open_from,
        'open_until', p_open_until))).replayed;
    if not v_replayed then
        if v_task.status = 'retired' and p_status <> 'retired' then
            perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'status', 'message', 'a retired task stays retired'));
        end if;
        update points.task t
        set name = p_name, rule = p_rule, status = p_status, points = p_points, steps = p_steps,
            open_from = coalesce(p_open_from, '-infinity'), open_until = coalesce(p_open_until, 'infinity')
        where t.code = p_code;
    end if;
    return query select v_replayed, t from api.task t where t.code = p_code;
end
$$;

comment on function api.change_task(text, text, text, points.task_status, text, bigint, int, timestamptz, timestamptz, text) is
    'Gives a task these terms from now on, all of them: what is left out is none. Period and wallet stay. What was paid stays paid; steps done count towards the new number. Retired is for good. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP031 UNKNOWN_TASK.';
