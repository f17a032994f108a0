create or replace function points.draft_facts(p_requests api.request[], p_drafts points.draft[], p_undos points.draft[])
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select case
            when d.refusal is null and d.round is not null and (p_requests[d.ord]).kind = 'return' then row(
                d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version, d.refusal, u.facts, d.replayed, d.round, d.moved,
                d.happened_at, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null
            )::points.draft
            else d
        end
        from unnest(p_drafts) d
        cross join lateral (
            select jsonb_build_object(
                'clawed_back', coalesce(-sum(u.moved) filter (where u.moved < 0), 0),
                'refunded', coalesce(sum(u.moved) filter (where u.moved > 0), 0),
                'shortfall', coalesce(sum(u.debt_delta), 0)) as facts
            from unnest(p_undos) u
            where u.account_id = d.account_id
        ) u
        order by d.ord
    );
end
$$;

comment on function points.draft_facts(api.request[], points.draft[], points.draft[]) is
    'Tells each return what it has undone: points clawed back, refunded, and of the former those that the member had spent already.';
