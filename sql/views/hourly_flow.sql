create or replace view api.hourly_flow as
select f.hour, f.wallet, f.kind, nullif(f.rule, '') as rule, f.entries, f.points, f.hour + interval '1 hour' <= c.counted_until as whole
from points.hourly_flow f
cross join points.flow_count c;

comment on view api.hourly_flow is 'What moved in each hour, by kind of entry and rule, for all time: kept when entries are archived. Counted some seconds after it was booked.';
comment on column api.hourly_flow.hour is 'Its start, a whole hour of the program''s time zone.';
comment on column api.hourly_flow.wallet is 'Kind of points.';
comment on column api.hourly_flow.kind is 'What the entries book.';
comment on column api.hourly_flow.rule is 'The rule that awarded, or whose points expired or came back; adjust: granted by hand; null: it says nothing of rules.';
comment on column api.hourly_flow.entries is 'Entries; one of several rules counts for each of them.';
comment on column api.hourly_flow.points is 'Points that members got, less debt; below 0: that they gave.';
comment on column api.hourly_flow.whole is 'Whether the hour is over and all of it counted: it changes no more.';
