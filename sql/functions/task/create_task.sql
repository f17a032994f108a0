create or replace function api.create_task(
    p_code text,
    p_name text,
    p_rule text,
    p_period points.quota_period,
    p_idempotency_key text,
    p_points bigint default null,
    p_steps int default 1,
    p_open_from timestamptz default null,
    p_open_until timestamptz default null,
    p_wallet text default 'points',
    p_client text default 'psql'
) returns table (replayed boolean, task api.task)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_fault text[];
    v_replayed boolean;
begin
    v_fault := case
        when p_code is null or p_code !~ '^[A-Z][A-Z0-9_]{0,31}$'
            then array['code', 'must be 1 to 32 capital letters, digits and _, beginning with a letter']
        when not exists (select from points.wallet w where w.code = p_wallet) then array['wallet', 'no such wallet']
        when p_period is null then array['period', 'must not be null']
        else points.task_fault(p_name, p_rule, p_points, p_steps, p_open_from, p_open_until)
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_replayed := (points.note_change(p_client, 'rewards', p_idempotency_key, 'create_task', p_code, jsonb_build_object(
        'name', p_name, 'rule', p_rule, 'period', p_period, 'points', p_points, 'steps', p_steps, 'open_from', p_open_from,
        'open_until', p_open_until, 'wallet', p_wallet))).replayed;
    if not v_replayed then
        insert into points.task (code, name, wallet, rule, points, period, steps, open_from, open_until, created_at)
        values (p_code, p_name, p_wallet, p_rule, p_points, p_period, p_steps, coalesce(p_open_from, '-infinity'),
            coalesce(p_open_until, 'infinity'), clock_timestamp())
        on conflict (code) do nothing;
        if not found then
            perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'code', 'message', 'there is such a task already'));
        end if;
    end if;
    return query select v_replayed, t from api.task t where t.code = p_code;
end
$$;

comment on function api.create_task(text, text, text, points.quota_period, text, bigint, int, timestamptz, timestamptz, text, text) is
    'Makes a task: done and paid once a p_period, after p_steps steps, by p_rule, which is given p_points (null: the rule decides). Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
