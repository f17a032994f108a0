create or replace function points.limit_fault(
    p_code text, p_name text, p_rules text[], p_period points.quota_period, p_max_times int, p_max_points bigint,
    p_excess points.limit_excess, p_gives_back boolean, p_per points.limit_subject
) returns text[]
language plpgsql stable as $$
begin
    return case
        when p_code is null or p_code !~ '^[A-Z][A-Z0-9_]{0,31}$' then array['code', 'must be 1 to 32 capital letters, digits and _']
        when p_name is null or length(p_name) not between 1 and 128 then array['name', 'must have 1 to 128 characters']
        when p_period is null then array['period', 'must not be null']
        when num_nonnulls(p_max_times, p_max_points) = 0 then array['max_points', 'max_times or max_points must not be null']
        when p_max_times < 1 then array['max_times', 'must be positive']
        when p_max_points not between 1 and 9007199254740991 then array['max_points', 'must be from 1 to 9007199254740991']
        when p_excess is null then array['excess', 'must not be null']
        when p_per is null then array['per', 'must not be null']
        when p_gives_back is null then array['gives_back', 'must not be null']
        when p_per <> 'member' and p_max_points is not null then array['max_points', 'is for limits per member']
        when p_per <> 'member' and p_gives_back then array['gives_back', 'is for limits per member']
        else points.rules_fault(p_rules)
    end;
end
$$;

comment on function points.limit_fault(text, text, text[], points.quota_period, int, bigint, points.limit_excess, boolean, points.limit_subject) is
    'The first thing wrong with the terms of a limit, as path and message; null: nothing.';
