create or replace function api.settle_invitation() returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
    v_due points.invitation_due;
begin
    -- Any of the oldest, so that one which fails holds up no other.
    select * into v_due
    from (select * from points.invitation_due d where d.due_at <= clock_timestamp() order by d.due_at limit 100) d
    order by random()
    limit 1;
    if v_due.account_id is null then
        return false;
    end if;
    perform points.settle_one(v_due.invited_bucket, v_due.invited_id);
    return true;
end
$$;

comment on function api.settle_invitation() is
    'Does what is due of one invitation, one of those that have waited longest: pays both sides, or claws back from both. False: nothing is due. For psql: the job settle_invitations does the same every second; any number may at once. Raises 40001 when an account was erased or merged meanwhile: call again.';
