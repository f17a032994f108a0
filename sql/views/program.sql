create or replace view api.program as
select p.name, p.time_zone, p.currency, p.debt_policy, p.frozen_earns,
    p.transfer_minimum, p.transfer_maximum, p.transfer_times_a_day, p.transfer_points_a_day, points.bucket_count() as bucket_count, p.notice_days, p.activity_kinds::points.operation_kind[] as activity_kinds, p.archive_after_months
from points.program p;

comment on view api.program is 'Settings of the loyalty program: one row.';
comment on column api.program.name is 'What members know the program as.';
comment on column api.program.time_zone is 'IANA time zone in which days, months and expiry are counted.';
comment on column api.program.currency is 'ISO 4217 code of the currency of every amount.';
comment on column api.program.debt_policy is 'When a return claws back more than a member has: debt or clamp.';
comment on column api.program.frozen_earns is 'Whether a frozen account still earns, and receives transfers.';
comment on column api.program.transfer_minimum is 'Points of one transfer at least; null: 1.';
comment on column api.program.transfer_maximum is 'Points of one transfer at most; null: any.';
comment on column api.program.transfer_times_a_day is 'Transfers that an account may send on a day; null: any number.';
comment on column api.program.transfer_points_a_day is 'Points that an account may send on a day; null: any number.';
comment on column api.program.bucket_count is 'Number of buckets, fixed when the database was made.';
comment on column api.program.notice_days is 'How many days before points expire a notice is written.';
comment on column api.program.activity_kinds is 'Kinds of operations that count as a member''s activity, for points that expire after a time without.';
comment on column api.program.archive_after_months is 'Whole months after which a month of entries moves to the archive; null: none does.';
