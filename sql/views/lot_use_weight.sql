create or replace view points.lot_use_weight as
select u.place, u.archived, u.bucket, u.account_id, u.seq, u.lot_seq, u.recorded_at, u.points,
    case when abs(u.points) <= 536870912 then (points.seq_weight(u.account_id, u.seq) - points.seq_weight(u.account_id, u.lot_seq)) * u.points end as weight,
    case when abs(u.points) > 536870912 then
        (points.seq_weight(u.account_id, u.seq) - points.seq_weight(u.account_id, u.lot_seq))::numeric * u.points
    end as large_weight,
    abs(u.points) > 536870912 as large
from (
    select l.ctid as place, false as archived, l.* from points.lot_use l
    union all
    select a.ctid, true, a.* from points.lot_use_archive a
) u;

comment on view points.lot_use_weight is 'What lot uses weigh for the reconciler: see points.part_sums.';
comment on column points.lot_use_weight.place is 'Where the row lies in its partition.';
comment on column points.lot_use_weight.archived is 'Whether it is archived.';
comment on column points.lot_use_weight.bucket is 'Bucket of the account.';
comment on column points.lot_use_weight.account_id is 'The account.';
comment on column points.lot_use_weight.seq is 'The entry that took or gave back the points.';
comment on column points.lot_use_weight.lot_seq is 'seq of the lot.';
comment on column points.lot_use_weight.recorded_at is 'When it was booked.';
comment on column points.lot_use_weight.points is 'Points taken; below 0: given back.';
comment on column points.lot_use_weight.weight is 'Its weight; null: it is large.';
comment on column points.lot_use_weight.large_weight is 'Its weight, where it does not fit into 64 bits.';
comment on column points.lot_use_weight.large is 'Whether it is large.';
