//! Who is calling: a partner service with an API key.

use std::{
    collections::HashMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use async_graphql::Context;
use deadpool_postgres::Pool;
use sha2::{Digest, Sha256};

use crate::error::Error;

/// A revoked key reads for at most this long; the engine refuses its operations at once.
const REMEMBERED: Duration = Duration::from_secs(1);
/// Keys in memory; past it all are forgotten, so that the memory is bounded.
const REMEMBERED_KEYS: usize = 10_000;

/// A client, as its API key says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Id in operations.
    pub id: i32,
    /// What it may do.
    pub scopes: Vec<String>,
}

impl Client {
    /// Refuses a client without the scope.
    pub fn require(&self, scope: &str) -> Result<(), Error> {
        if self.scopes.iter().any(|held| held == scope) { Ok(()) } else { Err(Error::forbidden(scope)) }
    }
}

/// The caller of a GraphQL field.
pub fn caller<'a>(context: &Context<'a>) -> Result<&'a Client, Error> {
    context.data_opt::<Client>().ok_or_else(Error::unauthenticated)
}

/// Finds clients by their keys.
pub struct Clients {
    pool: Pool,
    remembered: Mutex<HashMap<[u8; 32], (Client, Instant)>>,
}

impl Clients {
    /// Looks keys up in this database.
    pub fn new(pool: Pool) -> Self {
        Clients { pool, remembered: Mutex::default() }
    }

    /// The client of an `Authorization` header; None: there is no header.
    pub async fn authenticate(&self, authorization: Option<&str>) -> Result<Option<Client>, Error> {
        let Some(header) = authorization else { return Ok(None) };
        let key = header
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, key)| key.trim())
            .filter(|key| !key.is_empty())
            .ok_or_else(Error::unauthenticated)?;
        let hash = hash_key(key);
        if let Some(client) = self.remembered(&hash) {
            return Ok(Some(client));
        }
        let connection = self.pool.get().await?;
        let statement = connection.prepare_cached(AUTHENTICATE).await?;
        let row = connection.query_opt(&statement, &[&&hash[..]]).await?.ok_or_else(Error::unauthenticated)?;
        let client = Client { id: row.get("id"), scopes: row.get("scopes") };
        let mut remembered = self.remembered.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if remembered.len() >= REMEMBERED_KEYS {
            remembered.clear();
        }
        remembered.insert(hash, (client.clone(), Instant::now()));
        Ok(Some(client))
    }

    fn remembered(&self, hash: &[u8; 32]) -> Option<Client> {
        let remembered = self.remembered.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let (client, since) = remembered.get(hash)?;
        (since.elapsed() < REMEMBERED).then(|| client.clone())
    }
}

/// What the database keeps of a key.
pub fn hash_key(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// A new key: 244 random bits, so a plain SHA-256 of it is enough.
pub fn new_key() -> String {
    format!("jf_{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}

const AUTHENTICATE: &str = "select id, scopes from api.authenticate($1)";
