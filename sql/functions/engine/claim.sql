create or replace function points.claim(p_bucket smallint, p_requests api.request[], p_drafts points.draft[])
returns points.draft[]
language plpgsql stable as $$
begin
    -- Few batches repeat a key, and only their drafts need to change.
    if not exists (
        select from unnest(p_drafts) d
        cross join lateral (
            select from points.operation o
            where o.bucket = p_bucket and o.account_id = d.account_id and o.id = d.operation_id
            limit 1
        ) o
    ) then
        return p_drafts;
    end if;
    return array(
        select row(
            d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version,
            case
                when o.id is null then d.refusal
                when row(d.kind, d.rule, d.order_key, d.reward, d.original, d.counterparty, d.amount, d.points, d.occurred_at, d.expires_at,
                        d.reason, d.actor, d.metadata, d.subject)
                    is distinct from row(o.kind, case when o.kind = 'earn' then o.rule end, o.order_key, o.reward, o.original,
                        case when o.counterparty_id is not null and o.kind not in ('reverse', 'unmerge')
                            then coalesce(points.user_id_of(o.counterparty_bucket, o.counterparty_id), d.counterparty) end,
                        o.amount::numeric, o.requested::bigint, o.occurred_at, case when o.kind in ('adjust', 'hold', 'extend', 'reinstate') then o.expires_at end,
                        o.reason, o.actor, o.metadata, o.subject)
                    then 'IDEMPOTENCY_CONFLICT'
            end,
            case when o.id is null then d.refusal_detail end,
            o.id is not null,
            null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null
        )::points.draft
        from unnest(p_requests, p_drafts) d
        left join lateral (
            select * from points.operation o
            where o.bucket = p_bucket and o.account_id = d.account_id and o.id = d.operation_id
            limit 1
        ) o on true
        order by d.ord
    );
end
$$;

comment on function points.claim(smallint, api.request[], points.draft[]) is
    'Recognises keys: stored ones are replays, or IDEMPOTENCY_CONFLICT when the request differs. The lock on the account makes looking enough: no other transaction can claim a key on it; and no new key comes twice in a batch here, see points.repeated_keys.';
