create or replace function points.note_redemptions(p_bucket smallint, p_account_ids bigint[], p_ids uuid[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    if not points.wants_event('redemption.changed') then
        return;
    end if;
    insert into points.outbox (bucket, account_id, happened_at, event, facts)
    select b.bucket, d.account_id, p_now, 'redemption.changed', r.facts
    from unnest(p_account_ids, p_ids) with ordinality as d(account_id, id, ord)
    join points.lane b on b.bucket = p_bucket
    cross join lateral (
        select points.redemption_event(r) as facts from points.redemption r
        where r.bucket = p_bucket and r.account_id = d.account_id and r.id = d.id
        limit 1
    ) r
    order by d.ord;
end
$$;

comment on function points.note_redemptions(smallint, bigint[], uuid[], timestamptz) is
    'Puts redemptions that have just been made or closed into the outbox, as they are now.';
