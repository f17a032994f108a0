create or replace function points.rules_fault(p_rules text[]) returns text[]
language plpgsql stable as $$
begin
    return case
        when p_rules is null or cardinality(p_rules) not between 1 and 100 or array_ndims(p_rules) > 1
            then array['rules', 'must be 1 to 100 rules']
        when exists (select from unnest(p_rules) n where n is null or not exists (select from points.rule r where r.code = n))
            then array['rules', 'must be rules that there are']
    end;
end
$$;

comment on function points.rules_fault(text[]) is
    'What is wrong with the rules that a limit or campaign is to be about, as path and message; null: nothing.';
