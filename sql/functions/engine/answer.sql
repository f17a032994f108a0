create or replace function points.answer(p_bucket smallint, p_drafts points.draft[])
returns table (refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql stable as $$
begin
    return query
        select coalesce(d.refusal, o.refusal), coalesce(d.refusal_detail, o.detail), d.replayed and d.refusal is null,
            o.operation,
            case
                when d.seq is not null then row(
                    p_bucket, d.account_id, d.seq, a.user_id, a.wallet, d.operation_id, d.entry_kind, d.pending_delta, d.available_delta, d.held_delta,
                    d.debt_delta, d.pending_after, d.available_after, d.held_after, d.debt_after, points.contra_of(d.entry_kind)::text, d.happened_at, o.recorded_at
                )::api.entry
                when o.seq is not null then points.find_entry(p_bucket, d.account_id, o.seq, o.recorded_at)
            end,
            a.account
        from unnest(p_drafts) with ordinality d
        left join lateral (
            select a as account, a.user_id, a.wallet from api.account a where a.bucket = p_bucket and a.id = d.account_id limit 1
        ) a on true
        left join lateral (
            select o.seq, o.refusal, o.detail, o.recorded_at, row(
                o.bucket, o.account_id, o.id, a.user_id, a.wallet, o.client_id, (select c.name from points.client c where c.id = o.client_id), o.idempotency_key, o.kind,
                o.rule, o.rule_version, o.order_key, o.reward, o.subject, o.original,
                case when o.counterparty_id is not null then points.user_id_of(o.counterparty_bucket, o.counterparty_id) end, o.amount, o.requested, o.points, o.seq, o.refusal, o.detail, o.reason, o.actor, o.metadata,
                coalesce(o.occurred_at, o.recorded_at), o.recorded_at, o.available_at, nullif(o.expires_at, 'infinity')
            )::api.operation as operation
            from points.operation o
            -- What was refused without being stored has none, even if the batch uses its key otherwise.
            where o.bucket = p_bucket and o.account_id = d.account_id
                and o.id = case when d.refusal is null or d.round is not null then d.operation_id end
            limit 1
        ) o on true
        order by d.ordinality;
end
$$;

comment on function points.answer(smallint, points.draft[]) is
    'The outcome of each operation, in order: why it was refused, or its operation, its entry and its account as they stand.';
