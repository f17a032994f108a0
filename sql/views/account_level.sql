create or replace view api.account_level as
select a.bucket, a.id as account_id, a.user_id, a.wallet, l.wallet as level_wallet, (l.weighed).level, (l.weighed).next, (l.weighed).measure,
    (l.weighed).measured, (l.weighed).to_next as points_to_next, (l.weighed).to_keep as points_to_keep,
    nullif((l.weighed).ends_at, 'infinity') as valid_until,
    case when isfinite((l.weighed).ends_at) then (l.weighed).earn_by end as earn_by,
    (l.weighed).to_keep > 0 and (l.weighed).ends_at <= now() + make_interval(days => w.level_notice_days) is true as ends_soon
from points.account a
cross join lateral points.level_now(a.bucket, a.id, now()) l
join points.wallet w on w.code = l.wallet;

comment on view api.account_level is 'What members'' levels are at the instant of reading, until when, and what is missing to keep them and to the next. To find one: where bucket = api.bucket(''alice'') and user_id = ''alice''.';
comment on column api.account_level.bucket is 'Bucket of the account.';
comment on column api.account_level.account_id is 'The account.';
comment on column api.account_level.user_id is 'The member.';
comment on column api.account_level.wallet is 'Kind of points.';
comment on column api.account_level.level_wallet is 'Wallet that the level is of.';
comment on column api.account_level.level is 'The level; null: below the lowest.';
comment on column api.account_level.next is 'The next higher one; null: there is none.';
comment on column api.account_level.measure is 'Which points earned count.';
comment on column api.account_level.measured is 'How many count in the present period.';
comment on column api.account_level.points_to_next is 'Points missing to the next level; null: there is none.';
comment on column api.account_level.points_to_keep is 'Points to earn before earn_by so that the level does not end at valid_until; 0: it does not end with this period; null: it never ends.';
comment on column api.account_level.valid_until is 'When the level ends if nothing more is earned; null: never.';
comment on column api.account_level.earn_by is 'End of the period whose points decide at valid_until; null: the level never ends.';
comment on column api.account_level.ends_soon is 'Whether the level ends within the notice days of the wallet: time to warn the member.';
