create or replace function points.claw_received(p_bucket smallint, p_account_id bigint, p_operation_id uuid, p_now timestamptz) returns points.draft
language plpgsql volatile as $$
declare
    v_drafts points.draft[];
begin
    v_drafts := array[row(
        null, p_account_id, null, 'transfer', null, null, null, false, 1, null, p_now,
        null, null, null, null, 0, 0, 0, 0, null, null, null, null, null, null, null, p_operation_id, null
    )::points.draft];
    perform points.reinstate(p_bucket, v_drafts, p_now);
    v_drafts := points.draft_undo(p_bucket, v_drafts);
    v_drafts := points.admit(p_bucket, v_drafts);
    if (v_drafts[1]).refusal is not null then
        raise exception using errcode = 'numeric_value_out_of_range', message = 'the receiver would owe more than an account can';
    end if;
    perform points.post(p_bucket, v_drafts, p_now);
    perform points.note_reversals(p_bucket, v_drafts);
    if (v_drafts[1]).debt_delta > 0 and (select p.debt_policy = 'clamp' from points.program p) then
        perform points.write_off(p_bucket, v_drafts, p_now);
    end if;
    return v_drafts[1];
end
$$;

comment on function points.claw_received(smallint, bigint, uuid, timestamptz) is
    'The receiver''s leg of a reversal: takes back what the operation p_operation_id brought, as points.draft_undo claws back an award. What is spent becomes a debt, or is forgiven.';
