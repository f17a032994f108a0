create or replace function api.preview_return(
    p_user_id text,
    p_order_key text,
    p_amount numeric default null,
    p_wallet text default 'points',
    p_client text default 'psql'
) returns table (
    refusal text, detail jsonb, points bigint, available_at timestamptz, expires_at timestamptz, previous_level text, level text,
    account api.account, entries api.entry[], lots api.preview_lot[]
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select p.* from points.preview_one(p_client, row('return', p_user_id, p_wallet, null, null, null, p_order_key, null, null, null, p_amount, null, null, null, null, null, null, null, null)::api.request) p;
end
$$;

comment on function api.preview_return(text, text, numeric, text, text) is
    'What api.return_order would give, and changes nothing; a refusal is an answer, and detail says what would go back. See api.execute_preview.';
