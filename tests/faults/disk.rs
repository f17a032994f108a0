//! A disk that is full, and has room again.

use std::{
    fs::{self, File},
    io::Write,
    path::PathBuf,
    process::Command,
    time::Duration,
};

use jifen::database::{connect, parse_url};
use serde_json::json;
use tokio_postgres::Client;

use super::{Load, Ways, make_key, many, own_server::OwnServer};
use crate::{
    common::{Database, say_skipped},
    graphql::{Gateway, code, until_within},
    process::{Directory, is_running, running},
};

const LIMIT: Duration = Duration::from_secs(60);

/// A small file system, in memory.
struct Volume {
    path: PathBuf,
    /// Its mount point goes after it.
    _directory: Directory,
}

impl Volume {
    /// Of so many megabytes; None: this process may not mount one, and the test is skipped.
    fn mount(name: &str, megabytes: u32) -> Option<Volume> {
        let directory = Directory::new(name);
        let path = directory.0.join("volume");
        fs::create_dir(&path).unwrap();
        let owner =
            running::user(&directory).map(|(user, group)| format!(",uid={user},gid={group}")).unwrap_or_default();
        let size = format!("size={megabytes}m,mode=755{owner}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&path).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Volume { path, _directory: directory }),
            failed => {
                say_skipped("a small file system", &format!("none can be mounted: {failed:?}"));
                None
            }
        }
    }

    /// Takes all room that is left.
    fn fill(&self) {
        let mut ballast = File::options().create(true).append(true).open(self.ballast()).unwrap();
        for size in [1 << 20, 1 << 12] {
            let zeros = vec![0; size];
            while ballast.write_all(&zeros).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.path.join("ballast")
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        Command::new("umount").arg("--lazy").arg(&self.path).status().ok();
    }
}

/// A superuser's connection to the database beside all others.
async fn beside(database: &Database) -> Client {
    let mut config = parse_url(&database.url()).unwrap();
    config.dbname("postgres");
    connect(&config).await.unwrap()
}

async fn fill_tables(name: &str, times: usize) {
    let Some(volume) = Volume::mount(name, 200) else { return };
    let database = Database::new().await;
    let postgres = beside(&database).await;
    let space = name.replace('-', "_");
    let tables = volume.path.join("tables");
    fs::create_dir(&tables).unwrap();
    if let Some((user, group)) = running::user(&volume._directory) {
        std::os::unix::fs::chown(&tables, Some(user), Some(group)).unwrap();
    }
    let create = format!("create tablespace {space} location '{}'", tables.display());
    postgres.batch_execute(&create).await.unwrap();
    let name = parse_url(&database.url()).unwrap().get_dbname().unwrap().to_owned();
    postgres.batch_execute(&format!("alter database {name} set tablespace {space}")).await.unwrap();

    let client = database.client().await;
    let key = make_key(&client).await;
    let gateway = Gateway::over(&database.url(), &key).await;
    let load = Load::start(Ways::new(&[gateway.address], &key), 8);
    for round in 0..times {
        let done = load.done();
        until_within(LIMIT, "they are at work", async || load.done() > done + 100).await;
        volume.fill();
        // Pages have room for a while.
        let told = load.retryable();
        until_within(LIMIT, "there is no room for more", async || load.retryable() > told + 20).await;
        let mut refused = None;
        for number in 0..2000 {
            if let Err(error) = gateway.sign_in(&format!("full-{round}-{number}"), "full").await {
                refused = Some(error);
                break;
            }
        }
        let error = refused.expect("new members find no room");
        assert_eq!((code(&error), &error["extensions"]["retryable"]), ("OVERLOADED", &json!(true)));
        assert_eq!(error["extensions"]["details"], json!({ "exhausted": "disk" }));
        volume.make_room();
    }
    let done = load.done();
    until_within(LIMIT, "all goes on", async || load.done() > done + 100).await;
    let record = load.end().await;
    record.report(&format!("{times} times there was no room for tables"));
    assert!(record.tally.retryable.keys().all(|code| code == "OVERLOADED"), "{:?}", record.tally);
    record.check(&client).await;
    drop((client, gateway));
    drop(database);
    postgres.batch_execute(&format!("drop tablespace {space}")).await.unwrap();
}

#[tokio::test]
async fn no_room_for_tables() {
    fill_tables("faults-tables", 1).await;
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn no_room_for_tables_again_and_again() {
    fill_tables("faults-tables-often", many(30)).await;
}

/// PostgreSQL stops when it can't write its log; whoever looks after it makes room and starts it again.
async fn fill_log(name: &str, times: usize) {
    let Some(volume) = Volume::mount(name, 400) else { return };
    let sizes = [("max_wal_size", "64MB"), ("min_wal_size", "32MB")];
    let mut server = OwnServer::start_in(volume.path.join("server"), &sizes).await;
    let key = make_key(&server.client().await).await;
    let gateway = Gateway::over(server.url(), &key).await;
    let load = Load::start(Ways::new(&[gateway.address], &key), 8);
    for _ in 0..times {
        let done = load.done();
        until_within(LIMIT, "they are at work", async || load.done() > done + 100).await;
        let client = server.client().await;
        volume.fill();
        // The next file of the log, until there is none.
        while client.batch_execute("select pg_switch_wal(); create table filler (); drop table filler").await.is_ok() {}
        let told = load.retryable();
        until_within(LIMIT, "nothing can be committed", async || load.retryable() > told + 20).await;
        volume.make_room();
        if !is_running(server.postmaster()) {
            server.restart().await;
        }
    }
    let done = load.done();
    until_within(LIMIT, "all goes on", async || load.done() > done + 100).await;
    let record = load.end().await;
    record.report(&format!("{times} times there was no room for PostgreSQL's log"));
    record.check(&server.client().await).await;
    server.stop().await;
}

#[tokio::test]
async fn no_room_for_the_log() {
    fill_log("faults-log", 1).await;
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn no_room_for_the_log_again_and_again() {
    fill_log("faults-log-often", many(20)).await;
}
