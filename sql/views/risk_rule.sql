create or replace view api.risk_rule as
select k.code, k.name, k.rules, k.measure, k.threshold, k.window_minutes, k.min_awards, k.from_hour, k.to_hour, k.decision, k.wait_days, k.mode, k.created_at
from points.risk_rule k;

comment on view api.risk_rule is 'When an award waits for review or is denied.';
comment on column api.risk_rule.code is 'Name in requests and reasons.';
comment on column api.risk_rule.name is 'Name for people.';
comment on column api.risk_rule.rules is 'Rules to earn by that it looks at.';
comment on column api.risk_rule.measure is 'What it looks at.';
comment on column api.risk_rule.threshold is 'It decides from this on: points, awards, or percent; null: local_hour.';
comment on column api.risk_rule.window_minutes is 'How far back it looks.';
comment on column api.risk_rule.min_awards is 'source_share: awards of the window below which it does not decide.';
comment on column api.risk_rule.from_hour is 'local_hour: it decides from this full hour on.';
comment on column api.risk_rule.to_hour is 'local_hour: until this full hour.';
comment on column api.risk_rule.decision is 'What it decides.';
comment on column api.risk_rule.wait_days is 'review: days after which an award that nobody has decided on expires; null: with its points.';
comment on column api.risk_rule.mode is 'Whether it decides.';
comment on column api.risk_rule.created_at is 'When it was made.';
