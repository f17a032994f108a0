set role jifen_owner;

create table points.account (
    id             bigint generated always as identity,
    pending        bigint not null default 0,
    available      bigint not null default 0,
    held           bigint not null default 0,
    earned         bigint not null default 0,
    spent          bigint not null default 0,
    expired        bigint not null default 0,
    adjusted       bigint not null default 0,
    version        bigint not null default 0,
    next_change_at timestamptz not null default 'infinity',
    created_at     timestamptz not null,
    bucket         smallint not null,
    user_id        text not null,
    wallet         text not null references points.wallet,
    level          text,
    primary key (bucket, id),
    constraint account_once_per_user_and_wallet unique (bucket, user_id, wallet),
    constraint account_bucket_is_its_hash check (bucket = points.bucket(user_id, wallet)),
    constraint account_user_id_length check (length(user_id) between 1 and 64),
    constraint account_level_is_known foreign key (wallet, level) references points.level (wallet, code),
    constraint account_pending_not_negative check (pending >= 0),
    constraint account_available_not_negative check (available >= 0),
    constraint account_held_not_negative check (held >= 0),
    constraint account_earned_not_negative check (earned >= 0),
    constraint account_spent_not_negative check (spent >= 0),
    constraint account_expired_not_negative check (expired >= 0),
    constraint account_pockets_equal_flows check (pending + available + held = earned + adjusted - spent - expired),
    constraint account_points_are_safe_integers check (
        pending + available + held <= 9007199254740991 and earned <= 9007199254740991
        and spent <= 9007199254740991 and expired <= 9007199254740991
        and adjusted between -9007199254740991 and 9007199254740991)
) with (fillfactor = 70);
comment on table points.account is 'One member''s points in one wallet. No index on what changes, so that updates stay on their page (HOT).';
comment on column points.account.id is 'Id inside Jifen.';
comment on column points.account.pending is 'Points granted and not yet available.';
comment on column points.account.available is 'Points that can be spent, as booked: see next_change_at and view api.account.';
comment on column points.account.held is 'Points reserved by holds.';
comment on column points.account.earned is 'Points earned ever.';
comment on column points.account.spent is 'Points spent ever.';
comment on column points.account.expired is 'Points expired ever, as booked.';
comment on column points.account.adjusted is 'Net of manual adjustments ever.';
comment on column points.account.version is 'seq of the last entry; 0 before the first.';
comment on column points.account.next_change_at is 'No lot becomes available or expires before this instant, so until then the booked pockets are the true ones.';
comment on column points.account.created_at is 'When the first operation made it.';
comment on column points.account.bucket is 'points.bucket(user_id, wallet).';
comment on column points.account.user_id is 'The host''s name for the member, 1 to 64 characters: the only personal datum, and in no other table.';
comment on column points.account.wallet is 'Kind of points.';
comment on column points.account.level is 'Level by points earned; null: below the lowest.';

create table points.level_change (
    account_id  bigint not null,
    seq         bigint not null,
    recorded_at timestamptz not null,
    bucket      smallint not null,
    previous    text,
    level       text,
    primary key (bucket, account_id, seq),
    constraint level_change_changes_level check (level is distinct from previous)
);
comment on table points.level_change is 'Every change of an account''s level, with the entry that caused it. Append-only.';
comment on column points.level_change.account_id is 'The account.';
comment on column points.level_change.seq is 'The entry that caused it.';
comment on column points.level_change.recorded_at is 'When it was booked.';
comment on column points.level_change.bucket is 'Bucket of the account.';
comment on column points.level_change.previous is 'Level before; null: below the lowest.';
comment on column points.level_change.level is 'Level from then on; null: below the lowest.';

reset role;
