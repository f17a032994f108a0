create or replace view api.job as
select
    j.name, j.description, j.schedule, j.enabled, j.step_limit, j.timeout_seconds, j.next_run_at, j.started_at, j.ended_at, j.done,
    greatest(
        floor(extract(epoch from now() - least(j.due_since, case when j.enabled then j.next_run_at end))), 0)::int as lag_seconds,
    j.failure, j.failed_at, j.failures
from points.job j;

comment on view api.job is 'What has to be done from time to time, and how that goes: one row a job. api.run_job runs one now, api.set_job says when it runs.';
comment on column api.job.name is 'The job.';
comment on column api.job.description is 'What it does, for people.';
comment on column api.job.schedule is 'When it runs: a cron expression of five fields in the program''s time zone, or an interval such as PT10S.';
comment on column api.job.enabled is 'Whether it runs by itself.';
comment on column api.job.step_limit is 'Rows, or whatever it counts, of one step, which is one transaction.';
comment on column api.job.timeout_seconds is 'How long a step of the gateway may take.';
comment on column api.job.next_run_at is 'When it runs next; null: that is not computed yet.';
comment on column api.job.started_at is 'When the last run began; null: never. A run is as many steps as it takes until nothing is left.';
comment on column api.job.ended_at is 'When it ended; null: it has not, or never ran.';
comment on column api.job.done is 'What it has done in that run.';
comment on column api.job.lag_seconds is 'How late it is, in seconds: since when it should have run, or what its last step left undone has been due; 0: it is not.';
comment on column api.job.failure is 'What failed last; null: nothing ever did.';
comment on column api.job.failed_at is 'When.';
comment on column api.job.failures is 'Steps that failed one after another; 0: the last one did not.';
