set role jifen_owner;

create table points.hourly_flow (
    hour    timestamptz not null,
    wallet  text collate "C" not null references points.wallet,
    kind    points.entry_kind not null,
    rule    text collate "C" not null,
    entries bigint not null,
    points  bigint not null,
    primary key (hour, wallet, kind, rule),
    constraint hourly_flow_entries_not_negative check (entries >= 0)
);
comment on table points.hourly_flow is 'What moved in each hour, by kind of entry and rule: sums of points.entry, which the job count_flows adds to, and which stay when entries are archived. An hour is whole once points.flow_count.counted_until has passed its end.';
comment on column points.hourly_flow.hour is 'Its start: a whole hour of the time zone that the program had when it was counted.';
comment on column points.hourly_flow.wallet is 'Kind of points.';
comment on column points.hourly_flow.kind is 'What the entries book.';
comment on column points.hourly_flow.rule is 'The rule that awarded (earn, clawback) or whose lots expired or came back (expire, reinstate), adjust for lots granted by hand; empty: it says nothing of rules.';
comment on column points.hourly_flow.entries is 'Entries; one of several rules counts for each of them.';
comment on column points.hourly_flow.points is 'Sum of what their pockets got, less debt: points issued are above 0, points used below.';

create table points.flow_count (
    id            boolean primary key default true,
    counted_until timestamptz,
    mark_at       timestamptz,
    mark_by       xid8,
    mark_xid      xid8,
    slice         interval not null default '1 minute',
    constraint flow_count_is_one_row check (id),
    constraint flow_count_mark_is_whole check ((mark_at is null) = (mark_by is null) and (mark_xid is null or mark_at is not null)),
    constraint flow_count_slice_in_range check (slice between '1 second' and '1 hour')
);
comment on table points.flow_count is 'How far entries are counted in points.hourly_flow: one row, which the job count_flows locks.';
comment on column points.flow_count.id is 'Always true, so that there is one row.';
comment on column points.flow_count.counted_until is 'Every entry up to this recorded_at is counted, and none after it; null: none is.';
comment on column points.flow_count.mark_at is 'The next instant to count up to, once every transaction that may have booked before it has ended; null: none is set.';
comment on column points.flow_count.mark_by is 'The transaction that set mark_at.';
comment on column points.flow_count.mark_xid is 'A later transaction than all that may have booked before mark_at: when none before it runs any more, their entries are there to be counted. Null: none has been taken yet.';
comment on column points.flow_count.slice is 'Time whose entries are counted in one step: longer while there are few, shorter while there are many.';
insert into points.flow_count default values;

create table points.total_check (
    wallet     text collate "C" primary key references points.wallet,
    checked_at timestamptz not null,
    expected   bigint not null,
    actual     bigint not null
);
comment on table points.total_check is 'The total of each wallet by its flows and by its balances, as the job check_totals saw both in one snapshot: alerts of the kind total_difference look here.';
comment on column points.total_check.wallet is 'Kind of points.';
comment on column points.total_check.checked_at is 'When.';
comment on column points.total_check.expected is 'Sum of the flows, and of the entries that are not counted in them yet.';
comment on column points.total_check.actual is 'Sum of all balances: pending, available and held, less debt.';

reset role;
