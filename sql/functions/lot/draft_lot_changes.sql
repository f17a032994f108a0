create or replace function points.draft_lot_changes(p_bucket smallint, p_requests api.request[], p_drafts points.draft[])
returns points.draft[]
language plpgsql stable as $$
begin
    if not exists (
        select from unnest(p_drafts) d
        where d.round is not null and (p_requests[d.ord]).kind in ('extend', 'activate', 'cancel_award', 'reinstate')
    ) then
        return p_drafts;
    end if;
    return array(
        select case when q.kind is null then q.draft else row(
            q.ord, q.account_id, q.operation_id, q.entry_kind, null, q.refusal_now,
            case
                when q.refusal_now = 'NOT_REVERSIBLE' then jsonb_build_object('kind', q.original_kind)
                when q.refusal_now is null and q.kind in ('extend', 'activate') then jsonb_build_object('points', q.points)
            end,
            false, case when q.refusal_now is distinct from 'REVIEW_WAITING' then q.round end,
            case when q.refusal_now is null and q.kind = 'reinstate' then q.points end, q.happened_at,
            null, null, q.lot_expires_at, null,
            0, case when q.refusal_now is null and q.kind = 'reinstate' then q.points else 0 end, 0, 0,
            null, null, null, null, null, false,
            -- No lot comes of it by itself: points.change_lots.
            case when q.kind = 'reinstate' then row(q.original_seq, q.original_at, null, null)::points.undo end,
            case when q.kind = 'cancel_award' and q.refusal_now is null then q.undoes end, null
        )::points.draft end
        from (
            select d.*, d as draft, k.kind, o.kind as original_kind, o.seq as original_seq, o.recorded_at as original_at, p.points,
                case
                    when o.id is null and d.undoes is not null then 'UNKNOWN_OPERATION'
                    when k.kind in ('activate', 'cancel_award') and exists (
                        select from points.review r
                        where r.bucket = p_bucket and r.account_id = d.account_id and r.operation_id = d.undoes and r.closed_at is null
                    ) then 'REVIEW_WAITING'
                    when k.kind in ('activate', 'cancel_award') and p.points = 0 then 'NOT_PENDING'
                    when k.kind = 'reinstate' and o.kind <> 'expire' then 'NOT_REVERSIBLE'
                    when k.kind = 'reinstate' and p.points = 0 then 'ALREADY_REVERSED'
                end as refusal_now
            from unnest(p_drafts) d
            cross join lateral (
                select case when d.round is not null and (p_requests[d.ord]).kind in ('extend', 'activate', 'cancel_award', 'reinstate')
                    then (p_requests[d.ord]).kind end as kind
            ) k
            left join lateral (
                select * from points.operation o
                where k.kind is not null and o.bucket = p_bucket and o.account_id = d.account_id and o.id = d.undoes
                limit 1
            ) o on true
            cross join lateral (
                select case
                    when k.kind = 'extend' then (
                        select coalesce(sum(l.remaining), 0)
                        from points.extendable(p_bucket, d.account_id, o.seq, (p_requests[d.ord]).subject, d.lot_expires_at) l)
                    when k.kind in ('activate', 'cancel_award') then (
                        select coalesce(sum(l.remaining), 0) from points.lot l
                        where l.bucket = p_bucket and l.account_id = d.account_id and l.seq = o.seq and l.pending)
                    when k.kind = 'reinstate' and o.kind = 'expire' and points.reversible(p_bucket, d.account_id, o.id, o.points) > 0 then (
                        select coalesce(sum(u.points), 0) from points.reinstatable(p_bucket, d.account_id, o.seq, o.recorded_at) u)
                    else 0
                end::bigint as points
            ) p
        ) q
        order by q.ord
    );
end
$$;

comment on function points.draft_lot_changes(smallint, api.request[], points.draft[]) is
    'Checks what is to be extended, activated early, cancelled while pending, or brought back from expiry. What comes back is drafted here, what is cancelled by points.draft_undo, and the others move nothing by themselves. UNKNOWN_OPERATION, REVIEW_WAITING (not stored), NOT_PENDING, NOT_REVERSIBLE, ALREADY_REVERSED.';
