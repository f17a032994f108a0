//! The command line, and the environment variables that stand for its options.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::{Args, Parser, Subcommand};
use tokio_postgres::Config;

use crate::database;

/// A loyalty points system: its rules in PostgreSQL, GraphQL in front.
///
/// Without DATABASE_URL it runs a private PostgreSQL in --data-dir, with a demonstration program and a development key.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub serve: Serve,
}

/// What to do; serve unless named.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve GraphQL (the default)
    Serve(Serve),
    /// Bring the database to this version, and stop
    Migrate(Migrate),
    /// Print the GraphQL schema
    Schema,
    /// Bring in history
    #[command(subcommand)]
    Import(Import),
    /// Manage API keys
    #[command(subcommand)]
    Key(Key),
    /// List what has to be done from time to time, and how that goes, or do it now
    Jobs(Box<Jobs>),
}

/// Where the data is.
#[derive(Clone, Debug, Args)]
pub struct DatabaseOptions {
    /// A PostgreSQL server to use, e.g. postgres://user:password@host/database; none: a private one in --data-dir
    #[arg(long, env = "DATABASE_URL", value_parser = database::parse_url, hide_env_values = true)]
    pub database_url: Option<Config>,
    /// Where the private PostgreSQL keeps its data [default: /var/lib/jifen as root, else ~/.local/share/jifen]
    #[arg(long, env = "JIFEN_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// The directory of PostgreSQL's programs, for the private one [default: searched for, or fetched]
    #[arg(long, env = "JIFEN_PG_BIN")]
    pub pg_bin: Option<PathBuf>,
    /// Buckets of a new database, for its life: the number of write lanes
    #[arg(long, env = "JIFEN_BUCKETS", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub buckets: u16,
}

/// Options of `jifen serve`.
#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    pub database: DatabaseOptions,
    /// Address and port to listen on
    #[arg(long, env = "JIFEN_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The development key, instead of one made at the first start; at least 8 characters
    #[arg(long, env = "JIFEN_DEV_KEY", value_parser = parse_key, hide_env_values = true)]
    pub dev_key: Option<String>,
    /// Load the demonstration program into the database of --database-url too
    #[arg(long, env = "JIFEN_DEMO")]
    pub demo: bool,
}

/// Options of `jifen migrate`.
#[derive(Debug, Args)]
pub struct Migrate {
    #[command(flatten)]
    pub database: DatabaseOptions,
    /// Load the demonstration program as well
    #[arg(long, env = "JIFEN_DEMO")]
    pub demo: bool,
}

/// What to bring in.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Award points for past orders, from a CSV file with the columns user_id, order_no, amount, occurred_at
    ///
    /// The header names the columns, in any order; others are ignored. occurred_at is an instant such as
    /// 2024-05-01T09:30:00+08:00, or a date, or a date and time, in the program's time zone; validity counts from it.
    ///
    /// The order number is the idempotency key (of the client named import), so a second run changes nothing, and an
    /// interrupted one goes on where it stopped. Rows that can't be read or are refused are listed, with line numbers and
    /// reasons, in FILE.rejected.csv, and the others are imported; without such rows there is no such file.
    ///
    /// Exit status: 0 when every row is in; 1 when some were rejected, or the import stopped. What was done is summed up on
    /// stdout in either case.
    Orders(ImportOrders),
    /// Correct accounts by hand, from a CSV file with the columns user_id, key, points, reason, actor
    ///
    /// The header names the columns, in any order; others are ignored. points are added, or below 0 taken; what is added never
    /// expires. reason and actor are obligatory, and kept for ever.
    ///
    /// key is the idempotency key (of the client named import), so a second run changes nothing, and an interrupted one goes
    /// on where it stopped. Rows that can't be read or are refused are listed, with line numbers and reasons, in
    /// FILE.rejected.csv, and the others are carried out.
    ///
    /// Exit status: 0 when every row is in; 1 when some were rejected, or the import stopped.
    Adjustments(ImportAdjustments),
}

impl Import {
    /// The CSV file.
    pub fn file(&self) -> &Path {
        match self {
            Import::Orders(options) => &options.file,
            Import::Adjustments(options) => &options.file,
        }
    }

    /// The database.
    pub fn database(&self) -> &DatabaseOptions {
        match self {
            Import::Orders(options) => &options.database,
            Import::Adjustments(options) => &options.database,
        }
    }
}

/// Options of `jifen import orders`.
#[derive(Debug, Args)]
pub struct ImportOrders {
    /// The CSV file
    pub file: PathBuf,
    /// The rule to award by
    #[arg(long, env = "JIFEN_IMPORT_RULE", default_value = "ORDER")]
    pub rule: String,
    /// The wallet to award to
    #[arg(long, env = "JIFEN_IMPORT_WALLET", default_value = "points")]
    pub wallet: String,
    #[command(flatten)]
    pub database: DatabaseOptions,
}

/// Options of `jifen import adjustments`.
#[derive(Debug, Args)]
pub struct ImportAdjustments {
    /// The CSV file
    pub file: PathBuf,
    /// The wallet to correct
    #[arg(long, env = "JIFEN_IMPORT_WALLET", default_value = "points")]
    pub wallet: String,
    #[command(flatten)]
    pub database: DatabaseOptions,
}

/// What to do with API keys.
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Make a client with a key, or give a client a new key; prints the key, once
    Create(KeyCreate),
    /// List the clients
    List(KeyList),
    /// Take a client's rights away
    Revoke(KeyRevoke),
}

/// Options of `jifen key create`.
#[derive(Debug, Args)]
pub struct KeyCreate {
    /// Name of the client, 1 to 64 characters
    pub name: String,
    /// What it may do
    #[arg(long, value_delimiter = ',', default_value = "earn,spend,read", value_parser = ["earn", "spend", "reverse", "adjust", "rewards", "rules", "webhooks", "read"])]
    pub scopes: Vec<String>,
    /// The rules it may earn by [default: all]
    #[arg(long, value_delimiter = ',')]
    pub rules: Option<Vec<String>>,
    #[command(flatten)]
    pub database: DatabaseOptions,
}

/// Options of `jifen key list`.
#[derive(Debug, Args)]
pub struct KeyList {
    #[command(flatten)]
    pub database: DatabaseOptions,
}

/// Options of `jifen key revoke`.
#[derive(Debug, Args)]
pub struct KeyRevoke {
    /// Name of the client
    pub name: String,
    #[command(flatten)]
    pub database: DatabaseOptions,
}

/// Options of `jifen jobs`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Jobs {
    #[command(subcommand)]
    pub command: Option<JobsCommand>,
    #[command(flatten)]
    pub database: DatabaseOptions,
}

/// What to do with jobs; list them unless named.
#[derive(Debug, Subcommand)]
pub enum JobsCommand {
    /// Run a job now, step by step, until nothing is left
    Run(JobsRun),
}

/// Options of `jifen jobs run`.
#[derive(Debug, Args)]
pub struct JobsRun {
    /// Name of the job
    pub name: String,
    #[command(flatten)]
    pub database: DatabaseOptions,
}

fn parse_key(key: &str) -> Result<String, String> {
    if key.len() < 8 || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a key has at least 8 characters, all of them printable ASCII without spaces".to_owned());
    }
    Ok(key.to_owned())
}
