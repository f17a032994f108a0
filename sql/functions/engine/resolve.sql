create or replace function points.resolve(
    p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz
) returns points.draft[]
language plpgsql volatile as $$
declare
    v_terms points.level_terms[] := array(select t from points.level_terms t);
    v_drafts points.draft[];
begin
    if exists (
        select from unnest(p_requests, p_drafts) r
        where r.account_id is null and r.refusal is null
            and points.bucket(r.user_id, coalesce(r.wallet, 'points')) is distinct from p_bucket
    ) then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'bucket', 'message', 'must be that of each member'));
    end if;
    -- In one order everywhere, so that two batches with the same new members don't deadlock.
    insert into points.account (bucket, user_id, wallet, created_at)
    select p_bucket, m.user_id, m.wallet, p_now
    from (
        select distinct r.user_id, coalesce(r.wallet, 'points') as wallet
        from unnest(p_requests, p_drafts) r
        where r.account_id is null and r.refusal is null
    ) m
    order by m.user_id, m.wallet
    on conflict do nothing;

    v_drafts := points.find_accounts(p_bucket, p_requests, p_drafts);
    -- Somebody else made it, which is why it was not made here, and somebody erased it before it was found.
    if exists (select from unnest(v_drafts) d where d.account_id is null and d.refusal is null) then
        raise exception using errcode = 'serialization_failure', message = 'an account was erased while it was looked for; send it again';
    end if;
    insert into points.balance (bucket, account_id, level, level_until, level_ends_at, level_revision)
    select distinct on (a.id) a.bucket, a.id, t.codes[r.rank],
        case when t.measure = 'ever' then coalesce(t.thresholds[r.rank + 1], 9007199254740992) else 0 end,
        case when t.level_wallet is not null then '-infinity' else 'infinity' end::timestamptz, t.revision
    from unnest(v_drafts) d
    cross join lateral (
        select * from points.account a where a.bucket = p_bucket and a.id = d.account_id limit 1
    ) a
    join unnest(v_terms) t on t.wallet = a.wallet
    cross join lateral (select width_bucket(0::bigint, t.thresholds) as rank) r
    order by a.id
    on conflict do nothing;
    if not points.caller_announces() then
        perform points.announce(p_bucket, '+');
    end if;
    return v_drafts;
end
$$;

comment on function points.resolve(smallint, api.request[], points.draft[], timestamptz) is
    'Makes the accounts that are missing; a refused request makes none. Raises LP001 INVALID_INPUT when a member is of another bucket, and 40001 when one was erased between: nothing is done.';
