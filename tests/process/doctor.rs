//! `jifen doctor`.

use std::{env, path::PathBuf};

use jifen::{
    database::{CONNECTIONS, connect, parse_url},
    embedded::{Durability, Options, Server},
    migrate,
};
use serde_json::Value;

use super::{
    Directory,
    program::{Run, jifen, run},
};
use crate::graphql::Gateway;

fn doctor(url: &str, arguments: &[&str]) -> Run {
    run(jifen(&[&["doctor"], arguments].concat()).env("DATABASE_URL", url))
}

#[tokio::test]
async fn a_durable_server_is_well_and_others_are_told_what_to_do() {
    let directory = Directory::new("doctor");
    let nowhere = format!("postgres://jifen@/postgres?host={}", directory.0.display());
    let away = doctor(&nowhere, &[]);
    assert!(away.code == Some(1) && away.stdout.starts_with("fail  connection"), "{away:?}");
    assert!(away.stdout.contains("Check DATABASE_URL") && away.stderr.contains("1 of 1 checks failed"), "{away:?}");

    let server = Server::start(Options {
        data_dir: directory.data(),
        durability: Durability::Durable,
        settings: Vec::new(),
        max_connections: 100,
        pg_bin: env::var_os("JIFEN_PG_BIN").map(PathBuf::from),
    })
    .await
    .unwrap();
    let url = server.url("postgres");
    let empty = doctor(&url, &[]);
    assert!(empty.code == Some(1) && empty.stdout.contains("Run jifen migrate"), "{empty:?}");

    let mut client = connect(&parse_url(&url).unwrap()).await.unwrap();
    migrate::migrate(&mut client, 8).await.unwrap();
    let well = doctor(&url, &[]);
    assert_eq!((well.code, well.stderr.as_str()), (Some(0), ""), "{well:?}");
    assert!(
        !well.stdout.contains("fail ") && well.stdout.contains("ok    fsync                          on\n"),
        "{well:?}"
    );
    let json = doctor(&url, &["--json"]);
    let checks: Vec<Value> = serde_json::from_str(&json.stdout).unwrap();
    let warned: Vec<_> = checks.iter().filter(|check| check["state"] == "warn").map(|check| &check["topic"]).collect();
    assert_eq!(warned, ["data_checksums", "archive_mode", "role"], "{checks:?}");
    for topic in ["connection", "version", "clock", "connections", "migrations", "functions", "rights", "calendar"] {
        let check = checks.iter().find(|check| check["topic"] == topic).unwrap_or_else(|| panic!("{topic}"));
        assert!(check["state"] == "ok" && check["remedy"].is_null(), "{check}");
    }

    // no gateway opens more than it is thought to
    migrate::load_demo(&client).await.unwrap();
    let key = jifen::client::new_key();
    let create = "select api.create_client('test', $1, '{earn,spend,read}', null)";
    client.execute(create, &[&&jifen::client::hash_key(&key)[..]]).await.unwrap();
    let gateway = Gateway::over(&url, &key).await;
    for number in 0..40 {
        gateway.sign_in(&format!("member-{number}"), "1").await.unwrap();
    }
    let open = "select count(*) from pg_stat_activity where application_name = 'jifen' and pid <> pg_backend_pid()";
    let open: i64 = client.query_one(open, &[]).await.unwrap().get(0);
    assert!((4..=CONNECTIONS as i64).contains(&open), "{open} connections");

    client.batch_execute("alter role jifen set synchronous_commit = off").await.unwrap();
    let unwell = doctor(&url, &[]);
    assert!(
        unwell.code == Some(1) && unwell.stdout.contains("fail  synchronous_commit             off\n"),
        "{unwell:?}"
    );
    assert!(unwell.stdout.contains("may be gone after a crash"), "{unwell:?}");
    server.stop().await.unwrap();
}
