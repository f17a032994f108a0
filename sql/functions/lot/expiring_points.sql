create or replace function api.expiring_points(p_user_id text, p_days int default 30, p_wallet text default 'points') returns setof api.lot
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
        select l.*
        from api.lot l
        where l.bucket = api.bucket(p_user_id, p_wallet) and l.user_id = p_user_id and l.wallet = p_wallet
            and l.expires_at <= api.expiry_horizon(p_days)
        order by l.expires_at, l.seq, l.no;
end
$$;

comment on function api.expiring_points(text, int, text) is
    'The lots of a member that expire within so many days, soonest first: true at the instant of reading, booked or not. What open holds have taken is not among them.';
