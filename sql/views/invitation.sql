create or replace view api.invitation as
select
    i.bucket, i.account_id, a.user_id, i.wallet, points.user_id_of(i.inviter_bucket, i.inviter_id) as inviter, i.joined_at, i.qualified_by,
    i.paid_at, i.revoked_at, i.refusal,
    case
        when i.revoked_at is not null then 'revoked'
        when i.paid_at is not null then 'paid'
        when i.refusal is not null then 'refused'
        when i.qualified_by is not null then 'qualified'
        else 'joined'
    end as status
from points.invitation i
join points.account a on a.bucket = i.bucket and a.id = i.account_id;

comment on view api.invitation is 'Who was invited by whom, and what came of it. Find one by bucket and account_id.';
comment on column api.invitation.bucket is 'Bucket of the account invited.';
comment on column api.invitation.account_id is 'The account invited.';
comment on column api.invitation.user_id is 'The member invited.';
comment on column api.invitation.wallet is 'Kind of points.';
comment on column api.invitation.inviter is 'The member who invited; null: erased.';
comment on column api.invitation.joined_at is 'When the invited member named the code.';
comment on column api.invitation.qualified_by is 'The operation that qualified; null: none has yet.';
comment on column api.invitation.paid_at is 'When both were paid; null: they were not.';
comment on column api.invitation.revoked_at is 'When both were clawed back; null: they were not.';
comment on column api.invitation.refusal is 'Why neither was paid, for good.';
comment on column api.invitation.status is 'joined, qualified (and about to be paid), paid, revoked, or refused.';
