create or replace function points.open_holds(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    insert into points.hold (bucket, account_id, id, seq, points, held_at, deadline)
    select b.bucket, d.account_id, d.operation_id, d.seq, d.held_delta, p_now, d.lot_expires_at
    from unnest(p_drafts) d
    join points.lane b on b.bucket = p_bucket
    where d.seq is not null and d.entry_kind = 'hold';
end
$$;

comment on function points.open_holds(smallint, points.draft[], timestamptz) is
    'Opens the hold of each operation that reserves points.';
