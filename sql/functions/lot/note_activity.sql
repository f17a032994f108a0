create or replace function points.note_activity(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns void
language plpgsql volatile as $$
declare
    v_zone text := (select p.time_zone from points.program p);
    v_today timestamptz := date_trunc('day', p_now, v_zone);
    v_account_ids bigint[];
    v_lots points.lot[];
begin
    v_account_ids := array(
        select distinct b.account_id
        from unnest(p_drafts) d
        join points.balance b on b.bucket = p_bucket and b.account_id = d.account_id
        where d.ord is not null and d.round is not null and d.refusal is null
            -- By what is stored, since a new time zone makes other days.
            and (b.active_on = '-infinity' or b.active_on is not null and coalesce((
                select a.at from points.activity a
                where a.bucket = p_bucket and a.account_id = b.account_id
                order by a.seq desc, a.at desc
                limit 1
            ) < v_today, true))
            and (p_requests[d.ord]).client_id > 0
            and (p_requests[d.ord]).kind::text = any (array(select unnest(p.activity_kinds) from points.program p)));
    if v_account_ids = '{}' then
        return;
    end if;
    insert into points.activity (bucket, account_id, seq, at)
    select b.bucket, b.account_id, b.version, p_now
    from points.balance b
    where b.bucket = p_bucket and b.account_id = any (v_account_ids)
    on conflict do nothing;
    update points.balance b
    set active_on = (p_now at time zone v_zone)::date
    where b.bucket = p_bucket and b.account_id = any (v_account_ids);

    v_lots := array(
        select l from points.lot l
        where l.bucket = p_bucket and l.account_id = any (v_account_ids) and l.idle is not null
            and l.expires_at < points.idle_expiry(l.idle, p_now, v_zone)
            -- Its lot ends with the review, which gives it its own expiry.
            and not exists (
                select from points.review r
                where r.bucket = p_bucket and r.account_id = l.account_id and r.seq = l.seq and r.closed_at is null and r.deadline > p_now
            ));
    if v_lots = '{}' then
        return;
    end if;
    delete from points.lot l
    using unnest(v_lots) v
    where l.bucket = p_bucket and l.account_id = v.account_id and l.expires_at = v.expires_at and l.seq = v.seq and l.no = v.no;

    -- A lot of which something was given back or extended may be there in parts.
    insert into points.lot (bucket, account_id, seq, no, granted, remaining, pending, source, available_at, expires_at, idle)
    select b.bucket, v.account_id, v.seq, v.no, v.granted, sum(v.remaining), v.pending, v.source, min(v.available_at),
        points.idle_expiry(v.idle, p_now, v_zone), v.idle
    from unnest(v_lots) v
    join points.lane b on b.bucket = p_bucket
    group by b.bucket, v.account_id, v.seq, v.no, v.granted, v.pending, v.source, v.idle
    on conflict (bucket, account_id, expires_at, seq, no) do update set remaining = lot.remaining + excluded.remaining;

    -- And no other account, or what is planned for it would depend on who else is in the batch.
    perform points.plan_settling(p_bucket, array(select distinct v.account_id from unnest(v_lots) v), p_now);
end
$$;

comment on function points.note_activity(smallint, api.request[], points.draft[], timestamptz) is
    'Puts off the expiry of the idle lots of settled accounts on which one of these operations, carried out and not Jifen''s own, is activity (points.program.activity_kinds): once a local day. What the system saw counts, so the instant is that of the record and not the one at which it is said to have happened: nobody saves points, or loses them, by a date.';
