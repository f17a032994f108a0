set role jifen_owner;

create type points.lot_facts as (
    granted      bigint,
    remaining    bigint,
    available_at timestamptz,
    expires_at   timestamptz
);
comment on type points.lot_facts is 'Columns of points.lot that must fit together.';
comment on column points.lot_facts.granted is 'Points granted.';
comment on column points.lot_facts.remaining is 'Points left.';
comment on column points.lot_facts.available_at is 'When the points become available.';
comment on column points.lot_facts.expires_at is 'When the points expire.';

-- See points.operation_shape.
create domain points.lot_shape as points.lot_facts
    constraint lot_remaining_positive check ((value).remaining > 0)
    constraint lot_remaining_within_granted check ((value).remaining <= (value).granted)
    constraint lot_expires_not_before_available check ((value).expires_at >= (value).available_at);
comment on domain points.lot_shape is 'How the columns of a lot fit together: its checks, by name.';

create table points.lot (
    account_id   bigint not null,
    seq          bigint not null,
    granted      bigint not null,
    remaining    bigint not null,
    available_at timestamptz not null,
    expires_at   timestamptz not null,
    bucket       smallint not null,
    no           smallint not null,
    pending      boolean not null,
    source       text not null,
    idle         interval,
    primary key (bucket, account_id, expires_at, seq, no),
    constraint lot_is_in_shape check (row(granted, remaining, available_at, expires_at)::points.lot_shape is distinct from null)
) with (fillfactor = 80);
comment on table points.lot is 'Points granted together and not yet used up. A lot that is used up or expired is deleted; its uses tell its whole life. The primary key is the burn order: soonest expiry, then oldest grant.';
comment on column points.lot.account_id is 'The account.';
comment on column points.lot.seq is 'The entry that granted it: with no the lot''s name within the account.';
comment on column points.lot.granted is 'Points granted.';
comment on column points.lot.remaining is 'Points left.';
comment on column points.lot.available_at is 'When the points become available.';
comment on column points.lot.expires_at is 'When the points expire; infinity: never. Frozen at grant, but for idle lots and what operators extend.';
comment on column points.lot.bucket is 'Bucket of the account.';
comment on column points.lot.no is 'Number among the lots that one entry grants, from 0.';
comment on column points.lot.pending is 'True until the points'' becoming available is booked.';
comment on column points.lot.source is 'Rule that granted it, or adjust. A transfer keeps it.';
comment on column points.lot.idle is 'Time without activity after which the points expire, at the end of a local day: each activity before that puts expires_at off (points.note_activity). Null: expires_at stays. A transfer keeps it.';

create table points.lot_use (
    account_id   bigint not null,
    seq          bigint not null,
    lot_seq      bigint not null,
    points       bigint not null,
    granted      bigint not null,
    available_at timestamptz not null,
    expires_at   timestamptz not null,
    recorded_at  timestamptz not null,
    bucket       smallint not null,
    lot_no       smallint not null,
    source       text not null,
    idle         interval,
    primary key (bucket, account_id, seq, lot_seq, lot_no, expires_at, recorded_at),
    constraint lot_use_points_not_zero check (points <> 0),
    constraint lot_use_points_within_granted check (abs(points) <= granted)
) partition by range (recorded_at);
comment on table points.lot_use is 'Which entry took how much from which lot, or gave back (points below 0), with the lot''s own facts, so that every debit can be explained and undone exactly. Append-only, in monthly partitions.';
comment on column points.lot_use.account_id is 'The account.';
comment on column points.lot_use.seq is 'The entry that took or gave back the points.';
comment on column points.lot_use.lot_seq is 'seq of the lot.';
comment on column points.lot_use.points is 'Points taken; below 0: given back.';
comment on column points.lot_use.granted is 'granted of the lot.';
comment on column points.lot_use.available_at is 'available_at of the lot.';
comment on column points.lot_use.expires_at is 'expires_at of the lot, as it was then.';
comment on column points.lot_use.recorded_at is 'When it was booked.';
comment on column points.lot_use.bucket is 'Bucket of the account.';
comment on column points.lot_use.lot_no is 'no of the lot.';
comment on column points.lot_use.source is 'source of the lot.';
comment on column points.lot_use.idle is 'idle of the lot.';

create index lot_use_recorded on points.lot_use using brin (recorded_at) with (autosummarize = on);
comment on index points.lot_use_recorded is 'What was recorded lately, for the reconciler. It costs an insert next to nothing: rows lie in the order of time.';

create table points.lot_use_default partition of points.lot_use default;
comment on table points.lot_use_default is 'Takes uses of months that have no partition yet; api.create_partitions() empties it.';

create table points.bundle (
    id         boolean primary key default true,
    hash       bytea not null,
    applied_at timestamptz not null,
    migration  int not null,
    rights     text[],
    constraint bundle_is_one_row check (id)
);
comment on table points.bundle is 'Which text of functions, views, triggers and privileges was applied last.';
comment on column points.bundle.id is 'Always true, so that there is one row.';
comment on column points.bundle.hash is 'SHA-256 of the bundle.';
comment on column points.bundle.applied_at is 'When it was applied.';
comment on column points.bundle.migration is 'The last migration that was applied before it.';
comment on column points.bundle.rights is 'The rights that there were then: points.rights().';

reset role;
