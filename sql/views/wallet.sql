create or replace view api.wallet as
select w.code, w.name, w.level_measure, w.level_downgrade, w.level_grace_days, w.level_notice_days, w.level_wallet, w.multiplied_rules
from points.wallet w;

comment on view api.wallet is 'Kinds of points that a member may hold, and what their levels go by.';
comment on column api.wallet.code is 'Name in requests; points is the default one.';
comment on column api.wallet.name is 'Name for people.';
comment on column api.wallet.level_measure is 'Which points earned in it decide its levels.';
comment on column api.wallet.level_downgrade is 'How far a level falls when a period ends.';
comment on column api.wallet.level_grace_days is 'Days after the end of a period until which a level stays.';
comment on column api.wallet.level_notice_days is 'A member is warned so many days before a level ends.';
comment on column api.wallet.level_wallet is 'Wallet whose level its accounts show; null: its own.';
comment on column api.wallet.multiplied_rules is 'Rules whose awards in it the level''s multiplier applies to.';
