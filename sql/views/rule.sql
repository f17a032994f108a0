create or replace view api.rule as
select r.code, r.name, v.version, v.starts_at, v.basis, v.fixed_points, v.points_per_unit, v.rounding, v.cap_points, v.valid_days, v.pending_days, r.once
from points.rule r
left join points.rule_version v on v.rule = r.code;

comment on view api.rule is 'Rules and all their versions; the one in force is the latest that has started.';
comment on column api.rule.code is 'Name in requests, e.g. ORDER.';
comment on column api.rule.name is 'Name for people.';
comment on column api.rule.version is 'Number of the version; null: the rule has none yet.';
comment on column api.rule.starts_at is 'In force from then until the next version starts.';
comment on column api.rule.basis is 'What the award is computed from.';
comment on column api.rule.fixed_points is 'Basis fixed: the award. Basis given: the award when the caller gives none.';
comment on column api.rule.points_per_unit is 'Basis amount: points for each unit of currency.';
comment on column api.rule.rounding is 'How amount times points_per_unit becomes whole points.';
comment on column api.rule.cap_points is 'Most that one operation awards; null: no cap.';
comment on column api.rule.valid_days is 'Days from the event to expiry; null: never.';
comment on column api.rule.pending_days is 'Days from the event until the points become available.';
comment on column api.rule.once is 'Whether it awards an account once for ever.';
