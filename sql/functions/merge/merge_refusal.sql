create or replace function points.merge_refusal(
    p_from_bucket smallint, p_from_id bigint, p_into_bucket smallint, p_into_id bigint, p_draft points.draft, p_now timestamptz
) returns points.draft
language plpgsql stable as $$
declare
    v_draft points.draft := p_draft;
begin
    select v.refusal,
        case v.refusal
            when 'ACCOUNT_MERGED' then jsonb_build_object('ask', points.user_id_of(coalesce(a.into_bucket, i.into_bucket), coalesce(a.into_id, i.into_id)))
            when 'ACCOUNT_FROZEN' then jsonb_build_object('member', case when b.frozen then a.user_id else i.user_id end)
            when 'LIMIT_REACHED' then jsonb_build_object('limit', 'points of an account', 'maximum', 9007199254740991)
        end
    into v_draft.refusal, v_draft.refusal_detail
    from points.account a
    join points.balance b on b.bucket = a.bucket and b.account_id = a.id
    join points.account i on i.bucket = p_into_bucket and i.id = p_into_id
    join points.balance t on t.bucket = i.bucket and t.account_id = i.id
    cross join lateral (
        select case
            when a.into_id is not null or i.into_id is not null then 'ACCOUNT_MERGED'
            when b.frozen or t.frozen then 'ACCOUNT_FROZEN'
            when exists (
                select from points.review r
                where r.bucket = a.bucket and r.account_id = a.id and r.closed_at is null and r.deadline > p_now
            ) then 'REVIEW_WAITING'
            when b.pending + b.available + t.expired + t.pending + t.available + t.held > 9007199254740991
                or b.debt + greatest(t.debt, t.adjusted) > 9007199254740991
                or greatest(abs(b.transferred), abs(t.transferred)) + b.pending + b.available + b.debt > 9007199254740991
                or b.earned + coalesce(b.inherited, 0) + t.earned + coalesce(t.inherited, 0) > 9007199254740991
                then 'LIMIT_REACHED'
        end as refusal
    ) v
    where a.bucket = p_from_bucket and a.id = p_from_id and v.refusal is not null;
    if v_draft.refusal in ('ACCOUNT_MERGED', 'REVIEW_WAITING') then
        v_draft.round := null;
    end if;
    return v_draft;
end
$$;

comment on function points.merge_refusal(smallint, bigint, smallint, bigint, points.draft, timestamptz) is
    'Why the first account cannot be merged into the second. ACCOUNT_MERGED (one of them is already), ACCOUNT_FROZEN, REVIEW_WAITING (its pending points wait for a person), LIMIT_REACHED.';
