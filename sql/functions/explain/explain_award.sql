create or replace function points.explain_award(p_operation points.operation, p_time_zone text, p_currency text)
returns table (step text, words text, result bigint, at timestamptz, agrees boolean)
language plpgsql stable as $$
declare
    v_version points.rule_version;
    v_review points.review;
    v_happened timestamptz := coalesce(p_operation.occurred_at, p_operation.recorded_at);
    v_given bigint := coalesce(p_operation.requested, (p_operation.detail ->> 'task_points')::bigint);
    v_award bigint;
    v_starts numeric[];
    v_rates numeric[];
    v_exact numeric;
    v_whole bigint;
    v_booked boolean := p_operation.refusal is null;
begin
    select * into strict v_version
    from points.rule_version v
    where v.rule = p_operation.rule and v.version = p_operation.rule_version;
    select * into v_review
    from points.review r
    where r.bucket = p_operation.bucket and r.account_id = p_operation.account_id and r.operation_id = p_operation.id;
    v_award := points.award(v_version, p_operation.amount, v_given);
    return query select 'rule', format(
        'Version %s of the rule %s was in force. %s', v_version.version, v_version.rule, points.describe_version(v_version, p_currency)),
        null::bigint, nullif(v_version.starts_at, '-infinity'), null::boolean;

    if v_version.basis in ('amount', 'tiers') then
        v_starts := coalesce(v_version.tier_starts, array[0.0]);
        v_rates := coalesce(v_version.tier_rates, array[v_version.points_per_unit]);
        v_exact := points.tiered(p_operation.amount, v_starts, v_rates);
        v_whole := points.rounded(v_exact, v_version.rounding)::bigint;
        return query
            select 'basis', concat(
                    coalesce(string_agg(format('%s x %s', trim_scale(t.part), trim_scale(t.rate)), ' + ' order by t.no), 'Nothing'),
                    format(' = %s.', points.counted(trim_scale(v_exact)))),
                null::bigint, null::timestamptz, null::boolean
            from (
                select s.no, v_rates[s.no] as rate, least(p_operation.amount, v_starts[s.no + 1]) - s.start as part
                from unnest(v_starts) with ordinality s(start, no)
            ) t
            where t.part > 0;
        return query select 'rounding', format('Rounded %s: %s.', replace(v_version.rounding::text, '_', ' '), points.counted(v_whole)),
            v_whole, null::timestamptz, null::boolean;
    else
        v_whole := coalesce(v_given, v_version.fixed_points);
        return query select 'basis', format('%s, %s.', points.counted(v_whole), case
                when v_version.basis = 'fixed' then 'fixed'
                when v_given is null then 'since the caller gave none'
                when p_operation.kind = 'claim' then 'given by the task'
                else 'given by the caller'
            end), v_whole, null::timestamptz, null::boolean;
    end if;
    if v_version.cap_points is not null then
        return query select 'cap', format(case
                when v_whole > v_version.cap_points then 'Cut to the cap of %s.'
                else 'Within the cap of %s.'
            end, points.counted(v_version.cap_points)), least(v_whole, v_version.cap_points), null::timestamptz, null::boolean;
    end if;
    if p_operation.detail ? 'claimed' then
        return query select 'task', format('%s of %s steps of the task %s were done%s.', p_operation.detail ->> 'done', p_operation.detail ->> 'needed',
                p_operation.subject, ' in its period from ' || (p_operation.detail ->> 'starts_on') || ' on'),
            null::bigint, null::timestamptz, null::boolean;
    end if;
    if p_operation.detail ? 'bonus' then
        v_award := v_award + (p_operation.detail ->> 'bonus')::bigint;
        return query select 'streak', format('Day %s in a row%s.', p_operation.detail ->> 'streak',
                ', with a bonus of ' || points.counted(nullif((p_operation.detail ->> 'bonus')::bigint, 0))),
            (p_operation.detail ->> 'bonus')::bigint, null::timestamptz, null::boolean;
    end if;
    return query select s.* from points.explain_shares(p_operation.detail) s;
    if v_booked then
        v_award := least(v_award, case when p_operation.detail ? 'limit' then
                greatest(0, (p_operation.detail #>> '{limit,max_points}')::bigint - (p_operation.detail #>> '{limit,points}')::bigint) end)
            + coalesce((select sum(c.value::bigint) from jsonb_each_text(p_operation.detail -> 'campaigns') c), 0)::bigint;
    end if;
    return query select 'award', case
            when not v_booked then format('That would be %s, but it was refused.', points.counted(v_award))
            when v_award = p_operation.points then format('That is %s, as booked.', points.counted(v_award))
            else format('That is %s, but %s booked.', points.counted(v_award), points.counted(p_operation.points))
        end, v_award, null::timestamptz, case when v_booked then v_award = p_operation.points end;
    if v_review.operation_id is not null then
        return query select 'review', format('It waits for a person because of %s: %s.', array_to_string(v_review.reasons, ', '), case
                when v_review.closed_at is not null then v_review.status || ' at ' || points.moment(v_review.closed_at, p_time_zone)
                when isfinite(v_review.deadline) then 'until ' || points.moment(v_review.deadline, p_time_zone)
                else 'for ever'
            end), null::bigint, coalesce(v_review.closed_at, nullif(v_review.deadline, 'infinity')), null::boolean;
    end if;
    if p_operation.available_at is not null then
        return query
            select t.step, format(t.words || '%s.', case
                    when not isfinite(t.at) then '' else points.moment(t.at, p_time_zone) end, case
                    when t.at <> t.booked then format(', but booked for %s', case
                        when isfinite(t.booked) then points.moment(t.booked, p_time_zone) else 'ever' end)
                end), null::bigint, nullif(t.at, 'infinity'), t.at = t.booked
            from (
                select 'available' as step, 'Available from %s on' as words,
                    points.days_after(v_happened, v_version.pending_days, p_time_zone) as at, coalesce(v_review.available_at, p_operation.available_at) as booked
                union all
                select 'expiry', case when v_version.idle then 'Valid until %s, unless activity puts that off' when isfinite(e.at) then 'Valid until %s' else 'Never expires%s' end, e.at, coalesce(v_review.expires_at, p_operation.expires_at)
                from (select points.expiry(v_version, v_happened, p_operation.recorded_at, p_time_zone) as at) e
            ) t;
    end if;
end
$$;

comment on function points.explain_award(points.operation, text, text) is
    'Computes an award again from the stored operation and its rule version, by the functions that priced it, and says each step. agrees: whether the result is what was booked; null: there is nothing to compare.';
