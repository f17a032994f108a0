set role jifen_owner;

create type points.alert_kind as enum (
    'hourly_flow', 'hourly_jump', 'total_difference', 'reconciliation_overdue', 'discrepancies', 'queue_lag', 'job_lag', 'job_failing',
    'expiry_lag', 'webhook_lag', 'partitions_missing', 'budget_used', 'raised');
comment on type points.alert_kind is 'What an alert rule measures: points of a flow in an hour; how many times the mean of the same hour of the last four weeks that is; by how much the balances of a wallet differ from its flows; seconds since all was last reconciled; open discrepancies; seconds that the oldest award in the queue has waited; seconds that a job is late; steps of a job that failed in a row; seconds that the booking of expiry is late; seconds that the oldest event has waited for a receiver; faults of the monthly partitions; percent of a campaign''s budget that is used; nothing: a function of Jifen raises it.';

create type points.flow_measure as enum ('issued', 'clawed_back', 'used', 'expired', 'adjusted', 'net');
comment on type points.flow_measure is 'Flows, all counted from 0 up: awards; awards taken back; spent and captured; expired; adjusted, either way; what all members together have gained or lost, either way.';

create type points.alert_severity as enum ('info', 'warning', 'critical');
comment on type points.alert_severity is 'How urgent an alert is.';

create type points.alert_state as enum ('pending', 'open', 'acknowledged', 'silenced', 'resolved');
comment on type points.alert_state is 'What has become of an alert: it has not held long enough yet, and nobody is told; it was raised; somebody has seen it; nobody wants to hear of it for a while; it is over.';

create table points.alert_rule (
    name         text collate "C" primary key,
    description  text not null,
    kind         points.alert_kind not null,
    flow         points.flow_measure,
    wallet       text collate "C" references points.wallet,
    threshold    numeric not null,
    clear_at     numeric,
    minimum      bigint,
    hold_seconds int not null default 0,
    severity     points.alert_severity not null default 'warning',
    enabled      boolean not null default true,
    changed_at   timestamptz not null,
    constraint alert_rule_name_is_plain check (name ~ '^[a-z][a-z0-9_]{0,47}$'),
    constraint alert_rule_description_length check (length(description) between 1 and 500),
    constraint alert_rule_flow_where_one_is_measured check ((kind in ('hourly_flow', 'hourly_jump')) = (flow is not null)),
    constraint alert_rule_wallet_where_one_is_measured check (wallet is null or kind in ('hourly_flow', 'hourly_jump', 'total_difference')),
    constraint alert_rule_threshold_in_range check (threshold >= 0 and threshold < 1e18 and scale(threshold) <= 6),
    constraint alert_rule_clears_below_threshold check (clear_at >= 0 and clear_at <= threshold and scale(clear_at) <= 6),
    constraint alert_rule_minimum_is_for_jumps check (
        (kind = 'hourly_jump') = (minimum is not null) and minimum between 1 and 9007199254740991),
    constraint alert_rule_hold_in_range check (hold_seconds between 0 and 86400)
);
comment on table points.alert_rule is 'When an alert is raised: the value that its kind measures is above the threshold for long enough. It is resolved when the value is at clear_at or below.';
comment on column points.alert_rule.name is 'Stable name, e.g. job_lag.';
comment on column points.alert_rule.description is 'What it means and what to do, for people.';
comment on column points.alert_rule.kind is 'What it measures. Never changes.';
comment on column points.alert_rule.flow is 'hourly_flow and hourly_jump: the flow. Null: another kind.';
comment on column points.alert_rule.wallet is 'Of this wallet only; null: each by itself.';
comment on column points.alert_rule.threshold is 'The alert is raised when the value is above it.';
comment on column points.alert_rule.clear_at is 'The alert is resolved when the value is at or below it; null: at the threshold. A lower one keeps a value that moves about the threshold from raising alert after alert.';
comment on column points.alert_rule.minimum is 'hourly_jump: hours with less points than this are no jump, however little the weeks before had.';
comment on column points.alert_rule.hold_seconds is 'For so long the value must be above the threshold before the alert is raised.';
comment on column points.alert_rule.severity is 'How urgent its alerts are.';
comment on column points.alert_rule.enabled is 'Whether it is looked at; alerts of one that is not are resolved.';
comment on column points.alert_rule.changed_at is 'When its terms were last set.';

create table points.alert_clock (
    id      boolean primary key default true,
    version bigint not null,
    constraint alert_clock_is_one_row check (id)
);
comment on table points.alert_clock is 'Counts changes of alerts: one row, which whoever changes alerts locks first, so that versions rise in the order of the commits.';
comment on column points.alert_clock.id is 'Always true, so that there is one row.';
comment on column points.alert_clock.version is 'The last change.';
insert into points.alert_clock (version) values (0);

create table points.alert (
    id              bigint generated always as identity primary key,
    rule            text collate "C" not null references points.alert_rule,
    subject         text collate "C" not null,
    wallet          text collate "C" references points.wallet,
    state           points.alert_state not null,
    severity        points.alert_severity not null,
    value           numeric not null,
    message         text not null,
    since           timestamptz not null,
    raised_at       timestamptz,
    silenced_until  timestamptz,
    resolved_at     timestamptz,
    decided_at      timestamptz,
    decided_by      text,
    reason          text,
    version         bigint not null,
    constraint alert_raised_unless_pending check ((state = 'pending') = (raised_at is null)),
    constraint alert_silenced_until_an_instant check ((state = 'silenced') = (silenced_until is not null)),
    constraint alert_resolved_at_an_instant check ((state = 'resolved') = (resolved_at is not null)),
    constraint alert_decided_by_somebody check ((decided_at is null) = (decided_by is null) and (reason is null or decided_at is not null)),
    constraint alert_message_is_some check (length(message) > 0)
) with (fillfactor = 80);
comment on table points.alert is 'What is or was wrong: one row from the moment it is until it is not. A rule has at most one for each subject that is not resolved. The job alerts deletes those that were resolved 90 days ago.';
comment on column points.alert.id is 'Id inside Jifen.';
comment on column points.alert.rule is 'The rule that raised it.';
comment on column points.alert.subject is 'What it is about: a wallet, a job, a campaign, a webhook; empty: there is but one.';
comment on column points.alert.wallet is 'Kind of points that it is about; null: none.';
comment on column points.alert.state is 'What has become of it.';
comment on column points.alert.severity is 'How urgent it is: as the rule said when it was raised.';
comment on column points.alert.value is 'What was measured last; once resolved, by which it was resolved, or the last before.';
comment on column points.alert.message is 'What is wrong, in words.';
comment on column points.alert.since is 'When it was first above the threshold.';
comment on column points.alert.raised_at is 'When it was raised; null: it is pending.';
comment on column points.alert.silenced_until is 'When it is raised again if it is not over by then; null: it is not silenced.';
comment on column points.alert.resolved_at is 'When it was over; null: it is not.';
comment on column points.alert.decided_at is 'When somebody last acknowledged, silenced or resolved it; null: nobody has.';
comment on column points.alert.decided_by is 'Who did.';
comment on column points.alert.reason is 'Why, in their words; null: they said nothing.';
comment on column points.alert.version is 'points.alert_clock.version of its last change of state.';

create unique index alert_one_of_a_subject on points.alert (rule, subject) where state <> 'resolved';
comment on index points.alert_one_of_a_subject is 'The law: whatever is wrong is one alert.';
create index alert_changed on points.alert (version, id) where state <> 'pending';
comment on index points.alert_changed is 'Alerts in the order of their last changes.';
create index alert_listed on points.alert (state, id);
comment on index points.alert_listed is 'Alerts in each state.';
create index alert_resolved on points.alert (resolved_at) where state = 'resolved';
comment on index points.alert_resolved is 'Alerts that are over, which are deleted after 90 days.';

create type points.alert_reading as (
    rule    text,
    subject text,
    wallet  text,
    value   numeric,
    message text
);
comment on type points.alert_reading is 'What a rule measures of a subject.';
comment on column points.alert_reading.rule is 'The rule.';
comment on column points.alert_reading.subject is 'What was measured.';
comment on column points.alert_reading.wallet is 'Kind of points that it is about; null: none.';
comment on column points.alert_reading.value is 'The value, in the unit of the rule''s kind.';
comment on column points.alert_reading.message is 'What it is, in words.';

alter table points.wallet add column point_value numeric,
    add constraint wallet_point_value_in_range check (point_value >= 0 and point_value < 1e6 and scale(point_value) <= 12);
comment on column points.wallet.point_value is 'What the program reckons a point to cost, in its currency, where it values what is outstanding; null: what a point pays for of an order (points.deduction), or nothing is known.';

create type api.liability_part as (
    expires_month date,
    source        text,
    points        bigint,
    held          bigint
);
comment on type api.liability_part is 'Points that members had at an instant, of one source, that expire in one month.';
comment on column api.liability_part.expires_month is 'First day of the local month in which they expire, as far as is known now; null: never.';
comment on column api.liability_part.source is 'Rule that granted them, or adjust; null: of all that are not among the largest 999 parts.';
comment on column api.liability_part.points is 'Points, pending ones among them.';
comment on column api.liability_part.held is 'Points that were held.';

create type api.breakage_cohort as (
    month       date,
    granted     bigint,
    used        bigint,
    clawed_back bigint,
    expired     bigint,
    other       bigint,
    outstanding bigint
);
comment on type api.breakage_cohort is 'What has become of the points that became available, or will, in a month: granted is the sum of the others.';
comment on column api.breakage_cohort.month is 'First day of the local month.';
comment on column api.breakage_cohort.granted is 'Points granted; those that were transferred count once.';
comment on column api.breakage_cohort.used is 'Points spent or captured, less those refunded.';
comment on column api.breakage_cohort.clawed_back is 'Points taken back.';
comment on column api.breakage_cohort.expired is 'Points expired, less those that came back.';
comment on column api.breakage_cohort.other is 'Points adjusted, written off, or that went to pay a debt.';
comment on column api.breakage_cohort.outstanding is 'Points that are left, held ones among them.';

insert into points.alert_rule (name, kind, flow, threshold, clear_at, minimum, hold_seconds, severity, changed_at, description) values
    ('hourly_issue', 'hourly_flow', 'issued', 100000, null, null, 0, 'warning', now(),
        'More points than usual were awarded in an hour. Look at flows by rule, and at who got them.'),
    ('hourly_change', 'hourly_flow', 'net', 100000, null, null, 0, 'info', now(),
        'What all members have together has changed by much in an hour.'),
    ('issue_jump', 'hourly_jump', 'issued', 5, 3, 1000, 0, 'warning', now(),
        'Many times the points of the same hour of the last four weeks were awarded. Look at flows by rule.'),
    ('total_difference', 'total_difference', null, 0, null, null, 0, 'critical', now(),
        'The balances of a wallet are not the sum of what was booked. Stop and reconcile: no operation can bring that about. Where the server''s clock was set back, select api.recount_flows() first.'),
    ('reconciliation_overdue', 'reconciliation_overdue', null, 172800, null, null, 0, 'warning', now(),
        'All balances were not proven for two days. Look at the job that reconciles.'),
    ('discrepancies', 'discrepancies', null, 0, null, null, 0, 'critical', now(),
        'A reconciliation found what does not add up. Look at the discrepancies.'),
    ('queue_lag', 'queue_lag', null, 60, 30, null, 0, 'warning', now(),
        'Awards wait in the queue. Is a gateway running, and is the database slow?'),
    ('job_lag', 'job_lag', null, 600, 60, null, 0, 'warning', now(), 'A job is late. Is a gateway running? Look at the job''s failure.'),
    ('job_failing', 'job_failing', null, 2, 0, null, 0, 'warning', now(), 'A job fails again and again. Look at its failure.'),
    ('expiry_lag', 'expiry_lag', null, 900, 60, null, 0, 'warning', now(),
        'Expiry is booked late. Balances are true all the same; look at the job sweep.'),
    ('webhook_lag', 'webhook_lag', null, 3600, 60, null, 0, 'warning', now(), 'A receiver has not taken events for an hour.'),
    ('partitions_missing', 'partitions_missing', null, 0, null, null, 0, 'warning', now(),
        'The ledger lacks monthly partitions ahead. Look at the job create_partitions.'),
    ('budget_used', 'budget_used', null, 80, null, null, 0, 'info', now(), 'A campaign has used up most of its budget.');

reset role;
