create or replace function points.draft_zones(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select case
            when z.refusal is null then d
            else row(
                d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version, nullif(z.refusal, ''),
                case when z.refusal <> '' then jsonb_build_object('limit', 'changes of time zone a day', 'maximum', 1) end,
                d.replayed, d.round, 0, d.happened_at, null, null, null, null, 0, 0, 0, 0, null, null, null, null, null, null, null, null, null
            )::points.draft
        end
        from unnest(p_drafts) d
        left join lateral (
            select case when exists (
                select from points.zone_change c
                cross join points.program p
                where c.bucket = p_bucket and c.account_id = d.account_id and c.day = (p_now at time zone p.time_zone)::date
            ) then 'LIMIT_REACHED' else '' end as refusal
            where d.round is not null and d.refusal is null and (p_requests[d.ord]).kind = 'set_time_zone'
        ) z on true
        order by d.ord
    );
end
$$;

comment on function points.draft_zones(smallint, api.request[], points.draft[], timestamptz) is
    'Refuses a second change of a member''s time zone on a day of the program''s: LIMIT_REACHED. Changes move no points.';
