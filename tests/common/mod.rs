//! A server for all tests, and a migrated database for each.

use std::{
    env,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use jifen::{
    database,
    embedded::{Durability, Options, Server},
    migrate::migrate,
};
use tokio::sync::OnceCell;
use tokio_postgres::Client;

static SERVER: OnceCell<Server> = OnceCell::const_new();
static COUNT: AtomicU32 = AtomicU32::new(0);

pub struct Database {
    url: String,
}

impl Database {
    pub async fn new() -> Database {
        let server = SERVER.get_or_init(start).await;
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        connect(&server.url("postgres")).await.execute(&format!("create database {name}"), &[]).await.unwrap();
        let database = Database { url: server.url(&name) };
        migrate(&mut database.client().await, 8).await.unwrap();
        database
    }

    pub fn url(&self) -> String {
        self.url.clone()
    }

    pub async fn client(&self) -> Client {
        connect(&self.url).await
    }
}

async fn connect(url: &str) -> Client {
    database::connect(&database::parse_url(url).unwrap()).await.unwrap()
}

async fn start() -> Server {
    Server::start(Options {
        data_dir: PathBuf::from(format!("/tmp/jifen-test-{}", std::process::id())),
        durability: Durability::ThrowAway,
        settings: Vec::new(),
        max_connections: 100,
        pg_bin: env::var_os("JIFEN_PG_BIN").map(PathBuf::from),
    })
    .await
    .unwrap()
}
