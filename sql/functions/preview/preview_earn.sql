create or replace function api.preview_earn(
    p_user_id text,
    p_rule text,
    p_amount numeric default null,
    p_points bigint default null,
    p_occurred_at timestamptz default null,
    p_order_key text default null,
    p_wallet text default 'points',
    p_client text default 'psql'
) returns table (
    refusal text, detail jsonb, points bigint, available_at timestamptz, expires_at timestamptz, previous_level text, level text,
    account api.account, entries api.entry[], lots api.preview_lot[]
)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query select p.* from points.preview_one(p_client, row('earn', p_user_id, p_wallet, null, null, p_rule, p_order_key, null, null, null, p_amount, p_points, p_occurred_at, null, null, null, null, null, null)::api.request) p;
end
$$;

comment on function api.preview_earn(text, text, numeric, bigint, timestamptz, text, text, text) is
    'What api.earn_points would give, and changes nothing; a refusal is an answer. See api.execute_preview.';
