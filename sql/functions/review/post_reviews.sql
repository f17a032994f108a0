create or replace function points.post_reviews(
    p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_risks points.risk[], p_now timestamptz
) returns void
language plpgsql volatile as $$
begin
    insert into points.review (bucket, account_id, operation_id, seq, points, asked_at, deadline, available_at, expires_at, asker, reasons)
    select b.bucket, d.account_id, d.operation_id, d.seq, d.moved, p_now, d.deadline, d.available_at, d.expires_at,
        (p_requests[d.ord]).actor, array(select jsonb_array_elements_text(d.detail #> '{risk,reasons}'))
    from unnest(p_drafts, p_risks) d
    join points.lane b on b.bucket = p_bucket
    where d.seq is not null and d.decision = 'review';

    perform points.note_reviews(p_bucket, array_agg(d.account_id), array_agg(d.operation_id), p_now)
    from unnest(p_drafts, p_risks) d
    where d.seq is not null and d.decision = 'review';
end
$$;

comment on function points.post_reviews(smallint, api.request[], points.draft[], points.risk[], timestamptz) is
    'Puts the awards of a round that wait for a person into the queue.';
