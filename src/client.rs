//! Who is calling: a partner service with an API key, or a member with a token of the host's.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use deadpool_postgres::Pool;
use sha2::{Digest, Sha256};
use tokio::{sync::Semaphore, time::timeout};
use tracing::warn;

use crate::{
    config::Limits,
    database::{self, CALL_TIMEOUT},
    error::Error,
    rate::{Bucket, Buckets, Rates, Strangers},
    token::Tokens,
};

/// For how long a key is taken after it was looked up. That of a revoked client reads for so long; the engine refuses
/// its operations at once. One that was rotated out, or replaced, also earns and spends for so long, since its client
/// has rights.
const REMEMBERED: Duration = Duration::from_secs(1);
/// Keys in memory; past it all are forgotten, so that the memory is bounded.
const REMEMBERED_KEYS: usize = 10_000;
/// Keys that are not known and are looked up at a time.
const UNKNOWN: usize = 8;
/// How long one waits for its turn.
const TURN: Duration = Duration::from_secs(5);
/// No key is longer.
pub const MAX_KEY: usize = 256;
/// How often it is stored when keys were last used.
pub const STORE_USES: Duration = Duration::from_secs(60);

/// The client in whose name members ask.
pub const MEMBERS: i32 = 2;

/// Who calls, as the credential says.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Client in operations.
    pub id: i32,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Wallets whose accounts it may read; None: all.
    pub wallets: Option<Vec<String>>,
    /// The host's name for the member whose token it is; None: it is a key.
    pub member: Option<String>,
    /// When the credential ends; None: never.
    pub expires_at: Option<DateTime<Utc>>,
    /// Where it takes its requests from.
    pub rate: Rate,
}

/// How many requests a caller has.
#[derive(Clone, Debug)]
pub enum Rate {
    /// As many as it likes.
    Any,
    /// Those of a client.
    Client(Arc<Bucket>),
    /// Those of a member.
    Member(Arc<Rates<String>>),
}

impl Caller {
    /// Whether this is the same one, with the same rights and rate.
    pub fn is(&self, other: &Caller) -> bool {
        let terms = |caller: &Caller| match &caller.rate {
            Rate::Client(bucket) => Some(bucket.terms()),
            // Theirs is the same as long as the gateway runs.
            Rate::Any | Rate::Member(_) => None,
        };
        (self.id, &self.scopes, &self.wallets, &self.member, terms(self))
            == (other.id, &other.scopes, &other.wallets, &other.member, terms(other))
    }

    /// Takes one request of those that its rate leaves.
    pub fn take_request(&self) -> Result<(), Error> {
        match (&self.rate, &self.member) {
            (Rate::Client(bucket), _) => bucket.take(),
            (Rate::Member(rates), Some(member)) => rates.take(member),
            _ => Ok(()),
        }
    }

    fn expired(&self) -> bool {
        self.expires_at.is_some_and(|end| end <= Utc::now())
    }
}

/// Somebody without a credential.
#[derive(Clone)]
pub struct Stranger {
    address: IpAddr,
    strangers: Option<Arc<Strangers>>,
}

impl Stranger {
    /// Takes one request of those that the rate of the address leaves.
    pub fn take_request(&self) -> Result<(), Error> {
        self.strangers.as_ref().map_or(Ok(()), |strangers| strangers.take(self.address))
    }
}

/// Finds callers by their credentials.
pub struct Clients {
    pool: Pool,
    tokens: Option<Arc<Tokens>>,
    remembered: Mutex<HashMap<[u8; 32], (Caller, Instant)>>,
    /// Turns to look up keys that are not known.
    unknown: Semaphore,
    buckets: Buckets,
    members: Rate,
    strangers: Option<Arc<Strangers>>,
    /// When keys were last used, as far as that is not stored.
    uses: Mutex<HashMap<[u8; 32], DateTime<Utc>>>,
}

impl Clients {
    /// Looks keys up in this database, and takes these tokens; None: none.
    pub fn new(pool: Pool, tokens: Option<Arc<Tokens>>, limits: &Limits) -> Self {
        Clients {
            pool,
            tokens,
            remembered: Mutex::default(),
            unknown: Semaphore::new(UNKNOWN),
            buckets: Buckets::default(),
            members: Rates::new(limits.member_rate).map_or(Rate::Any, |rates| Rate::Member(Arc::new(rates))),
            strangers: Strangers::new(limits.stranger_rate).map(Arc::new),
            uses: Mutex::default(),
        }
    }

    /// Somebody without a credential, at this address.
    pub fn stranger(&self, address: IpAddr) -> Stranger {
        Stranger { address, strangers: self.strangers.clone() }
    }

    /// Another number when tokens are signed by other keys.
    pub fn token_keys(&self) -> u64 {
        self.tokens.as_ref().map_or(0, |tokens| tokens.version())
    }

    /// The caller of an `Authorization` header; Ok(None): there is no header. A credential that is not known is a
    /// stranger's, and one that is wrong costs the address `from` a request; `from` is None where it was looked at
    /// before.
    pub async fn authenticate(
        &self,
        authorization: Option<&str>,
        from: Option<IpAddr>,
    ) -> Result<Option<Caller>, Error> {
        let Some(header) = authorization else { return Ok(None) };
        let stranger = self.strangers.as_ref().zip(from);
        let admit = || stranger.map_or(Ok(()), |(strangers, address)| strangers.admit(address));
        let found = match bearer(header) {
            Some(credential) => self.find(credential, admit).await,
            None => admit().and_then(|()| Err(Error::unauthenticated())),
        };
        if let (Err(error), Some((strangers, address))) = (&found, stranger)
            && error.code == "UNAUTHENTICATED"
        {
            strangers.blame(address);
        }
        found?.map(Some).ok_or_else(Error::unauthenticated)
    }

    /// The caller of a credential, if it may be looked at where it is not known. None: it is a token that has expired,
    /// which nobody guessed; behind a proxy one app that goes on with it must not shut out all.
    async fn find(&self, credential: &str, admit: impl Fn() -> Result<(), Error>) -> Result<Option<Caller>, Error> {
        match &self.tokens {
            Some(tokens) if looks_like_token(credential) => {
                let now = Utc::now();
                let member = match tokens.known(credential, now) {
                    Some(found) => found,
                    None => {
                        admit()?;
                        tokens.verify(credential, now).ok_or_else(Error::unauthenticated)?
                    }
                };
                let Ok(member) = member else { return Ok(None) };
                Ok(Some(Caller {
                    id: MEMBERS,
                    scopes: Vec::new(),
                    wallets: None,
                    member: Some(member.user_id),
                    expires_at: Some(member.expires_at),
                    rate: self.members.clone(),
                }))
            }
            _ => self.by_key(credential, admit).await.map(Some),
        }
    }

    async fn by_key(&self, key: &str, admit: impl Fn() -> Result<(), Error>) -> Result<Caller, Error> {
        if key.len() > MAX_KEY {
            return admit().and_then(|()| Err(Error::unauthenticated()));
        }
        let hash = hash_key(key);
        let caller = match self.remembered(&hash) {
            Some(caller) => caller,
            None if lock(&self.remembered).contains_key(&hash) => self.look_up(hash).await?,
            None => {
                admit()?;
                let _turn = timeout(TURN, self.unknown.acquire()).await.map_err(|_| Error::overloaded())?;
                // While it waited, the same key, or others from the address, may have been looked up.
                match self.remembered(&hash) {
                    Some(caller) => caller,
                    None => {
                        admit()?;
                        self.look_up(hash).await?
                    }
                }
            }
        };
        lock(&self.uses).insert(hash, Utc::now());
        Ok(caller)
    }

    async fn look_up(&self, hash: [u8; 32]) -> Result<Caller, Error> {
        let mut rows = database::query(&self.pool, CALL_TIMEOUT, AUTHENTICATE, &[&&hash[..]]).await?;
        let Some(row) = rows.pop() else {
            lock(&self.remembered).remove(&hash);
            return Err(Error::unauthenticated());
        };
        let id = row.get("id");
        let (rate, burst): (Option<f64>, Option<i32>) = (row.get("rate"), row.get("burst"));
        let caller = Caller {
            id,
            scopes: row.get("scopes"),
            wallets: row.get("wallets"),
            member: None,
            expires_at: row.get("expires_at"),
            rate: match rate.zip(burst) {
                Some((rate, burst)) => Rate::Client(self.buckets.of(id, rate, burst)?),
                None => Rate::Any,
            },
        };
        let mut remembered = lock(&self.remembered);
        if remembered.len() >= REMEMBERED_KEYS {
            remembered.clear();
        }
        remembered.insert(hash, (caller.clone(), Instant::now()));
        Ok(caller)
    }

    fn remembered(&self, hash: &[u8; 32]) -> Option<Caller> {
        let remembered = lock(&self.remembered);
        let (caller, since) = remembered.get(hash)?;
        (since.elapsed() < REMEMBERED && !caller.expired()).then(|| caller.clone())
    }

    /// Stores when keys were last used. What can't be stored now is next time.
    pub async fn store_uses(&self) {
        let uses = std::mem::take(&mut *lock(&self.uses));
        if uses.is_empty() {
            return;
        }
        if let Err(error) = self.try_store(&uses).await {
            warn!("cannot store when keys were last used: {}", error.message);
            let mut kept = lock(&self.uses);
            for (hash, at) in uses {
                // One that is newer stays.
                kept.entry(hash).or_insert(at);
            }
        }
    }

    async fn try_store(&self, uses: &HashMap<[u8; 32], DateTime<Utc>>) -> Result<(), Error> {
        let (hashes, instants): (Vec<&[u8]>, Vec<DateTime<Utc>>) =
            uses.iter().map(|(hash, at)| (&hash[..], *at)).unzip();
        database::query(&self.pool, CALL_TIMEOUT, "select api.note_key_uses($1, $2)", &[&hashes, &instants]).await?;
        Ok(())
    }
}

/// The credential of an `Authorization` header.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, credential) = header.split_once(' ')?;
    let credential = credential.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !credential.is_empty()).then_some(credential)
}

/// Whether it is a JWT in form, or wants to be: parts, of which the first is an object in base64. No key is like that.
pub fn looks_like_token(credential: &str) -> bool {
    credential.starts_with("ey") && credential.bytes().filter(|&byte| byte == b'.').count() >= 2
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// What the database keeps of a key.
pub fn hash_key(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// A new key: 244 random bits, so a plain SHA-256 of it is enough.
pub fn new_key() -> String {
    format!("jf_{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}

const AUTHENTICATE: &str = "select * from api.authenticate($1)";
