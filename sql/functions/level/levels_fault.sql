create or replace function points.levels_fault(
    p_wallet text, p_levels jsonb, p_measure points.level_measure, p_downgrade points.level_downgrade, p_grace_days int, p_notice_days int,
    p_multiplied_rules text[], p_level_wallet text
) returns text[]
language plpgsql stable as $$
declare
    v_other points.wallet;
begin
    select * into v_other from points.wallet w where w.code = p_level_wallet;
    return coalesce(
        case
            when not exists (select from points.wallet w where w.code = p_wallet) then array['wallet', 'no such wallet']
            when p_measure is null then array['measure', 'must not be null']
            when p_downgrade is null or p_measure = 'ever' and p_downgrade <> 'never'
                then array['downgrade', 'must be never where all that was earned ever counts']
            when p_grace_days is null
                or p_grace_days not between 0 and case when p_downgrade = 'never' then 0 when p_measure = 'rolling_year' then 27 else 180 end
                then array['grace_days', 'must be 0 where levels never fall, from 0 to 27 for the measure rolling_year, or else to 180']
            when p_notice_days is null or p_notice_days not between 0 and 366 then array['notice_days', 'must be from 0 to 366']
            when p_multiplied_rules is null then array['multiplied_rules', 'must not be null']
            when p_level_wallet is not null and v_other.code is null then array['level_wallet', 'no such wallet']
            when p_level_wallet = p_wallet or v_other.level_wallet is not null
                or p_level_wallet is not null and exists (select from points.wallet w where w.level_wallet = p_wallet)
                then array['level_wallet', 'must be another one, whose levels are its own']
            when p_level_wallet is not null and p_levels <> '[]' then array['levels', 'must be none where those of another wallet are shown']
        end,
        case when p_multiplied_rules <> '{}' then
            case when (points.rules_fault(p_multiplied_rules)) is not null then array['multiplied_rules', 'must be 1 to 100 rules that there are'] end
        end,
        case when jsonb_typeof(p_levels) is distinct from 'array' or jsonb_array_length(p_levels) > 100
            then array['levels', 'must be an array of at most 100 levels'] end,
        (
            select case
                when not bool_and(coalesce(l ->> 'code' ~ '^[A-Z][A-Z0-9_]{0,31}$', false))
                    then array['levels', 'each needs a code of 1 to 32 capital letters, digits and _']
                when not bool_and(coalesce(length(l ->> 'name') between 1 and 128, false))
                    then array['levels', 'each needs a name of 1 to 128 characters']
                when not bool_and(coalesce(n.threshold <= 9007199254740991, false))
                    then array['levels', 'each needs a threshold from 0 to 9007199254740991']
                when count(distinct l ->> 'code') < count(*) or count(distinct n.threshold) < count(*)
                    then array['levels', 'must differ in code and threshold']
                when not bool_and(l ->> 'multiplier' is null or coalesce(n.multiplier between 1 and 100, false))
                    then array['levels', 'each multiplier must be from 1 to 100, with at most 6 decimals']
                when not bool_and(coalesce(jsonb_typeof(l -> 'privileges'), 'null') = 'null'
                    or jsonb_typeof(l -> 'privileges') = 'array' and jsonb_array_length(l -> 'privileges') <= 100 and not exists (
                        select from jsonb_array_elements(case jsonb_typeof(l -> 'privileges') when 'array' then l -> 'privileges' else '[]' end) g
                        where jsonb_typeof(g) <> 'string' or length(g #>> '{}') not between 1 and 500))
                    then array['levels', 'each has at most 100 privileges of 1 to 500 characters']
            end
            from jsonb_array_elements(case jsonb_typeof(p_levels) when 'array' then p_levels else '[]' end) l
            cross join lateral (
                select case when l ->> 'threshold' ~ '^\d{1,16}$' then (l ->> 'threshold')::bigint end as threshold,
                    case when l ->> 'multiplier' ~ '^\d{1,3}(\.\d{1,6})?$' then (l ->> 'multiplier')::numeric end as multiplier
            ) n
        ));
end
$$;

comment on function points.levels_fault(text, jsonb, points.level_measure, points.level_downgrade, int, int, text[], text) is
    'The first thing wrong with the levels of a wallet and what they go by, as path and message; null: nothing.';
