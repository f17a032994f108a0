set role jifen_owner;

create table points.lane (
    bucket smallint primary key
);
comment on table points.lane is 'The buckets, one row each: what a call writes into other tables joins the row of its bucket, so that on a cluster it stays on the bucket''s node.';
comment on column points.lane.bucket is 'The bucket.';
insert into points.lane select generate_series(0, points.bucket_count() - 1);

create table points.account (
    id         bigint generated always as identity,
    created_at timestamptz not null,
    bucket     smallint not null,
    erased_at  timestamptz,
    into_id    bigint,
    into_bucket smallint,
    user_id    text collate "C",
    wallet     text collate "C" not null references points.wallet,
    primary key (bucket, id),
    constraint account_once_per_user_and_wallet unique (bucket, user_id, wallet),
    constraint account_bucket_is_its_hash check (bucket = points.bucket(user_id, wallet)),
    constraint account_user_id_length check (length(user_id) between 1 and 64),
    constraint account_is_somebodys_until_erased check ((user_id is null) = (erased_at is not null)),
    constraint account_merged_into_another check ((into_id is null) = (into_bucket is null) and into_id <> id)
);
create index account_merged on points.account (into_bucket, into_id) where into_id is not null;
comment on index points.account_merged is 'Accounts that were merged into one.';
comment on table points.account is 'Whose points, in which wallet: the only table with a personal datum. What changes with every operation is in points.balance, so that the checks here run once an account.';
comment on column points.account.id is 'Id inside Jifen.';
comment on column points.account.created_at is 'When the first operation made it.';
comment on column points.account.bucket is 'points.bucket(user_id, wallet), for ever.';
comment on column points.account.erased_at is 'When its member was erased; null: was not.';
comment on column points.account.into_id is 'The account that it was merged into; null: it was not.';
comment on column points.account.into_bucket is 'Bucket of that account.';
comment on column points.account.user_id is 'The host''s name for the member, 1 to 64 characters; null: erased.';
comment on column points.account.wallet is 'Kind of points.';

create type points.balance_facts as (
    pending     points.pocket,
    available   points.pocket,
    held        points.pocket,
    debt        points.pocket,
    earned      points.pocket,
    adjusted    points.flow,
    transferred points.flow,
    spent       points.pocket,
    expired     points.pocket
);
comment on type points.balance_facts is 'Columns of points.balance that must add up.';
comment on column points.balance_facts.pending is 'See points.balance.';
comment on column points.balance_facts.available is 'See points.balance.';
comment on column points.balance_facts.held is 'See points.balance.';
comment on column points.balance_facts.debt is 'See points.balance.';
comment on column points.balance_facts.earned is 'See points.balance.';
comment on column points.balance_facts.adjusted is 'See points.balance.';
comment on column points.balance_facts.transferred is 'See points.balance.';
comment on column points.balance_facts.spent is 'See points.balance.';
comment on column points.balance_facts.expired is 'See points.balance.';

-- See points.operation_shape.
create domain points.balance_shape as points.balance_facts
    constraint balance_pockets_equal_flows check (
        (value).pending + (value).available + (value).held - (value).debt
            = (value).earned + (value).adjusted + (value).transferred - (value).spent - (value).expired)
    constraint balance_is_within_safe_integers check ((value).pending + (value).available + (value).held <= 9007199254740991);
comment on domain points.balance_shape is 'How the counters of a balance add up: its checks, by name.';

create table points.balance (
    account_id     bigint not null,
    pending        points.pocket not null default 0,
    available      points.pocket not null default 0,
    held           points.pocket not null default 0,
    earned         points.pocket not null default 0,
    spent          points.pocket not null default 0,
    expired        points.pocket not null default 0,
    adjusted       points.flow not null default 0,
    debt           points.pocket not null default 0,
    transferred    points.flow not null default 0,
    version        bigint not null default 0,
    next_change_at timestamptz not null default 'infinity',
    level_until    bigint not null,
    level_ends_at  timestamptz not null default 'infinity',
    inherited      points.pocket,
    touched_version bigint,
    level_revision int not null default 0,
    active_on      date,
    bucket         smallint not null,
    frozen         boolean not null default false,
    has_returns    boolean not null default false,
    closed         boolean not null default false,
    merged         boolean not null default false,
    invited        boolean not null default false,
    level          text,
    primary key (bucket, account_id),
    constraint balance_of_an_account foreign key (bucket, account_id) references points.account (bucket, id),
    constraint balance_is_in_shape check (
        row(pending, available, held, debt, earned, adjusted, transferred, spent, expired)::points.balance_shape is distinct from null)
) with (fillfactor = 60);
comment on table points.balance is 'An account''s points: one row an account, locked by whoever moves them. No index on what an award to an account with points changes, so that updates stay on their page (HOT).';
comment on column points.balance.account_id is 'The account.';
comment on column points.balance.pending is 'Points granted and not yet available.';
comment on column points.balance.available is 'Points that can be spent, as booked; 0 while there is a debt: see next_change_at and view api.account.';
comment on column points.balance.held is 'Points reserved by holds.';
comment on column points.balance.earned is 'Points earned ever, less what was clawed back.';
comment on column points.balance.spent is 'Points spent ever, less what was refunded.';
comment on column points.balance.expired is 'Points expired ever, as booked, less what was reinstated.';
comment on column points.balance.adjusted is 'Net of manual adjustments ever, and debt written off.';
comment on column points.balance.debt is 'Points that were clawed back and had been spent already: owed, and repaid first by whatever comes in.';
comment on column points.balance.transferred is 'Points received from other accounts ever, less what was sent.';
comment on column points.balance.version is 'seq of the last entry; 0 before the first.';
comment on column points.balance.next_change_at is 'No lot becomes available or expires, no hold and no level ends before this instant, so until then what is booked is true.';
comment on column points.balance.level_until is 'Points earned from which the level is another one: nothing to decide below it. 0: every award decides, as the wallet''s levels go by periods, and points.earned_day has what was earned.';
comment on column points.balance.level_ends_at is 'The level is not to be decided anew before this instant, unless points are earned or levels changed. infinity: it does not end. -infinity: the level is the one that the member has in another wallet (wallet.level_wallet).';
comment on column points.balance.level_revision is 'program.level_revision by which the level was decided.';
comment on column points.balance.active_on is 'The local day whose activity has put off the expiry of its idle lots; -infinity: the next one will, whatever the day. Null: it never had such lots, so activity need not look for any.';
comment on column points.balance.inherited is 'Points earned ever by the accounts that were merged into this one: they count for the level. Null: there are none.';
comment on column points.balance.touched_version is 'version at which the account last changed without an entry: was frozen, unfrozen, merged or parted. Null: never.';
comment on column points.balance.bucket is 'Bucket of the account.';
comment on column points.balance.frozen is 'Whether spending is refused.';
comment on column points.balance.has_returns is 'Whether orders were returned (points.order_return): whatever comes of an order looks for that then.';
comment on column points.balance.closed is 'Whether the member was erased: whoever waited for the lock meanwhile has to look for the member''s account again.';
comment on column points.balance.merged is 'Whether it was merged into another account (points.account.into_id), to which whatever it gets goes on.';
comment on column points.balance.invited is 'Whether it was invited and has not qualified yet: whatever it earns is looked at for that.';
comment on column points.balance.level is 'Level by points earned; null: below the lowest.';

create index balance_next_change on points.balance (bucket, next_change_at) where next_change_at < 'infinity';
comment on index points.balance_next_change is 'Accounts on which something will be due, for the sweeper. An award changes next_change_at only where it is the first to expire.';
create table points.earned_day (
    account_id bigint not null,
    points     points.flow not null default 0,
    inherited  points.flow not null default 0,
    day        date not null,
    bucket     smallint not null,
    primary key (bucket, account_id, day)
);
comment on table points.earned_day is 'What an account earned on a local day, less what was clawed back of it, where levels go by periods (balance.level_until is 0). It follows from the operations: points.ledger_days. Rows of an account whose levels no longer go by periods mean nothing.';
comment on column points.earned_day.account_id is 'The account.';
comment on column points.earned_day.points is 'Points that the account itself earned by what happened on the day, less what was clawed back of those.';
comment on column points.earned_day.inherited is 'Points that the accounts merged into it earned on the day.';
comment on column points.earned_day.day is 'The day, by the program''s time zone when the award was booked.';
comment on column points.earned_day.bucket is 'Bucket of the account.';

create table points.level_evaluation (
    bucket   smallint primary key,
    revision int not null,
    done_to  bigint not null
);
comment on table points.level_evaluation is 'How far points.decide_due_levels has come in a bucket with the levels of now.';
comment on column points.level_evaluation.bucket is 'The bucket.';
comment on column points.level_evaluation.revision is 'program.level_revision that it is about.';
comment on column points.level_evaluation.done_to is 'Accounts up to this id were decided by it, but for those that were locked; 2^63 - 1: all were.';

create type points.level_cause as enum ('award', 'clawback', 'merge', 'period_end', 'levels_changed');
comment on type points.level_cause is 'Why a level changed: points were earned; earned points were taken back; accounts were merged or parted; a period ended, with its grace; an operator changed levels.';

create table points.level_change (
    account_id  bigint not null,
    seq         bigint not null,
    measured    bigint not null,
    changed_at  timestamptz not null,
    recorded_at timestamptz not null,
    cause       points.level_cause not null,
    measure     points.level_measure not null,
    bucket      smallint not null,
    no          smallint not null,
    previous    text,
    level       text,
    primary key (bucket, account_id, seq, no),
    constraint level_change_changes_level check (level is distinct from previous),
    constraint level_change_is_by_an_entry_or_later check ((no = 0) = (cause in ('award', 'clawback', 'merge')))
);
comment on table points.level_change is 'Every change of an account''s level, with its cause. Append-only.';
comment on column points.level_change.account_id is 'The account.';
comment on column points.level_change.seq is 'The entry that caused it (no 0), or the last one before it.';
comment on column points.level_change.measured is 'Points earned that counted in the present period, as measure says.';
comment on column points.level_change.changed_at is 'When it took effect: the instant at which the level ended, or when it was booked.';
comment on column points.level_change.recorded_at is 'When it was booked.';
comment on column points.level_change.cause is 'Why.';
comment on column points.level_change.measure is 'What the levels went by.';
comment on column points.level_change.bucket is 'Bucket of the account.';
comment on column points.level_change.no is '0: its entry caused it; from 1: what came after that entry without one, in order.';
comment on column points.level_change.previous is 'Level before; null: below the lowest.';
comment on column points.level_change.level is 'Level from then on; null: below the lowest.';

create type points.weighed_level as (
    account_id  bigint,
    at          timestamptz,
    measure     points.level_measure,
    level       text,
    next        text,
    measured    bigint,
    to_next     bigint,
    to_keep     bigint,
    until       bigint,
    ends_at     timestamptz,
    earn_by     timestamptz,
    revision    int
);
comment on type points.weighed_level is 'What an account''s level is at an instant, and for how long.';
comment on column points.weighed_level.account_id is 'The account.';
comment on column points.weighed_level.at is 'As of when.';
comment on column points.weighed_level.measure is 'What the levels go by.';
comment on column points.weighed_level.level is 'The level; null: below the lowest.';
comment on column points.weighed_level.next is 'The next higher one; null: there is none.';
comment on column points.weighed_level.measured is 'Points earned that count in the present period.';
comment on column points.weighed_level.to_next is 'Points missing to the next one; null: there is none.';
comment on column points.weighed_level.to_keep is 'Points to earn until earn_by so that the level does not end; 0: it will not at the next end of a period; null: it never ends.';
comment on column points.weighed_level.until is 'Value of balance.level_until.';
comment on column points.weighed_level.ends_at is 'When the level ends if nothing more is earned; infinity: never; -infinity: the wallet shows another''s.';
comment on column points.weighed_level.earn_by is 'End of the period whose points decide then.';
comment on column points.weighed_level.revision is 'program.level_revision by which it was weighed.';

reset role;
