create or replace function points.find_entry(p_bucket smallint, p_account_id bigint, p_seq bigint, p_recorded_at timestamptz)
returns api.entry
language plpgsql stable as $$
declare
    v_entry api.entry;
begin
    select * into v_entry
    from api.entry e
    where e.bucket = p_bucket and e.account_id = p_account_id and e.seq = p_seq and e.recorded_at = p_recorded_at;
    return v_entry;
end
$$;

comment on function points.find_entry(smallint, bigint, bigint, timestamptz) is
    'An entry by its key, for replays: a fresh one need not be read again.';
