create or replace function points.proven_mark(p_run bigint, p_snapshot pg_catalog.xid8, p_now timestamptz) returns timestamptz
language plpgsql stable as $$
begin
    return (
        -- Marks after it tell of a clock that was set back meanwhile.
        select least(min(r.marked_at), p_now)
        from points.reconciliation_run r
        where r.id <= p_run and r.id >= (
            select max(m.id) from points.reconciliation_run m where m.id <= p_run and m.marked_xid <= p_snapshot)
        -- least() alone would take p_now where there is no mark.
        having count(*) > 0
    );
end
$$;

comment on function points.proven_mark(bigint, pg_catalog.xid8, timestamptz) is
    'An instant before which nothing was recorded by a transaction p_snapshot or a later one: the clock at the last mark of run p_run or an earlier one that lies below it. Whoever books has a transaction id before he reads the clock, so whoever got his after that of a mark read it after the mark. Null: no mark lies below.';
