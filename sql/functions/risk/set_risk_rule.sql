create or replace function api.set_risk_rule(
    p_code text,
    p_name text,
    p_rules text[],
    p_measure points.risk_measure,
    p_decision points.risk_decision,
    p_mode points.risk_mode,
    p_idempotency_key text,
    p_threshold bigint default null,
    p_window_minutes int default null,
    p_min_awards int default null,
    p_from_hour int default null,
    p_to_hour int default null,
    p_wait_days int default null,
    p_client text default 'psql'
) returns table (replayed boolean, risk_rule api.risk_rule)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_rule points.risk_rule := row(p_code, p_name, p_rules, p_measure, p_threshold, p_window_minutes, p_min_awards, p_from_hour, p_to_hour,
        p_decision, p_wait_days, p_mode, clock_timestamp());
    v_fault text[] := points.risk_fault(v_rule);
    v_change record;
begin
    if v_fault is null and exists (select from points.risk_rule k where k.code = p_code and k.measure <> p_measure) then
        v_fault := array['measure', 'never changes'];
    end if;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_change := points.note_change(
        p_client, 'rules', p_idempotency_key, 'set_risk_rule', p_code, jsonb_strip_nulls(to_jsonb(v_rule) - 'created_at' - 'code'));
    if not v_change.replayed then
        insert into points.risk_rule select v_rule.*
        on conflict (code) do update
        set name = excluded.name, rules = excluded.rules, threshold = excluded.threshold, window_minutes = excluded.window_minutes,
            min_awards = excluded.min_awards, from_hour = excluded.from_hour, to_hour = excluded.to_hour,
            decision = excluded.decision, wait_days = excluded.wait_days, mode = excluded.mode;
        perform points.note_governed();
    end if;
    return query select v_change.replayed, k from api.risk_rule k where k.code = p_code;
end
$$;

comment on function api.set_risk_rule(text, text, text[], points.risk_measure, points.risk_decision, points.risk_mode, text, bigint, int, int, int, int, int, text) is
    'Makes a risk rule, or gives the one of this code these terms from the next award on, all of them. See points.risk_rule for the inputs; api.test_risk_rule tells what it would have decided. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
