//! Connections to PostgreSQL.

mod tls;

use std::{
    fmt,
    ops::{Deref, DerefMut},
    str::FromStr,
    time::Duration,
};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::{
    Client, Connection, Socket,
    config::{Host, SslMode},
    tls::MakeTlsConnect,
};
use tokio_postgres_rustls::MakeRustlsConnect;
use tracing::{error, info, warn};

use crate::{error::brief, lanes::TURNS};

/// Connections for reads.
pub const READERS: usize = 16;
/// Connections for operations between members, which may wait for locks and so must not keep reads waiting; the other
/// writes go through the lanes' own.
pub const PAIRS: usize = 4;
/// Connections for batches: to take them in, and to take and answer for their rows.
pub const INTAKE: usize = 4;
/// The others of a gateway, beside those of lanes: of reports, jobs, slow jobs, webhooks, and the channel between gateways.
const SINGLE: usize = 5;
/// How long a call may wait for a connection.
const POOL_WAIT: Duration = Duration::from_secs(5);
/// The role that the gateway works as: it may call schema `api` and touch no table. Its statements take arrays of keys
/// and look each one up, so the plan is the same for any number of them, and never reads a table whole.
const GATEWAY_OPTIONS: &str = "-c role=jifen_gateway -c statement_timeout=5s -c lock_timeout=2s \
    -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c max_parallel_workers_per_gather=0 -c jit=off";

/// For what reads whole tables, after the options above, of which the last one counts.
const REPORT_OPTIONS: &str = "-c statement_timeout=60s";

pub use tls::remedy;

/// A database, and how to get there: what `DATABASE_URL` says.
#[derive(Clone)]
pub struct Config {
    postgres: tokio_postgres::Config,
    tls: MakeRustlsConnect,
}

impl Config {
    /// A connection that is yet to be driven.
    pub async fn open(
        &self,
    ) -> Result<
        (Client, Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>),
        tokio_postgres::Error,
    > {
        self.postgres.connect(self.tls.clone()).await
    }

    /// Adds to the options for the server, of which the last one of a name counts.
    pub fn add_options(&mut self, more: &str) {
        let options = match self.postgres.get_options() {
            Some(given) => format!("{given} {more}"),
            None => more.to_owned(),
        };
        self.postgres.options(options);
    }
}

impl Deref for Config {
    type Target = tokio_postgres::Config;

    fn deref(&self) -> &tokio_postgres::Config {
        &self.postgres
    }
}

impl DerefMut for Config {
    fn deref_mut(&mut self) -> &mut tokio_postgres::Config {
        &mut self.postgres
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.postgres.fmt(formatter)
    }
}

/// What `DATABASE_URL` says, in words when it says nothing usable.
pub fn parse_url(url: &str) -> Result<Config, String> {
    let (url, wish) = tls::split(url)?;
    let mut config = tokio_postgres::Config::from_str(&url).map_err(|error| {
        format!("it is not a PostgreSQL URL such as postgres://user:password@host/database: {error}")
    })?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err("it names no host; write postgres://user:password@host/database".to_owned());
    }
    if config.get_application_name().is_none() {
        config.application_name("jifen");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(5));
    }
    let tls = wish.put(&mut config)?;
    // As in libpq, sslmode is not for them: nobody else is on the way.
    if config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_))) && config.get_hostaddrs().is_empty() {
        config.ssl_mode(SslMode::Disable);
    }
    Ok(Config { postgres: config, tls })
}

/// The same server, as the gateway's role.
pub fn as_gateway(config: &Config) -> Config {
    let mut config = config.clone();
    config.add_options(GATEWAY_OPTIONS);
    config
}

/// As the gateway, for lanes: they announce by themselves what they have changed, after the commit.
pub fn as_lane(config: &Config) -> Config {
    let mut config = as_gateway(config);
    config.add_options("-c jifen.caller_announces=on");
    config
}

/// Why a database can't be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot reach the database: {}. Check DATABASE_URL, and that the server runs", brief(.0))]
pub struct Unreachable(#[from] tokio_postgres::Error);

/// A connection for a command, with words for the user where there is none.
pub async fn open(config: &Config) -> Result<Client, Unreachable> {
    Ok(connect(config).await?)
}

/// One connection, driven in the background until it ends.
pub async fn connect(config: &Config) -> Result<Client, tokio_postgres::Error> {
    let (client, mut connection) = config.open().await?;
    tokio::spawn(async move {
        let messages = futures_util::stream::poll_fn(move |context| connection.poll_message(context));
        futures_util::pin_mut!(messages);
        while let Some(message) = futures_util::StreamExt::next(&mut messages).await {
            match message {
                Ok(tokio_postgres::AsyncMessage::Notice(notice)) => match notice.severity() {
                    "WARNING" => warn!(target: "jifen::postgres", "{}", notice.message()),
                    _ => info!(target: "jifen::postgres", "{}", notice.message()),
                },
                Ok(_) => {}
                Err(failure) => {
                    // Dropping the connection is what tells those who wait for it.
                    error!(target: "jifen::postgres", "connection lost: {failure}");
                    break;
                }
            }
        }
    });
    Ok(client)
}

/// How many connections a gateway opens at most.
pub const CONNECTIONS: usize = TURNS + READERS + PAIRS + INTAKE + SINGLE;

/// A pool of so many connections, as the gateway's role.
pub fn pool(config: &Config, size: usize) -> Result<Pool, deadpool_postgres::BuildError> {
    build(as_gateway(config), size)
}

/// One connection, as the gateway's role, for statements that take up to a minute.
pub fn report_pool(config: &Config) -> Result<Pool, deadpool_postgres::BuildError> {
    let mut config = as_gateway(config);
    config.add_options(REPORT_OPTIONS);
    build(config, 1)
}

fn build(config: Config, size: usize) -> Result<Pool, deadpool_postgres::BuildError> {
    let Config { postgres, tls } = config;
    let manager = Manager::from_config(postgres, tls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    Pool::builder(manager)
        .max_size(size)
        .wait_timeout(Some(POOL_WAIT))
        .create_timeout(Some(POOL_WAIT))
        .runtime(Runtime::Tokio1)
        .build()
}
