create or replace view api.notice as
select n.bucket, n.account_id, a.user_id, a.wallet, n.kind, n.expires_on, n.days, n.points, n.lots, n.expires_at, n.noted_at
from points.notice n
join points.account a on a.bucket = n.bucket and a.id = n.account_id;

comment on view api.notice is 'What members are to be told, each once: points that expire soon.';
comment on column api.notice.bucket is 'Bucket of the account.';
comment on column api.notice.account_id is 'The account.';
comment on column api.notice.user_id is 'The member; null: erased.';
comment on column api.notice.wallet is 'Kind of points.';
comment on column api.notice.kind is 'What it tells: expiry.';
comment on column api.notice.expires_on is 'The last local day on which the points can be used, by the program''s time zone.';
comment on column api.notice.days is 'The setting that it is for: so many days before that day, or less.';
comment on column api.notice.points is 'Points that expire then, as it stood.';
comment on column api.notice.lots is 'Lots that the points are in.';
comment on column api.notice.expires_at is 'When the first of them expire.';
comment on column api.notice.noted_at is 'When it was written.';
