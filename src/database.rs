//! Connections to PostgreSQL.

mod tls;

use std::{
    fmt,
    ops::{Deref, DerefMut},
    str::FromStr,
    time::Duration,
};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime};
use scopeguard::ScopeGuard;
use tokio::{
    task::{AbortHandle, JoinHandle},
    time::timeout,
};
use tokio_postgres::{
    Client, Connection, Row, Socket,
    config::{Host, SslMode},
    error::SqlState,
    tls::MakeTlsConnect,
    types::ToSql,
};
use tokio_postgres_rustls::MakeRustlsConnect;
use tracing::{error, info, warn};

use crate::{
    error::{brief, describe, is_lost},
    lanes::TURNS,
    request::timed,
};

/// Connections for reads.
pub const READERS: usize = 16;
/// Connections for operations between members, which may wait for locks and so must not keep reads waiting; the other
/// writes go through the lanes' own.
pub const PAIRS: usize = 4;
/// Connections for batches: to take them in, and to take and answer for their rows.
pub const INTAKE: usize = 4;
/// The others of a gateway, beside those of lanes: of reports, jobs, slow jobs, webhooks, and the channel between
/// gateways.
const SINGLE: usize = 5;
/// How long a call may wait for a connection.
const POOL_WAIT: Duration = Duration::from_secs(5);
/// A call that takes longer is taken for a lost connection. Above the statement timeout.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(6);
/// The same for reports.
pub const REPORT_TIMEOUT: Duration = Duration::from_secs(65);
/// A server that is silent for so long is gone: its machine, or the way to it. Otherwise nobody would hear of that who
/// only waits for an answer.
const SILENCE: Duration = Duration::from_secs(15);
/// The role that the gateway works as: it may call schema `api` and touch no table. Its statements take arrays of keys
/// and look each one up, so the plan is the same for any number of them, and never reads a table whole.
const GATEWAY_OPTIONS: &str = "-c role=jifen_gateway -c statement_timeout=5s -c lock_timeout=2s \
    -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c max_parallel_workers_per_gather=0 -c jit=off";

/// For what reads whole tables, after the options above, of which the last one counts. What nobody waits for any more
/// must not go on beside the next one.
const REPORT_OPTIONS: &str = "-c statement_timeout=60s -c client_connection_check_interval=1s";

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
        // A machine that is gone must not use up the time in which the next one is to be found.
        let hosts = config.get_hosts().len().max(config.get_hostaddrs().len()) as u32;
        config.connect_timeout(POOL_WAIT / if hosts > 1 { hosts + 1 } else { 1 });
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    if config.get_keepalives_idle() == tokio_postgres::Config::new().get_keepalives_idle() {
        config.keepalives_idle(SILENCE / 3).keepalives_interval(SILENCE / 3).keepalives_retries(2);
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

/// A client, and what drives its connection. Dropped, it closes the connection at once; a client alone would first wait
/// for answers, which a silent server never gives.
pub struct Session {
    client: Client,
    driver: AbortHandle,
}

impl Session {
    /// Of a client whose connection this task drives.
    pub fn new(client: Client, driver: &JoinHandle<()>) -> Self {
        Session { client, driver: driver.abort_handle() }
    }
}

impl Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// One connection, driven in the background until it ends.
pub async fn connect(config: &Config) -> Result<Client, tokio_postgres::Error> {
    Ok(drive(config).await?.0)
}

/// One connection, for whoever gives it up when the server is silent.
pub async fn session(config: &Config) -> Result<Session, tokio_postgres::Error> {
    let (client, driver) = drive(config).await?;
    Ok(Session::new(client, &driver))
}

async fn drive(config: &Config) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
    let (client, mut connection) = config.open().await?;
    let driver = tokio::spawn(async move {
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
                    // A server that is stopped says so, as one of our own does at our end. Dropping the connection is
                    // what tells those who wait for it.
                    match failure.code() {
                        Some(&SqlState::ADMIN_SHUTDOWN) => info!(target: "jifen::postgres", "{}", brief(&failure)),
                        _ => error!(target: "jifen::postgres", "connection lost: {}", describe(&failure)),
                    }
                    break;
                }
            }
        }
    });
    Ok((client, driver))
}

/// What comes of a call within a time, in words for the log where it fails. Whoever called opens another connection
/// then.
pub async fn within<T>(
    limit: Duration,
    call: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, String> {
    match timeout(limit, call).await {
        Ok(result) => result.map_err(|error| describe(&error)),
        Err(_) => Err(NO_ANSWER.to_owned()),
    }
}

/// Of a server that is silent, for the log.
pub const NO_ANSWER: &str = "no answer";

/// Why a statement has no rows.
#[derive(Debug)]
pub enum Fault {
    /// There is no connection, so nothing was sent.
    Pool(PoolError),
    /// The statement could not be prepared in time, or the connection was lost before, so nothing was carried out.
    Unsent,
    /// No answer in time.
    Late,
    /// PostgreSQL says why, or the connection was lost.
    Postgres(tokio_postgres::Error),
}

/// A connection of a pool that is closed when it is dropped, as whoever called may go away at any moment: what it is
/// still busy with must not be another's wait. [`give_back`] is for one whose calls have ended.
pub type Busy = ScopeGuard<Object, fn(Object)>;

/// Takes a connection from a pool.
pub async fn take(pool: &Pool) -> Result<Busy, PoolError> {
    let close: fn(Object) = |connection| drop(Object::take(connection));
    Ok(scopeguard::guard(pool.get().await?, close))
}

/// Gives back a connection on which nothing is under way.
pub fn give_back(connection: Busy) {
    drop(ScopeGuard::into_inner(connection));
}

/// The rows of a statement on a connection of the pool.
pub async fn query(
    pool: &Pool,
    limit: Duration,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Fault> {
    let connection = take(pool).await.map_err(Fault::Pool)?;
    let mut sent = false;
    let answered = timeout(limit, async {
        let statement = connection.prepare_cached(sql).await?;
        sent = true;
        timed(&statement, sql, parameters, connection.query(&statement, parameters)).await
    });
    let answered = answered.await;
    match answered {
        Ok(rows) => {
            give_back(connection);
            rows.map_err(|error| if !sent && is_lost(&error) { Fault::Unsent } else { Fault::Postgres(error) })
        }
        Err(_) => Err(if sent { Fault::Late } else { Fault::Unsent }),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_that_are_gone_are_passed_over_before_whoever_waits_gives_up() {
        for (hosts, count) in [("one", 1), ("one,two", 2), ("one,two,three", 3)] {
            let config = parse_url(&format!("postgres://me@{hosts}/points?sslmode=disable")).unwrap();
            let all_but_one = *config.get_connect_timeout().unwrap() * (count - 1);
            assert!(all_but_one < POOL_WAIT, "{hosts}: {all_but_one:?}");
        }
    }

    #[test]
    fn a_silent_server_is_found_out_unless_the_url_says_otherwise() {
        let config = parse_url("postgres://me@one/points?sslmode=disable").unwrap();
        assert_eq!((config.get_tcp_user_timeout(), config.get_keepalives_idle()), (Some(&SILENCE), SILENCE / 3));
        let given = "postgres://me@one/points?sslmode=disable&tcp_user_timeout=60&keepalives_idle=90&connect_timeout=9";
        let config = parse_url(given).unwrap();
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_secs(60)));
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(90));
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(9)));
    }
}
