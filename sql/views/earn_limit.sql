create or replace view api.earn_limit as
select l.code, l.name, l.rules, l.period, l.max_times, l.max_points, l.excess, l.gives_back, l.per, l.active, l.created_at
from points.earn_limit l;

comment on view api.earn_limit is 'How much a member may earn, or how many awards an address or a device may get, in a period, by a rule or a group of rules.';
comment on column api.earn_limit.code is 'Name in requests and answers.';
comment on column api.earn_limit.name is 'Name for people.';
comment on column api.earn_limit.rules is 'Rules that it counts, all together.';
comment on column api.earn_limit.period is 'Period that it counts in, by the program''s time zone.';
comment on column api.earn_limit.max_times is 'Awards of an account, address or device in a period; null: any number.';
comment on column api.earn_limit.max_points is 'Points of an account in a period; null: any.';
comment on column api.earn_limit.excess is 'What becomes of an award that would pass max_points.';
comment on column api.earn_limit.gives_back is 'Whether what is taken back again may be earned again.';
comment on column api.earn_limit.per is 'Whose awards it counts together: a member''s, an address''s or a device''s.';
comment on column api.earn_limit.active is 'Whether it counts.';
comment on column api.earn_limit.created_at is 'When it was made.';
