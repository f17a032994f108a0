create or replace function api.set_alert_rule(
    p_name text,
    p_description text,
    p_kind points.alert_kind,
    p_threshold numeric,
    p_idempotency_key text,
    p_flow points.flow_measure default null,
    p_wallet text default null,
    p_clear_at numeric default null,
    p_minimum bigint default null,
    p_hold_seconds int default 0,
    p_severity points.alert_severity default 'warning',
    p_enabled boolean default true,
    p_client text default 'psql'
) returns table (replayed boolean, alert_rule api.alert_rule)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_rule points.alert_rule := row(p_name, p_description, p_kind, p_flow, p_wallet, p_threshold, p_clear_at, p_minimum, p_hold_seconds,
        p_severity, p_enabled, clock_timestamp());
    v_fault text[] := points.alert_rule_fault(v_rule);
    v_change record;
begin
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_change := points.note_change(
        p_client, 'rules', p_idempotency_key, 'set_alert_rule', p_name, jsonb_strip_nulls(to_jsonb(v_rule) - 'changed_at' - 'name'));
    if not v_change.replayed then
        insert into points.alert_rule select v_rule.*
        on conflict (name) do update
        set description = excluded.description, flow = excluded.flow, wallet = excluded.wallet, threshold = excluded.threshold,
            clear_at = excluded.clear_at, minimum = excluded.minimum, hold_seconds = excluded.hold_seconds, severity = excluded.severity,
            enabled = excluded.enabled, changed_at = excluded.changed_at;
    end if;
    return query select v_change.replayed, r from api.alert_rule r where r.name = p_name;
end
$$;

comment on function api.set_alert_rule(text, text, points.alert_kind, numeric, text, points.flow_measure, text, numeric, bigint, int, points.alert_severity, boolean, text) is
    'Makes an alert rule, or gives the one of this name these terms, all of them; the job alerts looks within seconds. See points.alert_rule for the inputs. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
