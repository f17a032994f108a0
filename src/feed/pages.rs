//! The pages that [`super::rows`] are read by.

use std::collections::HashMap;

use async_graphql::{async_trait::async_trait, dataloader::Loader};
use tokio_postgres::types::ToSql;

use super::PAGE;
use crate::{
    error::Error,
    level::{LevelChange, NewLevelChangesKey},
    operation::{Entry, NewEntriesKey},
    reads::{Reads, by_key, column},
    redemption::{ChangedRedemptionsKey, RedemptionChange},
};

#[async_trait]
impl Loader<NewEntriesKey> for Reads {
    type Value = Vec<Entry>;
    type Error = Error;

    async fn load(&self, keys: &[NewEntriesKey]) -> Result<HashMap<NewEntriesKey, Vec<Entry>>, Error> {
        let parameters: [&(dyn ToSql + Sync); 4] = [
            &column(keys, |key| key.bucket),
            &column(keys, |key| key.account_id),
            &column(keys, |key| key.after),
            &PAGE,
        ];
        Ok(by_key(keys, &self.query(NEW_ENTRIES, &parameters).await?, |row| row.get("entry")))
    }
}

#[async_trait]
impl Loader<NewLevelChangesKey> for Reads {
    type Value = Vec<LevelChange>;
    type Error = Error;

    async fn load(&self, keys: &[NewLevelChangesKey]) -> Result<HashMap<NewLevelChangesKey, Vec<LevelChange>>, Error> {
        let parameters: [&(dyn ToSql + Sync); 5] = [
            &column(keys, |key| key.bucket),
            &column(keys, |key| key.account_id),
            &column(keys, |key| key.after.map(|after| after.seq)),
            &column(keys, |key| key.after.map(|after| after.no)),
            &PAGE,
        ];
        Ok(by_key(keys, &self.query(LEVEL_CHANGES, &parameters).await?, LevelChange::from_row))
    }
}

#[async_trait]
impl Loader<ChangedRedemptionsKey> for Reads {
    type Value = Vec<RedemptionChange>;
    type Error = Error;

    async fn load(
        &self,
        keys: &[ChangedRedemptionsKey],
    ) -> Result<HashMap<ChangedRedemptionsKey, Vec<RedemptionChange>>, Error> {
        let parameters: [&(dyn ToSql + Sync); 5] = [
            &column(keys, |key| key.bucket),
            &column(keys, |key| key.account_id),
            &column(keys, |key| key.after.map(|after| after.redeemed_at)),
            &column(keys, |key| key.after.map(|after| after.id)),
            &PAGE,
        ];
        Ok(by_key(keys, &self.query(CHANGED_REDEMPTIONS, &parameters).await?, RedemptionChange::from_row))
    }
}

const NEW_ENTRIES: &str = "
    select k.ord, q.e as entry
    from unnest($1::smallint[], $2::bigint[], $3::bigint[]) with ordinality k (bucket, account_id, after, ord)
    cross join lateral (
        select e, e.seq from api.entry e
        where e.bucket = k.bucket and e.account_id = k.account_id and e.seq > k.after
        order by e.seq
        limit $4::int
    ) q
    order by k.ord, q.seq";

// Null seq: the last one.
const LEVEL_CHANGES: &str = "
    select k.ord, c.*
    from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::smallint[]) with ordinality k (bucket, account_id, seq, no, ord)
    cross join lateral (
        select * from api.level_change c
        where c.bucket = k.bucket and c.account_id = k.account_id and (k.seq is null or (c.seq, c.no) > (k.seq, k.no))
        order by case when k.seq is null then c.seq end desc, case when k.seq is null then c.no end desc, c.seq, c.no
        limit case when k.seq is null then 1 else $5::int end
    ) c
    order by k.ord, c.seq, c.no";

// Null id: the last one.
const CHANGED_REDEMPTIONS: &str = "
    select k.ord, r.*
    from unnest($1::smallint[], $2::bigint[], $3::timestamptz[], $4::uuid[])
        with ordinality k (bucket, account_id, changed_at, id, ord)
    cross join lateral (
        select r.*, coalesce(r.closed_at, r.redeemed_at) as changed_at from api.redemption r
        where r.bucket = k.bucket and r.account_id = k.account_id
            and (k.id is null or (coalesce(r.closed_at, r.redeemed_at), r.id) > (k.changed_at, k.id))
        order by
            case when k.id is null then coalesce(r.closed_at, r.redeemed_at) end desc,
            case when k.id is null then r.id end desc,
            coalesce(r.closed_at, r.redeemed_at), r.id
        limit case when k.id is null then 1 else $5::int end
    ) r
    order by k.ord, r.changed_at, r.id";
