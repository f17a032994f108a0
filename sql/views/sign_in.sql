create or replace view api.sign_in as
select s.bucket, s.account_id, a.user_id, a.wallet, s.day, s.made_on, s.operation_id, s.signed_at
from points.sign_in s
join points.account a on a.bucket = s.bucket and a.id = s.account_id;

comment on view api.sign_in is 'Days that members signed or made up. Find them by bucket and account_id.';
comment on column api.sign_in.bucket is 'Bucket of the account.';
comment on column api.sign_in.account_id is 'The account.';
comment on column api.sign_in.user_id is 'The member.';
comment on column api.sign_in.wallet is 'Kind of points.';
comment on column api.sign_in.day is 'The member''s local day.';
comment on column api.sign_in.made_on is 'Local day on which it was made up; null: signed on the day itself.';
comment on column api.sign_in.operation_id is 'The operation.';
comment on column api.sign_in.signed_at is 'When it was booked.';
