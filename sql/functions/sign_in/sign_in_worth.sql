create or replace function points.sign_in_worth(p_rule text, p_at timestamptz) returns bigint
language plpgsql stable as $$
declare
    v_asked api.request := row('earn', null, null, null, null, p_rule, null, null, null, null, null, null, p_at, null, null, null, null, null, null)::api.request;
    v_draft points.draft;
begin
    select v.version, false into v_draft.rule_version, v_draft.replayed
    from points.rule_version v
    where v.rule = p_rule and v.starts_at <= p_at
    order by v.starts_at desc, v.version desc
    limit 1;
    v_draft.ord := 1;
    return coalesce((points.price(array[v_asked], array[v_draft], p_at))[1].moved, 0);
end
$$;

comment on function points.sign_in_worth(text, timestamptz) is
    'What the rule awards for a sign-in at an instant, by the version that is in force then as far as is known; 0: none is.';
