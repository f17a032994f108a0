create or replace function points.version_fault(p_version points.rule_version) returns text[]
language plpgsql stable as $$
begin
    return case
        when p_version.basis is null then array['basis', 'must not be null']
        when p_version.basis = 'none' then array['basis', 'is a retirement: retire the rule']
        when p_version.rounding is null then array['rounding', 'must not be null']
        when p_version.fixed_points not between 1 and 9007199254740991 then array['fixed_points', 'must be from 1 to 9007199254740991']
        when p_version.basis = 'fixed' and p_version.fixed_points is null then array['fixed_points', 'must not be null for fixed points']
        when p_version.basis in ('amount', 'tiers') and p_version.fixed_points is not null then array['fixed_points', 'are not for an amount']
        when (p_version.basis = 'amount') <> (p_version.points_per_unit is not null)
            then array['points_per_unit', 'is for the basis amount, which needs it']
        when p_version.points_per_unit <= 0 or p_version.points_per_unit > 100000 or scale(p_version.points_per_unit) > 6
            then array['points_per_unit', 'must be above 0 and at most 100000, with at most 6 decimals']
        when (p_version.basis = 'tiers') <> (p_version.tier_starts is not null) or (p_version.basis = 'tiers') <> (p_version.tier_rates is not null)
            then array['tiers', 'are for the basis tiers, which needs them']
        when array_dims(p_version.tier_starts) is distinct from array_dims(p_version.tier_rates)
            or coalesce(array_ndims(p_version.tier_starts), 1) <> 1 or cardinality(p_version.tier_starts) not between 1 and 20
            or coalesce(array_lower(p_version.tier_starts, 1), 1) <> 1
            then array['tiers', 'must be 1 to 20, each with its start and its points per unit']
        when num_nulls(variadic p_version.tier_starts) > 0 or p_version.tier_starts[1] <> 0
            or not points.ascends(p_version.tier_starts) or 1000000000000 <= any (p_version.tier_starts)
            or p_version.tier_starts <> p_version.tier_starts::numeric(20, 8)[]
            then array['tiers', 'must start at 0 and ascend to less than 1000000000000, with at most 8 decimals']
        when num_nulls(variadic p_version.tier_rates) > 0 or 0 > any (p_version.tier_rates)
            or 100000 < any (p_version.tier_rates) or 0 >= all (p_version.tier_rates)
            or p_version.tier_rates <> p_version.tier_rates::numeric(12, 6)[]
            then array['tiers', 'must have 0 to 100000 points per unit, not all 0, with at most 6 decimals']
        when p_version.cap_points not between 1 and 9007199254740991 then array['cap_points', 'must be from 1 to 9007199254740991']
        when p_version.pending_days is null or p_version.pending_days not between 0 and 3650
            then array['pending_days', 'must be from 0 to 3650']
        when p_version.valid_days not between 1 and 36500 then array['valid_days', 'must be from 1 to 36500']
        when p_version.valid_months not between 1 and 1200 then array['valid_months', 'must be from 1 to 1200']
        when p_version.valid_until not between '1970-01-01' and '9999-12-31' then array['valid_until', 'must be from 1970 to 9999']
        when p_version.valid_until is not null and num_nonnulls(p_version.valid_days, p_version.valid_months, p_version.valid_end) > 0
            then array['valid_until', 'is instead of days, months and an end']
        when p_version.idle and (num_nonnulls(p_version.valid_days, p_version.valid_months) = 0 or num_nonnulls(p_version.valid_end, p_version.valid_until) > 0)
            then array['idle', 'needs days or months to be idle for, and no end']
        when num_nonnulls(p_version.valid_days, p_version.valid_months, p_version.valid_end) > 0
            and coalesce(p_version.valid_days, 0) + 28 * coalesce(p_version.valid_months, 0) <= p_version.pending_days
            and (p_version.valid_end is null or p_version.pending_days > 0)
            then array['pending_days', 'must end before the points expire, a month being 28 days at least']
        when p_version.wallet is not null and not exists (select from points.wallet w where w.code = p_version.wallet)
            then array['wallet', 'no such wallet']
    end;
end
$$;

comment on function points.version_fault(points.rule_version) is
    'The first thing wrong with the terms of a rule version, as path and message; null: nothing.';
