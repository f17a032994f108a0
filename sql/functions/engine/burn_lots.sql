create or replace function points.burn_lots(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_debits points.draft[];
begin
    v_debits := array(select d from unnest(p_drafts) d where d.seq is not null and d.available_delta < 0 and d.undo is null);
    insert into points.lot_use (bucket, account_id, seq, lot_seq, lot_no, points, granted, source, available_at, expires_at, idle, recorded_at)
    select p_bucket, d.account_id, d.seq, l.seq, l.no, least(l.remaining, -d.available_delta - l.before), l.granted, l.source,
        l.available_at, l.expires_at, l.idle, p_now
    from unnest(v_debits) d
    cross join lateral (
        select l.*, sum(l.remaining) over (order by l.expires_at, l.seq, l.no) - l.remaining as before
        from (
            select * from points.lot l
            where l.bucket = p_bucket and l.account_id = d.account_id and not l.pending
            order by l.expires_at, l.seq, l.no
            -- Each lot has at least one point, so this many lots are enough.
            limit -d.available_delta
        ) l
    ) l
    where l.before < -d.available_delta;

    perform points.use_lots(p_bucket, v_debits, p_now);
end
$$;

comment on function points.burn_lots(smallint, points.draft[], timestamptz) is
    'Takes the points of each debit from the account''s available lots: soonest expiry first, never-expiring last, then oldest grant. At most one debit an account.';
