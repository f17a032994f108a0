set role jifen_owner;

create type points.task_status as enum ('active', 'paused', 'retired');
comment on type points.task_status is 'Whether a task can be worked on and claimed: active, not for now, or never again.';

create table points.task (
    code       text collate "C" primary key,
    name       text not null,
    wallet     text collate "C" not null references points.wallet,
    rule       text collate "C" not null references points.rule,
    points     bigint,
    period     points.quota_period not null,
    steps      int not null,
    status     points.task_status not null default 'active',
    open_from  timestamptz not null default '-infinity',
    open_until timestamptz not null default 'infinity',
    created_at timestamptz not null,
    constraint task_code_is_plain check (code ~ '^[A-Z][A-Z0-9_]{0,31}$'),
    constraint task_name_length check (length(name) between 1 and 128),
    constraint task_points_in_range check (points between 1 and 9007199254740991),
    constraint task_steps_in_range check (steps between 1 and 1000000),
    constraint task_ends_after_it_begins check (open_until > open_from)
);
comment on table points.task is 'What members can do for points, on which terms.';
comment on column points.task.code is 'Name in requests, e.g. PROFILE.';
comment on column points.task.name is 'Name for people.';
comment on column points.task.wallet is 'Wallet that is paid.';
comment on column points.task.rule is 'Rule that prices it, by the version in force when it is claimed.';
comment on column points.task.points is 'Points that the rule is given; null: it decides by itself.';
comment on column points.task.period is 'It can be done and is paid once a period, by the program''s time zone; weeks begin on Monday.';
comment on column points.task.steps is 'Steps that it takes in a period.';
comment on column points.task.status is 'Whether it can be worked on and claimed.';
comment on column points.task.open_from is 'Open from then on.';
comment on column points.task.open_until is 'Open until before then; infinity: for ever.';
comment on column points.task.created_at is 'When it was made.';

create table points.task_progress (
    account_id bigint not null,
    claimed_at timestamptz,
    claimed_by uuid,
    starts_on  date not null,
    done       int not null,
    needed     int not null,
    bucket     smallint not null,
    task       text collate "C" not null,
    primary key (bucket, account_id, task, starts_on),
    constraint task_progress_done_in_range check (done between 1 and needed),
    constraint task_progress_claimed_once_and_whole check ((claimed_at is null) = (claimed_by is null)),
    constraint task_progress_claimed_when_done check (claimed_at is null or done = needed)
);
comment on table points.task_progress is 'How far an account has come with a task in a period, and that it was paid: the key is the law of once a period. A claim that is reversed stays claimed.';
comment on column points.task_progress.account_id is 'The account.';
comment on column points.task_progress.claimed_at is 'When it was paid; null: it was not.';
comment on column points.task_progress.claimed_by is 'The operation that paid it.';
comment on column points.task_progress.starts_on is 'First day of the period, in the program''s time zone; -infinity: the task is done once for ever.';
comment on column points.task_progress.done is 'Steps done, at most those needed.';
comment on column points.task_progress.needed is 'Steps that the task took when it was last worked on or claimed.';
comment on column points.task_progress.bucket is 'Bucket of the account.';
comment on column points.task_progress.task is 'The task.';

reset role;
