create or replace function points.claw_invitation(p_invitation points.invitation, p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    perform points.invitation_leg('reverse', p_invitation.bucket, p_invitation.account_id, null,
        format('invited:%s:%s', p_invitation.inviter_bucket, p_invitation.inviter_id), p_now);
    perform points.invitation_leg('reverse', p_invitation.inviter_bucket, p_invitation.inviter_id, null,
        format('inviter:%s:%s', p_invitation.bucket, p_invitation.account_id), p_now);
    update points.invited i
    set revoked = true
    where i.bucket = p_invitation.inviter_bucket and i.account_id = p_invitation.inviter_id
        and i.invited_bucket = p_invitation.bucket and i.invited_id = p_invitation.account_id;
end
$$;

comment on function points.claw_invitation(points.invitation, timestamptz) is
    'Takes back what both sides of an invitation were paid; what has been reversed already stays so. Both accounts are locked.';
