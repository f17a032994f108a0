create or replace function points.settle_one(p_invited_bucket smallint, p_invited_id bigint, p_now timestamptz default null) returns void
language plpgsql volatile as $$
declare
    v_now timestamptz;
    v_invitation points.invitation;
    v_invited points.draft;
    v_inviter points.draft;
    v_erased boolean;
    v_frozen boolean;
    v_undone boolean;
begin
    select * into v_invitation from points.invitation i where i.bucket = p_invited_bucket and i.account_id = p_invited_id;
    select bool_or(a.user_id is null) into v_erased
    from points.account a
    where (a.bucket, a.id) in ((v_invitation.bucket, v_invitation.account_id), (v_invitation.inviter_bucket, v_invitation.inviter_id));
    if not v_erased then
        v_invited.account_id := v_invitation.account_id;
        v_inviter.account_id := v_invitation.inviter_id;
        perform points.lock_pair(array[v_invitation.bucket, v_invitation.inviter_bucket], array[v_invited, v_inviter]);
    end if;
    v_now := coalesce(p_now, clock_timestamp());
    select * into v_invitation from points.invitation i where i.bucket = p_invited_bucket and i.account_id = p_invited_id;
    select bool_or(b.frozen) and not (select p.frozen_earns from points.program p) into v_frozen
    from points.balance b
    where (b.bucket, b.account_id) in ((v_invitation.bucket, v_invitation.account_id), (v_invitation.inviter_bucket, v_invitation.inviter_id));
    v_undone := points.undone(v_invitation.bucket, v_invitation.account_id, v_invitation.qualified_by)
        or points.undone(v_invitation.bucket, v_invitation.account_id,
            api.operation_id(0, format('invited:%s:%s', v_invitation.inviter_bucket, v_invitation.inviter_id)))
        or points.undone(v_invitation.inviter_bucket, v_invitation.inviter_id,
            api.operation_id(0, format('inviter:%s:%s', v_invitation.bucket, v_invitation.account_id)));

    if v_erased or v_invitation.refusal is not null or v_invitation.revoked_at is not null then
        null;
    elsif v_invitation.paid_at is not null then
        if v_undone then
            perform points.claw_invitation(v_invitation, v_now);
            v_invitation.revoked_at := v_now;
        end if;
    elsif v_undone then
        -- It has qualified by nothing yet, and may by something else.
        v_invitation.qualified_by := null;
        update points.balance b
        set invited = true
        where b.bucket = v_invitation.bucket and b.account_id = v_invitation.account_id;
    elsif v_frozen then
        update points.invitation_due d
        set due_at = v_now + interval '1 hour'
        where d.invited_bucket = v_invitation.bucket and d.invited_id = v_invitation.account_id;
        return;
    elsif v_invitation.qualified_by is not null then
        v_invitation.refusal := points.pay_invitation(v_invitation, v_now);
        v_invitation.paid_at := case when v_invitation.refusal is null then v_now end;
    end if;
    update points.invitation i
    set qualified_by = v_invitation.qualified_by, paid_at = v_invitation.paid_at, revoked_at = v_invitation.revoked_at,
        refusal = v_invitation.refusal
    where i.bucket = v_invitation.bucket and i.account_id = v_invitation.account_id;
    delete from points.invitation_due d
    where d.invited_bucket = v_invitation.bucket and d.invited_id = v_invitation.account_id;
end
$$;

comment on function points.settle_one(smallint, bigint, timestamptz) is
    'Does what is due of an invitation, on both accounts, locked in the one order, in one transaction: pays both sides when the invited one has qualified, claws back from both when what qualified it, or what either was paid, has been undone whole. What is due follows from the rows alone, so doing it twice does nothing. While either is frozen and may not earn, it waits. p_now moves the clock in tests; null: the clock. Raises 40001 when an account was erased or merged meanwhile: nothing is done.';
