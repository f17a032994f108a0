set role jifen_owner;

create table points.once_award (
    account_id   bigint not null,
    operation_id uuid not null,
    bucket       smallint not null,
    rule         text collate "C" not null,
    primary key (bucket, account_id, rule)
);
comment on table points.once_award is 'Awards by rules that award once for ever: the key is the law. An award that is reversed or returned stays the one there was. Append-only.';
comment on column points.once_award.account_id is 'The account.';
comment on column points.once_award.operation_id is 'The operation that awarded.';
comment on column points.once_award.bucket is 'Bucket of the account.';
comment on column points.once_award.rule is 'The rule.';

create table points.sign_in_terms (
    wallet        text collate "C" primary key references points.wallet,
    rule          text collate "C" not null references points.rule,
    bonus_every   int,
    bonus_points  bigint,
    make_up_days  int not null default 0,
    make_up_times int not null default 0,
    make_up_price bigint not null default 0,
    constraint sign_in_terms_bonus_is_whole check ((bonus_every is null) = (bonus_points is null)),
    constraint sign_in_terms_bonus_in_range check (bonus_every between 1 and 3660 and bonus_points between 1 and 9007199254740991),
    constraint sign_in_terms_make_up_is_whole check ((make_up_days = 0) = (make_up_times = 0)),
    constraint sign_in_terms_make_up_in_range check (
        make_up_days between 0 and 366 and make_up_times between 0 and 366 and make_up_price between 0 and 9007199254740991)
);
comment on table points.sign_in_terms is 'What signing in gives in a wallet. A wallet without a row has no sign-in.';
comment on column points.sign_in_terms.wallet is 'The wallet.';
comment on column points.sign_in_terms.rule is 'Rule whose version in force prices a sign-in, with its validity and pending days.';
comment on column points.sign_in_terms.bonus_every is 'Consecutive days that bring the bonus once more; null: there is none.';
comment on column points.sign_in_terms.bonus_points is 'Points of the bonus, beside what the rule awards.';
comment on column points.sign_in_terms.make_up_days is 'How many days back a day can be made up; 0: none can.';
comment on column points.sign_in_terms.make_up_times is 'How many days a member can make up in a month; 0: none.';
comment on column points.sign_in_terms.make_up_price is 'Points that it costs to make up a day; 0: nothing.';

create table points.sign_in (
    account_id   bigint not null,
    operation_id uuid not null,
    signed_at    timestamptz not null,
    day          date not null,
    made_on      date,
    bucket       smallint not null,
    primary key (bucket, account_id, day),
    constraint sign_in_is_made_up_later check (made_on > day)
);
comment on table points.sign_in is 'Days on which a member has signed in, or that were made up: the key is the law of once a day. Streaks are what these rows say (points.streak_to). A sign-in that is reversed leaves its day signed. Append-only.';
comment on column points.sign_in.account_id is 'The account.';
comment on column points.sign_in.operation_id is 'The operation.';
comment on column points.sign_in.signed_at is 'When it was booked.';
comment on column points.sign_in.day is 'The member''s local day: points.member_day.';
comment on column points.sign_in.made_on is 'Local day on which it was made up; null: signed on the day itself.';
comment on column points.sign_in.bucket is 'Bucket of the account.';

create table points.zone_change (
    account_id   bigint not null,
    effective_at timestamptz not null,
    day          date not null,
    first_day    date not null,
    bucket       smallint not null,
    time_zone    text not null,
    primary key (bucket, account_id, day)
);
comment on table points.zone_change is 'Changes of a member''s time zone: the key is the law of one a day. A change counts from the next local day on, and days go on from there without a gap back, so that no change brings a day twice or one that was missed. Append-only.';
comment on column points.zone_change.account_id is 'The account.';
comment on column points.zone_change.effective_at is 'When it takes effect: at the end of the local day on which it was asked for.';
comment on column points.zone_change.day is 'The day on which it was asked for, in the program''s time zone.';
comment on column points.zone_change.first_day is 'The day that begins when it takes effect: no earlier one is the member''s local day from then on.';
comment on column points.zone_change.bucket is 'Bucket of the account.';
comment on column points.zone_change.time_zone is 'The zone.';

reset role;
