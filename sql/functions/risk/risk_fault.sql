create or replace function points.risk_fault(p_rule points.risk_rule) returns text[]
language plpgsql stable as $$
begin
    return case
        when p_rule.code is null or p_rule.code !~ '^[A-Z][A-Z0-9_]{0,31}$' then array['code', 'must be 1 to 32 capital letters, digits and _']
        when p_rule.name is null or length(p_rule.name) not between 1 and 128 then array['name', 'must have 1 to 128 characters']
        when p_rule.measure is null then array['measure', 'must not be null']
        when (p_rule.measure = 'local_hour') <> (p_rule.threshold is null) then array['threshold', 'is for all measures but local_hour, which need it']
        when p_rule.threshold not between 1 and case when p_rule.measure = 'source_share' then 100 when points.looks_at_origins(p_rule.measure) then 10000 else 9007199254740991 end
            then array['threshold', 'must be from 1 to '
                || case when p_rule.measure = 'source_share' then 100 when points.looks_at_origins(p_rule.measure) then 10000 else 9007199254740991 end]
        when (p_rule.measure in ('award_points', 'local_hour')) <> (p_rule.window_minutes is null)
            then array['window_minutes', 'is for all measures but award_points and local_hour, which need it']
        when p_rule.window_minutes not between 1 and 525600 then array['window_minutes', 'must be from 1 to 525600']
        when (p_rule.measure = 'source_share') <> (p_rule.min_awards is not null) then array['min_awards', 'is for source_share, which needs it']
        when p_rule.min_awards not between 1 and 1000000 then array['min_awards', 'must be from 1 to 1000000']
        when (p_rule.measure = 'local_hour') <> (p_rule.from_hour is not null) or p_rule.from_hour not between 0 and 23
            then array['from_hour', 'from 0 to 23, is for local_hour, which needs it']
        when (p_rule.measure = 'local_hour') <> (p_rule.to_hour is not null) or p_rule.to_hour not between 0 and 23 or p_rule.from_hour = p_rule.to_hour
            then array['to_hour', 'from 0 to 23, another than from_hour, is for local_hour, which needs it']
        when p_rule.decision is null then array['decision', 'must not be null']
        when p_rule.wait_days not between 1 and 3650 or p_rule.wait_days is not null and p_rule.decision <> 'review'
            then array['wait_days', 'from 1 to 3650, is for review']
        when p_rule.mode is null then array['mode', 'must not be null']
        else points.rules_fault(p_rule.rules)
    end;
end
$$;

comment on function points.risk_fault(points.risk_rule) is
    'The first thing wrong with the terms of a risk rule, as path and message; null: nothing.';
