create or replace function points.prizes_fault(p_prizes jsonb) returns text[]
language plpgsql immutable parallel safe as $$
begin
    if jsonb_typeof(p_prizes) is distinct from 'array' or jsonb_array_length(p_prizes) not between 1 and 100 then
        return array['prizes', 'must be 1 to 100 prizes'];
    end if;
    return (
        select case
            when not bool_and(jsonb_typeof(p) = 'object' and coalesce(length(p ->> 'name') between 1 and 128, false))
                then array['prizes', 'each needs a name of 1 to 128 characters']
            when not bool_and(coalesce(w.weight between 0 and 1000000, false))
                then array['prizes', 'each needs a weight from 0 to 1000000']
            when sum(w.weight) = 0
                then array['prizes', 'must not all have the weight 0']
            when not bool_and(coalesce(p ->> 'stock', '0') ~ '^\d{1,15}$')
                then array['prizes', 'must not have a negative stock']
            when count(*) filter (where p ->> 'stock' is null) <> 1
                then array['prizes', 'exactly one, the consolation prize, has no stock']
        end
        from jsonb_array_elements(p_prizes) p
        cross join lateral (select case when p ->> 'weight' ~ '^\d{1,7}$' then (p ->> 'weight')::int end as weight) w
    );
end
$$;

comment on function points.prizes_fault(jsonb) is
    'The first thing wrong with the prizes of a draw, as path and message; null: nothing.';
