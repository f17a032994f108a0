create or replace view api.account as
select
    a.bucket, a.id, a.user_id, a.wallet,
    b.pending + coalesce(d.pending, 0) as pending,
    b.available + coalesce(d.available, 0) as available,
    b.held + coalesce(d.held, 0) as held,
    b.debt + coalesce(d.debt, 0) as debt,
    b.earned::bigint as earned,
    b.spent::bigint as spent,
    b.expired + coalesce(d.expired, 0) as expired,
    b.adjusted::bigint as adjusted,
    b.transferred::bigint as transferred,
    b.version,
    case
        when b.level_ends_at <= now() or b.level_revision <> (select p.level_revision from points.program p)
            then points.current_level(a.bucket, a.id)
        else b.level
    end as level,
    b.frozen, a.created_at,
    case when b.merged then points.user_id_of(a.into_bucket, a.into_id) end as merged_into
from points.account a
join points.balance b on b.bucket = a.bucket and b.account_id = a.id
-- offset 0 keeps the condition inside, or the function would be called for every account.
left join lateral (
    select d.pending, d.available, d.held, d.debt, d.expired
    from points.due(a.bucket, a.id, now()) d
    where b.next_change_at <= now()
    offset 0
) d on true;

comment on view api.account is 'Accounts, true at the instant of reading: what has become available or expired counts, and which levels have ended, booked or not. To find one: where bucket = api.bucket(''alice'') and user_id = ''alice''.';
comment on column api.account.bucket is 'Bucket of the account.';
comment on column api.account.id is 'Id inside Jifen.';
comment on column api.account.user_id is 'The host''s name for the member.';
comment on column api.account.wallet is 'Kind of points.';
comment on column api.account.pending is 'Points granted and not yet available.';
comment on column api.account.available is 'Points that can be spent now.';
comment on column api.account.held is 'Points reserved by holds.';
comment on column api.account.debt is 'Points owed: clawed back after they had been spent. Whatever comes in repays it first.';
comment on column api.account.earned is 'Points earned ever.';
comment on column api.account.spent is 'Points spent ever.';
comment on column api.account.expired is 'Points expired ever.';
comment on column api.account.adjusted is 'Net of manual adjustments ever.';
comment on column api.account.transferred is 'Points received from other accounts ever, less what was sent.';
comment on column api.account.version is 'seq of the last entry; 0 before the first.';
comment on column api.account.level is 'Level now, of this wallet or of the one whose level it shows (api.wallet.level_wallet); null: below the lowest.';
comment on column api.account.frozen is 'Whether spending is refused.';
comment on column api.account.created_at is 'When the first operation made it.';
comment on column api.account.merged_into is 'The member whose account it was merged into; null: it was not.';
