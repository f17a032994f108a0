set role jifen_owner;

create type points.hold_status as enum ('open', 'captured', 'released');
comment on type points.hold_status is 'What has become of a hold.';

create table points.hold (
    account_id bigint not null,
    id         uuid not null,
    seq        bigint not null,
    points     bigint not null,
    captured   bigint,
    held_at    timestamptz not null,
    deadline   timestamptz not null,
    closed_at  timestamptz,
    closed_by  uuid,
    bucket     smallint not null,
    primary key (bucket, account_id, id),
    constraint hold_points_positive check (points > 0),
    constraint hold_captured_within_points check (captured between 0 and points),
    constraint hold_closed_once_and_whole check (
        (closed_at is null) = (captured is null) and (closed_at is null) = (closed_by is null))
);
comment on table points.hold is 'Points reserved, with the lots that its entry took (points.lot_use): captured once, in part or whole, or given back to those lots.';
comment on column points.hold.account_id is 'The account.';
comment on column points.hold.id is 'The operation that made it.';
comment on column points.hold.seq is 'The entry that reserved the points.';
comment on column points.hold.points is 'Points reserved.';
comment on column points.hold.captured is 'Points spent of it; the rest went back. Null: it is open.';
comment on column points.hold.held_at is 'When it was booked.';
comment on column points.hold.deadline is 'When it is released by itself; infinity: never.';
comment on column points.hold.closed_at is 'When it was captured or released; null: it is open.';
comment on column points.hold.closed_by is 'The operation that closed it.';
comment on column points.hold.bucket is 'Bucket of the account.';

create index hold_open on points.hold (bucket, account_id, deadline) where closed_at is null;
comment on index points.hold_open is 'Open holds, soonest deadline first.';

reset role;
