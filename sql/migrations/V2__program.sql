set role jifen_owner;

create table points.program (
    id          boolean primary key default true,
    name        text not null,
    time_zone   text not null,
    currency    text not null,
    debt_policy text not null,
    frozen_earns boolean not null default true,
    transfer_minimum       bigint,
    transfer_maximum       bigint,
    transfer_times_a_day   int,
    transfer_points_a_day  bigint,
    governed_rules         text[] not null default '{}',
    governs_origins        boolean not null default false,
    notice_days            int[] not null default '{30,7,1}',
    level_revision         int not null default 1,
    activity_kinds         text[] not null default '{earn,sign_in,claim,spend,redeem}',
    constraint program_is_one_row check (id),
    constraint program_currency_is_iso_code check (currency ~ '^[A-Z]{3}$'),
    constraint program_debt_policy_is_known check (debt_policy in ('debt', 'clamp')),
    constraint program_transfer_range_not_empty check (transfer_minimum <= transfer_maximum),
    constraint program_transfer_limits_in_range check (
        least(transfer_minimum, transfer_maximum, transfer_times_a_day, transfer_points_a_day) > 0
        and greatest(transfer_minimum, transfer_maximum, transfer_points_a_day) <= 9007199254740991),
    constraint program_notice_days_in_range check (
        cardinality(notice_days) <= 10 and array_position(notice_days, null) is null and 1 <= all (notice_days) and 365 >= all (notice_days)),
    constraint program_activity_is_what_members_do check (activity_kinds <@ array[
        'earn', 'spend', 'adjust', 'hold', 'capture', 'transfer', 'redeem', 'sign_in', 'make_up', 'set_time_zone', 'progress', 'claim', 'invite', 'join'])
);
comment on table points.program is 'Settings of the loyalty program: one row.';
comment on column points.program.id is 'Always true, so that there is one row.';
comment on column points.program.name is 'What members know the program as.';
comment on column points.program.time_zone is 'IANA time zone in which days, months and expiry are counted.';
comment on column points.program.currency is 'ISO 4217 code of the currency of every amount.';
comment on column points.program.debt_policy is 'When a return claws back more than a member has: debt (repaid by later earnings) or clamp (the shortfall is reported).';
comment on column points.program.frozen_earns is 'Whether a frozen account still earns, and receives transfers.';
comment on column points.program.transfer_minimum is 'Points of one transfer at least; null: 1.';
comment on column points.program.transfer_maximum is 'Points of one transfer at most; null: any.';
comment on column points.program.transfer_times_a_day is 'Transfers that an account may send on one day of the time zone; null: any number.';
comment on column points.program.transfer_points_a_day is 'Points that an account may send on one day of the time zone; null: any number.';

comment on column points.program.governs_origins is 'Whether some limit or risk rule looks at addresses or devices, kept by points.note_governed.';
comment on column points.program.notice_days is 'How many days before points expire a notice is written.';
comment on column points.program.activity_kinds is 'Kinds of operations (points.operation_kind) that count as a member''s activity: see points.rule_version.idle.';
comment on column points.program.governed_rules is 'Rules that some limit, campaign, level or risk rule is about, kept by points.note_governed: awards by others need not look for any.';
comment on column points.program.level_revision is 'Rises with every change of what decides levels (points.note_levels): an account that was decided by an older one is decided anew.';

insert into points.program (name, time_zone, currency, debt_policy) values ('Jifen', 'UTC', 'USD', 'debt');

create table points.former_time_zone (
    until     timestamptz primary key,
    time_zone text not null
);
comment on table points.former_time_zone is 'Time zones that the program had before, so that what was computed by one can be computed again. Append-only.';
comment on column points.former_time_zone.until is 'When the program took another.';
comment on column points.former_time_zone.time_zone is 'IANA time zone.';

create type points.level_measure as enum ('ever', 'rolling_year', 'calendar_year', 'membership_year');
comment on type points.level_measure is 'Which points earned decide a level: all ever; those of the present local month and the 11 before; of the local calendar year; of the year since the account''s first local day or an anniversary of it.';
create type points.level_downgrade as enum ('never', 'one_step', 'to_earned');
comment on type points.level_downgrade is 'How far a level falls when a period ends in which it was not earned again: not at all, by one level, or to the one that was earned.';

create table points.wallet (
    code text collate "C" primary key,
    name text not null,
    level_measure     points.level_measure not null default 'ever',
    level_downgrade   points.level_downgrade not null default 'never',
    level_grace_days  int not null default 0,
    level_notice_days int not null default 30,
    level_wallet      text collate "C" references points.wallet,
    multiplied_rules  text[] not null default '{}',
    constraint wallet_code_is_plain check (code ~ '^[a-z][a-z0-9_]{0,31}$'),
    constraint wallet_level_earned_ever_ends_never check (level_measure <> 'ever' or level_downgrade = 'never'),
    constraint wallet_level_grace_within_period check (
        level_grace_days between 0 and case when level_downgrade = 'never' then 0 when level_measure = 'rolling_year' then 27 else 180 end),
    constraint wallet_level_notice_days_in_range check (level_notice_days between 0 and 366),
    constraint wallet_shows_level_of_another check (level_wallet <> code),
    constraint wallet_names_multiplied_rules check (cardinality(multiplied_rules) <= 100 and array_position(multiplied_rules, null) is null)
);
comment on table points.wallet is 'Kinds of points that a member may hold, and what their levels go by.';
comment on column points.wallet.code is 'Name in requests; points is the default one.';
comment on column points.wallet.name is 'Name for people.';
comment on column points.wallet.level_measure is 'Which points earned in it decide its levels.';
comment on column points.wallet.level_downgrade is 'How far a level falls when a period ends. never, where all that was earned ever counts: there is no period.';
comment on column points.wallet.level_grace_days is 'Days after the end of a period until which a level stays: at most 27 where periods are months, 180 where they are years.';
comment on column points.wallet.level_notice_days is 'A member is warned so many days before a level ends.';
comment on column points.wallet.level_wallet is 'Wallet whose level its accounts show, of the same member; null: its own.';
comment on column points.wallet.multiplied_rules is 'Rules whose awards in it the level''s multiplier applies to.';

insert into points.wallet (code, name) values ('points', 'Points');

create table points.level (
    wallet    text collate "C" not null references points.wallet,
    code      text collate "C" not null,
    name      text not null,
    threshold bigint not null,
    privileges text[] not null default '{}',
    multiplier numeric not null default 1,
    primary key (wallet, code),
    constraint level_threshold_once_per_wallet unique (wallet, threshold),
    constraint level_threshold_in_range check (threshold between 0 and 9007199254740991),
    constraint level_multiplier_in_range check (multiplier between 1 and 100 and scale(multiplier) <= 6),
    constraint level_names_privileges check (cardinality(privileges) <= 100 and array_position(privileges, null) is null),
    constraint level_code_is_plain check (code ~ '^[A-Z][A-Z0-9_]{0,31}$')
);
comment on table points.level is 'Levels as thresholds of points earned, as the wallet measures them: no gaps, no overlaps. An account reaches the highest level whose threshold it has reached.';
comment on column points.level.wallet is 'Wallet whose earned points count.';
comment on column points.level.code is 'Name in answers, e.g. VIP1.';
comment on column points.level.name is 'Name for people.';
comment on column points.level.threshold is 'Points earned from which the level holds.';
comment on column points.level.privileges is 'What it gives besides, in words for people or codes of the host.';
comment on column points.level.multiplier is 'What awards by wallet.multiplied_rules are multiplied by; 1: nothing on top.';

create table points.refusal (
    code     text collate "C" primary key,
    sqlstate text collate "C" not null,
    final    boolean not null,
    meaning  text not null,
    constraint refusal_sqlstate_once unique (sqlstate),
    constraint refusal_sqlstate_is_class_lp check (sqlstate ~ '^LP[0-9]{3}$')
);
comment on table points.refusal is 'Every reason for which the engine refuses an operation.';
comment on column points.refusal.code is 'Code in outcomes, and extensions.code in GraphQL.';
comment on column points.refusal.sqlstate is 'SQLSTATE that the functions of schema api raise for it.';
comment on column points.refusal.final is 'True: stored under the idempotency key and answered again for ever. False: nothing is stored, and a corrected request may use the key.';
comment on column points.refusal.meaning is 'What happened, for people.';

insert into points.refusal (code, sqlstate, final, meaning) values
    ('INVALID_INPUT',        'LP001', false, 'An input is missing, malformed or out of range; detail names it.'),
    ('UNKNOWN_RULE',         'LP002', false, 'No such rule, or no version of it is in force.'),
    ('RULE_RETIRED',         'LP005', false, 'The rule awards nothing any more; detail says since when.'),
    ('FORBIDDEN',            'LP003', false, 'The caller may not do this, or not with this rule, wallet or account.'),
    ('IDEMPOTENCY_CONFLICT', 'LP004', false, 'The idempotency key was used for another request.'),
    ('INSUFFICIENT_POINTS',  'LP101', true,  'The account has fewer available points than the operation takes.'),
    ('LIMIT_REACHED',        'LP102', true,  'The operation would pass a limit; detail says which.'),
    ('ACCOUNT_FROZEN',       'LP103', true,  'The account is frozen.'),
    ('HOLD_CLOSED',          'LP104', true,  'The hold was captured or released before; detail says how.'),
    ('NOT_REVERSIBLE',       'LP105', true,  'An operation of this kind, or one that moved nothing, cannot be reversed.'),
    ('ALREADY_REVERSED',     'LP106', true,  'All that the operation moved has been reversed or returned before.'),
    ('RETURN_TOO_LARGE',     'LP107', true,  'More would be returned than the order amounts to, as far as that is known; detail has the figures.'),
    ('UNKNOWN_OPERATION',    'LP108', true,  'The account has no such operation or hold.'),
    ('UNKNOWN_REWARD',       'LP021', false, 'No such reward.'),
    ('NOT_ON_SALE',          'LP022', false, 'The reward is not on sale now; detail says when.'),
    ('PRICE_CHANGED',        'LP023', false, 'The reward has another price than the one expected; detail has it.'),
    ('OUT_OF_STOCK',         'LP024', false, 'Nothing is left of the reward.'),
    ('ACCOUNT_MERGED',       'LP109', false, 'The account was merged into another, or what is asked for is one''s that was merged into it; detail names the member to ask.'),
    ('NOT_PENDING',          'LP155', true,  'Nothing of the award is pending any more.'),
    ('AWARD_DENIED',         'LP151', true,  'A risk rule denies the award; detail says which.'),
    ('REVIEW_CLOSED',        'LP152', true,  'The award was approved or rejected before, or nobody decided in time; detail says which.'),
    ('SECOND_PERSON_NEEDED', 'LP153', false, 'Another person than the actor of the award must decide on it.'),
    ('REVIEW_WAITING',       'LP154', false, 'An award of the account waits for review: decide on it first.'),
    ('REDEMPTION_CLOSED',    'LP121', true,  'The redemption was fulfilled or cancelled before; detail says which.'),
    ('ALREADY_SIGNED_IN',    'LP131', true,  'The member has signed in on that day, or made it up; detail has the day.'),
    ('DAY_OUT_OF_RANGE',     'LP132', true,  'The day cannot be made up; detail has the first and the last one that can.'),
    ('ALREADY_EARNED',       'LP133', true,  'The rule awards once for ever, and has done so; detail has the operation.'),
    ('UNKNOWN_TASK',         'LP031', false, 'No such task.'),
    ('TASK_CLOSED',          'LP032', false, 'The task is not open now; detail says when.'),
    ('TASK_NOT_DONE',        'LP033', false, 'Steps of the task are still to be done in its present period; detail has the figures.'),
    ('ALREADY_CLAIMED',      'LP134', true,  'The task was paid in its present period; detail has the operation.'),
    ('UNKNOWN_INVITATION',   'LP041', false, 'No member invites by this code.'),
    ('ALREADY_INVITED',      'LP141', true,  'The member has joined by an invitation before.'),
    ('NOT_INVITABLE',        'LP142', true,  'The member cannot join by this invitation; detail says because of what.');

reset role;
