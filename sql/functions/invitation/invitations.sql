create or replace function api.invitations(p_user_id text, p_wallet text default 'points')
returns table (code text, paid int, revoked int, inviter text, status text, joined_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_bucket smallint := points.bucket(p_user_id, p_wallet);
begin
    return query
        select c.code,
            (select count(*)::int from points.invited i where i.bucket = v_bucket and i.account_id = a.id and not i.revoked),
            (select count(*)::int from points.invited i where i.bucket = v_bucket and i.account_id = a.id and i.revoked),
            i.inviter, i.status, i.joined_at
        from points.account a
        left join points.invitation_code c on c.bucket = v_bucket and c.account_id = a.id
        left join api.invitation i on i.bucket = v_bucket and i.account_id = a.id
        where a.bucket = v_bucket and a.user_id = p_user_id and a.wallet = p_wallet;
end
$$;

comment on function api.invitations(text, text) is
    'A member''s code (null: not made yet), how many invitations the member was paid for, and how many were clawed back; and who invited the member, and what came of that (null: nobody). No row: there is no account.';
