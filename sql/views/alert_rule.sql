create or replace view api.alert_rule as
select r.name, r.description, r.kind, r.flow, r.wallet, r.threshold, coalesce(r.clear_at, r.threshold) as clear_at, r.minimum, r.hold_seconds,
    r.severity, r.enabled, r.changed_at
from points.alert_rule r;

comment on view api.alert_rule is 'When alerts are raised. api.set_alert_rule makes or changes one.';
comment on column api.alert_rule.name is 'Stable name.';
comment on column api.alert_rule.description is 'What it means and what to do, for people.';
comment on column api.alert_rule.kind is 'What it measures.';
comment on column api.alert_rule.flow is 'hourly_flow and hourly_jump: the flow; null: another kind.';
comment on column api.alert_rule.wallet is 'Of this wallet only; null: each by itself.';
comment on column api.alert_rule.threshold is 'The alert is raised when the value is above it.';
comment on column api.alert_rule.clear_at is 'The alert is resolved when the value is at or below it.';
comment on column api.alert_rule.minimum is 'hourly_jump: hours with less points are no jump; null: another kind.';
comment on column api.alert_rule.hold_seconds is 'For so long the value must be above the threshold.';
comment on column api.alert_rule.severity is 'How urgent its alerts are.';
comment on column api.alert_rule.enabled is 'Whether it is looked at.';
comment on column api.alert_rule.changed_at is 'When its terms were last set.';
