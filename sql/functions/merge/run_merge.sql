create or replace function points.run_merge(p_request api.request, p_now timestamptz default null)
returns table (refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_bucket smallint := coalesce(points.bucket(p_request.user_id, coalesce(p_request.wallet, 'points')), 0::smallint);
    v_draft points.draft;
    v_into points.draft;
    v_into_bucket smallint;
    v_both points.draft[];
    v_seqs bigint[];
begin
    v_draft := points.ask_merge(v_bucket, p_request, v_now);
    if v_draft.refusal is null and p_request.counterparty is not null then
        v_into_bucket := points.bucket(p_request.counterparty, coalesce(p_request.wallet, 'points'));
        v_both := points.resolve_pair(v_bucket, v_into_bucket, p_request, v_draft, v_now);
        v_draft := v_both[1];
        v_into := v_both[2];
    elsif v_draft.refusal is null then
        v_draft := (points.resolve(v_bucket, array[p_request], array[v_draft], v_now))[1];
    end if;
    perform points.lock_family(v_bucket, v_draft, v_into_bucket, v_into);
    v_now := coalesce(p_now, clock_timestamp());
    if p_request.counterparty is null then
        select a.into_bucket, a.into_id into v_into_bucket, v_into.account_id
        from points.account a where a.bucket = v_bucket and a.id = v_draft.account_id;
    end if;

    v_draft := (points.claim(v_bucket, array[p_request], array[v_draft]))[1];
    v_draft := (points.price(array[p_request], array[v_draft], v_now))[1];
    if v_draft.round = 1 then
        perform points.settle(v_bucket, array[v_draft.account_id], v_now);
        perform points.settle(v_into_bucket, array[v_into.account_id], v_now);
        v_draft.moved := 0;
        if p_request.kind = 'merge' then
            v_draft := points.merge_refusal(v_bucket, v_draft.account_id, v_into_bucket, v_into.account_id, v_draft, v_now);
        else
            v_seqs := points.merge_seqs(v_bucket, v_draft.account_id, v_into_bucket, v_into.account_id);
            v_draft := points.unmerge_refusal(v_bucket, v_draft.account_id, v_draft, v_seqs);
        end if;
        if v_draft.refusal is not null and v_draft.round = 1 then
            perform points.record_transfer(v_bucket, p_request, v_draft, v_into_bucket, v_into.account_id, v_now);
        elsif v_draft.refusal is null and p_request.kind = 'merge' then
            v_draft := points.merge_into(v_bucket, v_draft.account_id, v_into_bucket, v_into.account_id, p_request, v_now);
        elsif v_draft.refusal is null then
            v_draft := points.unmerge_from(v_bucket, v_draft.account_id, v_into_bucket, v_into.account_id, p_request, v_seqs, v_now);
        end if;
    end if;
    return query select * from points.answer(v_bucket, array[v_draft]);
end
$$;

comment on function points.run_merge(api.request, timestamptz) is
    'Kind merge: merges the account of user_id into that of counterparty, in one transaction. Kind unmerge: parts it from the one that it was merged into, while nothing depends on that. The key is claimed on the account of user_id, and the outcome is its. p_now moves the clock in tests; null: the clock.';
