create or replace function points.note_seal(p_of_bucket smallint, p_number bigint) returns void
language plpgsql volatile as $$
begin
    insert into points.outbox (bucket, happened_at, event, facts)
    select s.bucket, s.sealed_at, 'bucket.sealed', jsonb_build_object(
        'bucket', s.bucket, 'number', s.number, 'entries', s.entries, 'accounts', s.accounts, 'sealedAt', points.instant_text(s.sealed_at),
        'previous', encode(s.previous, 'hex'), 'leavesRoot', encode(s.leaves_root, 'hex'), 'root', encode(s.root, 'hex'))
    from points.seal s
    where s.bucket = p_of_bucket and s.number = p_number and points.wants_event('bucket.sealed');
end
$$;

comment on function points.note_seal(smallint, bigint) is
    'Puts a new seal into the outbox, for a witness who keeps its root.';
