create or replace function points.unmerge_refusal(p_from_bucket smallint, p_from_id bigint, p_draft points.draft, p_seqs bigint[]) returns points.draft
language plpgsql stable as $$
declare
    v_draft points.draft := p_draft;
begin
    perform points.archive_loaded();
    select 'NOT_REVERSIBLE', v.detail into v_draft.refusal, v_draft.refusal_detail
    from points.account a
    cross join lateral (
        select coalesce(sum(e.pending_delta + e.available_delta), 0) as brought, coalesce(sum(e.debt_delta), 0) as debt
        from points.entry_history e
        where e.bucket = a.into_bucket and e.account_id = a.into_id and e.seq = any (p_seqs)
    ) e
    cross join lateral (
        select coalesce(sum(l.remaining), 0) as remaining
        from points.lot l
        where l.bucket = a.into_bucket and l.account_id = a.into_id and l.seq = any (p_seqs)
    ) l
    cross join lateral (
        select coalesce(sum(u.points), 0) as expired
        from points.lot_use_history u
        join points.entry_history e on e.bucket = u.bucket and e.account_id = u.account_id and e.seq = u.seq and e.recorded_at = u.recorded_at
        where u.bucket = a.into_bucket and u.account_id = a.into_id and u.lot_seq = any (p_seqs) and e.kind in ('expire', 'reinstate')
    ) u
    cross join lateral (
        select case
            when a.into_id is null then jsonb_build_object('merged', false)
            when e.debt <> 0 then jsonb_build_object('debt', e.debt)
            when e.brought > l.remaining + u.expired then jsonb_build_object('used', e.brought - l.remaining - u.expired)
            when exists (
                select from points.operation o
                join points.account s on s.bucket = o.counterparty_bucket and s.id = o.counterparty_id
                where o.bucket = p_from_bucket and o.account_id = a.id and o.kind = 'merge' and o.client_id = 0 and s.into_id is not null
            ) then jsonb_build_object('merged_before', true)
        end as detail
    ) v
    where a.bucket = p_from_bucket and a.id = p_from_id and v.detail is not null;
    return v_draft;
end
$$;

comment on function points.unmerge_refusal(smallint, bigint, points.draft, bigint[]) is
    'NOT_REVERSIBLE when something depends on a merge: points that it brought (by the entries p_seqs of the other account) were used, it brought a debt, or other accounts had been merged into this one before. What has only expired meanwhile hinders nothing.';
