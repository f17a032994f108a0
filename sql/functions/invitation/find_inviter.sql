create or replace function points.find_inviter(
    p_code text, p_wallet text, out inviter_bucket smallint, out inviter_id bigint, out inviter_since timestamptz, out paid int
)
language plpgsql stable as $$
begin
    select c.bucket, c.account_id, a.created_at, (
        select count(*)::int from points.invited i where i.bucket = c.bucket and i.account_id = c.account_id and not i.revoked
    ) into inviter_bucket, inviter_id, inviter_since, paid
    from points.invitation_code c
    join points.account a on a.bucket = c.bucket and a.id = c.account_id
    where c.bucket = case when p_code ~ '^[0-9A-F]{3}' then ('x' || left(p_code, 3))::bit(12)::int end
        and c.code = p_code and a.wallet = p_wallet and a.user_id is not null and a.into_id is null;
end
$$;

comment on function points.find_inviter(text, text) is
    'Whose code this is, since when that account is there, and for how many invitations it was paid; null: nobody''s in this wallet, or of one who was erased or merged into another.';
