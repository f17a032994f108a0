set role jifen_owner;

create type points.risk_measure as enum ('award_points', 'window_points', 'window_awards', 'source_share', 'local_hour',
    'address_awards', 'device_awards', 'address_members', 'device_members');
comment on type points.risk_measure is 'What a risk rule looks at: points of an award; points or number of awards of the account in a window, this one included; percent of the points of the window that one rule gave; the local hour of the event; number of awards, or of accounts that got one, from the address or device of the award in a window, this one included.';

create type points.risk_decision as enum ('review', 'deny');
comment on type points.risk_decision is 'What becomes of an award at risk: it waits as pending points for a person, or is refused.';

create type points.risk_mode as enum ('off', 'watch', 'on');
comment on type points.risk_mode is 'Whether a risk rule decides: watch only notes on the operation what it would have decided.';

create table points.risk_rule (
    code           text collate "C" primary key,
    name           text not null,
    rules          text[] not null,
    measure        points.risk_measure not null,
    threshold      bigint,
    window_minutes int,
    min_awards     int,
    from_hour      int,
    to_hour        int,
    decision       points.risk_decision not null,
    wait_days      int,
    mode           points.risk_mode not null,
    created_at     timestamptz not null,
    constraint risk_rule_code_is_plain check (code ~ '^[A-Z][A-Z0-9_]{0,31}$'),
    constraint risk_rule_name_length check (length(name) between 1 and 128),
    constraint risk_rule_names_rules check (cardinality(rules) between 1 and 100 and num_nulls(variadic rules) = 0),
    constraint risk_rule_measure_has_its_inputs check (
        (measure = 'local_hour') = (threshold is null)
        and (measure = 'local_hour') = (from_hour is not null) and (measure = 'local_hour') = (to_hour is not null)
        and (measure in ('award_points', 'local_hour')) = (window_minutes is null)
        and (measure = 'source_share') = (min_awards is not null)),
    constraint risk_rule_threshold_in_range check (
        threshold between 1 and case when measure = 'source_share' then 100 when measure >= 'address_awards' then 10000 else 9007199254740991 end),
    constraint risk_rule_window_in_range check (window_minutes between 1 and 525600),
    constraint risk_rule_min_awards_in_range check (min_awards between 1 and 1000000),
    constraint risk_rule_hours_differ check (from_hour between 0 and 23 and to_hour between 0 and 23 and from_hour <> to_hour),
    constraint risk_rule_wait_is_for_review check (wait_days between 1 and 3650 and (wait_days is null or decision = 'review'))
);
comment on table points.risk_rule is 'When an award waits for review or is denied. Rules change in place; what each decided stands on the operation.';
comment on column points.risk_rule.code is 'Name in requests and reasons, e.g. LARGE_AWARD.';
comment on column points.risk_rule.name is 'Name for people.';
comment on column points.risk_rule.rules is 'Rules to earn by that it looks at, together; for source_share, each by itself among all.';
comment on column points.risk_rule.measure is 'What it looks at. Never changes.';
comment on column points.risk_rule.threshold is 'It decides from this on: points, awards, accounts, or percent; null: local_hour.';
comment on column points.risk_rule.window_minutes is 'How far back it looks from the booking of the award; null: not at all.';
comment on column points.risk_rule.min_awards is 'source_share: awards of the window below which it does not decide.';
comment on column points.risk_rule.from_hour is 'local_hour: it decides from this full hour on, by the program''s time zone.';
comment on column points.risk_rule.to_hour is 'local_hour: until this full hour, past midnight if it is the lower one.';
comment on column points.risk_rule.decision is 'What it decides.';
comment on column points.risk_rule.wait_days is 'review: days after which an award that nobody has decided on expires; null: it waits until its points expire.';
comment on column points.risk_rule.mode is 'Whether it decides.';
comment on column points.risk_rule.created_at is 'When it was made.';

create type points.risk as (
    decision     points.risk_decision,
    detail       jsonb,
    deadline     timestamptz,
    available_at timestamptz,
    expires_at   timestamptz
);
comment on type points.risk is 'What risk rules make of an award; null: none of them concerns it.';
comment on column points.risk.decision is 'What is decided; null: allow.';
comment on column points.risk.detail is 'decision, reasons (the rules that decided) and watched (those that would have).';
comment on column points.risk.deadline is 'When a review ends by itself, if the points have not expired before.';
comment on column points.risk.available_at is 'available_at of its lot but for the review.';
comment on column points.risk.expires_at is 'expires_at of its lot but for the review.';

create type points.review_status as enum ('waiting', 'approved', 'rejected');
comment on type points.review_status is 'What was decided on an award in review.';

create table points.review (
    account_id   bigint not null,
    operation_id uuid not null,
    seq          bigint not null,
    points       bigint not null,
    asked_at     timestamptz not null,
    deadline     timestamptz not null,
    available_at timestamptz not null,
    expires_at   timestamptz not null,
    closed_at    timestamptz,
    closed_by    uuid,
    bucket       smallint not null,
    status       points.review_status not null default 'waiting',
    asker        text,
    reasons      text[] not null,
    primary key (bucket, account_id, operation_id),
    constraint review_points_positive check (points > 0),
    constraint review_closed_once_and_whole check (
        (closed_at is null) = (status = 'waiting') and (closed_at is null) = (closed_by is null))
);
comment on table points.review is 'Awards that wait, as pending points, for a person to approve or reject them. Until then their lot becomes available and expires at the deadline at once, so what nobody decides on expires like any lot.';
comment on column points.review.account_id is 'The account.';
comment on column points.review.operation_id is 'The award.';
comment on column points.review.seq is 'Its entry, which granted the lot.';
comment on column points.review.points is 'Points awarded.';
comment on column points.review.asked_at is 'When it was booked.';
comment on column points.review.deadline is 'When it expires by itself; infinity: never.';
comment on column points.review.available_at is 'When its points become available once it is approved.';
comment on column points.review.expires_at is 'When its points expire once it is approved; infinity: never.';
comment on column points.review.closed_at is 'When it was decided on, or the award undone; null: not yet.';
comment on column points.review.closed_by is 'The operation that did so.';
comment on column points.review.bucket is 'Bucket of the account.';
comment on column points.review.status is 'What was decided.';
comment on column points.review.asker is 'actor of the award: somebody else decides.';
comment on column points.review.reasons is 'Risk rules that want it reviewed.';

create index review_waiting on points.review (asked_at, account_id, operation_id) where closed_at is null;
comment on index points.review_waiting is 'The queue, oldest first.';

reset role;
