create or replace view api.level as
select l.wallet, l.code, l.name, l.threshold, l.privileges, l.multiplier
from points.level l;

comment on view api.level is 'Levels, as thresholds of points earned; api.wallet says which points count.';
comment on column api.level.wallet is 'Wallet whose earned points count.';
comment on column api.level.code is 'Name in answers, e.g. VIP1.';
comment on column api.level.name is 'Name for people.';
comment on column api.level.threshold is 'Points earned from which the level holds.';
comment on column api.level.privileges is 'What it gives besides.';
comment on column api.level.multiplier is 'What awards by the wallet''s multiplied rules are multiplied by.';
