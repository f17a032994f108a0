set role jifen_owner;

create table points.transfer_day (
    account_id bigint not null,
    points     points.pocket not null,
    day        date not null,
    times      int not null,
    bucket     smallint not null,
    primary key (bucket, account_id, day),
    constraint transfer_day_times_positive check (times > 0),
    constraint transfer_day_points_cover_times check (points >= times)
);
comment on table points.transfer_day is 'What an account has sent on a day, for the limits on transfers. An offer counts on the day on which it is made, whatever becomes of it, and a reversed transfer still counts.';
comment on column points.transfer_day.account_id is 'The sender''s account.';
comment on column points.transfer_day.points is 'Points sent and offered.';
comment on column points.transfer_day.day is 'The day, in the program''s time zone.';
comment on column points.transfer_day.times is 'Transfers and offers.';
comment on column points.transfer_day.bucket is 'Bucket of the account.';

reset role;
