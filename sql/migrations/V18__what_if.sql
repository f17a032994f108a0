set role jifen_owner;

create type api.preview_lot as (
    points       bigint,
    source       text,
    available_at timestamptz,
    expires_at   timestamptz
);
comment on type api.preview_lot is 'Points that an operation would grant, take or give back, lot by lot.';
comment on column api.preview_lot.points is 'Points granted or given back; below 0: taken.';
comment on column api.preview_lot.source is 'Rule that grants or granted them, or adjust.';
comment on column api.preview_lot.available_at is 'When they become available.';
comment on column api.preview_lot.expires_at is 'When they expire; null: never.';

create type api.backtest_day as (
    day           date,
    operations    bigint,
    points_before bigint,
    points_after  bigint
);
comment on type api.backtest_day is 'Awards of a day, as they were made and as another version of the rule would award.';
comment on column api.backtest_day.day is 'The day on which they happened, in the program''s time zone.';
comment on column api.backtest_day.operations is 'Awards.';
comment on column api.backtest_day.points_before is 'Points by the versions of then.';
comment on column api.backtest_day.points_after is 'Points that the version awards.';

create type api.backtest_member as (
    user_id       text,
    wallet        text,
    operations    bigint,
    points_before bigint,
    points_after  bigint
);
comment on type api.backtest_member is 'A member''s awards, as they were made and as another version of the rule would award.';
comment on column api.backtest_member.user_id is 'The member; null: erased.';
comment on column api.backtest_member.wallet is 'Kind of points.';
comment on column api.backtest_member.operations is 'Awards.';
comment on column api.backtest_member.points_before is 'Points by the versions of then.';
comment on column api.backtest_member.points_after is 'Points that the version awards.';

reset role;
