create or replace view api.limit_use as
select
    a.bucket, a.id as account_id, a.user_id, a.wallet, l.code, l.name, l.period, l.max_times, l.max_points,
    coalesce(u.times, 0) as times, coalesce(u.points, 0) as points,
    nullif(points.period_start(l.period, now(), p.time_zone), '-infinity') as starts_at,
    points.period_end(l.period, now(), p.time_zone) as resets_at
from points.account a
cross join points.program p
cross join points.earn_limit l
left join lateral (
    select u.times, u.points from points.limit_use u
    where u.bucket = a.bucket and u.account_id = a.id and u.code = l.code
        and u.starts_at = points.period_start(l.period, now(), p.time_zone)
    limit 1
) u on true
where l.active and l.per = 'member';

comment on view api.limit_use is 'What an account has used of each limit in the period that is now: where bucket = api.bucket(''alice'') and user_id = ''alice''.';
comment on column api.limit_use.bucket is 'Bucket of the account.';
comment on column api.limit_use.account_id is 'The account.';
comment on column api.limit_use.user_id is 'The member.';
comment on column api.limit_use.wallet is 'Kind of points.';
comment on column api.limit_use.code is 'The limit.';
comment on column api.limit_use.name is 'Its name for people.';
comment on column api.limit_use.period is 'Period that it counts in.';
comment on column api.limit_use.max_times is 'Awards in a period; null: any number.';
comment on column api.limit_use.max_points is 'Points in a period; null: any.';
comment on column api.limit_use.times is 'Awards in this period.';
comment on column api.limit_use.points is 'Points in this period.';
comment on column api.limit_use.starts_at is 'When this period began; null: it is for ever.';
comment on column api.limit_use.resets_at is 'When the next period begins; null: never.';
