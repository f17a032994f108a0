create or replace function points.limit_origins(p_drafts points.draft[], p_marks points.origin_mark[]) returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select case when k.code is null or d.refusal is not null then d else row(
            d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version, 'LIMIT_REACHED',
            coalesce(d.refusal_detail, '{}') || jsonb_build_object('limit', jsonb_build_object(
                'code', k.code, 'per', k.per, 'period', k.period, 'times', k.used, 'max_times', k.most)),
            d.replayed, d.round, 0, d.happened_at, d.lot_source, d.lot_available_at, d.lot_expires_at,
            null, 0, 0, d.held_delta, d.debt_delta, null, null, null, null, null, null, null, d.undoes
        )::points.draft end
        from unnest(p_drafts) d
        left join lateral (
            select l.code, l.per, l.period, m.used, m.most
            from unnest(p_marks) m
            join points.earn_limit l on l.code = m.code
            where m.ord = d.ord and m.starts_at is not null and m.used >= m.most
            order by l.code
            limit 1
        ) k on true
        order by d.ord
    );
end
$$;

comment on function points.limit_origins(points.draft[], points.origin_mark[]) is
    'Refuses the awards of a round whose address or device has used up a limit: LIMIT_REACHED. The refusal names the limit, and no address or device.';
