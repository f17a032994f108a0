//! `jifen key`: who may send operations.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use tokio_postgres::{Client, types::ToSql};

use super::say;
use crate::{
    client::{hash_key, new_key},
    config::Key,
    database::{self, Config},
    error,
};

const CREATE: &str = "select api.create_client($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const ROTATE: &str = "select api.rotate_key($1, $2, now() + make_interval(secs => $3), $4)";
/// A client without a key has a line, too.
const LIST: &str = "
    select c.*, k.fingerprint, k.created_at as key_created_at, k.expires_at, k.last_used_at
    from api.client c
    left join api.client_key k on k.client = c.name
    order by c.name, k.created_at, k.fingerprint";

/// Why a key command failed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no connection.
    #[error(transparent)]
    Unreachable(#[from] database::Unreachable),
    /// PostgreSQL refused it.
    #[error("{}", error::brief(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// There is no such client.
    #[error("no client named {0} has rights; `jifen key list` shows them")]
    Unknown(String),
}

/// Carries out a key command.
pub async fn key(config: &Config, command: &Key) -> Result<(), KeyError> {
    let client = database::open(config).await?;
    match command {
        Key::Create(options) => {
            let key = new_key();
            let parameters: [&(dyn ToSql + Sync); 9] = [
                &options.name,
                &&hash_key(&key)[..],
                &options.scopes,
                &options.rules,
                &options.wallets,
                &options.rate,
                &options.burst,
                &options.expires_at,
                &options.replace,
            ];
            client.execute(CREATE, &parameters).await?;
            show(&options.name, &key);
        }
        Key::Rotate(options) => {
            let key = new_key();
            let grace = f64::from(options.grace_seconds);
            let parameters: [&(dyn ToSql + Sync); 4] =
                [&options.name, &&hash_key(&key)[..], &grace, &options.expires_at];
            let ending: Option<i32> = client.query_one(ROTATE, &parameters).await?.get(0);
            let ending = ending.ok_or_else(|| KeyError::Unknown(options.name.clone()))?;
            eprintln!("{ending} earlier keys of {} end within {} s.", options.name, options.grace_seconds);
            show(&options.name, &key);
        }
        Key::List(_) => {
            say(format_args!(
                "{:<24} {:<9} {:<28} {:<20} {:<16} {:<12} {:<20} {:<20} {:<20} REVOKED",
                "CLIENT", "KEY", "SCOPES", "RULES", "WALLETS", "RATE/BURST", "CREATED", "EXPIRES", "LAST USED"
            ));
            for row in client.query(LIST, &[]).await? {
                let list =
                    |name| row.get::<_, Option<Vec<String>>>(name).map_or("all".to_owned(), |values| values.join(","));
                let instant = |name| {
                    let at: Option<DateTime<Utc>> = row.get(name);
                    at.map_or("-".to_owned(), |at| at.format("%Y-%m-%d %H:%M:%S").to_string())
                };
                let rate = row.get::<_, Option<Decimal>>("rate").zip(row.get::<_, Option<i32>>("burst"));
                say(format_args!(
                    "{:<24} {:<9} {:<28} {:<20} {:<16} {:<12} {:<20} {:<20} {:<20} {}",
                    row.get::<_, String>("name"),
                    row.get::<_, Option<String>>("fingerprint").unwrap_or("-".to_owned()),
                    list("scopes"),
                    list("rules"),
                    list("wallets"),
                    rate.map_or("-".to_owned(), |(rate, burst)| format!("{rate}/{burst}")),
                    instant("key_created_at"),
                    instant("expires_at"),
                    instant("last_used_at"),
                    instant("revoked_at"),
                ));
            }
        }
        Key::Revoke(options) => {
            let revoked: bool = client.query_one("select api.revoke_client($1)", &[&options.name]).await?.get(0);
            if !revoked {
                return Err(KeyError::Unknown(options.name.clone()));
            }
            say(format_args!("{} may do nothing from now on.", options.name));
        }
    }
    Ok(())
}

/// Shows a key, alone on stdout.
fn show(name: &str, key: &str) {
    eprintln!("The key of {name}, shown once; Jifen keeps only its SHA-256:");
    say(key);
}

/// Gives the client `development` this key and every scope.
pub async fn put_development_key(client: &Client, key: &str) -> Result<(), KeyError> {
    let create = "select api.create_client('development', $1, '{earn,spend,operator}', p_replace => true)";
    client.execute(create, &[&&hash_key(key)[..]]).await?;
    Ok(())
}
