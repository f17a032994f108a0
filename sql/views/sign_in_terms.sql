create or replace view api.sign_in_terms as
select t.wallet, t.rule, t.bonus_every, t.bonus_points, t.make_up_days, t.make_up_times, t.make_up_price
from points.sign_in_terms t;

comment on view api.sign_in_terms is 'What signing in gives, by wallet.';
comment on column api.sign_in_terms.wallet is 'The wallet.';
comment on column api.sign_in_terms.rule is 'Rule that prices a sign-in.';
comment on column api.sign_in_terms.bonus_every is 'Consecutive days that bring the bonus once more; null: there is none.';
comment on column api.sign_in_terms.bonus_points is 'Points of the bonus.';
comment on column api.sign_in_terms.make_up_days is 'How many days back a day can be made up; 0: none can.';
comment on column api.sign_in_terms.make_up_times is 'How many days a member can make up in a month.';
comment on column api.sign_in_terms.make_up_price is 'Points that it costs to make up a day.';
