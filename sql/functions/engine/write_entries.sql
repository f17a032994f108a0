create or replace function points.write_entries(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    insert into points.level_change (bucket, account_id, seq, previous, level, recorded_at)
    with scale as materialized (select * from points.level_scale)
    select p_bucket, q.account_id, q.seq, q.previous, q.level, p_now
    from (
        select d.account_id, d.seq,
            l.codes[width_bucket(a.earned + sum(d.moved) over w - d.moved, l.thresholds)] as previous,
            l.codes[width_bucket(a.earned + sum(d.moved) over w, l.thresholds)] as level
        from unnest(p_drafts) d
        join points.account a on a.bucket = p_bucket and a.id = d.account_id
        join scale l on l.wallet = a.wallet
        where d.entry_kind = 'earn' and d.seq is not null
        window w as (partition by d.account_id order by d.seq)
    ) q
    where q.level is distinct from q.previous;

    with scale as materialized (select * from points.level_scale)
    update points.account a
    set pending = a.pending + d.pending,
        available = a.available + d.available,
        earned = a.earned + d.earned,
        spent = a.spent + d.spent,
        adjusted = a.adjusted + d.adjusted,
        expired = a.expired + d.expired,
        version = d.version,
        level = case when d.earned = 0 then a.level else (
            select l.codes[width_bucket(a.earned + d.earned, l.thresholds)]
            from scale l where l.wallet = a.wallet
        ) end,
        next_change_at = least(a.next_change_at, d.next_change_at)
    from (
        select d.account_id,
            sum(d.pending_delta)::bigint as pending,
            sum(d.available_delta)::bigint as available,
            coalesce(sum(d.moved) filter (where d.entry_kind = 'earn'), 0)::bigint as earned,
            coalesce(-sum(d.moved) filter (where d.entry_kind = 'spend'), 0)::bigint as spent,
            coalesce(sum(d.moved) filter (where d.entry_kind = 'adjust'), 0)::bigint as adjusted,
            coalesce(-sum(d.moved) filter (where d.entry_kind = 'expire'), 0)::bigint as expired,
            max(d.seq) as version,
            min(case when d.pending_delta > 0 then d.lot_available_at when d.available_delta > 0 then d.lot_expires_at end) as next_change_at
        from unnest(p_drafts) d
        where d.seq is not null
        group by d.account_id
    ) d
    where a.bucket = p_bucket and a.id = d.account_id;

    insert into points.entry (
        bucket, account_id, seq, operation_id, kind, contra, pending_delta, available_delta, held_delta,
        pending_after, available_after, held_after, occurred_at, recorded_at)
    select a.bucket, d.account_id, d.seq, d.operation_id, d.entry_kind,
        points.contra_of(d.entry_kind),
        d.pending_delta, d.available_delta, 0, d.pending_after, d.available_after, d.held_after, d.happened_at, p_now
    from unnest(p_drafts) d
    join points.account a on a.bucket = p_bucket and a.id = d.account_id
    where d.seq is not null;
end
$$;

comment on function points.write_entries(smallint, points.draft[], timestamptz) is
    'The only writer of entries, and of an account''s pockets, counters, version and level: one UPDATE an account, however many entries it gets.';
