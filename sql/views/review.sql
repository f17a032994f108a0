create or replace view api.review as
select
    r.bucket, r.account_id, r.operation_id, a.user_id, a.wallet, r.points, r.asked_at, nullif(r.deadline, 'infinity') as deadline,
    r.available_at, nullif(r.expires_at, 'infinity') as expires_at,
    case when r.closed_at is null and r.deadline <= now() then r.deadline else r.closed_at end as closed_at, r.closed_by,
    r.closed_at is null and r.deadline > now() as waiting,
    case when r.closed_at is null and r.deadline <= now() then 'expired' else r.status::text end as status, r.asker, r.reasons
from points.review r
join points.account a on a.bucket = r.bucket and a.id = r.account_id;

comment on view api.review is 'Awards in review, true at the instant of reading: one whose deadline has passed is expired. The queue: where waiting order by asked_at.';
comment on column api.review.bucket is 'Bucket of the account.';
comment on column api.review.account_id is 'The account.';
comment on column api.review.operation_id is 'The award.';
comment on column api.review.user_id is 'The member.';
comment on column api.review.wallet is 'Kind of points.';
comment on column api.review.points is 'Points awarded.';
comment on column api.review.asked_at is 'When it was booked.';
comment on column api.review.deadline is 'When it expires by itself; null: never.';
comment on column api.review.available_at is 'When its points become available once it is approved.';
comment on column api.review.expires_at is 'When its points expire once it is approved; null: never.';
comment on column api.review.closed_at is 'When it was decided on, the award undone, or it expired; null: not yet.';
comment on column api.review.closed_by is 'The operation that decided; null: none did.';
comment on column api.review.waiting is 'Whether it can be approved or rejected.';
comment on column api.review.status is 'waiting, approved, rejected or expired.';
comment on column api.review.asker is 'Who asked for the award: somebody else decides.';
comment on column api.review.reasons is 'Risk rules that want it reviewed.';
