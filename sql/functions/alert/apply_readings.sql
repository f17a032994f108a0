create or replace function points.apply_readings(p_readings points.alert_reading[], p_complete boolean, p_now timestamptz) returns int
language plpgsql volatile as $$
declare
    v_version bigint;
    v_changed int;
begin
    select c.version + 1 into v_version from points.alert_clock c for update;

    delete from points.alert a
    using points.alert_rule r
    where a.state = 'pending' and r.name = a.rule
        and (p_complete and (r.kind <> 'raised' or not r.enabled) or (a.rule, a.subject) in (select k.rule, k.subject from unnest(p_readings) k))
        and not (r.enabled and exists (
            select from unnest(p_readings) k where k.rule = a.rule and k.subject = a.subject and k.value > r.threshold));

    update points.alert a
    set state = 'resolved', resolved_at = p_now, silenced_until = null, version = v_version,
        value = coalesce((select k.value from unnest(p_readings) k where k.rule = a.rule and k.subject = a.subject), a.value)
    from points.alert_rule r
    where a.state in ('open', 'acknowledged', 'silenced') and r.name = a.rule
        and (p_complete and (r.kind <> 'raised' or not r.enabled) or (a.rule, a.subject) in (select k.rule, k.subject from unnest(p_readings) k))
        and not (r.enabled and exists (
            select from unnest(p_readings) k
            where k.rule = a.rule and k.subject = a.subject and k.value > coalesce(r.clear_at, r.threshold)));

    update points.alert a
    set state = 'open', raised_at = p_now, version = v_version
    from points.alert_rule r
    where a.state = 'pending' and r.name = a.rule and a.since <= p_now - r.hold_seconds * interval '1 second';

    update points.alert a
    set state = 'open', silenced_until = null, raised_at = p_now, version = v_version
    where a.state = 'silenced' and a.silenced_until <= p_now;

    update points.alert a
    set value = k.value, message = k.message
    from unnest(p_readings) k
    where a.rule = k.rule and a.subject = k.subject and a.state <> 'resolved' and (a.value, a.message) is distinct from (k.value, k.message);

    insert into points.alert (rule, subject, wallet, state, severity, value, message, since, raised_at, version)
    select k.rule, k.subject, k.wallet, s.state, r.severity, k.value, k.message, p_now, case when s.state = 'open' then p_now end, v_version
    from unnest(p_readings) k
    join points.alert_rule r on r.name = k.rule and r.enabled and k.value > r.threshold
    cross join lateral (select case when r.hold_seconds = 0 then 'open' else 'pending' end::points.alert_state as state) s
    on conflict (rule, subject) where state <> 'resolved' do nothing;

    v_changed := (select count(*)::int from points.alert a where a.version = v_version and a.state <> 'pending');
    if v_changed > 0 then
        update points.alert_clock c set version = v_version where c.id;
        perform points.note_alerts(v_version, p_now);
    end if;
    return v_changed;
end
$$;

comment on function points.apply_readings(points.alert_reading[], boolean, timestamptz) is
    'Raises, goes on with and resolves alerts by what was measured: one a rule and subject. p_complete: these are all readings there are, so that what is not among them is over; but for rules of the kind raised. Returns how many alerts changed.';
