//! Every read: one statement for all that the requests of a moment ask for alike.

mod loaders;

use std::{collections::HashMap, hash::Hash, sync::Arc};

use deadpool_postgres::Pool;
use postgres_types::FromSqlOwned;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_postgres::{Row, types::ToSql};

use crate::{
    account::{Account, AccountKey, bucket},
    database::{self, CALL_TIMEOUT, Fault},
    error::{Error, is_lost},
};

/// Statements that read accounts at a time; what else is asked for meanwhile goes into the next ones.
const ACCOUNT_READERS: usize = 4;
/// Accounts in one statement.
const MAX_ACCOUNTS: usize = 256;
/// Reads that may wait.
const QUEUE: usize = 4096;

async fn query(pool: &Pool, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
    Ok(database::query(pool, CALL_TIMEOUT, sql, parameters).await?)
}

type Waiting = (AccountKey, oneshot::Sender<Result<Option<Account>, Error>>);

/// Reads of accounts, which most requests begin with: as in a lane, a few readers take whatever has queued, so that an
/// idle system answers at once and a busy one reads many accounts by one statement.
pub struct AccountReads {
    queue: mpsc::Sender<Waiting>,
}

impl AccountReads {
    /// Starts the readers on this database, which has so many buckets.
    pub fn start(pool: Pool, buckets: u16) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..ACCOUNT_READERS {
            tokio::spawn(read_accounts(pool.clone(), usize::from(buckets), waiting.clone()));
        }
        AccountReads { queue }
    }

    /// An account as it stands; None: no operation has made it.
    pub async fn load(&self, key: AccountKey) -> Result<Option<Account>, Error> {
        let (sender, answer) = oneshot::channel();
        self.queue.try_send((key, sender)).map_err(|_| Error::overloaded())?;
        // A reader answers all that it takes; only the end of the gateway drops one.
        answer.await.unwrap_or_else(|_| Err(Error::overloaded()))
    }
}

async fn read_accounts(pool: Pool, buckets: usize, waiting: Arc<Mutex<mpsc::Receiver<Waiting>>>) {
    let mut taken: Vec<Waiting> = Vec::with_capacity(MAX_ACCOUNTS);
    while waiting.lock().await.recv_many(&mut taken, MAX_ACCOUNTS).await > 0 {
        let keys: Vec<&AccountKey> = taken.iter().map(|(key, _)| key).collect();
        let bucket_of = column(&keys, |key| bucket(&key.user_id, &key.wallet, buckets) as i16);
        let users = column(&keys, |key| key.user_id.as_str());
        let wallets = column(&keys, |key| key.wallet.as_str());
        let rows = query(&pool, ACCOUNTS, &[&bucket_of, &users, &wallets]).await;
        let mut found = rows.and_then(|rows| {
            let mut accounts = vec![None; taken.len()];
            for row in rows {
                // A newer version may have changed the view under this one.
                accounts[row.try_get::<_, i64>("ord")? as usize - 1] = Some(row.try_get("account")?);
            }
            Ok(accounts.into_iter())
        });
        for (_, answer) in taken.drain(..) {
            let account = match &mut found {
                Ok(accounts) => Ok(accounts.next().flatten()),
                Err(error) => Err(error.clone()),
            };
            // Whoever asked may have gone away.
            let _gone = answer.send(account);
        }
    }
}

/// Every other read from the views of schema `api`, and the few calls that are no operation on an account.
pub struct Reads {
    pool: Pool,
}

impl Reads {
    /// Reads from this database.
    pub fn new(pool: Pool) -> Self {
        Reads { pool }
    }

    /// The rows of a statement.
    pub async fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        query(&self.pool, sql, parameters).await
    }

    /// The first column of each row of a statement.
    pub async fn list<T: FromSqlOwned>(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<T>, Error> {
        Ok(self.query(sql, parameters).await?.iter().map(|row| row.get(0)).collect())
    }

    /// Calls a function of schema `api` that answers one row.
    pub async fn call(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Row, Error> {
        self.query(sql, parameters).await?.pop().ok_or_else(|| Error::internal(&format!("no answer to {sql}")))
    }

    /// Calls one that changes something: where the connection is lost, it may have.
    pub async fn change(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Row, Error> {
        let mut rows = match database::query(&self.pool, CALL_TIMEOUT, sql, parameters).await {
            Err(Fault::Late) => return Err(Error::outcome_unknown()),
            Err(Fault::Postgres(error)) if is_lost(&error) => return Err(Error::outcome_unknown()),
            answer => answer?,
        };
        rows.pop().ok_or_else(|| Error::internal(&format!("no answer to {sql}")))
    }
}

/// One value of each key, for a parameter.
pub fn column<'a, K, T>(keys: &'a [K], value: impl Fn(&'a K) -> T) -> Vec<T> {
    keys.iter().map(value).collect()
}

/// The keys with their values; `ord` of a row counts the keys from 1.
pub fn by_key<K: Copy + Eq + Hash, V>(keys: &[K], rows: &[Row], value: impl Fn(&Row) -> V) -> HashMap<K, Vec<V>> {
    let mut found: HashMap<K, Vec<V>> = HashMap::with_capacity(keys.len());
    for row in rows {
        let ord: i64 = row.get("ord");
        found.entry(keys[ord as usize - 1]).or_default().push(value(row));
    }
    found
}

fn one_by_key<K: Copy + Eq + Hash, V>(keys: &[K], rows: &[Row], value: impl Fn(&Row) -> V) -> HashMap<K, V> {
    rows.iter().map(|row| (keys[row.get::<_, i64>("ord") as usize - 1], value(row))).collect()
}

const ACCOUNTS: &str = "
    select k.ord, q.a as account
    from unnest($1::smallint[], $2::text[], $3::text[]) with ordinality k (bucket, user_id, wallet, ord)
    cross join lateral (
        select a from api.account a where a.bucket = k.bucket and a.user_id = k.user_id and a.wallet = k.wallet limit 1
    ) q";
