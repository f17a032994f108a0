create or replace function points.scopes_of(p_scopes text[]) returns text[]
language sql immutable parallel safe
return (
    select array_agg(distinct o.scope order by o.scope)
    from unnest(p_scopes) s(scope)
    cross join lateral unnest(case s.scope
        when 'operator' then array['reverse', 'adjust', 'rewards', 'rules', 'webhooks', 'read', 'audit']
        when 'auditor' then array['audit']
        else array[s.scope]
    end) o(scope)
);

comment on function points.scopes_of(text[]) is
    'Scopes with those of an operator and of an auditor in place of these words. An operator corrects and decides, and earns and spends for nobody; an auditor reads all and changes nothing.';
