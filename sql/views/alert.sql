create or replace view api.alert as
select a.id, a.rule, r.kind, a.subject, a.wallet, a.state, a.severity, a.value, r.threshold, a.message, a.since, a.raised_at, a.silenced_until,
    a.resolved_at, a.decided_at, a.decided_by, a.reason, a.version
from points.alert a
join points.alert_rule r on r.name = a.rule
where a.state <> 'pending';

comment on view api.alert is 'What is or was wrong: one row from when it is raised. At most one of a rule and subject is not resolved.';
comment on column api.alert.id is 'Id.';
comment on column api.alert.rule is 'The rule that raised it.';
comment on column api.alert.kind is 'What the rule measures.';
comment on column api.alert.subject is 'What it is about: a wallet, a job, a campaign, a webhook; empty: there is but one.';
comment on column api.alert.wallet is 'Kind of points that it is about; null: none.';
comment on column api.alert.state is 'What has become of it: open, acknowledged, silenced, resolved.';
comment on column api.alert.severity is 'How urgent it is.';
comment on column api.alert.value is 'What was measured last, in the unit of the kind.';
comment on column api.alert.threshold is 'The threshold of the rule as it is now.';
comment on column api.alert.message is 'What is wrong, in words.';
comment on column api.alert.since is 'When it was first above the threshold.';
comment on column api.alert.raised_at is 'When it was raised.';
comment on column api.alert.silenced_until is 'When it is raised again if it is not over by then; null: it is not silenced.';
comment on column api.alert.resolved_at is 'When it was over; null: it is not.';
comment on column api.alert.decided_at is 'When somebody last acknowledged, silenced or resolved it; null: nobody has.';
comment on column api.alert.decided_by is 'Who did.';
comment on column api.alert.reason is 'Why, in their words; null: they said nothing.';
comment on column api.alert.version is 'Rises with each change of state of any alert.';
