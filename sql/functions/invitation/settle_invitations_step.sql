create or replace function points.settle_invitations_step(
    p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text
)
language plpgsql volatile as $$
declare
    v_due points.invitation_due;
    v_now timestamptz := coalesce(p_now, clock_timestamp());
begin
    done := 0;
    for v_due in
        select d.* from points.invitation_due d where d.due_at <= v_now order by d.due_at, d.bucket, d.account_id limit p_limit
    loop
        begin
            perform points.settle_one(v_due.invited_bucket, v_due.invited_id, p_now);
        exception
            when serialization_failure or deadlock_detected then
                null;
            when others then
                -- One that fails holds up no other.
                update points.invitation_due d
                set due_at = v_now + interval '1 minute'
                where d.invited_bucket = v_due.invited_bucket and d.invited_id = v_due.invited_id;
                failure := format('invitation of account %s in bucket %s: %s (%s)', v_due.invited_id, v_due.invited_bucket, sqlerrm, sqlstate);
        end;
        done := done + 1;
    end loop;
    due_since := (select min(d.due_at) from points.invitation_due d where d.due_at <= v_now);
end
$$;

comment on function points.settle_invitations_step(int, timestamptz) is
    'Job settle_invitations: does what is due of some invitations, oldest first, each as points.settle_one does. One that fails is put off by a minute; one whose account was erased or merged meanwhile stays due.';
