//! `jifen key`: who may send operations.

use tokio_postgres::{Client, Config};

use super::say;
use crate::{
    client::{hash_key, new_key},
    config::Key,
    database, error,
};

const CREATE: &str = "select api.create_client($1, $2, $3, $4)";

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
            client.execute(CREATE, &[&options.name, &&hash_key(&key)[..], &options.scopes, &options.rules]).await?;
            eprintln!("The key of {}, shown once; Jifen keeps only its SHA-256:", options.name);
            say(&key);
        }
        Key::List(_) => {
            say(format_args!("{:<24} {:<28} {:<24} {:<20} REVOKED", "CLIENT", "SCOPES", "RULES", "CREATED"));
            for row in client.query("select * from api.client order by name", &[]).await? {
                let rules: Option<Vec<String>> = row.get("rules");
                let revoked: Option<chrono::DateTime<chrono::Utc>> = row.get("revoked_at");
                say(format_args!(
                    "{:<24} {:<28} {:<24} {:<20} {}",
                    row.get::<_, String>("name"),
                    row.get::<_, Vec<String>>("scopes").join(","),
                    rules.map_or("all".to_owned(), |rules| rules.join(",")),
                    row.get::<_, chrono::DateTime<chrono::Utc>>("created_at").format("%Y-%m-%d %H:%M:%S"),
                    revoked.map_or("-".to_owned(), |at| at.format("%Y-%m-%d %H:%M:%S").to_string()),
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

/// Gives the client `development` this key and every scope.
pub async fn put_development_key(client: &Client, key: &str) -> Result<(), KeyError> {
    let scopes = ["earn", "spend", "reverse", "adjust", "rewards", "rules", "webhooks", "read"];
    client.execute(CREATE, &[&"development", &&hash_key(key)[..], &&scopes[..], &None::<Vec<String>>]).await?;
    Ok(())
}
