//! The server that all tests of this binary share, started by the first that needs it.

use std::{
    env,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use jifen::{
    database::{connect, parse_url},
    embedded::{Durability, Options, Server},
    migrate,
};
use tokio::sync::{Mutex, OnceCell};
use tokio_postgres::Client;

const TEMPLATE: &str = "jifen_template";
const BUCKETS: u16 = 8;
/// Bytes that the server needs where its data are: databases of a few tests at a time, and their logs.
const ROOM: u64 = 3 << 30;

const MEMORY: &str = "/dev/shm";

static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();

/// The server, with a template database that is migrated and has the demonstration program.
pub struct Cluster {
    server: Server,
    /// How a database is copied.
    strategy: &'static str,
    made: AtomicU32,
    /// A database can be copied by one session at a time.
    cloning: Mutex<()>,
}

/// In memory if there is room: a database is a thousand files, and each test makes one and drops it. Servers of one test's
/// own are elsewhere, as together they might take that room.
fn data_dir() -> PathBuf {
    let has_room = rustix::fs::statvfs(MEMORY).is_ok_and(|space| space.f_bavail * space.f_frsize >= ROOM);
    PathBuf::from(format!("{}/jifen-tests-{}", if has_room { MEMORY } else { "/tmp" }, std::process::id()))
}

impl Cluster {
    pub async fn shared() -> &'static Cluster {
        CLUSTER.get_or_init(Cluster::start).await
    }

    async fn start() -> Cluster {
        let data_dir = data_dir();
        // In memory, copying files takes half the time of writing all of them to the log. Two checkpoints come with it, which
        // a disk would have to bear.
        let strategy = if data_dir.starts_with(MEMORY) { "file_copy" } else { "wal_log" };
        let server = Server::start(Options {
            data_dir,
            durability: Durability::ThrowAway,
            settings: vec![("deadlock_timeout".to_owned(), "200ms".to_owned())],
            max_connections: 300,
            pg_bin: env::var_os("JIFEN_PG_BIN").map(PathBuf::from),
        })
        .await
        .unwrap();
        let cluster = Cluster { server, strategy, made: AtomicU32::new(0), cloning: Mutex::new(()) };
        let postgres = cluster.client("postgres").await;
        postgres.batch_execute(&format!("create database {TEMPLATE}")).await.unwrap();
        let mut template = cluster.client(TEMPLATE).await;
        migrate::migrate(&mut template, BUCKETS).await.unwrap();
        migrate::load_demo(&template).await.unwrap();
        drop(template);
        postgres
            .batch_execute(&format!("alter database {TEMPLATE} with is_template true allow_connections false"))
            .await
            .unwrap();
        cluster
    }

    pub fn url(&self, database: &str) -> String {
        self.server.url(database)
    }

    /// A superuser's connection.
    pub async fn client(&self, database: &str) -> Client {
        connect(&parse_url(&self.url(database)).unwrap()).await.unwrap()
    }

    /// Makes a database like the template and returns its name.
    pub async fn clone_template(&self) -> String {
        let name = format!("jifen_{}", self.made.fetch_add(1, Ordering::Relaxed));
        let postgres = self.client("postgres").await;
        let _alone = self.cloning.lock().await;
        let create = format!("create database {name} template {TEMPLATE} strategy {}", self.strategy);
        postgres.batch_execute(&create).await.unwrap();
        name
    }
}
