set role jifen_owner;

create type points.rule_basis as enum ('fixed', 'amount', 'given');
comment on type points.rule_basis is 'What an award is computed from: fixed points, an amount of money, or points that the caller gives.';

create type points.rounding as enum ('down', 'half_up', 'up');
comment on type points.rounding is 'How a fraction of a point is rounded: once, after multiplying.';

create table points.rule (
    code       text primary key,
    name       text not null,
    once       boolean not null default false,
    created_at timestamptz not null default now(),
    constraint rule_once_is_for_good unique (code, once),
    constraint rule_code_is_plain check (code ~ '^[A-Z][A-Z0-9_]{0,31}$')
);
comment on table points.rule is 'Ways to earn points.';
comment on column points.rule.code is 'Name in requests, e.g. ORDER.';
comment on column points.rule.name is 'Name for people.';
comment on column points.rule.once is 'Whether it awards an account once for ever (points.once_award); never changes.';
comment on column points.rule.created_at is 'When it was made.';

create table points.rule_version (
    rule            text not null references points.rule,
    version         int not null,
    starts_at       timestamptz not null,
    basis           points.rule_basis not null,
    fixed_points    bigint,
    points_per_unit numeric(12, 6),
    rounding        points.rounding not null,
    cap_points      bigint,
    valid_days      int,
    pending_days    int not null,
    once            boolean not null default false,
    created_at      timestamptz not null default now(),
    primary key (rule, version),
    constraint rule_version_is_once_as_its_rule foreign key (rule, once) references points.rule (code, once),
    constraint rule_version_starts_once unique (rule, starts_at),
    constraint rule_version_number_positive check (version > 0),
    constraint rule_version_fixed_points_in_range check (fixed_points between 1 and 9007199254740991),
    constraint rule_version_points_per_unit_in_range check (points_per_unit > 0 and points_per_unit <= 100000),
    constraint rule_version_cap_in_range check (cap_points between 1 and 9007199254740991),
    constraint rule_version_basis_has_its_inputs check (
        case basis
            when 'fixed' then fixed_points is not null and points_per_unit is null
            when 'amount' then points_per_unit is not null and fixed_points is null
            when 'given' then points_per_unit is null
        end),
    constraint rule_version_pending_days_in_range check (pending_days between 0 and 3650),
    constraint rule_version_valid_days_in_range check (valid_days between 1 and 36500),
    constraint rule_version_expires_after_pending check (valid_days > pending_days)
);
comment on table points.rule_version is 'What a rule awards from an instant on. Rows never change; a change is a new version.';
comment on column points.rule_version.rule is 'The rule.';
comment on column points.rule_version.version is 'Number within the rule, from 1.';
comment on column points.rule_version.starts_at is 'In force from then until the next version starts.';
comment on column points.rule_version.basis is 'What the award is computed from.';
comment on column points.rule_version.fixed_points is 'Basis fixed: the award. Basis given: the award when the caller gives none; null: the caller must give it.';
comment on column points.rule_version.points_per_unit is 'Basis amount: points for each unit of currency.';
comment on column points.rule_version.rounding is 'How amount times points_per_unit becomes whole points.';
comment on column points.rule_version.cap_points is 'Most that one operation awards; null: no cap.';
comment on column points.rule_version.valid_days is 'Days from the event to the expiry of the points, in the program''s time zone; null: never.';
comment on column points.rule_version.pending_days is 'Days from the event until the points become available, in the program''s time zone.';
comment on column points.rule_version.once is 'once of the rule, so that an award reads one row.';
comment on column points.rule_version.created_at is 'When it was made.';

reset role;
