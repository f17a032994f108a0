-- A small program to look at. Repeatable: what is there already stays as it is.
insert into points.level (wallet, code, name, threshold, privileges) values
    ('points', 'NORMAL', 'Member', 0, '{}'),
    ('points', 'VIP1', 'VIP 1', 1000, '{"free shipping"}'),
    ('points', 'VIP2', 'VIP 2', 5000, '{"free shipping", "birthday gift"}'),
    ('points', 'VIP3', 'VIP 3', 10000, '{"free shipping", "birthday gift", "a line of their own"}')
on conflict do nothing;

insert into points.rule (code, name, once) values
    ('SIGN_IN', 'Daily sign-in', false),
    ('ORDER', 'Purchase', false),
    ('TASK', 'Task done', false),
    ('REGISTER', 'Registration', true),
    ('INVITE', 'Invitation', false)
on conflict do nothing;

insert into points.rule_version (rule, version, starts_at, basis, fixed_points, points_per_unit, rounding, cap_points, valid_days, pending_days) values
    ('SIGN_IN',  1, '-infinity', 'fixed',  5,    null, 'down', null, 365, 0),
    ('ORDER',    1, '-infinity', 'amount', null, 1,    'down', null, 365, 0),
    ('TASK',     1, '-infinity', 'given',  10,   null, 'down', 1000, 365, 0),
    ('REGISTER', 1, '-infinity', 'fixed',  100,  null, 'down', null, 365, 0),
    ('INVITE',   1, '-infinity', 'fixed',  50,   null, 'down', null, 365, 0)
on conflict do nothing;

-- 5 points a day, and 10 more on each seventh consecutive one.
insert into points.sign_in_terms (wallet, rule, bonus_every, bonus_points) values ('points', 'SIGN_IN', 7, 10) on conflict do nothing;

-- 50 points for both when an invited member registers.
insert into points.invitation_terms (wallet, qualifying_rule, inviter_rule, invited_rule) values ('points', 'REGISTER', 'INVITE', 'INVITE')
on conflict do nothing;

select count(*) from (
    select api.earn_points(m, 'REGISTER', 'demo-register') from unnest(array['alice', 'bob', 'carol']) m
    union all
    select api.earn_points('alice', 'ORDER', 'demo-order-1', p_amount => 1280.50)
    union all
    select api.sign_in('alice', 'demo-sign-in-1')
    union all
    select api.earn_points('bob', 'ORDER', 'demo-order-1', p_amount => 86.90)
    union all
    select api.spend_points('alice', 300, 'demo-redeem-1', 'umbrella')
) demonstration;

-- What points are good for.
select count(*) from (
    select api.create_reward('UMBRELLA', 'Umbrella', 'goods', 300, 'demo-umbrella', p_stock => 50)
    union all
    select api.create_reward('LUCKY_DRAW', 'Lucky draw', 'draw', 20, 'demo-lucky-draw', p_quota => 3, p_quota_period => 'day',
        p_prizes => '[{"name": "Bicycle", "weight": 1, "stock": 1}, {"name": "Mug", "weight": 20, "stock": 40},
            {"name": "Sticker", "weight": 79}]')
) catalogue;

-- What members can do for points.
select count(*) from (
    select api.create_task('PROFILE', 'Fill in your profile', 'TASK', 'ever', 'demo-profile', p_points => 50)
    union all
    select api.create_task('REVIEWS', 'Write three reviews a week', 'TASK', 'week', 'demo-reviews', p_points => 30, p_steps => 3)
) tasks;
