create or replace function api.change_limit(
    p_code text,
    p_name text,
    p_rules text[],
    p_active boolean,
    p_idempotency_key text,
    p_max_times int default null,
    p_max_points bigint default null,
    p_excess points.limit_excess default 'refuse',
    p_gives_back boolean default null,
    p_client text default 'psql'
) returns table (replayed boolean, earn_limit api.earn_limit)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_period points.quota_period;
    v_per points.limit_subject;
    v_gives_back boolean;
    v_fault text[];
    v_change record;
begin
    select l.period, l.per, coalesce(p_gives_back, l.per = 'member') into v_period, v_per, v_gives_back from points.earn_limit l where l.code = p_code for no key update;
    v_fault := case
        when not found then array['code', 'no such limit']
        when p_active is null then array['active', 'must not be null']
        else points.limit_fault(p_code, p_name, p_rules, v_period, p_max_times, p_max_points, p_excess, v_gives_back, v_per)
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_change := points.note_change(p_client, 'rules', p_idempotency_key, 'change_limit', p_code, jsonb_build_object(
        'name', p_name, 'rules', p_rules, 'active', p_active, 'max_times', p_max_times, 'max_points', p_max_points,
        'excess', p_excess, 'gives_back', v_gives_back));
    if not v_change.replayed then
        update points.earn_limit l
        set name = p_name, rules = p_rules, active = p_active, max_times = p_max_times, max_points = p_max_points,
            excess = p_excess, gives_back = v_gives_back
        where l.code = p_code;
        perform points.note_governed();
    end if;
    return query select v_change.replayed, l from api.earn_limit l where l.code = p_code;
end
$$;

comment on function api.change_limit(text, text, text[], boolean, text, int, bigint, points.limit_excess, boolean, text) is
    'Gives a limit these terms from the next award on, all of them: what is left out is none. Its period stays, and whose awards it counts. What has been earned counts on, even if it is more than the limit allows now. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
