create or replace function api.create_limit(
    p_code text,
    p_name text,
    p_rules text[],
    p_period points.quota_period,
    p_idempotency_key text,
    p_max_times int default null,
    p_max_points bigint default null,
    p_excess points.limit_excess default 'refuse',
    p_gives_back boolean default null,
    p_per points.limit_subject default 'member',
    p_client text default 'psql'
) returns table (replayed boolean, earn_limit api.earn_limit)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_gives_back boolean := coalesce(p_gives_back, p_per = 'member');
    v_fault text[] := points.limit_fault(p_code, p_name, p_rules, p_period, p_max_times, p_max_points, p_excess, v_gives_back, p_per);
    v_change record;
begin
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_change := points.note_change(p_client, 'rules', p_idempotency_key, 'create_limit', p_code, jsonb_build_object(
        'name', p_name, 'rules', p_rules, 'period', p_period, 'max_times', p_max_times, 'max_points', p_max_points,
        'excess', p_excess, 'gives_back', v_gives_back, 'per', p_per));
    if not v_change.replayed then
        insert into points.earn_limit (code, name, rules, period, max_times, max_points, excess, gives_back, per, active, created_at)
        values (p_code, p_name, p_rules, p_period, p_max_times, p_max_points, p_excess, v_gives_back, p_per, true, clock_timestamp())
        on conflict (code) do nothing;
        if not found then
            perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'code', 'message', 'there is a limit of this code'));
        end if;
        perform points.note_governed();
    end if;
    return query select v_change.replayed, l from api.earn_limit l where l.code = p_code;
end
$$;

comment on function api.create_limit(text, text, text[], points.quota_period, text, int, bigint, points.limit_excess, boolean, points.limit_subject, text) is
    'Limits what a member may earn, or how many awards an address or a device may get, by these rules together in a period, from the next award on; what was earned before does not count. p_gives_back null: true for limits per member, and false for the others. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
