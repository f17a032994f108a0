create or replace function points.record(
    p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz
) returns void
language plpgsql volatile as $$
begin
    insert into points.operation (
        bucket, account_id, id, client_id, idempotency_key, kind, rule, rule_version, order_key, reward, original, amount, requested, points, seq,
        refusal, detail, occurred_at, available_at, expires_at, reason, actor, metadata, subject, recorded_at)
    select b.bucket, d.account_id, d.operation_id, d.client_id, d.idempotency_key, d.kind, coalesce(d.rule, case when d.rule_version is not null then d.lot_source end), d.rule_version, d.order_key, d.reward, d.original, d.amount, d.points,
        case when d.kind in ('adjust', 'reverse', 'reject') then d.moved else abs(d.moved) end, d.seq,
        d.refusal, d.refusal_detail, d.occurred_at,
        case when d.seq is not null and d.moved > 0 and d.undo is null then d.lot_available_at end,
        case when d.kind in ('adjust', 'hold', 'extend', 'reinstate') then d.expires_at when d.seq is not null and d.moved > 0 and d.undo is null then d.lot_expires_at end,
        d.reason, d.actor, d.metadata, d.subject, p_now
    from unnest(p_requests, p_drafts) d
    join points.lane b on b.bucket = p_bucket
    where d.round is not null;
end
$$;

comment on function points.record(smallint, api.request[], points.draft[], timestamptz) is
    'Writes the operations of a batch, carried out or finally refused, each once and complete.';
