create or replace function points.idle_time(p_version points.rule_version) returns interval
language sql immutable parallel safe
return case when (p_version).idle
    then make_interval(months => coalesce((p_version).valid_months, 0), days => coalesce((p_version).valid_days, 0)) end;

comment on function points.idle_time(points.rule_version) is
    'Time without activity after which points by this version expire; null: their expiry stays. One expression, which the planner inlines.';
