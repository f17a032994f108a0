create or replace function points.record_due(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    insert into points.operation (
        bucket, account_id, id, client_id, idempotency_key, kind, original, points, seq, occurred_at, recorded_at)
    select p_bucket, d.account_id, d.operation_id, 0, k.kind || ':' || d.seq, k.kind, d.undoes,
        case when k.kind = 'reverse' then d.moved else abs(d.moved) end, d.seq, d.happened_at, p_now
    from unnest(p_drafts) d
    cross join lateral (
        select case when d.undoes is not null and d.entry_kind <> 'release' then 'reverse'::points.operation_kind
            else d.entry_kind::text::points.operation_kind end as kind
    ) k
    join points.lane b on b.bucket = p_bucket;
end
$$;

comment on function points.record_due(smallint, points.draft[], timestamptz) is
    'Writes the operations of Jifen''s own: points became available or expired, a hold ended, a debt was repaid, a return undid something.';
