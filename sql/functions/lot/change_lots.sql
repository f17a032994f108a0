create or replace function points.change_lots(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns void
language plpgsql volatile as $$
declare
    v_drafts points.draft[];
    v_lots points.lot[];
begin
    v_drafts := array(
        select d from unnest(p_drafts) d
        where d.round is not null and d.refusal is null and (p_requests[d.ord]).kind in ('extend', 'activate', 'reinstate'));
    if v_drafts = '{}' then
        return;
    end if;
    update points.lot l
    set available_at = p_now
    from unnest(v_drafts) d
    join points.operation o on o.bucket = p_bucket and o.account_id = d.account_id and o.id = (p_requests[d.ord]).original
    where l.bucket = p_bucket and l.account_id = o.account_id and l.seq = o.seq and l.pending and (p_requests[d.ord]).kind = 'activate';

    v_lots := points.reinstate_lots(p_bucket, p_requests, v_drafts, p_now) || array(
        select l
        from unnest(v_drafts) d
        left join points.operation o on o.bucket = p_bucket and o.account_id = d.account_id and o.id = (p_requests[d.ord]).original
        cross join lateral points.extendable(p_bucket, d.account_id, o.seq, (p_requests[d.ord]).subject, d.lot_expires_at) l
        where (p_requests[d.ord]).kind = 'extend');
    delete from points.lot l
    using unnest(v_lots) v
    where l.bucket = p_bucket and l.account_id = v.account_id and l.expires_at = v.expires_at and l.seq = v.seq and l.no = v.no;

    -- A lot may be there in parts, since what is refunded has the expiry that it was spent with.
    insert into points.lot (bucket, account_id, seq, no, granted, remaining, pending, source, available_at, expires_at, idle)
    select b.bucket, v.account_id, v.seq, v.no, v.granted, sum(v.remaining), v.pending, v.source, min(v.available_at), d.lot_expires_at, v.idle
    from unnest(v_lots) v
    join unnest(v_drafts) d on d.account_id = v.account_id and (p_requests[d.ord]).kind in ('extend', 'reinstate')
    cross join lateral (
        select b.bucket from points.balance b where b.bucket = p_bucket and b.account_id = v.account_id limit 1
    ) b
    group by b.bucket, v.account_id, v.seq, v.no, v.granted, v.pending, v.source, d.lot_expires_at, v.idle
    on conflict (bucket, account_id, expires_at, seq, no) do update set remaining = lot.remaining + excluded.remaining;

    -- points.settle, which follows, books what is due, and finds the next instant.
    update points.balance b
    set next_change_at = least(b.next_change_at, p_now),
        -- The next activity puts off what came back, too.
        active_on = case when b.active_on is not null then '-infinity'::date end
    from unnest(v_drafts) d
    where b.bucket = p_bucket and b.account_id = d.account_id;
end
$$;

comment on function points.change_lots(smallint, api.request[], points.draft[], timestamptz) is
    'Gives lots the instants that were asked for: those extended and reinstated their new expiry, those activated the present. At most one such operation an account.';
