create or replace function points.uses_of(p_bucket smallint, p_account_id bigint, p_seq bigint, p_recorded_at timestamptz)
returns setof points.lot_use
language plpgsql stable as $$
begin
    return query
        select * from points.lot_use u
        where u.bucket = p_bucket and u.account_id = p_account_id and u.seq = p_seq and u.recorded_at = p_recorded_at;
    if found then
        return;
    end if;
    -- Rarely, so that what is recent need not open the archive.
    return query
        select * from points.lot_use_history u
        where u.bucket = p_bucket and u.account_id = p_account_id and u.seq = p_seq and u.recorded_at = p_recorded_at;
    if not found then
        raise exception using
            errcode = 'LP904',
            message = format('entry %s of account %s has no lot uses', p_seq, p_account_id),
            hint = 'Its month is archived, and its rows are not there. Load them from its files: jifen archive load.';
    end if;
end
$$;

comment on function points.uses_of(smallint, bigint, bigint, timestamptz) is
    'What an entry took from which lots, or gave back, archived or not. Raises LP904 when there is nothing: the rows of its month have not been loaded again.';
