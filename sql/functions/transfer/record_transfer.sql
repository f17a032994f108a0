create or replace function points.record_transfer(
    p_bucket smallint, p_request api.request, p_draft points.draft, p_other_bucket smallint, p_other_id bigint, p_now timestamptz
) returns void
language plpgsql volatile as $$
begin
    insert into points.operation (
        bucket, account_id, id, client_id, idempotency_key, kind, original, counterparty_bucket, counterparty_id,
        requested, points, seq, refusal, detail, available_at, expires_at, reason, actor, metadata, recorded_at)
    select b.bucket, b.account_id, p_draft.operation_id, p_request.client_id, p_request.idempotency_key, p_request.kind, p_request.original,
        -- As asked, so that the same request is known again: a release without a receiver is the sender's own.
        case when p_request.kind <> 'release' or p_request.counterparty is not null then p_other_bucket end,
        case when p_request.kind <> 'release' or p_request.counterparty is not null then p_other_id end, p_request.points,
        case when p_request.kind = 'reverse' then p_draft.moved else abs(p_draft.moved) end, p_draft.seq,
        p_draft.refusal, p_draft.refusal_detail, case when p_request.kind = 'receive' then p_now end, p_request.expires_at,
        p_request.reason, p_request.actor, p_request.metadata, p_now
    from points.balance b
    where b.bucket = p_bucket and b.account_id = p_draft.account_id and p_draft.round is not null;
end
$$;

comment on function points.record_transfer(smallint, api.request, points.draft, smallint, bigint, timestamptz) is
    'Writes the operation of one leg of a transfer, of an offer, of a reversal or of a merge, with the other account.';
