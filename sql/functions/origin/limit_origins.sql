create or replace function points.limit_origins(p_drafts points.draft[], p_marks points.origin_mark[]) returns points.draft[]
language plpgsql stable as $$
declare
    v_full points.origin_mark[];
    v_ords int[];
begin
    v_full := array(
        select distinct on (m.ord) m from unnest(p_marks) m
        where m.starts_at is not null and m.used >= m.most
        order by m.ord, m.code
    );
    if v_full = '{}' then
        return p_drafts;
    end if;
    v_ords := array(select m.ord from unnest(v_full) m order by m.ord);
    return array(
        select case when l.code is null or d.refusal is not null then d else row(
            d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version, 'LIMIT_REACHED',
            coalesce(d.refusal_detail, '{}') || jsonb_build_object('limit', jsonb_build_object(
                'code', l.code, 'per', l.per, 'period', l.period, 'times', (k.mark).used, 'max_times', (k.mark).most)),
            d.replayed, d.round, 0, d.happened_at, d.lot_source, d.lot_available_at, d.lot_expires_at,
            null, 0, 0, d.held_delta, d.debt_delta, null, null, null, null, null, null, null, d.undoes, d.lot_idle
        )::points.draft end
        from unnest(p_drafts) d
        cross join lateral (select v_full[array_position(v_ords, d.ord)] as mark) k
        left join points.earn_limit l on l.code = (k.mark).code
        order by d.ord
    );
end
$$;

comment on function points.limit_origins(points.draft[], points.origin_mark[]) is
    'Refuses the awards of a round whose address or device has used up a limit: LIMIT_REACHED. The refusal names the limit, and no address or device.';
