create or replace view api.hold as
select
    h.bucket, h.account_id, h.id, a.user_id, a.wallet, h.seq, h.points, h.held_at, h.deadline,
    case when h.closed_at is null and h.deadline <= now() then 0 else h.captured end as captured,
    case when h.closed_at is null and h.deadline <= now() then h.deadline else h.closed_at end as closed_at, h.closed_by,
    h.closed_at is null and h.deadline > now() as open,
    case
        when h.captured > 0 then 'captured'::points.hold_status
        when h.closed_at is null and h.deadline > now() then 'open'
        else 'released'
    end as status
from points.hold h
join points.account a on a.bucket = h.bucket and a.id = h.account_id;

comment on view api.hold is 'Points reserved, true at the instant of reading: a hold whose deadline has passed is released, booked or not.';
comment on column api.hold.bucket is 'Bucket of the account.';
comment on column api.hold.account_id is 'The account.';
comment on column api.hold.id is 'The operation that made it.';
comment on column api.hold.user_id is 'The member.';
comment on column api.hold.wallet is 'Kind of points.';
comment on column api.hold.seq is 'The entry that reserved the points.';
comment on column api.hold.points is 'Points reserved.';
comment on column api.hold.held_at is 'When it was booked.';
comment on column api.hold.deadline is 'When it is released by itself; infinity: never.';
comment on column api.hold.captured is 'Points spent of it; the rest went back. Null: it is open.';
comment on column api.hold.closed_at is 'When it was captured or released; null: it is open.';
comment on column api.hold.closed_by is 'The operation that closed it; null: it is open, or its release is not booked yet.';
comment on column api.hold.open is 'Whether it can be captured or released.';
comment on column api.hold.status is 'captured: points of it were spent; released: all of it went back.';
