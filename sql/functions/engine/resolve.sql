create or replace function points.resolve(
    p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz
) returns points.draft[]
language plpgsql volatile as $$
declare
    v_missing boolean;
begin
    select bool_or(a.id is null) into v_missing
    from unnest(p_requests, p_drafts) with ordinality r
    left join points.account a
        on a.bucket = p_bucket and a.user_id = r.user_id and a.wallet = coalesce(r.wallet, 'points')
    where r.refusal is null;

    if v_missing then
        -- In one order everywhere, so that two batches with the same new members don't deadlock.
        insert into points.account (bucket, user_id, wallet, level, created_at)
        select p_bucket, m.user_id, m.wallet,
            (select l.code from points.level l where l.wallet = m.wallet and l.threshold = 0), p_now
        from (
            select distinct r.user_id, coalesce(r.wallet, 'points') as wallet
            from unnest(p_requests, p_drafts) r
            where r.refusal is null
        ) m
        where not exists (
            select from points.account a where a.bucket = p_bucket and a.user_id = m.user_id and a.wallet = m.wallet
        )
        order by m.user_id, m.wallet
        on conflict do nothing;
    end if;

    return array(
        select row(
            r.ord, a.id, r.operation_id, r.entry_kind, r.rule_version, r.refusal, r.refusal_detail,
            false, null, null, null, null, null, null, null, null, null, null, null, null
        )::points.draft
        from unnest(p_requests, p_drafts) r
        left join points.account a
            on a.bucket = p_bucket and a.user_id = r.user_id and a.wallet = coalesce(r.wallet, 'points')
        order by r.ord
    );
end
$$;

comment on function points.resolve(smallint, api.request[], points.draft[], timestamptz) is
    'Finds the account of each request, and makes those that are missing; a refused request makes none.';
