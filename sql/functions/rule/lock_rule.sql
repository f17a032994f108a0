create or replace function points.lock_rule(p_rule text) returns int
language plpgsql volatile as $$
begin
    perform from points.rule r where r.code = p_rule for no key update;
    if not found then
        perform points.raise_refusal('UNKNOWN_RULE', jsonb_build_object('rule', p_rule));
    end if;
    return (
        select coalesce(max(v.version), 0) + 1
        from (
            select v.version from points.rule_version v where v.rule = p_rule
            union all
            select d.version from points.rule_draft d where d.rule = p_rule
        ) v
    );
end
$$;

comment on function points.lock_rule(text) is
    'Locks a rule, so that one change of its versions happens at a time. Returns the number of its next version. Raises LP002 UNKNOWN_RULE.';
