create or replace function points.pay_invitation(p_invitation points.invitation, p_now timestamptz) returns text
language plpgsql volatile as $$
declare
    v_terms points.invitation_terms;
    v_refusal text;
begin
    select * into v_terms from points.invitation_terms t where t.wallet = p_invitation.wallet;
    if (
        select count(*) from points.invited i
        where i.bucket = p_invitation.inviter_bucket and i.account_id = p_invitation.inviter_id and not i.revoked
    ) >= v_terms.cap then
        return 'LIMIT_REACHED';
    end if;
    v_refusal := points.invitation_leg('earn', p_invitation.bucket, p_invitation.account_id, v_terms.invited_rule,
        format('invited:%s:%s', p_invitation.inviter_bucket, p_invitation.inviter_id), p_now);
    if v_refusal is not null then
        return v_refusal;
    end if;
    v_refusal := points.invitation_leg('earn', p_invitation.inviter_bucket, p_invitation.inviter_id, v_terms.inviter_rule,
        format('inviter:%s:%s', p_invitation.bucket, p_invitation.account_id), p_now);
    if v_refusal is not null then
        -- Both or neither.
        perform points.invitation_leg('reverse', p_invitation.bucket, p_invitation.account_id, null,
            format('invited:%s:%s', p_invitation.inviter_bucket, p_invitation.inviter_id), p_now);
        return v_refusal;
    end if;
    insert into points.invited (bucket, account_id, invited_bucket, invited_id, operation_id)
    values (p_invitation.inviter_bucket, p_invitation.inviter_id, p_invitation.bucket, p_invitation.account_id,
        api.operation_id(0, format('inviter:%s:%s', p_invitation.bucket, p_invitation.account_id)));
    return null;
end
$$;

comment on function points.pay_invitation(points.invitation, timestamptz) is
    'Pays both sides of an invitation, or neither; returns why neither, null: both. Both accounts are locked.';
