create or replace view points.lot_use_history as
select * from points.lot_use
union all
select * from points.lot_use_archive;

comment on view points.lot_use_history is 'All lot uses, archived or not.';
comment on column points.lot_use_history.account_id is 'The account.';
comment on column points.lot_use_history.seq is 'The entry that took or gave back the points.';
comment on column points.lot_use_history.lot_seq is 'seq of the lot.';
comment on column points.lot_use_history.points is 'Points taken; below 0: given back.';
comment on column points.lot_use_history.granted is 'granted of the lot.';
comment on column points.lot_use_history.available_at is 'available_at of the lot.';
comment on column points.lot_use_history.expires_at is 'expires_at of the lot.';
comment on column points.lot_use_history.recorded_at is 'When it was booked.';
comment on column points.lot_use_history.bucket is 'Bucket of the account.';
comment on column points.lot_use_history.lot_no is 'no of the lot.';
comment on column points.lot_use_history.source is 'source of the lot.';
comment on column points.lot_use_history.idle is 'idle of the lot.';
