create or replace view api.task as
select
    t.code, t.name, t.wallet, t.rule, t.points, t.period, t.steps, t.status,
    nullif(t.open_from, '-infinity') as open_from, nullif(t.open_until, 'infinity') as open_until, t.created_at
from points.task t;

comment on view api.task is 'What members can do for points.';
comment on column api.task.code is 'Name in requests, e.g. PROFILE.';
comment on column api.task.name is 'Name for people.';
comment on column api.task.wallet is 'Wallet that is paid.';
comment on column api.task.rule is 'Rule that prices it.';
comment on column api.task.points is 'Points that the rule is given; null: it decides by itself.';
comment on column api.task.period is 'It can be done and is paid once a period.';
comment on column api.task.steps is 'Steps that it takes in a period.';
comment on column api.task.status is 'Whether it can be worked on and claimed.';
comment on column api.task.open_from is 'Open from then on; null: always has been.';
comment on column api.task.open_until is 'Open until before then; null: for ever.';
comment on column api.task.created_at is 'When it was made.';
