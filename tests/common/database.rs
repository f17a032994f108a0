use std::thread;

use jifen::database::{connect, parse_url};
use tokio_postgres::Client;

use super::cluster::Cluster;

/// A database of one test's own: migrated, 8 buckets, with the demonstration program. Dropped with this value.
pub struct Database {
    cluster: &'static Cluster,
    name: String,
}

impl Database {
    pub async fn new() -> Database {
        let cluster = Cluster::shared().await;
        Database { cluster, name: cluster.clone_template().await }
    }

    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    /// A superuser's connection.
    pub async fn client(&self) -> Client {
        connect(&parse_url(&self.url()).unwrap()).await.unwrap()
    }

    /// A connection with the rights of a role, e.g. `jifen_gateway`.
    pub async fn client_as(&self, role: &str) -> Client {
        let client = self.client().await;
        client.batch_execute(&format!("set role {role}")).await.unwrap();
        client
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (cluster, statement) = (self.cluster, format!("drop database {} with (force)", self.name));
        // a thread, as the test's own runtime is busy dropping this
        let dropped = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { cluster.client("postgres").await.batch_execute(&statement).await })
        });
        let dropped = dropped.join().unwrap();
        if !thread::panicking() {
            dropped.unwrap();
        }
    }
}
