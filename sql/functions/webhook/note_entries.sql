create or replace function points.note_entries(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    insert into points.outbox (bucket, account_id, seq, happened_at, event)
    select b.bucket, d.account_id, d.seq, p_now, 'entry.booked'
    from unnest(p_drafts) d
    join points.lane b on b.bucket = p_bucket
    where d.seq is not null
    order by d.account_id, d.seq;
end
$$;

comment on function points.note_entries(smallint, points.draft[], timestamptz) is
    'Puts the entries of these drafts into the outbox: no more than where they are found.';
