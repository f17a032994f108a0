create or replace function points.invitation_leg(
    p_kind points.operation_kind, p_account_bucket smallint, p_account_id bigint, p_rule text, p_key text, p_now timestamptz
) returns text
language plpgsql volatile as $$
declare
    v_account points.account;
    v_outcome record;
begin
    select * into v_account from points.account a where a.bucket = p_account_bucket and a.id = p_account_id;
    select * into v_outcome
    from points.execute(p_account_bucket, array[row(
        p_kind, v_account.user_id, v_account.wallet, 0, case when p_kind = 'reverse' then 'undo ' || p_key else p_key end,
        p_rule, null, null, case when p_kind = 'reverse' then api.operation_id(0, p_key) end,
        null, null, null, null, null, null, null, null, null, null)::api.request], p_now);
    return v_outcome.refusal;
end
$$;

comment on function points.invitation_leg(points.operation_kind, smallint, bigint, text, text, timestamptz) is
    'Pays one side of an invitation by a rule, as an operation of Jifen''s own under p_key, or (kind reverse) takes back all that was so paid. Returns why it was refused; null: it was not. The account is locked already.';
