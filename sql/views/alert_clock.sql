create or replace view api.alert_clock as
select c.version from points.alert_clock c;

comment on view api.alert_clock is 'Counts changes of alerts: one row.';
comment on column api.alert_clock.version is 'The last change.';
