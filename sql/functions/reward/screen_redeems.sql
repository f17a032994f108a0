create or replace function points.screen_redeems(
    p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz
) returns points.draft[]
language plpgsql stable as $$
declare
    -- What these give back may be redeemed later in the batch.
    v_restores boolean := exists (select from unnest(p_requests) r where r.kind in ('reverse', 'return', 'cancel'));
    v_sold_out text[];
begin
    if not v_restores then
        v_sold_out := array(
            select a.reward
            from (select distinct r.reward from unnest(p_requests) r where r.kind = 'redeem') a
            where points.stock_left(a.reward) = 0
        );
    end if;
    return array(
        select row(
            q.ord, q.account_id, q.operation_id, q.entry_kind, q.rule_version,
            coalesce(q.refusal, q.verdict), coalesce(q.refusal_detail, points.offer_detail(q.verdict, q.reward, q.offer)),
            false, null, null, null, q.lot_source, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null
        )::points.draft
        from (
            select r.ord, r.account_id, r.operation_id, r.entry_kind, r.rule_version, r.refusal, r.refusal_detail, r.lot_source, r.reward, o.offer,
                case when r.kind = 'redeem' and r.refusal is null and not exists (
                    select from points.operation k
                    where k.bucket = p_bucket and k.account_id = r.account_id and k.id = r.operation_id
                ) then coalesce(
                    points.offer_refusal(o.offer, coalesce(r.wallet, 'points'), r.points, p_now),
                    case when r.reward = any (v_sold_out) then 'OUT_OF_STOCK' end)
                end as verdict
            from unnest(p_requests, p_drafts) r
            left join lateral (
                select w as offer from points.reward w where r.kind = 'redeem' and w.code = r.reward limit 1
            ) o on true
            offset 0
        ) q
        order by q.ord
    );
end
$$;

comment on function points.screen_redeems(smallint, api.request[], points.draft[], timestamptz) is
    'Refuses what cannot be redeemed anyway, before anything is locked or written: UNKNOWN_REWARD, NOT_ON_SALE, PRICE_CHANGED, OUT_OF_STOCK. Of a reward that has sold out, thousands may ask in vain at no cost. A key that is known passes, to be replayed.';
