create or replace function points.write_entries(p_bucket smallint, p_drafts points.draft[], p_now timestamptz, p_several boolean default true)
returns void
language plpgsql volatile as $$
begin
    if p_several then
        update points.balance b
        set pending = b.pending + d.pending, available = b.available + d.available, held = b.held + d.held, debt = b.debt + d.debt,
            earned = b.earned + d.earned, spent = b.spent + d.spent, adjusted = b.adjusted + d.adjusted,
            transferred = b.transferred + d.transferred, expired = b.expired + d.expired,
            version = d.seq, next_change_at = least(b.next_change_at, d.next_change_at)
        from (
            select d.account_id, max(d.seq) as seq, sum(d.pending)::bigint as pending, sum(d.available)::bigint as available,
                sum(d.held)::bigint as held, sum(d.debt)::bigint as debt, sum(d.earned)::bigint as earned, sum(d.spent)::bigint as spent,
                sum(d.adjusted)::bigint as adjusted, sum(d.transferred)::bigint as transferred, sum(d.expired)::bigint as expired,
                min(d.next_change_at) as next_change_at
            from points.moves(p_drafts, p_now) d
            group by d.account_id
        ) d
        where b.bucket = p_bucket and b.account_id = d.account_id;
    else
        -- The same without the sums, which take a third of its time.
        update points.balance b
        set pending = b.pending + d.pending, available = b.available + d.available, held = b.held + d.held, debt = b.debt + d.debt,
            earned = b.earned + d.earned, spent = b.spent + d.spent, adjusted = b.adjusted + d.adjusted,
            transferred = b.transferred + d.transferred, expired = b.expired + d.expired,
            version = d.seq, next_change_at = least(b.next_change_at, d.next_change_at)
        from points.moves(p_drafts, p_now) d
        where b.bucket = p_bucket and b.account_id = d.account_id;
    end if;

    insert into points.entry (
        bucket, account_id, seq, operation_id, kind, pending_delta, available_delta, held_delta, debt_delta,
        pending_after, available_after, held_after, debt_after, occurred_at, recorded_at)
    select b.bucket, d.account_id, d.seq, d.operation_id, d.entry_kind,
        d.pending_delta, d.available_delta, d.held_delta, d.debt_delta,
        d.pending_after, d.available_after, d.held_after, d.debt_after, d.happened_at, p_now
    from unnest(p_drafts) d
    join points.lane b on b.bucket = p_bucket
    where d.seq is not null;

    if (select 'entry.booked' = any (p.webhook_events) from points.program p) then
        perform points.note_entries(p_bucket, p_drafts, p_now);
    end if;
    if not points.caller_announces() then
        perform points.announce(p_bucket, (select string_agg(d.account_id || ':' || d.seq, ',') from unnest(p_drafts) d where d.seq is not null));
    end if;
end
$$;

comment on function points.write_entries(smallint, points.draft[], timestamptz, boolean) is
    'The only writer of entries, and of an account''s pockets, counters and version: one UPDATE an account, however many entries it gets, and announced to those who follow them. p_several: some account may get several.';
