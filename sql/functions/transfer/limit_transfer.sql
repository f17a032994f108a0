create or replace function points.limit_transfer(p_bucket smallint, p_draft points.draft, p_now timestamptz) returns points.draft
language plpgsql stable as $$
declare
    v_draft points.draft := p_draft;
begin
    select 'LIMIT_REACHED', l.detail into v_draft.refusal, v_draft.refusal_detail
    from points.balance b
    cross join points.program p
    cross join lateral (
        select coalesce(sum(t.times), 0) as times, coalesce(sum(t.points), 0) as points
        from points.transfer_day t
        where t.bucket = p_bucket and t.account_id = p_draft.account_id and t.day = (p_now at time zone p.time_zone)::date
    ) t
    cross join lateral (
        select case
            when -p_draft.moved < p.transfer_minimum
                then jsonb_build_object('limit', 'points of a transfer', 'minimum', p.transfer_minimum)
            when -p_draft.moved > p.transfer_maximum
                then jsonb_build_object('limit', 'points of a transfer', 'maximum', p.transfer_maximum)
            when t.times >= p.transfer_times_a_day
                then jsonb_build_object('limit', 'transfers a day', 'maximum', p.transfer_times_a_day, 'used', t.times)
            when t.points - p_draft.moved > p.transfer_points_a_day
                then jsonb_build_object('limit', 'points transferred a day', 'maximum', p.transfer_points_a_day, 'used', t.points)
        end as detail
    ) l
    -- Of a frozen account points.admit says so.
    where b.bucket = p_bucket and b.account_id = p_draft.account_id and not b.frozen and l.detail is not null;
    return v_draft;
end
$$;

comment on function points.limit_transfer(smallint, points.draft, timestamptz) is
    'Refuses a transfer or offer that passes one of the program''s limits: LIMIT_REACHED. Days are those of the program''s time zone, short and long ones included.';
