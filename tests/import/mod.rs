//! `jifen import`: the real binary on files as people have them.

mod adjustments;
mod cdnow;
mod rows;
mod stop;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
};

use tokio::process::{Child, Command};
use tokio_postgres::Client;

use crate::common::Database;

const HEADER: &str = "user_id,order_no,amount,occurred_at\n";

/// A directory of one test's own, removed with this value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("jifen-import-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _left = fs::remove_dir_all(&self.0);
    }
}

/// How an import ended.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn start(database: &Database, file: &Path, options: &[&str]) -> Child {
    start_kind("orders", database, file, options)
}

fn start_kind(kind: &str, database: &Database, file: &Path, options: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_jifen"))
        .args(["import", kind])
        .arg(file)
        .args(options)
        .env("DATABASE_URL", database.url())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

async fn end(child: Child) -> Run {
    let output = child.wait_with_output().await.unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

async fn import(database: &Database, file: &Path, options: &[&str]) -> Run {
    end(start(database, file, options)).await
}

fn rejected_path(file: &Path) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(".rejected.csv");
    path.into()
}

/// What any operation on any account would change.
async fn state(client: &Client) -> String {
    let row = client
        .query_one(
            "select concat_ws(' ',
                 (select count(*) from points.operation), (select count(*) from points.entry),
                 (select count(*) from points.lot_use), (select count(*) from points.client),
                 (select md5(string_agg(l::text, ' ' order by l)) from points.lot l),
                 (select md5(string_agg(b::text, ' ' order by b.bucket, b.account_id)) from points.balance b))",
            &[],
        )
        .await
        .unwrap();
    row.get(0)
}
