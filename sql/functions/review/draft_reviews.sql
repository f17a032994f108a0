create or replace function points.draft_reviews(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select q.draft
        from (
            select d.ord, row(
                d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version, v.refusal,
                case when v.refusal = 'REVIEW_CLOSED' then jsonb_build_object(
                    'status', case when r.closed_at is null then 'expired' else r.status::text end, 'closed_at', coalesce(r.closed_at, r.deadline)) end,
                d.replayed, case when v.refusal is distinct from 'SECOND_PERSON_NEEDED' then d.round end, null, d.happened_at,
                null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
                case when v.refusal is null and (p_requests[d.ord]).kind = 'reject' then d.undoes end, null
            )::points.draft as draft
            from unnest(p_drafts) d
            left join lateral (
                select * from points.review r
                where r.bucket = p_bucket and r.account_id = d.account_id and r.operation_id = d.undoes
                limit 1
            ) r on true
            cross join lateral (
                select case
                    when r.operation_id is null then 'UNKNOWN_OPERATION'
                    when r.closed_at is not null or r.deadline <= p_now then 'REVIEW_CLOSED'
                    when r.asker = (p_requests[d.ord]).actor then 'SECOND_PERSON_NEEDED'
                end as refusal
            ) v
            where d.round is not null and (p_requests[d.ord]).kind in ('approve', 'reject')
            union all
            select d.ord, d from unnest(p_drafts) d
            where d.round is null or ((p_requests[d.ord]).kind in ('approve', 'reject')) is not true
        ) q
        order by q.ord
    );
end
$$;

comment on function points.draft_reviews(smallint, api.request[], points.draft[], timestamptz) is
    'Checks what is to be approved or rejected: UNKNOWN_OPERATION, REVIEW_CLOSED, SECOND_PERSON_NEEDED (not stored). Rejecting undoes the award, approving only lets its lot go.';
