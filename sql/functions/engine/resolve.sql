create or replace function points.resolve(
    p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz
) returns points.draft[]
language plpgsql volatile as $$
declare
    v_drafts points.draft[] := points.find_accounts(p_bucket, p_requests, p_drafts);
begin
    if not exists (select from unnest(v_drafts) d where d.account_id is null and d.refusal is null) then
        return v_drafts;
    end if;

    -- In one order everywhere, so that two batches with the same new members don't deadlock.
    insert into points.account (bucket, user_id, wallet, level, created_at)
    select p_bucket, m.user_id, m.wallet,
        (select l.code from points.level l where l.wallet = m.wallet and l.threshold = 0), p_now
    from (
        select distinct r.user_id, coalesce(r.wallet, 'points') as wallet
        from unnest(p_requests, v_drafts) r
        where r.account_id is null and r.refusal is null
    ) m
    order by m.user_id, m.wallet
    on conflict do nothing;

    return points.find_accounts(p_bucket, p_requests, v_drafts);
end
$$;

comment on function points.resolve(smallint, api.request[], points.draft[], timestamptz) is
    'Finds the account of each request, and makes those that are missing; a refused request makes none.';
