create or replace function points.find_version(p_rule text, p_version int) returns points.rule_version
language plpgsql stable as $$
declare
    v_version points.rule_version;
begin
    if not exists (select from points.rule r where r.code = p_rule) then
        perform points.raise_refusal('UNKNOWN_RULE', jsonb_build_object('rule', p_rule));
    end if;
    select * into v_version from points.rule_version v where v.rule = p_rule and v.version = p_version;
    if not found then
        select t.* into v_version
        from points.rule_draft d
        cross join lateral jsonb_populate_record(null::points.rule_version, d.terms) t
        where d.rule = p_rule and d.version = p_version and d.discarded_at is null;
    end if;
    if not found then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'version', 'message', 'the rule has no version of this number'));
    end if;
    return v_version;
end
$$;

comment on function points.find_version(text, int) is
    'A version of a rule, published or a draft. Raises LP001 INVALID_INPUT, LP002 UNKNOWN_RULE.';
