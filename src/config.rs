//! The command line, and the environment variables that stand for its options.

mod limits;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use axum::http::HeaderValue;
use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};
use jsonwebtoken::Algorithm;
use rust_decimal::Decimal;

pub use limits::Limits;

use crate::{
    client::{MAX_KEY, looks_like_token},
    database::{self, Config},
};

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
    Serve(Box<Serve>),
    /// Bring the database to this version, and stop
    Migrate(Migrate),
    /// Print the GraphQL schema
    Schema,
    /// Bring in history
    #[command(subcommand)]
    Import(Import),
    /// Read events of a message broker, and queue them as operations
    #[cfg(any(feature = "nats", feature = "rabbitmq"))]
    #[command(subcommand)]
    Consume(Consume),
    /// Manage API keys
    #[command(subcommand)]
    Key(Key),
    /// List what has to be done from time to time, and how that goes, or do it now
    Jobs(Box<Jobs>),
    /// Look at the server and the database, and say what is wrong and what to do about it
    ///
    /// Exit status: 0 when nothing is wrong, warnings aside; 1 else. DATABASE_URL should be the gateway's own.
    Doctor(Box<Doctor>),
    /// List the months of the ledger and what of them is archived, or write archived months to files and load them again
    Archive(Box<Archive>),
    /// Prove that every row keeps the laws of the books. Exit code 0: they do, 1: there are discrepancies, 2: it failed
    Reconcile(Box<Reconcile>),
    /// Prove that no sealed entry was changed, or that a receipt is true. Exit code 0: so it is, 1: it is not, 2: it failed
    Verify(Box<Verify>),
}

/// Where the data is.
#[derive(Clone, Debug, Args)]
pub struct DatabaseOptions {
    /// A PostgreSQL server to use, e.g. postgres://user:password@host/database?sslmode=verify-full; none: a private one in --data-dir
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
    /// Another address for /metrics, where no key is asked for: one that only Prometheus reaches [default: none; at --listen
    /// it takes a key with the scope audit]
    #[arg(long, env = "JIFEN_METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,
    /// The development key, instead of one made at the first start; 8 to 256 characters
    #[arg(long, env = "JIFEN_DEV_KEY", value_parser = parse_key, hide_env_values = true)]
    pub dev_key: Option<String>,
    /// Load the demonstration program into the database of --database-url too
    #[arg(long, env = "JIFEN_DEMO")]
    pub demo: bool,
    #[command(flatten)]
    pub jwt: JwtOptions,
    #[command(flatten)]
    pub exposure: Exposure,
    #[command(flatten)]
    pub tls: TlsOptions,
    #[command(flatten)]
    pub log: LogOptions,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// A JSON object
    Json,
}

/// What the log, on stderr, says, and how. JIFEN_LOG says of what.
#[derive(Clone, Debug, Args)]
pub struct LogOptions {
    /// How a line of the log is written
    #[arg(long, env = "JIFEN_LOG_FORMAT", value_enum, default_value = "text")]
    pub log_format: LogFormat,
    /// Statements that take as many milliseconds are in the log, with types and lengths of their parameters; 0: none
    #[arg(long, env = "JIFEN_SLOW_STATEMENT_MS", default_value_t = 1000)]
    pub slow_statement_ms: u64,
}

/// The gateway's own certificate.
#[derive(Clone, Debug, Default, Args)]
pub struct TlsOptions {
    /// Speak https and wss by this certificate and those that lead to its authority, in PEM; followed when it changes
    #[arg(long, env = "JIFEN_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM without a password
    #[arg(long, env = "JIFEN_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
}

/// Which tokens of members are taken.
#[derive(Clone, Debug, Args)]
pub struct JwtOptions {
    /// How members' tokens are signed: HS256, RS256 or EdDSA; none: members have no tokens
    #[arg(long, env = "JIFEN_JWT_ALGORITHM", value_parser = parse_algorithm)]
    pub jwt_algorithm: Option<Algorithm>,
    /// The key of tokens: 32 bytes or more for HS256, else a public key in PEM; followed when it changes
    #[arg(long, env = "JIFEN_JWT_KEY_FILE")]
    pub jwt_key_file: Option<PathBuf>,
    /// Keys of tokens by kid, as a JWKS; followed when it changes
    #[arg(long, env = "JIFEN_JWT_JWKS_FILE")]
    pub jwt_jwks_file: Option<PathBuf>,
    /// What the claim iss of tokens must be
    #[arg(long, env = "JIFEN_JWT_ISSUER")]
    pub jwt_issuer: Option<String>,
    /// What the claim aud of tokens must be or hold
    #[arg(long, env = "JIFEN_JWT_AUDIENCE")]
    pub jwt_audience: Option<String>,
    /// How far clocks may differ: tokens count so many seconds before nbf and after exp
    #[arg(long, env = "JIFEN_JWT_LEEWAY_SECONDS", requires = "jwt_algorithm", default_value_t = 30, value_parser = clap::value_parser!(u16).range(0..=600))]
    pub jwt_leeway_seconds: u16,
    /// The claim that has the member's userId
    #[arg(long, env = "JIFEN_JWT_SUBJECT_CLAIM", requires = "jwt_algorithm", default_value = "sub")]
    pub jwt_subject_claim: String,
}

/// What the gateway shows, and to pages of which origins.
#[derive(Clone, Debug, Args)]
pub struct Exposure {
    /// Whether the schema can be asked for
    #[arg(long, env = "JIFEN_INTROSPECTION", default_value = "on", value_parser = parse_switch)]
    pub introspection: Switch,
    /// Whether GraphiQL is at /
    #[arg(long, env = "JIFEN_GRAPHIQL", default_value = "on", value_parser = parse_switch)]
    pub graphiql: Switch,
    /// Origins whose pages may ask from a browser, e.g. https://shop.example, several with commas [default: none but its own]
    #[arg(long, env = "JIFEN_CORS_ORIGIN", value_delimiter = ',', value_parser = parse_origin)]
    pub cors_origin: Vec<HeaderValue>,
    /// The only documents that are taken, whoever asks: a folder of .graphql files, one of them, or a JSON map of SHA-256 to
    /// document; followed when it changes
    #[arg(long, env = "JIFEN_ALLOWED_DOCUMENTS")]
    pub allowed_documents: Option<PathBuf>,
    #[command(flatten)]
    pub limits: Limits,
}

impl Default for Exposure {
    fn default() -> Self {
        Exposure {
            introspection: Switch(true),
            graphiql: Switch(true),
            cors_origin: Vec::new(),
            allowed_documents: None,
            limits: Limits::default(),
        }
    }
}

impl Exposure {
    /// Whether GraphiQL is served. Where documents are listed, it could ask for nothing.
    pub fn shows_graphiql(&self) -> bool {
        self.graphiql.0 && self.allowed_documents.is_none()
    }
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

/// Where events come from.
#[cfg(any(feature = "nats", feature = "rabbitmq"))]
#[derive(Debug, Subcommand)]
pub enum Consume {
    /// Read a stream of NATS JetStream, by a durable pull consumer, which is made if it is not there
    ///
    /// An event is a JSON object like {"earn": {"userId": "dora", "rule": "ORDER", "amount": "42.50"}}: one of earn, spend or
    /// adjust, as in submitOperations. Its idempotencyKey is its own, or the header Nats-Msg-Id, or STREAM:CREATED:SEQUENCE.
    ///
    /// Events become rows of batches; the gateways carry them out. A message is acknowledged when its row is stored; one that
    /// cannot be understood is terminated, and kept among the failed rows with its reason.
    #[cfg(feature = "nats")]
    Nats(ConsumeNats),
    /// Read a queue of RabbitMQ
    ///
    /// An event is a JSON object like {"earn": {"userId": "dora", "rule": "ORDER", "amount": "42.50"}}: one of earn, spend or
    /// adjust, as in submitOperations. Its idempotencyKey is its own, or the property message_id.
    ///
    /// Events become rows of batches; the gateways carry them out. A message is acknowledged when its row is stored; one that
    /// cannot be understood is rejected, which sends it to the queue's dead letters, and kept among the failed rows with its
    /// reason.
    #[cfg(feature = "rabbitmq")]
    Rabbitmq(ConsumeRabbitmq),
}

#[cfg(any(feature = "nats", feature = "rabbitmq"))]
impl Consume {
    /// What all of them have.
    pub fn options(&self) -> &ConsumeOptions {
        match self {
            #[cfg(feature = "nats")]
            Consume::Nats(options) => &options.options,
            #[cfg(feature = "rabbitmq")]
            Consume::Rabbitmq(options) => &options.options,
        }
    }

    /// What its batches are called.
    pub fn label(&self) -> String {
        let label = match self {
            #[cfg(feature = "nats")]
            Consume::Nats(options) => format!("nats {}", options.stream),
            #[cfg(feature = "rabbitmq")]
            Consume::Rabbitmq(options) => format!("rabbitmq {}", options.queue),
        };
        label.chars().take(128).collect()
    }
}

/// Options of `jifen consume`.
#[cfg(any(feature = "nats", feature = "rabbitmq"))]
#[derive(Debug, Args)]
pub struct ConsumeOptions {
    /// The client whose operations they are: its scopes, rules and wallets count
    #[arg(long, env = "JIFEN_CONSUME_CLIENT")]
    pub client: String,
    #[command(flatten)]
    pub database: DatabaseOptions,
}

/// Options of `jifen consume nats`.
#[cfg(feature = "nats")]
#[derive(Debug, Args)]
pub struct ConsumeNats {
    /// The server, e.g. nats://127.0.0.1:4222 or tls://user:password@host:4222
    #[arg(long, env = "JIFEN_NATS_URL", hide_env_values = true)]
    pub url: String,
    /// The stream
    #[arg(long, env = "JIFEN_NATS_STREAM")]
    pub stream: String,
    /// Name of the durable consumer; several processes of one name share its messages
    #[arg(long, env = "JIFEN_NATS_CONSUMER", default_value = "jifen")]
    pub consumer: String,
    /// Messages of this subject only, when the consumer is made [default: all of the stream]
    #[arg(long, env = "JIFEN_NATS_SUBJECT")]
    pub subject: Option<String>,
    /// A file of credentials (.creds)
    #[arg(long, env = "JIFEN_NATS_CREDENTIALS")]
    pub credentials: Option<PathBuf>,
    #[command(flatten)]
    pub options: ConsumeOptions,
}

/// Options of `jifen consume rabbitmq`.
#[cfg(feature = "rabbitmq")]
#[derive(Debug, Args)]
pub struct ConsumeRabbitmq {
    /// The server and its virtual host, e.g. amqp://user:password@host:5672/%2f, or amqps
    #[arg(long, env = "JIFEN_RABBITMQ_URL", hide_env_values = true)]
    pub url: String,
    /// The queue, which must be there
    #[arg(long, env = "JIFEN_RABBITMQ_QUEUE")]
    pub queue: String,
    #[command(flatten)]
    pub options: ConsumeOptions,
}

/// What to do with API keys.
#[derive(Debug, Subcommand)]
pub enum Key {
    /// Make a client with a key; prints the key, once
    Create(Box<KeyCreate>),
    /// List the clients
    List(KeyList),
    /// Give a client a new key, and let the old ones end after a while; prints the key, once
    Rotate(KeyRotate),
    /// Take a client's rights away
    Revoke(KeyRevoke),
}

/// Options of `jifen key create`.
#[derive(Debug, Args)]
pub struct KeyCreate {
    /// Name of the client, 1 to 64 characters
    pub name: String,
    /// What it may do; operator: reverse, adjust, rewards, rules, webhooks, read, audit; auditor: audit, which reads all
    #[arg(long, value_delimiter = ',', default_value = "earn,spend,read", value_parser = ["earn", "spend", "reverse", "adjust", "rewards", "rules", "webhooks", "read", "audit", "operator", "auditor"])]
    pub scopes: Vec<String>,
    /// The rules it may earn by [default: all]
    #[arg(long, value_delimiter = ',')]
    pub rules: Option<Vec<String>>,
    /// The wallets whose accounts it may read and change [default: all]
    #[arg(long, value_delimiter = ',')]
    pub wallets: Option<Vec<String>>,
    /// Requests a second that each gateway takes of it, fractions allowed [default: any number]
    #[arg(long)]
    pub rate: Option<Decimal>,
    /// Requests that each gateway takes of it at once [default: as --rate]
    #[arg(long, requires = "rate")]
    pub burst: Option<i32>,
    /// When the key expires, e.g. 2030-01-01T00:00:00Z [default: never]
    #[arg(long)]
    pub expires_at: Option<DateTime<Utc>>,
    /// Make a client of that name anew: other scopes, rules, wallets and rate, its keys gone, and not revoked any more
    #[arg(long)]
    pub replace: bool,
    #[command(flatten)]
    pub database: DatabaseOptions,
}

/// Options of `jifen key list`.
#[derive(Debug, Args)]
pub struct KeyList {
    #[command(flatten)]
    pub database: DatabaseOptions,
}

/// Options of `jifen key rotate`.
#[derive(Debug, Args)]
pub struct KeyRotate {
    /// Name of the client
    pub name: String,
    /// For how many seconds the old keys go on
    #[arg(long, default_value_t = 86_400, value_parser = clap::value_parser!(u32).range(0..=31_536_000))]
    pub grace_seconds: u32,
    /// When the new key expires, e.g. 2030-01-01T00:00:00Z [default: never]
    #[arg(long)]
    pub expires_at: Option<DateTime<Utc>>,
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

/// Options of `jifen doctor`.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Print a JSON array of objects with topic, state (ok, warn, fail), finding and remedy
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub database: DatabaseOptions,
}

/// Options of `jifen reconcile`.
#[derive(Debug, Args)]
pub struct Reconcile {
    /// Prove everything, and not only what was booked since it was proven before
    #[arg(long)]
    pub full: bool,
    /// Print the result as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Connections that work at once, as far as there are chunks for them
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub lanes: u16,
    #[command(flatten)]
    pub database: DatabaseOptions,
}

/// Options of `jifen verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Check this receipt, and nothing else; needs --roots, and no database
    #[arg(long, requires = "roots")]
    pub receipt: Option<PathBuf>,
    /// A file with roots that were kept elsewhere: all of them must be there, and the receipt must lead to one
    #[arg(long)]
    pub roots: Option<PathBuf>,
    #[command(flatten)]
    pub database: DatabaseOptions,
}

/// Options of `jifen archive`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Archive {
    #[command(subcommand)]
    pub command: Option<ArchiveCommand>,
    #[command(flatten)]
    pub database: DatabaseOptions,
}

impl Archive {
    /// The database.
    pub fn database(&self) -> &DatabaseOptions {
        match &self.command {
            None => &self.database,
            Some(ArchiveCommand::List(options)) => options,
            Some(ArchiveCommand::Export(options)) => &options.database,
            Some(ArchiveCommand::Load(options)) => &options.database,
            Some(ArchiveCommand::Restore(options)) => &options.database,
        }
    }
}

/// What to do with the archive; list it unless named.
#[derive(Debug, Subcommand)]
pub enum ArchiveCommand {
    /// List the months, what they wait for, and when they were archived and exported
    List(DatabaseOptions),
    /// Write an archived month to two files, entry_YYYY_MM.csv.gz and lot_use_YYYY_MM.csv.gz
    ///
    /// The rows stay in the database, which keeps the SHA-256 of both files. Needs a role that is a member of jifen_owner.
    Export(ArchiveExport),
    /// Load the rows of an archived month from its files, where they are missing
    ///
    /// For a database that was restored from a backup without the archive's rows. Files other than those that were exported
    /// last are refused before a row is loaded. Needs a role that is a member of jifen_owner.
    Load(ArchiveLoad),
    /// Move the last archived month back among the live ones
    Restore(ArchiveRestore),
}

/// Options of `jifen archive export`.
#[derive(Debug, Args)]
pub struct ArchiveExport {
    /// The month, e.g. 2024-05
    #[arg(value_parser = parse_month)]
    pub month: NaiveDate,
    /// The directory of the files, which must not be there yet
    #[arg(long)]
    pub to: PathBuf,
    #[command(flatten)]
    pub database: DatabaseOptions,
}

/// Options of `jifen archive load`.
#[derive(Debug, Args)]
pub struct ArchiveLoad {
    /// The month, e.g. 2024-05
    #[arg(value_parser = parse_month)]
    pub month: NaiveDate,
    /// The directory of the files
    #[arg(long)]
    pub from: PathBuf,
    #[command(flatten)]
    pub database: DatabaseOptions,
}

/// Options of `jifen archive restore`.
#[derive(Debug, Args)]
pub struct ArchiveRestore {
    /// The month, e.g. 2024-05
    #[arg(value_parser = parse_month)]
    pub month: NaiveDate,
    #[command(flatten)]
    pub database: DatabaseOptions,
}

fn parse_month(text: &str) -> Result<NaiveDate, String> {
    NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d")
        .ok()
        .filter(|_| text.len() == 7)
        .ok_or_else(|| "a month is written like 2024-05".to_owned())
}

fn parse_key(key: &str) -> Result<String, String> {
    if key.len() < 8 || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a key has at least 8 characters, all of them printable ASCII without spaces".to_owned());
    }
    if key.len() > MAX_KEY {
        return Err(format!("a key has at most {MAX_KEY} characters"));
    }
    if looks_like_token(key) {
        return Err("that is a token, and no key is like one".to_owned());
    }
    Ok(key.to_owned())
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch(pub bool);

fn parse_switch(text: &str) -> Result<Switch, String> {
    match text {
        "on" => Ok(Switch(true)),
        "off" => Ok(Switch(false)),
        _ => Err("say on or off".to_owned()),
    }
}

/// No others, so that a weak one can't be chosen by mistake.
fn parse_algorithm(text: &str) -> Result<Algorithm, String> {
    match text {
        "HS256" => Ok(Algorithm::HS256),
        "RS256" => Ok(Algorithm::RS256),
        "EdDSA" => Ok(Algorithm::EdDSA),
        _ => Err("say HS256, RS256 or EdDSA".to_owned()),
    }
}

fn parse_origin(text: &str) -> Result<HeaderValue, String> {
    // As browsers write it.
    let text = text.to_ascii_lowercase();
    let origin = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(host), _) => Some(("https", host.strip_suffix(":443").unwrap_or(host))),
        (_, Some(host)) => Some(("http", host.strip_suffix(":80").unwrap_or(host))),
        _ => None,
    };
    origin
        .filter(|(_, host)| !host.is_empty() && !host.contains(['/', '*', '?', '#', '@', ' ']))
        .and_then(|(scheme, host)| format!("{scheme}://{host}").parse().ok())
        .ok_or_else(|| "an origin is like https://shop.example, without a path".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_as_browsers_write_them() {
        for (given, origin) in [
            ("https://shop.example", Some("https://shop.example")),
            ("HTTPS://Shop.Example:443", Some("https://shop.example")),
            ("http://localhost:80", Some("http://localhost")),
            ("http://localhost:443", Some("http://localhost:443")),
            ("https://shop.example:80", Some("https://shop.example:80")),
            ("https://shop.example:8443", Some("https://shop.example:8443")),
            ("http://[::1]:80", Some("http://[::1]")),
            ("https://:443", None),
            ("https://shop.example/", None),
            ("ftp://shop.example", None),
        ] {
            assert_eq!(parse_origin(given).ok(), origin.map(|origin| origin.parse().unwrap()), "{given}");
        }
    }
}
