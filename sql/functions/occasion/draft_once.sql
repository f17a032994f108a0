create or replace function points.draft_once(p_bucket smallint, p_drafts points.draft[]) returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select case
            when q.earned_by is null then q.draft
            else row(
                q.ord, q.account_id, q.operation_id, q.entry_kind, q.rule_version, 'ALREADY_EARNED',
                jsonb_build_object('rule', q.rule, 'operation_id', q.earned_by), q.replayed, q.round, 0, q.happened_at, q.lot_source,
                q.lot_available_at, q.lot_expires_at, null, 0, 0, 0, 0, null, null, null, null, null, null, null, null, q.lot_idle
            )::points.draft
        end
        from (
            select d.*, d as draft, o.rule, o.operation_id as earned_by
            from unnest(p_drafts) d
            left join points.rule r
                on d.round is not null and d.refusal is null and d.rule_version is not null and r.code = d.lot_source and r.once
            left join lateral (
                select o.rule, o.operation_id from points.once_award o
                where o.bucket = p_bucket and o.account_id = d.account_id and o.rule = r.code
                union all
                select o.rule, o.operation_id from points.account s
                join points.once_award o on o.bucket = s.bucket and o.account_id = s.id
                where s.into_bucket = p_bucket and s.into_id = d.account_id and o.rule = r.code
                limit 1
            ) o on true
        ) q
        order by q.ord
    );
end
$$;

comment on function points.draft_once(smallint, points.draft[]) is
    'Refuses another award by a rule that awards once for ever, also if it went to an account that was merged into this one: ALREADY_EARNED.';
