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

use super::{number, one, sqlstate};
use crate::common::{Database, Kind, Request, execute, instant, operation_id};

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

/// What waits longest to be sealed is told, for metrics.
#[tokio::test]
async fn it_is_told_since_when_entries_wait_for_a_seal() {
    let database = Database::new().await;
    let client = database.client().await;
    let lag = "select value::bigint from api.measurements() where name = 'jifen_seal_lag_seconds'";
    // Of a bucket that was never sealed, since its first account is there.
    client.batch_execute("update points.account set created_at = created_at - interval '1 hour'").await.unwrap();
    assert!((3600..4500).contains(&number(&client, lag).await));
    // As the job leaves it once all is sealed.
    client.batch_execute("update points.seal_window set since = clock_timestamp()").await.unwrap();
    assert_eq!(number(&client, lag).await, 0);
    some_history(&client, 1).await;
    client.batch_execute("update points.seal_window set since = since - interval '20 minutes'").await.unwrap();
    assert!((1200..2100).contains(&number(&client, lag).await));
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
            delete from points.seal_leaf; delete from points.seal;
            update points.seal_window set since = '-infinity'; set session_replication_role = origin")
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

/// However long it stays open, and if it is the last that got an id, too.
#[tokio::test]
async fn what_is_open_when_a_mark_is_set_is_sealed_later() {
    let database = Database::new().await;
    let client = database.client().await;
    let seal_at = async |minutes: i32| {
        let sql = "select points.seal_step(0, now() + make_interval(mins => $1))";
        for _ in 0..20 {
            client.query_one(sql, &[&minutes]).await.unwrap();
        }
    };
    let late = database.client().await;
    // Of the bucket that is looked at first.
    let earn = "begin; select api.earn_points('late-' || n, 'ORDER', 'late-1', p_amount => 10)
        from generate_series(1, 100) n where api.bucket('late-' || n) = 0 limit 1";
    late.batch_execute(earn).await.unwrap();
    for minutes in [10, 20, 30] {
        seal_at(minutes).await;
    }
    late.batch_execute("commit").await.unwrap();
    for minutes in [40, 50] {
        seal_at(minutes).await;
    }
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

/// A clock that was ahead and is set back leaves nothing unsealed.
#[tokio::test]
async fn what_is_booked_by_a_clock_that_was_set_back_is_sealed() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("select api.create_partitions('2026-03-01')").await.unwrap();
    let seal_at = async |time: &str| {
        let sql = format!("select done::bigint from points.seal_step(0, '{time}')");
        while number(&client, &sql).await > 0 {}
    };
    let at = |time: &str| Some(instant(time));
    one(&client, Request::earn("back", "ORDER", "1").amount("5"), at("2026-03-10T12:00:00Z")).await;
    for time in ["2026-03-10T12:01:00Z", "2026-03-10T12:02:00Z", "2026-03-10T12:03:00Z"] {
        seal_at(time).await;
    }
    // Nothing was sealed until the clock was there again.
    one(&client, Request::earn("back", "ORDER", "2").amount("5"), at("2026-03-10T11:30:00Z")).await;
    one(&client, Request::earn("back", "ORDER", "4").amount("5"), at("2026-03-10T12:10:00Z")).await;
    seal_at("2026-03-10T12:10:30Z").await;
    let unsealed = "select count(*) from points.entry e join points.account a on a.bucket = e.bucket and a.id = e.account_id
        where a.user_id = 'back' and e.seq > (select max(l.seq) from points.seal_leaf l where l.bucket = e.bucket and l.account_id = a.id)";
    assert_eq!(number(&client, unsealed).await, 0);
    // What is booked while sealing goes on by such a clock is sealed at once.
    one(&client, Request::earn("while", "ORDER", "5").amount("5"), at("2026-03-10T11:00:00Z")).await;
    seal_at("2026-03-10T11:00:30Z").await;
    let sealed = "select count(*) from points.seal_leaf l join points.account a on a.bucket = l.bucket and a.id = l.account_id where a.user_id = 'while'";
    assert_eq!(number(&client, sealed).await, 1);
    assert!(agrees(&database, &[]).await);
}

/// A seal has 4,096 accounts at most, a step 65,536; the next goes on, whatever is booked meanwhile.
#[tokio::test]
async fn a_step_seals_a_part_of_a_large_bucket() {
    let database = Database::new().await;
    let client = database.client().await;
    let entries = |from: i64, to: i64| {
        format!(
            "set session_replication_role = replica;
             insert into points.entry (bucket, account_id, seq, operation_id, pending_delta, available_delta, held_delta, debt_delta,
                pending_after, available_after, held_after, debt_after, occurred_at, recorded_at, kind)
             select 0, n, 1, gen_random_uuid(), 0, 5, 0, 0, 0, 5, 0, 0, now(), now(), 'earn' from generate_series({from}, {to}) n"
        )
    };
    client.batch_execute(&entries(9_000_001, 9_066_000)).await.unwrap();
    let step = "select done::bigint from points.seal_step(0, null)";
    while number(&client, "select count(*) from points.seal where bucket = 0").await == 0 {
        assert_eq!(number(&client, step).await, 1);
    }
    assert_eq!(number(&client, "select sum(accounts)::bigint from points.seal where bucket = 0").await, 65_536);
    client.batch_execute(&entries(8_000_001, 8_000_010)).await.unwrap();
    assert!(seal(&client).await >= 2);
    assert_eq!(number(&client, "select max(accounts) from points.seal").await, 4096);
    assert_eq!(
        number(&client, "select count(*) - (select sum(entries) from points.seal)::bigint from points.entry").await,
        0
    );
    assert!(agrees(&database, &[]).await);
}

#[tokio::test]
async fn a_witness_is_told_each_root_as_it_is_made() {
    let database = Database::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "select api.create_webhook('witness', 'https://witness.example/', '{bucket.sealed}', 'a');
             select api.create_webhook('shop', 'https://shop.example/', '{entry.booked}', 'b')",
        )
        .await
        .unwrap();
    let of_a_wallet =
        "select api.create_webhook('points', 'https://points.example/', '{bucket.sealed}', 'c', '{points}')";
    assert_eq!(sqlstate(client.query(of_a_wallet, &[]).await), "LP001", "it would never be told of one");
    for round in 0..2 {
        some_history(&client, round).await;
        assert!(seal(&client).await > 0);
    }
    client.batch_execute("select points.queue_deliveries(1000)").await.unwrap();
    let told = client
        .query(
            "select points.event_body(d) from points.webhook_delivery d join points.webhook w on w.id = d.webhook
             where w.name <> 'shop' order by d.bucket, d.event",
            &[],
        )
        .await
        .unwrap();
    let told: Vec<Value> = told.iter().map(|row| serde_json::from_str(row.get(0)).unwrap()).collect();
    assert!(
        told.iter().all(|event| event["type"] == "bucket.sealed" && event["timestamp"] == event["data"]["sealedAt"])
    );
    let told: Vec<&Value> = told.iter().map(|event| &event["data"]).collect();
    let made = "select jsonb_agg(jsonb_build_object('bucket', bucket, 'number', number, 'entries', entries, 'accounts', accounts,
        'sealedAt', points.instant_text(sealed_at), 'previous', previous, 'leavesRoot', leaves_root, 'root', root) order by bucket, number)
        from api.seal";
    assert_eq!(json!(told), client.query_one(made, &[]).await.unwrap().get::<_, Value>(0));
    for pair in told.windows(2).filter(|pair| pair[0]["bucket"] == pair[1]["bucket"]) {
        assert_eq!(pair[1]["previous"], pair[0]["root"]);
    }
}
