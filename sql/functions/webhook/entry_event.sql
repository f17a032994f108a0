create or replace function points.entry_event(p_entry points.entry, p_operation points.operation) returns jsonb
language sql stable parallel safe
return jsonb_build_object(
    'seq', p_entry.seq, 'kind', p_entry.kind, 'operationId', p_entry.operation_id, 'idempotencyKey', p_operation.idempotency_key,
    'rule', p_operation.rule, 'orderKey', p_operation.order_key, 'contra', points.contra_of(p_entry.kind),
    'pendingDelta', p_entry.pending_delta, 'availableDelta', p_entry.available_delta, 'heldDelta', p_entry.held_delta, 'debtDelta', p_entry.debt_delta,
    'pendingAfter', p_entry.pending_after, 'availableAfter', p_entry.available_after, 'heldAfter', p_entry.held_after, 'debtAfter', p_entry.debt_after,
    'occurredAt', points.instant_text(p_entry.occurred_at), 'recordedAt', points.instant_text(p_entry.recorded_at));

comment on function points.entry_event(points.entry, points.operation) is
    'What receivers are told of an entry, with the names that it has in GraphQL.';
