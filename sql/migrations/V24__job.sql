set role jifen_owner;

create table points.job (
    name            text collate "C" primary key,
    description     text not null,
    schedule        text not null,
    enabled         boolean not null default true,
    step_limit      int not null,
    timeout_seconds int not null,
    next_run_at     timestamptz,
    planned_at      timestamptz,
    started_at      timestamptz,
    ended_at        timestamptz,
    done            int not null default 0,
    due_since       timestamptz,
    failure         text,
    failed_at       timestamptz,
    failures        int not null default 0,
    at_bucket       smallint,
    at_account_id   bigint,
    slow            boolean not null default false,
    constraint job_name_is_plain check (name ~ '^[a-z][a-z0-9_]{0,47}$'),
    constraint job_schedule_is_cron_or_interval check (
        schedule ~ '^(PT[1-9][0-9]{0,4}[SMH]|([0-9*/,-]{1,64} ){4}[0-9*/,-]{1,64})$'),
    constraint job_step_is_bounded check (step_limit between 1 and 1000000 and timeout_seconds between 1 and 3600),
    constraint job_done_not_negative check (done >= 0 and failures >= 0),
    constraint job_failure_is_whole check ((failure is null) = (failed_at is null) and (failures = 0 or failure is not null)),
    constraint job_place_is_whole check ((at_bucket is null) = (at_account_id is null))
);
comment on table points.job is 'What has to be done from time to time, and how that goes: one row a job. Which jobs there are stands in sql/jobs.sql; job NAME is the function points.NAME_step.';
comment on column points.job.name is 'The job.';
comment on column points.job.description is 'What it does, for people.';
comment on column points.job.schedule is 'When it runs: a cron expression of five fields (minute, hour, day of the month, month, day of the week from 0, Sunday) in the program''s time zone, or an interval in hours, minutes or seconds, e.g. PT10S.';
comment on column points.job.enabled is 'Whether it runs by itself; api.run_job runs it in any case.';
comment on column points.job.step_limit is 'Rows, or whatever it counts, of one step, which is one transaction.';
comment on column points.job.timeout_seconds is 'How long a step of the gateway may take.';
comment on column points.job.next_run_at is 'When it runs next; null: that is not computed yet.';
comment on column points.job.planned_at is 'When next_run_at was computed. If that is in the future, the clock was set back, and next_run_at means nothing.';
comment on column points.job.started_at is 'When the last run began; null: never. A run is as many steps as it takes until nothing is left.';
comment on column points.job.ended_at is 'When it ended; null: it has not, or never ran.';
comment on column points.job.done is 'What it has done in that run.';
comment on column points.job.due_since is 'Since when the oldest of what the last step left undone has been due; null: it left nothing.';
comment on column points.job.failure is 'What failed last; null: nothing ever did.';
comment on column points.job.failed_at is 'When.';
comment on column points.job.failures is 'Steps that failed one after another, 0 when the last one did not; after each the job waits twice as long, at most ten minutes.';
comment on column points.job.at_bucket is 'Where a job that goes through all accounts stands: the bucket; null: at the start.';
comment on column points.job.at_account_id is 'The account after which it goes on.';
comment on column points.job.slow is 'Whether a step may take long: these jobs are driven by a connection of their own, so that none of the others waits for them.';

reset role;
