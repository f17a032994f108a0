create or replace function points.unbook_checkpoint(p_month date) returns void
language plpgsql volatile set enable_seqscan = on set enable_nestloop = off set plan_cache_mode = auto as $$
declare
    v_from timestamptz := points.month_start(p_month);
    v_until timestamptz := points.month_start(p_month, 1);
begin
    update points.checkpoint c
    set seq = f.seq - 1, pending = f.pending_after - f.pending_delta, available = f.available_after - f.available_delta,
        held = f.held_after - f.held_delta, debt = f.debt_after - f.debt_delta
    from (
        select distinct on (e.bucket, e.account_id) e.*
        from points.entry_archive e
        where e.recorded_at >= v_from and e.recorded_at < v_until
        order by e.bucket, e.account_id, e.seq
    ) f
    where c.bucket = f.bucket and c.account_id = f.account_id and f.seq > 1;

    delete from points.checkpoint c
    using points.entry_archive e
    where e.recorded_at >= v_from and e.recorded_at < v_until and e.seq = 1
        and c.bucket = e.bucket and c.account_id = e.account_id;
end
$$;

comment on function points.unbook_checkpoint(date) is
    'Takes the checkpoints of accounts back over the last archived month: to what each had before its first entry in it.';
