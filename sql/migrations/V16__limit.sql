set role jifen_owner;

create type points.limit_excess as enum ('cut', 'refuse');
comment on type points.limit_excess is 'What becomes of an award that would pass a limit: cut to what is left, or refused.';

create type points.limit_subject as enum ('member', 'address', 'device');
comment on type points.limit_subject is 'Whose awards a limit counts together: those of a member, from a network address, or from a device.';

create table points.earn_limit (
    code       text collate "C" primary key,
    name       text not null,
    rules      text[] not null,
    period     points.quota_period not null,
    max_times  int,
    max_points bigint,
    excess     points.limit_excess not null,
    per        points.limit_subject not null,
    gives_back boolean not null,
    active     boolean not null,
    created_at timestamptz not null,
    constraint earn_limit_code_is_plain check (code ~ '^[A-Z][A-Z0-9_]{0,31}$'),
    constraint earn_limit_name_length check (length(name) between 1 and 128),
    constraint earn_limit_names_rules check (cardinality(rules) between 1 and 100 and num_nulls(variadic rules) = 0),
    constraint earn_limit_limits_something check (num_nonnulls(max_times, max_points) > 0),
    constraint earn_limit_in_range check (max_times > 0 and max_points between 1 and 9007199254740991),
    constraint earn_limit_of_origins_counts_times check (per = 'member' or max_points is null and not gives_back)
);
comment on table points.earn_limit is 'How much a member may earn, or how many awards an address or a device may get, in a period, by a rule or a group of rules.';
comment on column points.earn_limit.code is 'Name in requests and answers, e.g. SHARE_DAILY.';
comment on column points.earn_limit.name is 'Name for people.';
comment on column points.earn_limit.rules is 'Rules that it counts, all together.';
comment on column points.earn_limit.period is 'Period that it counts in, by the program''s time zone: the one in which the event happened. Never changes.';
comment on column points.earn_limit.per is 'Whose awards it counts together. Never changes. By address and device it counts times only, and for good; what is not said to come from one is not counted.';
comment on column points.earn_limit.max_times is 'Awards of an account, address or device in a period; null: any number.';
comment on column points.earn_limit.max_points is 'Points of an account in a period, bonuses of campaigns included; null: any.';
comment on column points.earn_limit.excess is 'What becomes of an award that would pass max_points. One beyond max_times is always refused.';
comment on column points.earn_limit.gives_back is 'Whether what is taken back again, by a return or reversal, may be earned again.';
comment on column points.earn_limit.active is 'Whether it counts.';
comment on column points.earn_limit.created_at is 'When it was made.';

create table points.limit_use (
    account_id bigint not null,
    starts_at  timestamptz not null,
    points     bigint not null,
    max_points bigint,
    times      int not null,
    max_times  int,
    bucket     smallint not null,
    code       text collate "C" not null,
    primary key (bucket, account_id, code, starts_at),
    constraint limit_use_within_limit check (times between 0 and max_times and points between 0 and max_points)
) with (fillfactor = 60);
comment on table points.limit_use is 'What an account has earned in a period, for a limit.';
comment on column points.limit_use.account_id is 'The account.';
comment on column points.limit_use.starts_at is 'When the period began; -infinity: the limit is for ever.';
comment on column points.limit_use.points is 'Points earned.';
comment on column points.limit_use.max_points is 'max_points of the limit when something was earned last; null: any.';
comment on column points.limit_use.times is 'Awards.';
comment on column points.limit_use.max_times is 'max_times of the limit when something was earned last; null: any number.';
comment on column points.limit_use.bucket is 'Bucket of the account.';
comment on column points.limit_use.code is 'The limit.';

reset role;
