create or replace function points.task_fault(
    p_name text, p_rule text, p_points bigint, p_steps int, p_open_from timestamptz, p_open_until timestamptz
) returns text[]
language plpgsql stable as $$
declare
    v_version points.rule_version;
begin
    select * into v_version from points.rule_version v where v.rule = p_rule order by v.starts_at desc, v.version desc limit 1;
    return case
        when p_name is null or length(p_name) not between 1 and 128 then array['name', 'must have 1 to 128 characters']
        when not exists (select from points.rule r where r.code = p_rule) then array['rule', 'no such rule']
        when v_version.basis in ('amount', 'tiers') then array['rule', 'needs an amount, which a task has not']
        when p_points not between 1 and 9007199254740991 then array['points', 'must be from 1 to 9007199254740991']
        when v_version.basis = 'fixed' and p_points is not null then array['points', 'the rule awards fixed points']
        when v_version.basis = 'given' and coalesce(p_points, v_version.fixed_points) is null then array['points', 'the rule needs points']
        when p_steps is null or p_steps not between 1 and 1000000 then array['steps', 'must be from 1 to 1000000']
        when p_open_until <= p_open_from then array['open_until', 'must be after open_from']
    end;
end
$$;

comment on function points.task_fault(text, text, bigint, int, timestamptz, timestamptz) is
    'The first thing wrong with a task''s terms, as path and message; null: nothing. A rule without a version yet may be named.';
