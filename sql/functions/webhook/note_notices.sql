create or replace function points.note_notices(p_bucket smallint, p_account_ids bigint[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    if not points.wants_event('points.expiring') then
        return;
    end if;
    insert into points.outbox (bucket, account_id, happened_at, event, facts)
    select n.bucket, n.account_id, p_now, 'points.expiring', jsonb_build_object(
        'points', n.points, 'lots', n.lots, 'expiresAt', points.instant_text(n.expires_at), 'expiresOn', n.expires_on, 'days', n.days)
    from points.notice n
    where n.bucket = p_bucket and n.account_id = any (p_account_ids) and n.noted_at = p_now
    order by n.account_id, n.expires_on;
end
$$;

comment on function points.note_notices(smallint, bigint[], timestamptz) is
    'Puts the notices that were written for these accounts at p_now into the outbox.';
