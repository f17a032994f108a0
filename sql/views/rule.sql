create or replace view api.rule as
select r.code, r.name, v.version, v.basis = 'none' as retired, r.once, r.created_at
from points.rule r
left join lateral (
    select v.version, v.basis from points.rule_version v
    where v.rule = r.code and v.starts_at <= clock_timestamp()
    order by v.starts_at desc, v.version desc
    limit 1
) v on true;

comment on view api.rule is 'Ways to earn points, at the instant of reading.';
comment on column api.rule.code is 'Name in requests, e.g. ORDER.';
comment on column api.rule.name is 'Name for people.';
comment on column api.rule.version is 'Number of the version in force; null: none has started.';
comment on column api.rule.retired is 'Whether the rule is retired; null: no version has started.';
comment on column api.rule.once is 'Whether it awards an account once for ever.';
comment on column api.rule.created_at is 'When it was made.';
