create or replace view api.wallet as
select w.code, w.name
from points.wallet w;

comment on view api.wallet is 'Kinds of points that a member may hold.';
comment on column api.wallet.code is 'Name in requests; points is the default one.';
comment on column api.wallet.name is 'Name for people.';
