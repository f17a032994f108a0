create or replace function points.answer(p_bucket smallint, p_drafts points.draft[])
returns table (refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql stable as $$
begin
    return query
        select coalesce(d.refusal, o.refusal), coalesce(d.refusal_detail, o.detail), d.replayed and d.refusal is null, o, e, a
        from unnest(p_drafts) d
        left join api.account a on a.bucket = p_bucket and a.id = d.account_id
        left join api.operation o on o.bucket = p_bucket and o.account_id = d.account_id and o.id = d.operation_id
            and d.refusal is distinct from 'IDEMPOTENCY_CONFLICT'
        left join api.entry e on e.bucket = p_bucket and e.account_id = d.account_id and e.seq = o.seq and e.recorded_at = o.recorded_at
        order by d.ord;
end
$$;

comment on function points.answer(smallint, points.draft[]) is
    'The outcome of each operation, in order: why it was refused, or its operation, its entry and its account as they stand.';
