create or replace function points.free_shares(p_bucket smallint, p_drafts points.draft[]) returns void
language plpgsql volatile as $$
declare
    v_undone points.draft[];
begin
    v_undone := array(
        select d from unnest(p_drafts) d
        where d.seq is not null and d.entry_kind = 'clawback'
            and exists (select from points.operation o where o.bucket = p_bucket and o.account_id = d.account_id and o.id = d.undoes and o.rule is not null)
    );
    if v_undone = '{}' then
        return;
    end if;
    update points.limit_use u
    set points = greatest(0, u.points + d.moved), times = u.times - (v.reversed = v.points and u.times > 0)::int
    from unnest(v_undone) d
    cross join points.program p
    join points.operation o on o.bucket = p_bucket and o.account_id = d.account_id and o.id = d.undoes
    join points.reversal v on v.bucket = p_bucket and v.account_id = o.account_id and v.operation_id = o.id
    join points.earn_limit k on k.active and k.gives_back and o.rule = any (k.rules)
    where u.bucket = p_bucket and u.account_id = o.account_id and u.code = k.code
        and u.starts_at = points.period_start(k.period, coalesce(o.occurred_at, o.recorded_at), p.time_zone);

    update points.campaign_use u
    set points = greatest(0, u.points - f.points)
    from unnest(v_undone) d
    cross join lateral points.freed_shares(p_bucket, d.account_id, d.undoes, -d.moved) f
    where u.bucket = p_bucket and u.account_id = d.account_id and u.campaign = f.campaign;

    update points.stock_slice s
    set remaining = s.remaining + q.points
    from (
        select f.campaign, sum(f.points) as points
        from unnest(v_undone) d
        cross join lateral points.freed_shares(p_bucket, d.account_id, d.undoes, -d.moved) f
        group by f.campaign
    ) q
    where s.bucket = p_bucket and s.item = q.campaign and s.prize = -1;
end
$$;

comment on function points.free_shares(smallint, points.draft[]) is
    'Gives back what the awards that these clawbacks undo had used: of limits, if they say so, in the period of the award; of members'' caps and of the budgets of campaigns. Limits are those of now.';
