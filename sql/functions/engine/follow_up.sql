create or replace function points.follow_up(
    p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz
) returns points.draft[]
language plpgsql volatile as $$
declare
    v_account_ids bigint[] := array(select d.account_id from unnest(p_drafts) d where d.round is not null);
    v_undos points.draft[];
    v_done points.draft[];
    v_drafts points.draft[];
begin
    perform points.record_round(p_bucket, p_requests, p_drafts, false, p_now);
    perform points.record_due(p_bucket, array(select d from unnest(p_drafts) d where d.ord is null and d.seq is not null), p_now);
    perform points.close_holds(p_bucket, p_drafts, p_now);
    perform points.note_reversals(p_bucket, p_drafts);
    perform points.free_shares(p_bucket, p_drafts);
    perform points.close_reviews(p_bucket, p_requests, p_drafts, p_now);
    perform points.change_lots(p_bucket, p_requests, p_drafts, p_now);
    perform points.note_invitations(p_bucket, p_drafts, p_now);
    perform points.close_redemptions(p_bucket, p_requests, p_drafts, p_now);
    if exists (select from unnest(p_drafts) d where d.seq is not null and d.debt_delta > 0)
        and (select p.debt_policy = 'clamp' from points.program p)
    then
        perform points.write_off(p_bucket, p_drafts, p_now);
    end if;

    update points.balance b
    set frozen = (p_requests[d.ord]).kind = 'freeze', touched_version = b.version
    from unnest(p_drafts) d
    where b.bucket = p_bucket and b.account_id = d.account_id and d.round is not null and d.refusal is null
        and (p_requests[d.ord]).kind in ('freeze', 'unfreeze');

    perform points.note_returns(p_bucket, p_requests, p_drafts);
    v_undos := points.draft_order_undos(p_bucket, p_requests, p_drafts, p_now);
    for v_step in 1 .. (select coalesce(max(d.round), 0) from unnest(v_undos) d) loop
        v_done := v_done || points.run_round(
            p_bucket, p_requests, array(select d from unnest(v_undos) d where d.round = v_step), true, true, false, false, false, false, null, null, p_now);
    end loop;

    perform points.settle(p_bucket, v_account_ids, p_now);
    perform points.repay(p_bucket, v_account_ids, p_now);
    perform points.forward(p_bucket, v_account_ids, p_now);
    v_drafts := points.draft_facts(p_requests, p_drafts, v_done);
    perform points.record_round(p_bucket, p_requests, v_drafts, true, p_now);
    return v_drafts;
end
$$;

comment on function points.follow_up(smallint, api.request[], points.draft[], timestamptz) is
    'What a round with special operations brings about besides entries and lots: holds, redemptions and reviews close, invited members qualify, lots get other instants, accounts freeze, returns undo what they must, debts are forgiven or repaid, what was given back too late expires, and what merged accounts got goes on.';
