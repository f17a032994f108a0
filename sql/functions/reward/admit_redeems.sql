create or replace function points.admit_redeems(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select row(
            q.ord, q.account_id, q.operation_id, q.entry_kind, q.rule_version,
            case when q.sold_out then 'OUT_OF_STOCK' when q.over_quota then 'LIMIT_REACHED' else q.refusal end,
            case
                when q.sold_out then points.offer_detail('OUT_OF_STOCK', q.reward, null)
                when q.over_quota then jsonb_build_object('limit', 'redemptions', 'maximum', q.quota, 'period', q.quota_period)
                else q.refusal_detail
            end,
            q.replayed, case when not q.sold_out then q.round end, case when q.sold_out or q.over_quota then 0 else q.moved end,
            q.happened_at, q.lot_source, q.lot_available_at, q.lot_expires_at, case when not (q.sold_out or q.over_quota) then q.seq end,
            q.pending_delta, q.available_delta, q.held_delta, q.debt_delta, q.pending_after, q.available_after, q.held_after, q.debt_after,
            q.earned_after, q.level_due, q.undo, q.undoes, q.lot_idle
        )::points.draft
        from (
            select d.*,
                d.live and coalesce(count(*) filter (where d.live and d.refusal is null and not d.over_quota) over (
                    partition by d.reward order by d.ord rows between unbounded preceding and 1 preceding) >= s.remaining, false) as sold_out
            from (
                select d.*, w.code as reward, w.quota, w.quota_period, w.code is not null as live,
                    d.refusal is null and coalesce(u.used >= w.quota, false) as over_quota
                from unnest(p_drafts) d
                left join lateral (
                    select * from points.reward w
                    where d.round is not null and (p_requests[d.ord]).kind = 'redeem' and w.code = (p_requests[d.ord]).reward
                    limit 1
                ) w on true
                left join lateral (
                    select u.used from points.quota_use u
                    where u.bucket = p_bucket and u.account_id = d.account_id and u.reward = w.code and u.period = w.quota_period
                        and u.starts_at = points.period_start(w.quota_period, p_now, (select p.time_zone from points.program p))
                    limit 1
                ) u on true
            ) d
            left join lateral (
                select s.remaining from points.stock_slice s
                where s.bucket = p_bucket and s.item = d.reward and s.prize = 0
                limit 1
            ) s on true
        ) q
        order by q.ord
    );
end
$$;

comment on function points.admit_redeems(smallint, api.request[], points.draft[], timestamptz) is
    'Refuses redemptions of a round beyond the quota (LIMIT_REACHED) or beyond what the slice holds (OUT_OF_STOCK). As one by one, whoever comes after the last piece is gone is told so, even without the points for it.';
