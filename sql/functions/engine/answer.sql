create or replace function points.answer(p_bucket smallint, p_drafts points.draft[])
returns table (refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql stable as $$
begin
    return query
        select coalesce(d.refusal, o.refusal), coalesce(d.refusal_detail, o.detail), d.replayed and d.refusal is null,
            case when o.id is not null then row(
                o.bucket, o.account_id, o.id, a.user_id, a.wallet, o.client_id, c.name, o.idempotency_key, o.kind,
                o.rule, o.rule_version, o.amount, o.requested, o.points, o.seq, o.refusal, o.detail, o.reason, o.actor, o.metadata,
                coalesce(o.occurred_at, o.recorded_at), o.recorded_at, o.available_at, nullif(o.expires_at, 'infinity')
            )::api.operation end,
            case when e.seq is not null then row(
                e.bucket, e.account_id, e.seq, a.user_id, a.wallet, e.operation_id, e.kind, e.pending_delta, e.available_delta, e.held_delta,
                e.pending_after, e.available_after, e.held_after, e.contra::text, e.occurred_at, e.recorded_at
            )::api.entry end,
            a
        from unnest(p_drafts) d
        left join api.account a on a.bucket = p_bucket and a.id = d.account_id
        left join points.operation o on o.bucket = p_bucket and o.account_id = d.account_id and o.id = d.operation_id
            and (d.round is not null or d.replayed and d.refusal is null)
        left join points.client c on c.id = o.client_id
        left join lateral (
            select * from points.entry e
            where e.bucket = p_bucket and e.account_id = o.account_id and e.seq = o.seq and e.recorded_at = o.recorded_at
            limit 1
        ) e on true
        order by d.ord;
end
$$;

comment on function points.answer(smallint, points.draft[]) is
    'The outcome of each operation, in order: why it was refused, or its operation, its entry and its account as they stand.';
