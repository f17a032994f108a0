create or replace function points.draft_closings(p_bucket smallint, p_requests api.request[], p_drafts points.draft[])
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select q.draft
        from (
            select d.ord, row(
                d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version, v.refusal,
                case when v.refusal = 'REDEMPTION_CLOSED' then jsonb_build_object('status', r.status, 'closed_at', r.closed_at) end,
                d.replayed, d.round, null, d.happened_at,
                null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
                case when v.refusal is null and (p_requests[d.ord]).kind = 'cancel' then d.undoes end, null
            )::points.draft as draft
            from unnest(p_drafts) d
            left join lateral (
                select * from points.redemption r
                where r.bucket = p_bucket and r.account_id = d.account_id and r.id = d.undoes
                limit 1
            ) r on true
            cross join lateral (
                select case
                    when r.id is null then 'UNKNOWN_OPERATION'
                    when r.status <> 'reserved' then 'REDEMPTION_CLOSED'
                end as refusal
            ) v
            where d.round is not null and (p_requests[d.ord]).kind in ('fulfil', 'cancel')
            union all
            select d.ord, d from unnest(p_drafts) d
            where d.round is null or ((p_requests[d.ord]).kind in ('fulfil', 'cancel')) is not true
        ) q
        order by q.ord
    );
end
$$;

comment on function points.draft_closings(smallint, api.request[], points.draft[]) is
    'Checks what is to be fulfilled or cancelled: UNKNOWN_OPERATION, REDEMPTION_CLOSED. Cancelling undoes the operation, fulfilling only notes it.';
