//! What is sealed cannot be changed unseen, and a receipt shows it without a database.

use std::{fs, path::PathBuf};

use clap::Parser;
use jifen::{
    commands::{VerifyError, verify, verify_receipt},
    config::{Cli, Command, Verify},
    database::parse_url,
};
use serde_json::{Value, json};
use tokio_postgres::Client;

use super::number;
use crate::common::{Database, Kind, Request, execute, operation_id};

/// Seals whatever can be, without waiting.
async fn seal(client: &Client) -> i64 {
    let mut seals = 0;
    while number(client, "select done::bigint from points.seal_step(0, null)").await > 0 {
        seals += 1;
    }
    seals
}

fn options(database: &Database, more: &[&str]) -> Verify {
    let url = database.url();
    let arguments = ["jifen", "verify", "--database-url", &url].into_iter().chain(more.iter().copied());
    match Cli::parse_from(arguments).command {
        Some(Command::Verify(options)) => *options,
        other => panic!("{other:?}"),
    }
}

async fn agrees(database: &Database, more: &[&str]) -> bool {
    verify(&parse_url(&database.url()).unwrap(), &options(database, more)).await.unwrap()
}

/// A file of this test's own.
fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("jifen-{}-{name}", std::process::id()));
    fs::write(&path, text).unwrap();
    path
}

async fn some_history(client: &Client, round: i64) {
    for member in 0..30 {
        let user_id = format!("member-{member}");
        let key = |what: &str| format!("{what}-{round}-{member}");
        let requests = [
            Request::earn(&user_id, "ORDER", &key("earn")).amount("20"),
            Request::spend(&user_id, 3 + member % 5, &key("spend")),
            Request::hold(&user_id, 2, &key("hold")),
            Request::undo(Kind::Capture, &user_id, &key("hold"), &key("capture")),
        ];
        execute(client, &requests[..(1 + member as usize % 4)], None).await;
    }
}

const DAMAGES: &[(&str, &str)] = &[
    (
        "an entry and all that follows from it",
        "update points.entry e set available_after = available_after + 5, available_delta = available_delta + case e.seq when 1 then 5 else 0 end
         from points.account a where a.user_id = 'member-7' and e.bucket = a.bucket and e.account_id = a.id",
    ),
    ("an instant", "update points.entry set occurred_at = occurred_at + interval '1 us' where seq = 2"),
    ("a kind", "update points.entry set kind = 'adjust' where kind = 'earn' and seq = 1"),
    (
        "another operation",
        "update points.entry e set operation_id = gen_random_uuid() from points.account a
         where a.user_id = 'member-3' and e.bucket = a.bucket and e.account_id = a.id and e.seq = 1",
    ),
    (
        "the last entry of an account",
        "delete from points.entry e using points.balance b where b.bucket = e.bucket and b.account_id = e.account_id and b.version = e.seq and e.seq = 3",
    ),
    ("the end of a chain", "update points.seal_leaf set head = sha256(head) where seq = 1"),
    ("a missing leaf", "delete from points.seal_leaf where seq = 1"),
    ("a root", "update points.seal set root = sha256(root) where number = 1"),
    ("a missing seal", "delete from points.seal where number = 1"),
    ("a count", "update points.seal set entries = entries + 1 where number = 2"),
];

#[tokio::test]
async fn nothing_that_is_sealed_can_be_changed_unseen() {
    let database = Database::new().await;
    let client = database.client().await;
    for round in 0..3 {
        some_history(&client, round).await;
        assert!(seal(&client).await > 0);
    }
    let sealed = "select (select sum(entries) from points.seal)::bigint - (select count(*) from points.entry)";
    assert_eq!(number(&client, sealed).await, 0);
    assert!(agrees(&database, &[]).await);
    for (what, sql) in DAMAGES {
        let damage = format!("set session_replication_role = replica; create table public.kept as select * from points.entry;
            create table public.leaves as select * from points.seal_leaf; create table public.seals as select * from points.seal; {sql}");
        client.batch_execute(&damage).await.unwrap();
        assert!(!agrees(&database, &[]).await, "{what}");
        client
            .batch_execute(
                "truncate points.entry, points.seal_leaf, points.seal; insert into points.entry select * from public.kept;
                 insert into points.seal_leaf select * from public.leaves; insert into points.seal select * from public.seals;
                 drop table public.kept, public.leaves, public.seals; set session_replication_role = origin",
            )
            .await
            .unwrap();
    }
    assert!(agrees(&database, &[]).await);

    // Whoever changes an entry and makes all seals anew is found by the roots that were kept.
    let kept = client.query("select root from api.seal order by bucket, number", &[]).await.unwrap();
    let kept: Vec<String> = kept.iter().map(|row| row.get(0)).collect();
    let roots = file("roots", &kept.join("\n"));
    let roots = ["--roots", roots.to_str().unwrap()];
    assert!(agrees(&database, &roots).await);
    // as psql writes what the table has; and a file without any is no proof
    for (name, text) in
        [("bytea", kept.iter().map(|root| format!(" \\x{root} |\n")).collect()), ("none", "abc\n".to_owned())]
    {
        let path = file(name, &text);
        let options = options(&database, &["--roots", path.to_str().unwrap()]);
        let verified = verify(&parse_url(&database.url()).unwrap(), &options).await;
        match name {
            "bytea" => assert!(verified.unwrap()),
            _ => assert!(matches!(verified, Err(VerifyError::NoRoots(_))), "{verified:?}"),
        }
        fs::remove_file(path).unwrap();
    }
    client
        .batch_execute("set session_replication_role = replica; update points.entry set occurred_at = occurred_at + interval '1 us' where seq = 2;
            delete from points.seal_leaf; delete from points.seal; set session_replication_role = origin")
        .await
        .unwrap();
    assert!(seal(&client).await > 0);
    assert!(agrees(&database, &[]).await);
    assert!(!agrees(&database, &roots).await);
    fs::remove_file(roots[1]).unwrap();
}

#[tokio::test]
async fn a_receipt_shows_its_entry_without_a_database() {
    let database = Database::new().await;
    let client = database.client().await;
    for round in 0..2 {
        some_history(&client, round).await;
        seal(&client).await;
    }
    let roots = client.query("select root from api.seal", &[]).await.unwrap();
    let roots: Vec<String> = roots.iter().map(|row| row.get(0)).collect();
    let kept = file("kept", &roots.join("\n"));
    for member in 0..30 {
        for round in 0..2 {
            let id = operation_id(1, &format!("earn-{round}-{member}"));
            let sql = "select api.receipt($1, $2)";
            let receipt: Value = client.query_one(sql, &[&format!("member-{member}"), &id]).await.unwrap().get(0);
            let path = file(&format!("receipt-{member}-{round}"), &receipt.to_string());
            let path_text = path.to_str().unwrap();
            let options = options(&database, &["--receipt", path_text, "--roots", kept.to_str().unwrap()]);
            assert!(verify_receipt(&options, &path).unwrap(), "{receipt}");
            let mut forged = receipt.clone();
            forged["entry"]["deltas"][1] = json!(receipt["entry"]["deltas"][1].as_i64().unwrap() + 1);
            fs::write(&path, forged.to_string()).unwrap();
            assert!(!verify_receipt(&options, &path).unwrap(), "{forged}");
            let mut forged = receipt.clone();
            forged["seal"]["sealedAt"] = json!("0000000000000000");
            fs::write(&path, forged.to_string()).unwrap();
            assert!(!verify_receipt(&options, &path).unwrap(), "{forged}");
            fs::write(&path, "{}").unwrap();
            assert!(verify_receipt(&options, &path).is_err());
            fs::remove_file(path).unwrap();
        }
    }
    fs::remove_file(kept).unwrap();
}

/// What is committed after its neighbours were sealed is sealed next.
#[tokio::test]
async fn what_is_committed_late_is_sealed_later() {
    let database = Database::new().await;
    let client = database.client().await;
    let late = database.client().await;
    late.batch_execute("begin; select api.earn_points('late', 'ORDER', 'late-1', p_amount => 10)").await.unwrap();
    client.batch_execute("select api.earn_points('soon', 'ORDER', 'soon-1', p_amount => 10)").await.unwrap();
    assert!(seal(&client).await > 0);
    late.batch_execute("commit").await.unwrap();
    assert_eq!(seal(&client).await, 1);
    let unsealed = "select count(*) - (select sum(entries) from points.seal)::bigint from points.entry";
    assert_eq!(number(&client, unsealed).await, 0);
    assert!(agrees(&database, &[]).await);
}

/// Seals are made while it reads.
#[tokio::test]
async fn a_database_that_is_written_to_agrees() {
    let database = Database::new().await;
    let client = database.client().await;
    some_history(&client, 0).await;
    seal(&client).await;
    let writing = async {
        for round in 1.. {
            some_history(&client, round).await;
            seal(&client).await;
        }
    };
    let verifying = async {
        for _ in 0..10 {
            assert!(agrees(&database, &[]).await);
        }
    };
    tokio::select! {
        () = writing => unreachable!("it has no end"),
        () = verifying => {}
    }
}

#[tokio::test]
async fn what_is_not_sealed_for_long_is_a_fault() {
    let database = Database::new().await;
    let client = database.client().await;
    some_history(&client, 0).await;
    seal(&client).await;
    some_history(&client, 1).await;
    assert!(agrees(&database, &[]).await, "nobody could have sealed it yet");
    let age = "set session_replication_role = replica;
        update points.entry set recorded_at = recorded_at - interval '16 minutes' where recorded_at > (select max(sealed_at) from points.seal)";
    assert!(agrees(&database, &[]).await);
    client.batch_execute(age).await.unwrap();
    assert!(!agrees(&database, &[]).await);
}

#[tokio::test]
async fn a_step_seals_so_much_and_the_next_one_goes_on() {
    let database = Database::new().await;
    let client = database.client().await;
    for round in 0..2 {
        some_history(&client, round).await;
    }
    let entries = number(&client, "select count(*) from points.entry where bucket = 0").await;
    assert!(entries > 10, "{entries}");
    let step = "select points.seal_bucket(0::smallint, (select coalesce(max(next_since), '-infinity') from points.seal where bucket = 0),
        'infinity', clock_timestamp(), 10)";
    let mut left = entries;
    while left > 0 {
        assert_eq!(number(&client, step).await, left.min(10));
        left -= left.min(10);
    }
    assert_eq!(number(&client, step).await, 0);
    seal(&client).await;
    assert!(agrees(&database, &[]).await);
}
