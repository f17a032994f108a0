create or replace view points.entry_weight as
select e.place, e.archived, e.bucket, e.account_id, e.seq, e.recorded_at,
    e.after_hash - e.before_hash as goes_on, e.told, e.granted, e.net, e.contra,
    case when greatest(abs(e.granted), abs(e.net)) <= 536870912 then
        e.after_hash - e.before_hash + e.told + points.seq_weight(e.account_id, e.seq) * e.granted + points.contra_weight(e.account_id, e.contra) * e.net
    end as weight,
    case when greatest(abs(e.granted), abs(e.net)) > 536870912 then
        (e.after_hash - e.before_hash + e.told)::numeric + points.seq_weight(e.account_id, e.seq)::numeric * e.granted + points.contra_weight(e.account_id, e.contra)::numeric * e.net
    end as large_weight,
    greatest(abs(e.granted), abs(e.net)) > 536870912 as large, e.before_hash, e.after_hash, e.pending_delta, e.available_delta,
    e.pending_delta >= 0 and e.available_delta >= 0 and e.held_delta = 0 and e.debt_delta = 0 as gains
from (
    select e.place, e.archived, e.bucket, e.account_id, e.seq, e.recorded_at,
        points.account_hash(e.account_id, e.seq, e.pending_after, e.available_after, e.held_after, e.debt_after) as after_hash,
        points.account_hash(e.account_id, e.seq - 1, e.pending_after - e.pending_delta, e.available_after - e.available_delta,
                e.held_after - e.held_delta, e.debt_after - e.debt_delta) as before_hash,
        points.operation_hash(e.account_id, e.operation_id, e.seq, e.recorded_at, abs(case e.kind
            when 'earn' then e.pending_delta + e.available_delta + e.held_delta - e.debt_delta
            when 'spend' then e.pending_delta + e.available_delta + e.held_delta - e.debt_delta
            when 'hold' then e.held_delta
            when 'repay' then e.debt_delta
            when 'activate' then e.available_delta
            when 'release' then e.available_delta
            when 'merge' then e.pending_delta + e.available_delta
            else e.pending_delta + e.available_delta + e.held_delta - e.debt_delta
        end)) as told,
        e.pending_delta, e.available_delta, e.held_delta, e.debt_delta, e.pending_delta + e.available_delta as granted,
        e.pending_delta + e.available_delta + e.held_delta - e.debt_delta as net,
        case e.kind
            when 'earn' then 1 when 'clawback' then 1 when 'spend' then 2 when 'capture' then 2 when 'refund' then 2
            when 'expire' then 3 when 'reinstate' then 3 when 'adjust' then 4 when 'write_off' then 4 when 'transfer' then 5 when 'merge' then 5
            else 0
        end as contra
    from (
        select l.ctid as place, false as archived, l.* from points.entry l
        union all
        select a.ctid, true, a.* from points.entry_archive a
    ) e
) e;

comment on view points.entry_weight is 'What entries weigh for the reconciler: see points.part_sums.';
comment on column points.entry_weight.place is 'Where the row lies in its partition.';
comment on column points.entry_weight.archived is 'Whether it is archived.';
comment on column points.entry_weight.bucket is 'Bucket of the account.';
comment on column points.entry_weight.account_id is 'The account.';
comment on column points.entry_weight.seq is 'Number within the account.';
comment on column points.entry_weight.recorded_at is 'When it was booked.';
comment on column points.entry_weight.goes_on is 'Hash of the pockets after it, less that of the pockets before it.';
comment on column points.entry_weight.told is 'Hash of what its operation must say of it.';
comment on column points.entry_weight.granted is 'What it grants, or takes from lots (below 0).';
comment on column points.entry_weight.net is 'What its contra account gives.';
comment on column points.entry_weight.contra is 'The counter that it counts in: points.contra_weight; 0: none.';
comment on column points.entry_weight.weight is 'Its weight; null: it is large.';
comment on column points.entry_weight.large_weight is 'Its weight, where it does not fit into 64 bits.';
comment on column points.entry_weight.large is 'Whether it is large.';
comment on column points.entry_weight.before_hash is 'Hash of the pockets before it.';
comment on column points.entry_weight.after_hash is 'Hash of the pockets after it.';
comment on column points.entry_weight.pending_delta is 'What it adds to the pending points.';
comment on column points.entry_weight.available_delta is 'What it adds to the available points.';
comment on column points.entry_weight.gains is 'Whether it only adds, to pending or available points.';
