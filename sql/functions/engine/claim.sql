create or replace function points.claim(p_bucket smallint, p_requests api.request[], p_drafts points.draft[])
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select row(
            q.ord, q.account_id, q.operation_id, q.entry_kind, q.rule_version,
            case
                when q.repeats and q.asked is distinct from q.first_asked then 'IDEMPOTENCY_CONFLICT'
                when not q.repeats then q.refusal
            end,
            case when not q.repeats then q.refusal_detail end,
            q.repeats,
            null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null
        )::points.draft
        from (
            select d.*,
                d.known or first_value(d.refusal is null) over same_key and first_value(d.ord) over same_key < d.ord as repeats,
                case when d.known then d.stored else first_value(d.asked) over same_key end as first_asked
            from (
                select d.*, o.id is not null as known,
                    row(d.kind, d.rule, d.order_key, d.reward, d.original, d.counterparty, d.amount, d.points, d.occurred_at, d.expires_at, d.reason, d.actor, d.metadata, d.subject) as asked,
                    row(o.kind, case when o.kind = 'earn' then o.rule end, o.order_key, o.reward, o.original,
                        case when o.counterparty_id is not null and o.kind not in ('reverse', 'unmerge') then coalesce(points.user_id_of(o.counterparty_bucket, o.counterparty_id), d.counterparty) end, o.amount::numeric, o.requested::bigint, o.occurred_at,
                        case when o.kind in ('adjust', 'hold', 'extend', 'reinstate') then o.expires_at end, o.reason, o.actor, o.metadata, o.subject) as stored
                from unnest(p_requests, p_drafts) d
                left join lateral (
                    select * from points.operation o
                    where o.bucket = p_bucket and o.account_id = d.account_id and o.id = d.operation_id
                    limit 1
                ) o on true
            ) d
            -- A refused request claims nothing, so the first of a key is the first one not refused.
            window same_key as (partition by d.account_id, d.operation_id order by d.refusal is not null, d.ord)
        ) q
        order by q.ord
    );
end
$$;

comment on function points.claim(smallint, api.request[], points.draft[]) is
    'Recognises keys: stored ones are replays, or IDEMPOTENCY_CONFLICT when the request differs; so are repeats within the batch. The lock on the account makes looking enough: no other transaction can claim a key on it.';
