create or replace function points.describe_version(p_version points.rule_version, p_currency text) returns text
language sql stable parallel safe
return case (p_version).basis
    when 'none' then 'Awards nothing: the rule is retired.'
    else concat(
        'Awards ',
        case (p_version).basis
            when 'fixed' then points.counted((p_version).fixed_points)
            when 'given' then 'the points that the caller gives'
                || coalesce(', ' || (p_version).fixed_points || ' if it gives none', '')
            when 'amount' then points.counted(trim_scale((p_version).points_per_unit)) || ' for each ' || p_currency
            when 'tiers' then points.describe_tiers((p_version).tier_starts, (p_version).tier_rates, p_currency)
        end,
        case when (p_version).basis in ('amount', 'tiers') then case (p_version).rounding
            when 'down' then ', rounded down'
            when 'half_up' then ', rounded half up'
            when 'up' then ', rounded up'
        end end,
        ', at most ' || (p_version).cap_points,
        ', in the wallet ' || (p_version).wallet,
        '. The points are available ',
        case when (p_version).pending_days = 0 then 'at once' else 'after ' || points.counted((p_version).pending_days, 'day') end,
        case
            when (p_version).valid_until is not null then ' and valid through ' || to_char((p_version).valid_until, 'YYYY-MM-DD')
            when (p_version).idle then ' and expire once the member has been idle for '
                || concat_ws(' and ', points.counted((p_version).valid_months, 'month'), points.counted((p_version).valid_days, 'day'))
            when num_nonnulls((p_version).valid_days, (p_version).valid_months, (p_version).valid_end) = 0 then ' and never expire'
            when num_nonnulls((p_version).valid_days, (p_version).valid_months) = 0
                then format(' and valid to the end of the %s in which they are earned', (p_version).valid_end)
            else ' and valid ' || case when (p_version).valid_end is null then 'for ' else format('to the end of the %s, ', (p_version).valid_end) end
                || concat_ws(' and ', points.counted((p_version).valid_months, 'month'), points.counted((p_version).valid_days, 'day'))
                || case when (p_version).valid_end is null then '' else ' on' end
        end,
        '.')
end;

comment on function points.describe_version(points.rule_version, text) is
    'What a rule version awards, in one or two plain English sentences.';
