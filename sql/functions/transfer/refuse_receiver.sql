create or replace function points.refuse_receiver(p_bucket smallint, p_account_id bigint, p_draft points.draft) returns points.draft
language plpgsql stable as $$
declare
    v_draft points.draft := p_draft;
begin
    select v.refusal, jsonb_build_object('member', 'receiver') into v_draft.refusal, v_draft.refusal_detail
    from points.balance b
    cross join lateral (
        select case
            when b.frozen and not (select p.frozen_earns from points.program p) then 'ACCOUNT_FROZEN'
            when b.expired + b.pending + b.available + b.held - p_draft.moved > 9007199254740991
                or abs(b.transferred - p_draft.moved) > 9007199254740991 then 'LIMIT_REACHED'
        end as refusal
    ) v
    where b.bucket = p_bucket and b.account_id = p_account_id and v.refusal is not null;
    return v_draft;
end
$$;

comment on function points.refuse_receiver(smallint, bigint, points.draft) is
    'Refuses a transfer that its receiver may not get: ACCOUNT_FROZEN, unless frozen accounts earn, and LIMIT_REACHED. Decided before anything moves, so the receiver''s leg always follows the sender''s.';
