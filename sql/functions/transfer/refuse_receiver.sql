create or replace function points.refuse_receiver(p_bucket smallint, p_account_id bigint, p_draft points.draft) returns points.draft
language plpgsql stable as $$
declare
    v_draft points.draft := p_draft;
    v_merged boolean;
begin
    select v.refusal,
        case when b.merged then jsonb_build_object('ask', points.user_id_of(a.into_bucket, a.into_id)) else jsonb_build_object('member', 'receiver') end,
        b.merged
    into v_draft.refusal, v_draft.refusal_detail, v_merged
    from points.balance b
    join points.account a on a.bucket = b.bucket and a.id = b.account_id
    cross join lateral (
        select case
            when b.merged then 'ACCOUNT_MERGED'
            when b.frozen and not (select p.frozen_earns from points.program p) then 'ACCOUNT_FROZEN'
            when b.expired + b.pending + b.available + b.held - p_draft.moved > 9007199254740991
                or abs(b.transferred - p_draft.moved) > 9007199254740991 then 'LIMIT_REACHED'
        end as refusal
    ) v
    where b.bucket = p_bucket and b.account_id = p_account_id and v.refusal is not null;
    if v_merged then
        v_draft.round := null;
    end if;
    return v_draft;
end
$$;

comment on function points.refuse_receiver(smallint, bigint, points.draft) is
    'Refuses a transfer that its receiver may not get: ACCOUNT_MERGED (not stored), ACCOUNT_FROZEN, unless frozen accounts earn, and LIMIT_REACHED. Decided before anything moves, so the receiver''s leg always follows the sender''s.';
