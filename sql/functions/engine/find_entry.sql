create or replace function points.find_entry(p_bucket smallint, p_account_id bigint, p_seq bigint, p_recorded_at timestamptz)
returns api.entry
language plpgsql stable as $$
declare
    v_entry api.entry;
begin
    select e.bucket, e.account_id, e.seq, a.user_id, a.wallet, e.operation_id, e.kind, e.pending_delta, e.available_delta, e.held_delta,
        e.debt_delta, e.pending_after::bigint, e.available_after::bigint, e.held_after::bigint, e.debt_after::bigint, points.contra_of(e.kind)::text, e.occurred_at, e.recorded_at
    into v_entry
    from points.entry e
    join points.account a on a.bucket = e.bucket and a.id = e.account_id
    where e.bucket = p_bucket and e.account_id = p_account_id and e.seq = p_seq and e.recorded_at = p_recorded_at;
    if not found then
        -- Seldom, so that the archive need not be opened for what is recent.
        select * into v_entry
        from api.entry e
        where e.bucket = p_bucket and e.account_id = p_account_id and e.seq = p_seq and e.recorded_at = p_recorded_at;
    end if;
    return v_entry;
end
$$;

comment on function points.find_entry(smallint, bigint, bigint, timestamptz) is
    'An entry by its key, for replays: a fresh one need not be read again.';
