create or replace function points.find_accounts(p_bucket smallint, p_requests api.request[], p_drafts points.draft[])
returns points.draft[]
language plpgsql volatile as $$
begin
    return array(
        select row(
            r.ord, a.id, r.operation_id, r.entry_kind, r.rule_version, r.refusal, r.refusal_detail,
            false, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, a.merged, null, null, null
        )::points.draft
        from unnest(p_requests, p_drafts) r
        left join lateral (
            select a.id, a.into_id is not null as merged from points.account a
            where a.bucket = p_bucket and a.user_id = r.user_id and a.wallet = coalesce(r.wallet, 'points')
            limit 1
        ) a on true
        order by r.ord
    );
end
$$;

comment on function points.find_accounts(smallint, api.request[], points.draft[]) is
    'Fills in the account of each request; null where there is none. Volatile, so that it sees accounts that the batch has just made.';
