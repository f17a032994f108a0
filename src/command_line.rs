//! The `jifen` command. It is compiled here and not in `main.rs`, where all that it awaits would be compiled once more.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;
use futures_util::FutureExt;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};
use tracing_subscriber::EnvFilter;
#[cfg(not(feature = "otel"))]
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

#[cfg(not(feature = "otel"))]
use crate::log;
#[cfg(feature = "otel")]
use crate::telemetry::Telemetry;
use crate::{
    client, commands,
    config::{Cli, Command, DatabaseOptions, JobsCommand, Key, LogFormat, Serve},
    database::{self, Config},
    embedded::{self, Durability, Server},
    migrate, request, schema,
    server::{self, Listening, tls::Tls},
    token::Tokens,
};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Does what the command line says.
#[tokio::main]
pub async fn main() -> ExitCode {
    let cli = Cli::parse();
    let format = match &cli.command {
        None => cli.serve.log.log_format,
        Some(Command::Serve(options)) => options.log.log_format,
        Some(_) => LogFormat::Text,
    };
    let filter = EnvFilter::try_from_env("JIFEN_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,refinery_core=warn,jifen::postgres=warn,deadpool.postgres=error"));
    #[cfg(feature = "otel")]
    let telemetry = match Telemetry::start(format, filter) {
        Ok(telemetry) => telemetry,
        Err(error) => {
            eprintln!("jifen: cannot send spans: {error}");
            return ExitCode::FAILURE;
        }
    };
    #[cfg(not(feature = "otel"))]
    tracing_subscriber::registry().with(filter).with(log::layer(format)).init();
    // Its failures are told from discrepancies.
    let reconciles = matches!(cli.command, Some(Command::Reconcile(_) | Command::Verify(_)));
    let code = match run(cli).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("jifen: {error}");
            if reconciles { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    };
    #[cfg(feature = "otel")]
    if let Err(error) = tokio::task::block_in_place(|| telemetry.stop()) {
        eprintln!("jifen: the last spans are lost: {error}");
    }
    code
}

async fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command.unwrap_or_else(|| Command::Serve(Box::new(cli.serve))) {
        Command::Reconcile(options) => {
            let database = Database::open(&options.database).await?;
            let clean = commands::reconcile(&database.config, &options).await;
            database.close().await?;
            Ok(if clean? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Verify(options) => {
            let agrees = match &options.receipt {
                Some(path) => commands::verify_receipt(&options, path),
                None => {
                    let database = Database::open(&options.database).await?;
                    let agrees = commands::verify(&database.config, &options).await;
                    database.close().await?;
                    agrees
                }
            };
            Ok(if agrees? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        command => carry_out(command).await.map(|()| ExitCode::SUCCESS),
    }
}

async fn carry_out(command: Command) -> Result {
    match command {
        Command::Serve(options) => serve(*options).await,
        // They have exit codes of their own.
        Command::Reconcile(_) | Command::Verify(_) => Ok(()),
        Command::Schema => {
            commands::say(schema::sdl().trim_end());
            Ok(())
        }
        Command::Migrate(options) => {
            let database = Database::open(&options.database).await?;
            let mut client = database::open(&database.config).await?;
            let report = migrate::migrate(&mut client, options.database.buckets).await?;
            if options.demo {
                migrate::load_demo(&client).await?;
            }
            commands::say(format_args!(
                "{} migrations applied; functions, views and privileges {}.",
                report.migrations,
                if report.bundle { "replaced" } else { "unchanged" }
            ));
            database.close().await
        }
        Command::Import(what) => {
            let database = Database::open(what.database()).await?;
            let result = commands::import(&database.config, &what).await;
            database.close().await?;
            Ok(result?)
        }
        #[cfg(any(feature = "nats", feature = "rabbitmq"))]
        Command::Consume(what) => {
            let database = Database::open(&what.options().database).await?;
            let result = commands::consume(&database.config, &what).await;
            database.close().await?;
            Ok(result?)
        }
        Command::Key(key) => {
            let options = match &key {
                Key::Create(options) => &options.database,
                Key::List(options) => &options.database,
                Key::Rotate(options) => &options.database,
                Key::Revoke(options) => &options.database,
            };
            let database = Database::open(options).await?;
            let result = commands::key(&database.config, &key).await;
            database.close().await?;
            Ok(result?)
        }
        Command::Jobs(jobs) => {
            let options = match &jobs.command {
                None => &jobs.database,
                Some(JobsCommand::Run(options)) => &options.database,
            };
            let database = Database::open(options).await?;
            let result = match &jobs.command {
                None => commands::list_jobs(&database.config).await,
                Some(JobsCommand::Run(options)) => commands::run_job(&database.config, &options.name).await,
            };
            database.close().await?;
            Ok(result?)
        }
        Command::Doctor(options) => {
            let database = Database::open(&options.database).await?;
            let result = commands::doctor(&database.config, options.json).await;
            database.close().await?;
            Ok(result?)
        }
        Command::Archive(options) => {
            let database = Database::open(options.database()).await?;
            let result = commands::archive(&database.config, options.command.as_ref()).await;
            database.close().await?;
            Ok(result?)
        }
    }
}

/// The database to work on: one that is named, one that another jifen runs, or one of our own.
struct Database {
    config: Config,
    server: Option<Server>,
}

impl Database {
    async fn open(options: &DatabaseOptions) -> Result<Self> {
        if let Some(config) = &options.database_url {
            return Ok(Database { config: config.clone(), server: None });
        }
        let data_dir = data_dir(options)?;
        if let Some(url) = embedded::running_url(&data_dir, "postgres") {
            return Ok(Database { config: database::parse_url(&url)?, server: None });
        }
        Self::start(options, data_dir).await
    }

    async fn start(options: &DatabaseOptions, data_dir: PathBuf) -> Result<Self> {
        let server = Server::start(embedded::Options {
            data_dir,
            durability: Durability::Durable,
            settings: Vec::new(),
            max_connections: 100,
            pg_bin: options.pg_bin.clone(),
        })
        .await?;
        Ok(Database { config: database::parse_url(&server.url("postgres"))?, server: Some(server) })
    }

    async fn close(self) -> Result {
        if let Some(server) = self.server {
            server.stop().await?;
        }
        Ok(())
    }
}

fn data_dir(options: &DatabaseOptions) -> Result<PathBuf> {
    Ok(match &options.data_dir {
        Some(path) => std::path::absolute(path)?,
        None => embedded::default_data_dir()?,
    })
}

async fn serve(options: Serve) -> Result {
    raise_open_files();
    request::log_slow_statements(options.log.slow_statement_ms);
    let tokens = Tokens::load(&options.jwt)?;
    let mut signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    // Before anything takes time: an address in use should be said at once.
    let listener = TcpListener::bind(options.listen).await.map_err(|error| {
        format!("cannot listen on {}: {error}. Choose another address with --listen", options.listen)
    })?;
    let address = listener.local_addr()?;
    let tls = Tls::load(&options.tls)?;
    let metrics_listener = match options.metrics_listen {
        Some(address) => Some(TcpListener::bind(address).await.map_err(|error| {
            format!("cannot listen on {address}: {error}. Choose another address with --metrics-listen")
        })?),
        None => None,
    };

    let (mut database, private_dir) = match &options.database.database_url {
        Some(config) => (Database { config: config.clone(), server: None }, None),
        None => {
            let data_dir = data_dir(&options.database)?;
            (Database::start(&options.database, data_dir.clone()).await?, Some(data_dir))
        }
    };
    let mut client = database::open(&database.config).await?;
    migrate::migrate_or_check(&mut client, options.database.buckets).await?;
    if options.demo || private_dir.is_some() {
        migrate::load_demo(&client).await?;
    }
    let key = development_key(&options, private_dir.as_deref(), address.ip().is_loopback())?;
    if let Some(key) = &key {
        commands::put_development_key(&client, key).await?;
    }
    drop(client);

    let router = server::router(&database.config, tokens, &options.exposure).await?;
    let base = format!("{}://{address}", if tls.is_some() { "https" } else { "http" });
    let shown = key.as_deref().filter(|_| options.exposure.allowed_documents.is_none());
    commands::say(commands::banner(&base, shown, private_dir.is_some(), options.exposure.shows_graphiql()));
    if let Some(listener) = metrics_listener {
        tokio::spawn(router.serve_metrics(listener));
    }

    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async {
        // A dropped sender means stop as well.
        let _dropped = stopped.await;
    };
    let listening = match tls {
        Some(tls) => Listening::Tls(tls.listen(listener)?),
        None => Listening::Plain(listener),
    };
    let serving = tokio::spawn(server::serve(listening, router, stopped.boxed()));
    let [interrupt, terminate] = &mut signals;
    let (interrupt, terminate) = (
        interrupt.as_mut().map_err(|error| error.to_string())?,
        terminate.as_mut().map_err(|error| error.to_string())?,
    );
    let failure = tokio::select! {
        _ = interrupt.recv() => None,
        _ = terminate.recv() => None,
        error = exited(&mut database.server) => Some(error),
    };
    eprintln!("jifen: stopping");
    drop(stop);
    serving.await?;
    match failure {
        Some(error) => Err(error.into()),
        None => database.close().await,
    }
}

/// Each socket is an open file, and many systems allow few at first.
fn raise_open_files() {
    let limits = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: limits.maximum, ..limits }) {
        tracing::warn!("cannot raise the limit of open files: {error}");
    }
}

/// Resolves when the private server dies by itself.
async fn exited(server: &mut Option<Server>) -> embedded::Error {
    match server {
        Some(server) => server.exited().await,
        None => std::future::pending().await,
    }
}

/// A key to try things with: the one that was asked for, or, on loopback with a private server, one that is made at
/// the first start and kept beside the data, readable by its owner alone.
fn development_key(options: &Serve, private_dir: Option<&Path>, loopback: bool) -> Result<Option<String>> {
    if options.dev_key.is_some() {
        return Ok(options.dev_key.clone());
    }
    let Some(dir) = private_dir.filter(|_| loopback) else { return Ok(None) };
    let path = dir.join("development.key");
    if let Ok(key) = std::fs::read_to_string(&path) {
        return Ok(Some(key.trim().to_owned()));
    }
    let key = client::new_key();
    commands::write_private(&path, &key)?;
    Ok(Some(key))
}
