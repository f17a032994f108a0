create or replace function points.book_checkpoint(p_month date) returns void
language plpgsql volatile set enable_seqscan = on set enable_nestloop = off set plan_cache_mode = auto as $$
declare
    v_from timestamptz := points.month_start(p_month);
    v_until timestamptz := points.month_start(p_month, 1);
    v_wrong record;
begin
    insert into points.checkpoint as c (bucket, account_id, seq, pending, available, held, debt)
    select m.bucket, m.account_id, m.last,
        coalesce(b.pending, 0) + m.pending, coalesce(b.available, 0) + m.available, coalesce(b.held, 0) + m.held, coalesce(b.debt, 0) + m.debt
    from (
        select e.bucket, e.account_id, min(e.seq) as first, max(e.seq) as last, count(*) as entries,
            sum(e.pending_delta) as pending, sum(e.available_delta) as available, sum(e.held_delta) as held, sum(e.debt_delta) as debt
        from points.entry e
        where e.recorded_at >= v_from and e.recorded_at < v_until
        group by e.bucket, e.account_id
    ) m
    left join points.checkpoint b on b.bucket = m.bucket and b.account_id = m.account_id
    where m.first = coalesce(b.seq, 0) + 1 and m.entries = m.last - m.first + 1
    on conflict (bucket, account_id) do update
    set seq = excluded.seq, pending = excluded.pending, available = excluded.available, held = excluded.held, debt = excluded.debt;

    select e.bucket, e.account_id, e.seq into v_wrong
    from points.entry e
    left join points.checkpoint c on c.bucket = e.bucket and c.account_id = e.account_id
    where e.recorded_at >= v_from and e.recorded_at < v_until
        and (c.seq is null or c.seq < e.seq or c.seq = e.seq
            and (c.pending, c.available, c.held, c.debt) <> (e.pending_after, e.available_after, e.held_after, e.debt_after))
    limit 1;
    if found then
        raise exception using
            errcode = 'LP901',
            message = format('the entries of account %s in bucket %s do not lead from its checkpoint to entry %s', v_wrong.account_id, v_wrong.bucket, v_wrong.seq),
            hint = 'Entries were booked out of the order of time, or the books are wrong. The month stays where it is.';
    end if;
end
$$;

comment on function points.book_checkpoint(date) is
    'Carries the checkpoints of accounts over a month that is about to be archived, and proves it: its entries must go on where the last checkpoint ends, without a gap, and their sum must be what the last of them says. Raises LP901.';
