create or replace function points.raise_alert(
    p_rule text, p_subject text, p_value numeric, p_message text, p_wallet text default null, p_now timestamptz default null
) returns void
language plpgsql volatile as $$
begin
    if not exists (select from points.alert_rule r where r.name = p_rule and r.kind = 'raised') then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'rule', 'message', 'no such rule of the kind raised'));
    end if;
    perform points.apply_readings(
        array[row(p_rule, p_subject, p_wallet, trim_scale(round(p_value, 6)), p_message)::points.alert_reading], false, coalesce(p_now, clock_timestamp()));
end
$$;

comment on function points.raise_alert(text, text, numeric, text, text, timestamptz) is
    'For functions that find something by themselves, with a rule of the kind raised: raises its alert for the subject when p_value is above the threshold, unless there is one; resolves it when p_value is low enough. Repeatable. Locks points.alert_clock until the transaction ends, so it comes last. Raises LP001 INVALID_INPUT. p_now moves the clock in tests.';
