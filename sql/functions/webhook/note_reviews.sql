create or replace function points.note_reviews(p_bucket smallint, p_account_ids bigint[], p_operation_ids uuid[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    if not points.wants_event('review.changed') then
        return;
    end if;
    insert into points.outbox (bucket, account_id, happened_at, event, facts)
    select b.bucket, d.account_id, p_now, 'review.changed', r.facts
    from unnest(p_account_ids, p_operation_ids) with ordinality as d(account_id, id, ord)
    join points.lane b on b.bucket = p_bucket
    cross join lateral (
        select points.review_event(r) as facts from points.review r
        where r.bucket = p_bucket and r.account_id = d.account_id and r.operation_id = d.id
        limit 1
    ) r
    order by d.ord;
end
$$;

comment on function points.note_reviews(smallint, bigint[], uuid[], timestamptz) is
    'Puts awards that have just been put into review, or were decided on, into the outbox, as they are now.';
