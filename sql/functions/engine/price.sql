create or replace function points.price(p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select row(
            r.ord, r.account_id, r.operation_id, r.entry_kind, r.rule_version, r.refusal, r.refusal_detail, r.replayed,
            case when r.refusal is null and not r.replayed then 1 end,
            case k.kind
                when 'earn' then least(v.cap_points, 9007199254740992, case v.basis
                    when 'fixed' then v.fixed_points
                    when 'given' then coalesce(r.points, v.fixed_points)
                    when 'amount' then case v.rounding
                        when 'down' then floor(r.amount * v.points_per_unit)
                        when 'half_up' then round(r.amount * v.points_per_unit)
                        when 'up' then ceil(r.amount * v.points_per_unit)
                    end
                end)::bigint
                when 'spend' then -r.points
                when 'adjust' then r.points
            end,
            coalesce(r.occurred_at, p_now),
            case k.kind when 'earn' then r.rule when 'adjust' then 'adjust' end,
            case k.kind
                when 'earn' then points.days_after(coalesce(r.occurred_at, p_now), v.pending_days, p.time_zone)
                when 'adjust' then least(p_now, r.occurred_at)
            end,
            case k.kind
                when 'earn' then coalesce(points.days_after(coalesce(r.occurred_at, p_now), v.valid_days, p.time_zone), 'infinity')
                when 'adjust' then coalesce(r.expires_at, 'infinity')
            end,
            null, null, null, null, null, null, null, null
        )::points.draft
        from unnest(p_requests, p_drafts) r
        -- What is refused may hold numbers and times that no arithmetic survives.
        cross join lateral (select case when r.refusal is null then r.kind end as kind) k
        cross join points.program p
        left join points.rule_version v on k.kind = 'earn' and v.rule = r.rule and v.version = r.rule_version
        order by r.ord
    );
end
$$;

comment on function points.price(api.request[], points.draft[], timestamptz) is
    'Computes what each operation that is to be done moves and when what it grants becomes available and expires. Award: min(cap_points, fixed_points | given points | rounding(amount * points_per_unit)).';
