create or replace view api.prize as
select p.reward, p.no, p.name, p.weight, p.consolation, points.stock_left(p.reward, p.no) as stock
from points.prize p;

comment on view api.prize is 'What rewards of the kind draw give by chance.';
comment on column api.prize.reward is 'The reward.';
comment on column api.prize.no is 'Number of the prize in the draw, from 1.';
comment on column api.prize.name is 'Name for people.';
comment on column api.prize.weight is 'Its chance is its weight out of the sum of weights, however much is left.';
comment on column api.prize.consolation is 'The prize that also stands in for one that has run out.';
comment on column api.prize.stock is 'Pieces left; null: unlimited.';
