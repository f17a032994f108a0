create or replace view api.account_clock as
select
    b.bucket, b.account_id, b.version,
    case
        when b.next_change_at <= now() or b.level_revision <> (select p.level_revision from points.program p) then b.version
        else b.touched_version
    end as touched_version,
    case
        when b.next_change_at <= now() then points.next_change(b.bucket, b.account_id, now())
        else nullif(b.next_change_at, 'infinity')
    end as next_change_at
from points.balance b;

comment on view api.account_clock is 'How an account changes other than by entries, for those who follow it.';
comment on column api.account_clock.bucket is 'Bucket of the account.';
comment on column api.account_clock.account_id is 'The account.';
comment on column api.account_clock.version is 'seq of the last entry; 0 before the first.';
comment on column api.account_clock.touched_version is 'Who saw the account at this version may have seen it before it was frozen or merged, or before points became available or expired or levels were changed. Null: whoever saw it at any version saw it as it was.';
comment on column api.account_clock.next_change_at is 'The account does not change by itself before this instant; null: never.';
