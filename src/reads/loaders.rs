//! Lists and rows by key: each statement reads them for all keys that have come together.

use std::collections::HashMap;

use async_graphql::{async_trait::async_trait, dataloader::Loader};
use tokio_postgres::types::ToSql;

use crate::{
    account::{EntriesKey, Lot, LotsKey},
    error::Error,
    expiry::{ExpiringKey, ExpiringPoints, Notice, NoticesKey},
    hold::{Hold, HoldKey, HoldsKey},
    level::{LevelChange, LevelChangesKey, LevelKey, LevelStanding, LevelStandingKey, LevelTerms},
    limit::{LimitUse, LimitUsesKey},
    operation::{Entry, EntryKey, Operation, OperationKey},
    redemption::{Redemption, RedemptionKey, RedemptionsKey},
    reward::{Prize, PrizesKey, Reward, RewardKey, RewardsKey},
    rule::{RuleVersion, RuleVersionKey},
};

use super::{Reads, by_key, column, one_by_key};

#[async_trait]
impl Loader<LotsKey> for Reads {
    type Value = Vec<Lot>;
    type Error = Error;

    async fn load(&self, keys: &[LotsKey]) -> Result<HashMap<LotsKey, Vec<Lot>>, Error> {
        let rows = self
            .query(
                LOTS,
                &[
                    &column(keys, |key| key.bucket),
                    &column(keys, |key| key.account_id),
                    &column(keys, |key| key.first + 1),
                    &column(keys, |key| key.after.map(|after| after.seq)),
                    &column(keys, |key| key.after.map(|after| after.no)),
                    &column(keys, |key| key.after.and_then(|after| after.expires_at)),
                    &column(keys, |key| key.until),
                ],
            )
            .await?;
        Ok(by_key(keys, &rows, Lot::from_row))
    }
}

#[async_trait]
impl Loader<ExpiringKey> for Reads {
    type Value = ExpiringPoints;
    type Error = Error;

    async fn load(&self, keys: &[ExpiringKey]) -> Result<HashMap<ExpiringKey, ExpiringPoints>, Error> {
        let parameters: [&(dyn ToSql + Sync); 3] = [
            &column(keys, |key| key.bucket),
            &column(keys, |key| key.account_id),
            &column(keys, |key| key.within_days),
        ];
        let rows = self.query(EXPIRING, &parameters).await?;
        Ok(one_by_key(keys, &rows, ExpiringPoints::from_row))
    }
}

#[async_trait]
impl Loader<NoticesKey> for Reads {
    type Value = Vec<Notice>;
    type Error = Error;

    async fn load(&self, keys: &[NoticesKey]) -> Result<HashMap<NoticesKey, Vec<Notice>>, Error> {
        let parameters: [&(dyn ToSql + Sync); 5] = [
            &column(keys, |key| key.bucket),
            &column(keys, |key| key.account_id),
            &column(keys, |key| key.first + 1),
            &column(keys, |key| key.before.map(|before| before.expires_on)),
            &column(keys, |key| key.before.map(|before| before.days)),
        ];
        let rows = self.query(NOTICES, &parameters).await?;
        Ok(by_key(keys, &rows, |row| row.get("notice")))
    }
}

#[async_trait]
impl Loader<EntriesKey> for Reads {
    type Value = Vec<Entry>;
    type Error = Error;

    async fn load(&self, keys: &[EntriesKey]) -> Result<HashMap<EntriesKey, Vec<Entry>>, Error> {
        let rows = self
            .query(
                ENTRIES,
                &[
                    &column(keys, |key| key.bucket),
                    &column(keys, |key| key.account_id),
                    &column(keys, |key| key.first + 1),
                    &column(keys, |key| key.before.unwrap_or(i64::MAX)),
                ],
            )
            .await?;
        Ok(by_key(keys, &rows, |row| row.get("entry")))
    }
}

#[async_trait]
impl Loader<EntryKey> for Reads {
    type Value = Entry;
    type Error = Error;

    async fn load(&self, keys: &[EntryKey]) -> Result<HashMap<EntryKey, Entry>, Error> {
        let rows = self
            .query(
                ENTRY,
                &[
                    &column(keys, |key| key.bucket),
                    &column(keys, |key| key.account_id),
                    &column(keys, |key| key.seq),
                    &column(keys, |key| key.recorded_at),
                ],
            )
            .await?;
        Ok(one_by_key(keys, &rows, |row| row.get("entry")))
    }
}

#[async_trait]
impl Loader<OperationKey> for Reads {
    type Value = Operation;
    type Error = Error;

    async fn load(&self, keys: &[OperationKey]) -> Result<HashMap<OperationKey, Operation>, Error> {
        let rows = self
            .query(
                OPERATION,
                &[&column(keys, |key| key.bucket), &column(keys, |key| key.account_id), &column(keys, |key| key.id)],
            )
            .await?;
        Ok(one_by_key(keys, &rows, |row| row.get("operation")))
    }
}

#[async_trait]
impl Loader<HoldKey> for Reads {
    type Value = Hold;
    type Error = Error;

    async fn load(&self, keys: &[HoldKey]) -> Result<HashMap<HoldKey, Hold>, Error> {
        let rows = self
            .query(
                HOLD,
                &[&column(keys, |key| key.bucket), &column(keys, |key| key.account_id), &column(keys, |key| key.id)],
            )
            .await?;
        Ok(one_by_key(keys, &rows, Hold::from_row))
    }
}

#[async_trait]
impl Loader<HoldsKey> for Reads {
    type Value = Vec<Hold>;
    type Error = Error;

    async fn load(&self, keys: &[HoldsKey]) -> Result<HashMap<HoldsKey, Vec<Hold>>, Error> {
        let rows = self
            .query(
                HOLDS,
                &[
                    &column(keys, |key| key.bucket),
                    &column(keys, |key| key.account_id),
                    &column(keys, |key| key.first + 1),
                    &column(keys, |key| key.after.map(|after| after.id)),
                    &column(keys, |key| key.after.and_then(|after| after.deadline)),
                ],
            )
            .await?;
        Ok(by_key(keys, &rows, Hold::from_row))
    }
}

#[async_trait]
impl Loader<RewardKey> for Reads {
    type Value = Reward;
    type Error = Error;

    async fn load(&self, keys: &[RewardKey]) -> Result<HashMap<RewardKey, Reward>, Error> {
        let rows = self.query(REWARD, &[&column(keys, |key| key.0.as_str())]).await?;
        Ok(rows.iter().map(|row| (keys[row.get::<_, i64>("ord") as usize - 1].clone(), row.get("reward"))).collect())
    }
}

#[async_trait]
impl Loader<RewardsKey> for Reads {
    type Value = Vec<Reward>;
    type Error = Error;

    async fn load(&self, keys: &[RewardsKey]) -> Result<HashMap<RewardsKey, Vec<Reward>>, Error> {
        let parameters: [&(dyn ToSql + Sync); 2] =
            [&column(keys, |key| key.first + 1), &column(keys, |key| key.after.as_deref())];
        let mut found: HashMap<RewardsKey, Vec<Reward>> = HashMap::with_capacity(keys.len());
        for row in self.query(REWARDS, &parameters).await? {
            found.entry(keys[row.get::<_, i64>("ord") as usize - 1].clone()).or_default().push(row.get("reward"));
        }
        Ok(found)
    }
}

#[async_trait]
impl Loader<PrizesKey> for Reads {
    type Value = Vec<Prize>;
    type Error = Error;

    async fn load(&self, keys: &[PrizesKey]) -> Result<HashMap<PrizesKey, Vec<Prize>>, Error> {
        let mut found: HashMap<PrizesKey, Vec<Prize>> = HashMap::with_capacity(keys.len());
        for row in self.query(PRIZES, &[&column(keys, |key| key.0.as_str())]).await? {
            found.entry(keys[row.get::<_, i64>("ord") as usize - 1].clone()).or_default().push(Prize::from_row(&row));
        }
        Ok(found)
    }
}

#[async_trait]
impl Loader<LimitUsesKey> for Reads {
    type Value = Vec<LimitUse>;
    type Error = Error;

    async fn load(&self, keys: &[LimitUsesKey]) -> Result<HashMap<LimitUsesKey, Vec<LimitUse>>, Error> {
        let parameters: [&(dyn ToSql + Sync); 2] =
            [&column(keys, |key| key.bucket), &column(keys, |key| key.account_id)];
        let mut found: HashMap<LimitUsesKey, Vec<LimitUse>> = HashMap::with_capacity(keys.len());
        for row in self.query(LIMIT_USES, &parameters).await? {
            found.entry(keys[row.get::<_, i64>("ord") as usize - 1]).or_default().push(row.get("limit_use"));
        }
        Ok(found)
    }
}

#[async_trait]
impl Loader<RuleVersionKey> for Reads {
    type Value = RuleVersion;
    type Error = Error;

    async fn load(&self, keys: &[RuleVersionKey]) -> Result<HashMap<RuleVersionKey, RuleVersion>, Error> {
        let parameters: [&(dyn ToSql + Sync); 2] =
            [&column(keys, |key| key.rule.as_str()), &column(keys, |key| key.version)];
        let rows = self.query(RULE_VERSION, &parameters).await?;
        Ok(rows.iter().map(|row| (keys[row.get::<_, i64>("ord") as usize - 1].clone(), row.get("version"))).collect())
    }
}

#[async_trait]
impl Loader<RedemptionKey> for Reads {
    type Value = Redemption;
    type Error = Error;

    async fn load(&self, keys: &[RedemptionKey]) -> Result<HashMap<RedemptionKey, Redemption>, Error> {
        let rows = self
            .query(
                REDEMPTION,
                &[&column(keys, |key| key.bucket), &column(keys, |key| key.account_id), &column(keys, |key| key.id)],
            )
            .await?;
        Ok(one_by_key(keys, &rows, Redemption::from_row))
    }
}

#[async_trait]
impl Loader<RedemptionsKey> for Reads {
    type Value = Vec<Redemption>;
    type Error = Error;

    async fn load(&self, keys: &[RedemptionsKey]) -> Result<HashMap<RedemptionsKey, Vec<Redemption>>, Error> {
        let rows = self
            .query(
                REDEMPTIONS,
                &[
                    &column(keys, |key| key.bucket),
                    &column(keys, |key| key.account_id),
                    &column(keys, |key| key.first + 1),
                    &column(keys, |key| key.before.map(|before| before.redeemed_at)),
                    &column(keys, |key| key.before.map(|before| before.id)),
                ],
            )
            .await?;
        Ok(by_key(keys, &rows, Redemption::from_row))
    }
}

#[async_trait]
impl Loader<LevelKey> for Reads {
    type Value = LevelTerms;
    type Error = Error;

    async fn load(&self, _: &[LevelKey]) -> Result<HashMap<LevelKey, LevelTerms>, Error> {
        Ok(self.query(LEVELS, &[]).await?.iter().map(LevelTerms::from_row).collect())
    }
}

#[async_trait]
impl Loader<LevelStandingKey> for Reads {
    type Value = LevelStanding;
    type Error = Error;

    async fn load(&self, keys: &[LevelStandingKey]) -> Result<HashMap<LevelStandingKey, LevelStanding>, Error> {
        let parameters: [&(dyn ToSql + Sync); 2] =
            [&column(keys, |key| key.bucket), &column(keys, |key| key.account_id)];
        Ok(one_by_key(keys, &self.query(ACCOUNT_LEVELS, &parameters).await?, LevelStanding::from_row))
    }
}

#[async_trait]
impl Loader<LevelChangesKey> for Reads {
    type Value = Vec<LevelChange>;
    type Error = Error;

    async fn load(&self, keys: &[LevelChangesKey]) -> Result<HashMap<LevelChangesKey, Vec<LevelChange>>, Error> {
        let rows = self
            .query(
                LEVEL_CHANGES,
                &[
                    &column(keys, |key| key.bucket),
                    &column(keys, |key| key.account_id),
                    &column(keys, |key| key.first + 1),
                    &column(keys, |key| key.before.map_or(i64::MAX, |before| before.seq)),
                    &column(keys, |key| key.before.map_or(i16::MAX, |before| before.no)),
                ],
            )
            .await?;
        Ok(by_key(keys, &rows, LevelChange::from_row))
    }
}

// Null seq: from the first.
const LOTS: &str = "
    select k.ord, l.seq, l.no, l.granted, l.remaining, l.pending, l.source, l.available_at,
        nullif(l.expires_at, 'infinity') as expires_at, l.idle is not null as idle
    from unnest($1::smallint[], $2::bigint[], $3::int[], $4::bigint[], $5::smallint[], $6::timestamptz[], $7::timestamptz[])
        with ordinality k (bucket, account_id, first, seq, no, expires_at, until, ord)
    cross join lateral (
        select * from api.lot l
        where l.bucket = k.bucket and l.account_id = k.account_id and l.expires_at <= coalesce(k.until, 'infinity')
            and (l.expires_at, l.seq, l.no)
                > (case when k.seq is null then '-infinity' else coalesce(k.expires_at, 'infinity') end, coalesce(k.seq, 0), coalesce(k.no, 0))
        order by l.expires_at, l.seq, l.no
        limit k.first
    ) l
    order by k.ord, l.expires_at, l.seq, l.no";

const EXPIRING: &str = "
    select k.ord, k.bucket, k.account_id, u.until, (
        select coalesce(sum(l.remaining), 0)::bigint from api.lot l
        where l.bucket = k.bucket and l.account_id = k.account_id and l.expires_at <= u.until
    ) as points
    from unnest($1::smallint[], $2::bigint[], $3::int[]) with ordinality k (bucket, account_id, within_days, ord)
    cross join lateral (select api.expiry_horizon(k.within_days) as until) u";

// Null: from the last.
const NOTICES: &str = "
    select k.ord, q.n as notice
    from unnest($1::smallint[], $2::bigint[], $3::int[], $4::date[], $5::int[])
        with ordinality k (bucket, account_id, first, expires_on, days, ord)
    cross join lateral (
        select n, n.expires_on, n.days from api.notice n
        where n.bucket = k.bucket and n.account_id = k.account_id
            and (k.expires_on is null or n.expires_on < k.expires_on or n.expires_on = k.expires_on and n.days > k.days)
        order by n.expires_on desc, n.days
        limit k.first
    ) q
    order by k.ord, q.expires_on desc, q.days";

const ENTRIES: &str = "
    select k.ord, q.e as entry
    from unnest($1::smallint[], $2::bigint[], $3::int[], $4::bigint[]) with ordinality k (bucket, account_id, first, before, ord)
    cross join lateral (
        select e, e.seq from api.entry e
        where e.bucket = k.bucket and e.account_id = k.account_id and e.seq < k.before
        order by e.seq desc
        limit k.first
    ) q
    order by k.ord, q.seq desc";

const ENTRY: &str = "
    select k.ord, q.e as entry
    from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::timestamptz[])
        with ordinality k (bucket, account_id, seq, recorded_at, ord)
    cross join lateral (
        select e, e.seq from api.entry e
        where e.bucket = k.bucket and e.account_id = k.account_id and e.seq = k.seq and e.recorded_at = k.recorded_at
        limit 1
    ) q";

const OPERATION: &str = "
    select k.ord, q.o as operation
    from unnest($1::smallint[], $2::bigint[], $3::uuid[]) with ordinality k (bucket, account_id, id, ord)
    cross join lateral (
        select o from api.operation o where o.bucket = k.bucket and o.account_id = k.account_id and o.id = k.id limit 1
    ) q";

const HOLD: &str = "
    select k.ord, h.bucket, h.account_id, h.id, h.points, h.held_at, nullif(h.deadline, 'infinity') as deadline,
        h.captured, h.status, h.closed_at
    from unnest($1::smallint[], $2::bigint[], $3::uuid[]) with ordinality k (bucket, account_id, id, ord)
    cross join lateral (
        select * from api.hold h where h.bucket = k.bucket and h.account_id = k.account_id and h.id = k.id limit 1
    ) h";

// Null id: from the first.
const HOLDS: &str = "
    select k.ord, h.bucket, h.account_id, h.id, h.points, h.held_at, nullif(h.deadline, 'infinity') as deadline,
        h.captured, h.status, h.closed_at
    from unnest($1::smallint[], $2::bigint[], $3::int[], $4::uuid[], $5::timestamptz[])
        with ordinality k (bucket, account_id, first, id, deadline, ord)
    cross join lateral (
        select * from api.hold h
        where h.bucket = k.bucket and h.account_id = k.account_id and h.open
            and h.deadline >= case when k.id is null then '-infinity' else coalesce(k.deadline, 'infinity') end
            and (k.id is null or (h.deadline, h.id) > (coalesce(k.deadline, 'infinity'), k.id))
        order by h.deadline, h.id
        limit k.first
    ) h
    order by k.ord, h.deadline, h.id";

const REWARD: &str = "
    select k.ord, q.w as reward
    from unnest($1::text[]) with ordinality k (code, ord)
    cross join lateral (
        select w from api.reward w where w.code = k.code limit 1
    ) q";

const REWARDS: &str = "
    select k.ord, q.w as reward
    from unnest($1::int[], $2::text[]) with ordinality k (first, after, ord)
    cross join lateral (
        select w, w.code from api.reward w where w.code > coalesce(k.after, '') order by w.code limit k.first
    ) q
    order by k.ord, q.code";

const PRIZES: &str = "
    select k.ord, p.no, p.name, p.weight, p.consolation, p.stock
    from unnest($1::text[]) with ordinality k (reward, ord)
    join api.prize p on p.reward = k.reward
    order by k.ord, p.no";

const LIMIT_USES: &str = "
    select k.ord, q.u as limit_use
    from unnest($1::smallint[], $2::bigint[]) with ordinality k (bucket, account_id, ord)
    cross join lateral (
        select u, u.code from api.limit_use u where u.bucket = k.bucket and u.account_id = k.account_id order by u.code limit 100
    ) q
    order by k.ord, q.code";

const RULE_VERSION: &str = "
    select k.ord, q.v as version
    from unnest($1::text[], $2::int[]) with ordinality k (rule, version, ord)
    cross join lateral (
        select v from api.rule_version v where v.rule = k.rule and v.version = k.version limit 1
    ) q";

const REDEMPTION: &str = "
    select k.ord, r.*
    from unnest($1::smallint[], $2::bigint[], $3::uuid[]) with ordinality k (bucket, account_id, id, ord)
    cross join lateral (
        select r.* from api.redemption r
        where r.bucket = k.bucket and r.account_id = k.account_id and r.id = k.id
        limit 1
    ) r";

// Null id: from the newest.
const REDEMPTIONS: &str = "
    select k.ord, r.*
    from unnest($1::smallint[], $2::bigint[], $3::int[], $4::timestamptz[], $5::uuid[])
        with ordinality k (bucket, account_id, first, redeemed_at, id, ord)
    cross join lateral (
        select r.* from api.redemption r
        where r.bucket = k.bucket and r.account_id = k.account_id
            and (r.redeemed_at, r.id) < (coalesce(k.redeemed_at, 'infinity'), coalesce(k.id, '00000000-0000-0000-0000-000000000000'))
        order by r.redeemed_at desc, r.id desc
        limit k.first
    ) r
    order by k.ord, r.redeemed_at desc, r.id desc";

const LEVELS: &str = "
    select w.code as wallet, l.code, l.name, l.threshold, l.privileges, l.multiplier
    from api.wallet w
    join api.level l on l.wallet = coalesce(w.level_wallet, w.code)";

const ACCOUNT_LEVELS: &str = "
    select k.ord, l.*
    from unnest($1::smallint[], $2::bigint[]) with ordinality k (bucket, account_id, ord)
    cross join lateral (
        select * from api.account_level l where l.bucket = k.bucket and l.account_id = k.account_id limit 1
    ) l";

const LEVEL_CHANGES: &str = "
    select k.ord, c.*
    from unnest($1::smallint[], $2::bigint[], $3::int[], $4::bigint[], $5::smallint[])
        with ordinality k (bucket, account_id, first, seq, no, ord)
    cross join lateral (
        select * from api.level_change c
        where c.bucket = k.bucket and c.account_id = k.account_id and (c.seq, c.no) < (k.seq, k.no)
        order by c.seq desc, c.no desc
        limit k.first
    ) c
    order by k.ord, c.seq desc, c.no desc";
