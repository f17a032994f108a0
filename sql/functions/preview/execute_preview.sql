create or replace function api.execute_preview(p_request api.request)
returns table (
    refusal text, detail jsonb, points bigint, available_at timestamptz, expires_at timestamptz, previous_level text, level text,
    account api.account, entries api.entry[], lots api.preview_lot[]
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select p.* from points.preview(p_request) p;
end
$$;

comment on function api.execute_preview(api.request) is
    'What an operation on one account would give, and changes nothing. refusal and detail: why it would be refused; points: as the operation would have them; previous_level, level: before and after; account: after it; entries: what would be booked, with what is due on the account; lots: what would be granted, taken and given back. The gateway''s way.';
