create or replace function points.find_draft(p_rule text, p_version int) returns points.rule_draft
language plpgsql stable as $$
declare
    v_draft points.rule_draft;
begin
    select * into v_draft from points.rule_draft d where d.rule = p_rule and d.version = p_version and d.discarded_at is null;
    if not found then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'version', 'message', 'the rule has no draft of this number'));
    end if;
    return v_draft;
end
$$;

comment on function points.find_draft(text, int) is
    'A draft that is neither published nor discarded. Raises LP001 INVALID_INPUT.';
