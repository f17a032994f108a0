create or replace function points.close_redemptions(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns void
language plpgsql volatile as $$
declare
    v_account_ids bigint[];
    v_ids uuid[];
begin
    update points.redemption r
    set status = 'fulfilled', closed_at = p_now, closed_by = d.operation_id
    from unnest(p_drafts) d
    where r.bucket = p_bucket and r.account_id = d.account_id and r.id = (p_requests[d.ord]).original
        and d.round is not null and d.refusal is null and (p_requests[d.ord]).kind = 'fulfil';
    if found then
        perform points.note_redemptions(p_bucket, array_agg(d.account_id), array_agg((p_requests[d.ord]).original), p_now)
        from unnest(p_drafts) d
        where d.round is not null and d.refusal is null and (p_requests[d.ord]).kind = 'fulfil';
    end if;

    select array_agg(r.account_id), array_agg(r.id) into v_account_ids, v_ids
    from unnest(p_drafts) d
    cross join lateral (
        select * from points.redemption r
        where r.bucket = p_bucket and r.account_id = d.account_id and r.id = d.undoes and r.status = 'reserved'
        limit 1
    ) r
    where d.seq is not null and d.entry_kind = 'refund' and points.reversible(p_bucket, r.account_id, r.id, r.price) = 0;
    if v_ids is null then
        return;
    end if;

    update points.redemption r
    set status = 'cancelled', closed_at = p_now, closed_by = d.operation_id
    from unnest(p_drafts) d
    where r.bucket = p_bucket and r.account_id = d.account_id and r.id = d.undoes and r.id = any (v_ids) and d.seq is not null;

    perform points.note_redemptions(p_bucket, v_account_ids, v_ids, p_now);
    perform points.move_stock(p_bucket, v_account_ids, v_ids, 1);

    update points.quota_use u
    set used = u.used - 1
    from unnest(v_account_ids, v_ids) as d(account_id, id)
    cross join lateral (
        select * from points.redemption r
        where r.bucket = p_bucket and r.account_id = d.account_id and r.id = d.id
        limit 1
    ) r
    where u.bucket = p_bucket and u.account_id = r.account_id and u.reward = r.reward
        and u.period = r.quota_period and u.starts_at = r.quota_starts_at;
end
$$;

comment on function points.close_redemptions(smallint, api.request[], points.draft[], timestamptz) is
    'Closes the redemptions that are fulfilled, and those whose points have been given back whole, by whatever way: these are cancelled, and their stock and quota are free again. One that was fulfilled stays so, even if its points are given back.';
