create or replace view api.level_change as
select c.bucket, c.account_id, c.seq, c.no, a.user_id, a.wallet, c.previous, c.level, c.cause, c.measure, c.measured, c.changed_at, c.recorded_at,
    (
        select e.operation_id from points.entry_history e
        where c.no = 0 and e.bucket = c.bucket and e.account_id = c.account_id and e.seq = c.seq and e.recorded_at = c.recorded_at
    ) as operation_id
from points.level_change c
join points.account a on a.bucket = c.bucket and a.id = c.account_id;

comment on view api.level_change is 'Every change of a level, with its cause. In order: seq, no.';
comment on column api.level_change.bucket is 'Bucket of the account.';
comment on column api.level_change.account_id is 'The account.';
comment on column api.level_change.seq is 'The entry that caused it (no 0), or the last one before it.';
comment on column api.level_change.no is '0: its entry caused it; from 1: what came after that entry without one.';
comment on column api.level_change.user_id is 'The member.';
comment on column api.level_change.wallet is 'Kind of points.';
comment on column api.level_change.previous is 'Level before; null: below the lowest.';
comment on column api.level_change.level is 'Level from then on; null: below the lowest.';
comment on column api.level_change.cause is 'Why.';
comment on column api.level_change.measure is 'Which points earned counted.';
comment on column api.level_change.measured is 'How many counted in the period.';
comment on column api.level_change.changed_at is 'When it took effect.';
comment on column api.level_change.recorded_at is 'When it was booked.';
comment on column api.level_change.operation_id is 'The operation that caused it; null: the end of a period or an operator did.';
