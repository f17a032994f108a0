create or replace function points.review_event(p_review points.review) returns jsonb
language sql stable parallel safe
return jsonb_build_object(
    'operationId', p_review.operation_id, 'points', p_review.points, 'status', p_review.status, 'reasons', p_review.reasons,
    'asker', p_review.asker, 'askedAt', points.instant_text(p_review.asked_at), 'deadline', points.instant_text(p_review.deadline),
    'closedAt', points.instant_text(p_review.closed_at));

comment on function points.review_event(points.review) is
    'What receivers are told of an award in review.';
