create or replace view api.level_change as
select c.bucket, c.account_id, c.seq, a.user_id, a.wallet, c.previous, c.level, c.recorded_at
from points.level_change c
join points.account a on a.bucket = c.bucket and a.id = c.account_id;

comment on view api.level_change is 'Every change of an account''s level. Find them by bucket, account_id and seq.';
comment on column api.level_change.bucket is 'Bucket of the account.';
comment on column api.level_change.account_id is 'The account.';
comment on column api.level_change.seq is 'The entry that caused it.';
comment on column api.level_change.user_id is 'The member; null: erased.';
comment on column api.level_change.wallet is 'Kind of points.';
comment on column api.level_change.previous is 'Level before; null: below the lowest.';
comment on column api.level_change.level is 'Level from then on; null: below the lowest.';
comment on column api.level_change.recorded_at is 'When it was booked.';
