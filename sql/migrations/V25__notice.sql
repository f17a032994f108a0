set role jifen_owner;

create type points.notice_kind as enum ('expiry');
comment on type points.notice_kind is 'What members are told of: points that expire soon.';

create table points.notice (
    account_id bigint not null,
    points     bigint not null,
    expires_at timestamptz not null,
    noted_at   timestamptz not null,
    expires_on date not null,
    days       int not null,
    lots       int not null,
    bucket     smallint not null,
    kind       points.notice_kind not null,
    primary key (bucket, account_id, kind, expires_on, days),
    constraint notice_points_positive check (points > 0 and lots > 0),
    constraint notice_days_not_negative check (days >= 0)
);
comment on table points.notice is 'What members are to be told, each once: the key is the law of that. Append-only.';
comment on column points.notice.account_id is 'The account.';
comment on column points.notice.points is 'Points that expire then, as it stood.';
comment on column points.notice.expires_at is 'When the first of them expire.';
comment on column points.notice.noted_at is 'When it was written.';
comment on column points.notice.expires_on is 'The last local day on which they can be used, by the program''s time zone.';
comment on column points.notice.days is 'The setting (points.program.notice_days) that it is for: so many days before that day, or, where the points came or the job ran later, less.';
comment on column points.notice.lots is 'Lots that the points are in.';
comment on column points.notice.bucket is 'Bucket of the account.';
comment on column points.notice.kind is 'What it tells.';

reset role;
