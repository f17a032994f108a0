//! A PostgreSQL server of a test's own, which can be killed and comes back.

use std::{env, fs, path::PathBuf, time::Duration};

use jifen::{
    database::{connect, parse_url},
    embedded::{Durability, Options, Server},
    migrate,
};
use tokio_postgres::Client;

use crate::{
    graphql::until_within,
    process::{is_running, signal},
};

const DATABASE: &str = "postgres";

/// Removed with all its data at the end.
pub struct OwnServer {
    options: Options,
    server: Option<Server>,
    url: String,
}

impl OwnServer {
    /// Migrated, with the demonstration program. What is committed is with the operating system: it outlives the death of
    /// any process, as with fsync, which is off: it is for the machine's death, which no test can bring about.
    pub async fn start(name: &str, settings: &[(&str, &str)]) -> OwnServer {
        let data_dir = PathBuf::from(format!("/tmp/jifen-{name}-{}", std::process::id()));
        OwnServer::start_in(data_dir, settings).await
    }

    pub async fn start_in(data_dir: PathBuf, settings: &[(&str, &str)]) -> OwnServer {
        let own = [("fsync", "off"), ("synchronous_commit", "on"), ("shared_buffers", "64MB")];
        let settings = own.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let options = Options {
            data_dir,
            durability: Durability::Durable,
            settings: settings.collect(),
            max_connections: 120,
            pg_bin: env::var_os("JIFEN_PG_BIN").map(PathBuf::from),
        };
        let server = Server::start(options.clone()).await.unwrap();
        let url = server.url(DATABASE);
        let server = OwnServer { options, server: Some(server), url };
        let mut owner = server.client().await;
        migrate::migrate(&mut owner, 8).await.unwrap();
        migrate::load_demo(&owner).await.unwrap();
        server
    }

    /// The same after each start.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A superuser's connection.
    pub async fn client(&self) -> Client {
        connect(&parse_url(&self.url).unwrap()).await.unwrap()
    }

    pub fn postmaster(&self) -> u32 {
        self.server.as_ref().unwrap().postmaster_pid()
    }

    /// Kills the postmaster; its children see that and end by themselves, unless they are killed, too.
    pub async fn kill(&mut self, with_children: bool) {
        let postmaster = self.postmaster();
        let children = children(postmaster);
        signal("KILL", postmaster);
        if with_children {
            children.iter().for_each(|&child| signal("KILL", child));
        }
        until_within(Duration::from_secs(20), "the server's processes are gone", async || {
            !children.iter().chain([&postmaster]).any(|&process| is_running(process))
        })
        .await;
        drop(self.server.take());
    }

    /// Starts it after [`Self::kill`], or once it has ended by itself.
    pub async fn restart(&mut self) {
        drop(self.server.take());
        self.server = Some(Server::start(self.options.clone()).await.unwrap());
    }

    pub async fn stop(mut self) {
        let postmaster = self.postmaster();
        let children = children(postmaster);
        self.server.take().unwrap().stop().await.unwrap();
        assert!(!children.iter().chain([&postmaster]).any(|&process| is_running(process)));
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        drop(self.server.take());
        fs::remove_dir_all(&self.options.data_dir).ok();
    }
}

/// The processes that have this parent.
pub fn children(parent: u32) -> Vec<u32> {
    let is_child = |process: &u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // After the name, which is in parentheses: state and parent.
        let fields = stat.rsplit(')').next().unwrap_or_default();
        fields.split_whitespace().nth(1) == Some(&parent.to_string())
    };
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_child).collect()
}
