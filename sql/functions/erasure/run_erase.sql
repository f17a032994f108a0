create or replace function points.run_erase(p_request api.request, p_now timestamptz default null)
returns table (refusal text, detail jsonb, replayed boolean, accounts int, points bigint, erased_at timestamptz)
language plpgsql volatile as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_bucket smallint := coalesce(points.bucket(p_request.user_id, 'points'), 0::smallint);
    v_asked api.request := p_request;
    v_draft points.draft;
    v_drafts points.draft[];
    v_buckets smallint[];
begin
    -- What freezing needs, erasing needs: a reason, a person, the scope adjust.
    v_asked.kind := 'freeze';
    v_draft := (points.receive(v_bucket, array[v_asked], v_now))[1];
    if v_draft.refusal is not null then
        return query select v_draft.refusal, v_draft.refusal_detail, false, null::int, null::bigint, null::timestamptz;
        return;
    end if;
    return query
        select null, null::jsonb, true, e.accounts, e.points, e.recorded_at
        from points.erasure e where e.bucket = v_bucket and e.id = points.erasure_id(p_request);
    if found then
        return;
    end if;

    select coalesce(array_agg(a.bucket order by a.id), '{}'), coalesce(array_agg(a.draft order by a.id), '{}')
    into v_buckets, v_drafts
    from (
        select a.bucket, a.id, row(null, a.id, v_draft.operation_id, null, null, null, null, null, null, null, null, null, null, null,
            null, null, null, null, null, null, null, null, null, null, null, null, null, null)::points.draft as draft
        from points.wallet w
        join points.account m on m.bucket = points.bucket(p_request.user_id, w.code) and m.user_id = p_request.user_id and m.wallet = w.code
        join points.account a on (a.bucket, a.id) = (m.bucket, m.id) or (a.into_bucket, a.into_id) = (m.bucket, m.id) and a.user_id is not null
    ) a;
    perform points.lock_pair(v_buckets, v_drafts);
    v_now := coalesce(p_now, clock_timestamp());
    if exists (
        select from unnest(v_buckets, v_drafts) d
        join points.operation o on o.bucket = d.unnest and o.account_id = d.account_id and o.id = d.operation_id
    ) then
        return query select 'IDEMPOTENCY_CONFLICT', null::jsonb, false, null::int, null::bigint, null::timestamptz;
        return;
    end if;
    return query select * from points.erase_accounts(p_request, v_buckets, v_drafts, v_now);
end
$$;

comment on function points.run_erase(api.request, timestamptz) is
    'Erases a member: every account in every wallet, and those merged into them, all locked first, in one transaction. A repeated request is known by points.erasure. p_now moves the clock in tests; null: the clock.';
