create or replace function points.run_transfer(p_request api.request, p_now timestamptz default null)
returns table (refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_bucket smallint := coalesce(points.bucket(p_request.user_id, coalesce(p_request.wallet, 'points')), 0::smallint);
    v_pair record;
    v_draft points.draft;
    v_to points.draft;
    v_both points.draft[];
    v_to_bucket smallint;
begin
    v_draft := points.ask_transfer(v_bucket, p_request, v_now);
    if v_draft.refusal is null and p_request.counterparty is not null then
        v_to_bucket := points.bucket(p_request.counterparty, coalesce(p_request.wallet, 'points'));
        v_both := points.resolve_pair(v_bucket, v_to_bucket, p_request, v_draft, v_now);
        v_draft := v_both[1];
        v_to := v_both[2];
    elsif v_draft.refusal is null then
        v_draft := (points.resolve(v_bucket, array[p_request], array[v_draft], v_now))[1];
    end if;
    v_pair := points.find_pair(v_bucket, p_request, v_draft.account_id, v_to_bucket, v_to.account_id);
    v_to_bucket := v_pair.to_bucket;
    v_to.account_id := case when v_pair.erased then null else v_pair.to_id end;
    perform points.lock_pair(array[v_bucket, coalesce(v_to_bucket, v_bucket)], array[v_draft, v_to]);
    v_now := coalesce(p_now, clock_timestamp());

    v_draft := (points.claim(v_bucket, array[p_request], array[v_draft]))[1];
    v_draft := (points.price(array[p_request], array[v_draft], v_now))[1];
    v_draft := (points.refuse_merged(v_bucket, array[p_request], array[v_draft]))[1];
    if v_draft.round = 1 then
        perform points.settle(v_to_bucket, array[v_to.account_id], v_now);
        v_draft := points.send_points(v_bucket, v_to_bucket, v_to.account_id, p_request, v_draft, v_pair.known, v_pair.kind, v_pair.erased, v_now);
    end if;
    if v_draft.seq is not null and v_draft.entry_kind = 'transfer' then
        perform points.reach_receiver(v_bucket, v_to_bucket, v_to.account_id, p_request, v_draft, v_pair.taken_by, v_now);
    end if;
    if v_draft.round = 1 then
        perform points.record_transfer(v_bucket, p_request, v_draft, v_to_bucket, v_to.account_id, v_now);
        -- Accepting an offer is what its receiver does.
        if p_request.original is null then
            perform points.note_activity(v_bucket, array[p_request], array[v_draft], v_now);
        end if;
        perform points.settle(v_bucket, array[v_draft.account_id], v_now);
        perform points.repay(v_bucket, array[v_draft.account_id], v_now);
        perform points.forward(v_bucket, array[v_draft.account_id], v_now);
    end if;
    return query select * from points.answer(v_bucket, array[v_draft]);
end
$$;

comment on function points.run_transfer(api.request, timestamptz) is
    'Moves points between two accounts, both locked first, in one transaction: kind transfer sends them, or accepts the offer that original names; hold offers them until expires_at; release declines (with counterparty) or cancels the offer original; reverse undoes the transfer original. The key is claimed on the sender''s account, and the outcome is the sender''s. p_now moves the clock in tests; null: the clock.';
