create or replace function points.write_entries(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    update points.balance b
    set pending = b.pending + d.pending,
        available = b.available + d.available,
        held = b.held + d.held,
        debt = b.debt + d.debt,
        earned = b.earned + d.earned,
        spent = b.spent - d.spent,
        adjusted = b.adjusted + d.adjusted,
        transferred = b.transferred + d.transferred,
        expired = b.expired - d.expired,
        version = d.version,
        next_change_at = least(b.next_change_at, d.next_change_at)
    from (
        select d.account_id,
            sum(d.pending_delta)::bigint as pending,
            sum(d.available_delta)::bigint as available,
            sum(d.held_delta)::bigint as held,
            sum(d.debt_delta)::bigint as debt,
            coalesce(sum(d.net) filter (where d.contra = 'issuance'), 0)::bigint as earned,
            coalesce(sum(d.net) filter (where d.contra = 'redemption'), 0)::bigint as spent,
            coalesce(sum(d.net) filter (where d.contra in ('adjustment', 'write_off')), 0)::bigint as adjusted,
            coalesce(sum(d.net) filter (where d.contra = 'transfer'), 0)::bigint as transferred,
            coalesce(sum(d.net) filter (where d.contra = 'expiry'), 0)::bigint as expired,
            max(d.seq) as version,
            min(case
                when d.entry_kind = 'hold' then d.lot_expires_at
                when d.pending_delta > 0 then d.lot_available_at
                when d.available_delta > 0 and d.lot_expires_at > p_now then d.lot_expires_at
            end) as next_change_at
        from (
            select d.account_id, d.entry_kind, d.seq, d.pending_delta, d.available_delta, d.held_delta, d.debt_delta, d.lot_available_at,
                d.lot_expires_at, points.contra_of(d.entry_kind) as contra,
                d.pending_delta + d.available_delta + d.held_delta - d.debt_delta as net
            from unnest(p_drafts) d
            where d.seq is not null
            -- Keeps the planner from copying both into every sum.
            offset 0
        ) d
        group by d.account_id
    ) d
    where b.bucket = p_bucket and b.account_id = d.account_id;

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

comment on function points.write_entries(smallint, points.draft[], timestamptz) is
    'The only writer of entries, and of an account''s pockets, counters and version: one UPDATE an account, however many entries it gets, and announced to those who follow them. Each counter is the sum of one contra account.';
