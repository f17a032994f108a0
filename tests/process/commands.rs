//! What the command line does besides serving, and how it refuses.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
};

use super::{
    Directory,
    program::{jifen, run},
};
use crate::{
    common::{Database, Request, execute, instant},
    database::assert_laws,
    graphql::{Gateway, code, until},
};

/// The schema is a public contract: a change of it is reviewed as one. JIFEN_BLESS=1 writes the file anew.
#[test]
fn schema_prints_the_committed_schema_and_needs_no_database() {
    let directory = Directory::new("schema");
    let mut command = jifen(&["schema"]);
    command.env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none").env("JIFEN_DATA_DIR", directory.data());
    let printed = run(&mut command);
    assert_eq!((printed.code, printed.stderr.as_str()), (Some(0), ""));
    assert!(!directory.data().exists());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.graphql");
    if std::env::var_os("JIFEN_BLESS").is_some() {
        fs::write(&file, &printed.stdout).unwrap();
    }
    let committed = fs::read_to_string(file).unwrap();
    assert!(printed.stdout == committed, "the schema has changed; review it and run this with JIFEN_BLESS=1");
}

#[test]
fn it_is_no_failure_that_nobody_reads_what_is_printed() {
    let mut child = jifen(&["schema"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}

#[test]
fn migrate_brings_a_database_up_to_date_once() {
    let directory = Directory::new("migrate");
    let migrate = |arguments: &[&str]| {
        let migrated = run(jifen(arguments).env("JIFEN_DATA_DIR", directory.data()));
        assert_eq!(migrated.code, Some(0), "{migrated:?}");
        migrated.stdout
    };
    let count = jifen::migrate::MIGRATIONS.len();
    assert_eq!(
        migrate(&["migrate"]),
        format!("{count} migrations applied; functions, views and privileges replaced.\n")
    );
    let unchanged = "0 migrations applied; functions, views and privileges unchanged.\n";
    assert_eq!(migrate(&["migrate"]), unchanged);
    assert_eq!(migrate(&["migrate", "--demo"]), unchanged);
    super::assert_stopped(&directory.0);
}

#[tokio::test]
async fn a_key_is_made_listed_and_revoked() {
    let database = Database::new().await;
    let key = |arguments: &[&str]| {
        let arguments: Vec<_> = ["key"].iter().chain(arguments).copied().collect();
        run(jifen(&arguments).env("DATABASE_URL", database.url()))
    };
    let listed = |name: &str| {
        let list = key(&["list"]);
        assert_eq!(list.code, Some(0), "{list:?}");
        let line = list.stdout.lines().find(|line| line.starts_with(name)).map(str::to_owned);
        line.unwrap_or_else(|| panic!("{list:?}"))
    };
    let made = |arguments: &[&str]| {
        let made = key(arguments);
        assert_eq!(made.code, Some(0), "{made:?}");
        // alone on stdout, and nowhere else
        let secret = made.stdout.strip_suffix('\n').unwrap().to_owned();
        assert!(secret.starts_with("jf_") && secret.len() == 67, "{secret}");
        assert!(made.stderr.contains("shown once") && !made.stderr.contains(&secret), "{}", made.stderr);
        secret
    };

    let secret = made(&["create", "shop", "--scopes", "earn,read", "--rules", "SIGN_IN"]);
    let line = listed("shop");
    assert!(line.contains("earn,read") && line.contains("SIGN_IN") && line.ends_with(" -"), "{line}");
    assert!(!key(&["list"]).stdout.contains(&secret));
    let gateway = Gateway::over(&database.url(), &secret).await;
    gateway.sign_in("dora", "1").await.unwrap();
    assert_eq!(gateway.available("dora").await, 5);
    assert_eq!(code(&gateway.spend("dora", 1, "2").await.unwrap_err()), "FORBIDDEN");

    // A client that is there is not made anew by mistake.
    let refused = key(&["create", "shop"]);
    assert!(refused.code == Some(1) && refused.stdout.is_empty(), "{refused:?}");
    assert!(refused.stderr.contains("jifen key rotate") && refused.stderr.contains("--replace"), "{refused:?}");
    assert_eq!(code(&gateway.spend("dora", 1, "2").await.unwrap_err()), "FORBIDDEN");

    // a new key for the same client: the old one is refused, the idempotency keys stay
    let renewed = gateway.with_key(&made(&["create", "shop", "--replace"]));
    assert_eq!(renewed.sign_in("dora", "1").await.unwrap()["replayed"], true);
    renewed.spend("dora", 1, "2").await.unwrap();
    until("the old key is refused", async || {
        gateway.sign_in("dora", "1").await.is_err_and(|error| code(&error) == "UNAUTHENTICATED")
    })
    .await;

    // a key beside it, which takes its place after a while
    let newest = renewed.with_key(&made(&["rotate", "shop", "--expires-at", "2190-01-01T00:00:00Z"]));
    assert_eq!(newest.sign_in("dora", "1").await.unwrap()["replayed"], true);
    assert_eq!(renewed.sign_in("dora", "1").await.unwrap()["replayed"], true);
    let lines =
        key(&["list"]).stdout.lines().filter(|line| line.starts_with("shop")).map(str::to_owned).collect::<Vec<_>>();
    assert!(lines.len() == 2 && lines[1].contains("2190-01-01 00:00:00"), "{lines:?}");
    let rotated = key(&["rotate", "shop", "--grace-seconds", "0"]);
    assert_eq!(rotated.code, Some(0), "{rotated:?}");
    assert!(rotated.stderr.starts_with("2 earlier keys of shop end within 0 s.\n"), "{rotated:?}");
    for old in [&renewed, &newest] {
        until("the keys before it are refused", async || {
            old.sign_in("dora", "1").await.is_err_and(|error| code(&error) == "UNAUTHENTICATED")
        })
        .await;
    }
    let renewed = renewed.with_key(rotated.stdout.trim_end());
    assert_eq!(renewed.sign_in("dora", "1").await.unwrap()["replayed"], true);

    let limited =
        made(&["create", "slow", "--wallets", "points", "--rate", "0.5", "--burst", "9", "--scopes", "auditor"]);
    let line = listed("slow");
    assert!(
        line.contains(" audit ") && line.contains(" points ") && line.contains(" 0.5/9 ") && !line.contains(&limited),
        "{line}"
    );

    let revoked = key(&["revoke", "shop"]);
    assert_eq!((revoked.code, revoked.stdout.as_str()), (Some(0), "shop may do nothing from now on.\n"));
    assert!(!listed("shop").ends_with(" -"));
    until("the revoked key is refused", async || {
        renewed.sign_in("dora", "3").await.is_err_and(|error| code(&error) == "UNAUTHENTICATED")
    })
    .await;

    for (arguments, told) in [
        (&["revoke", "shop"][..], "no client named shop has rights; `jifen key list` shows them"),
        (&["revoke", "nobody"], "no client named nobody has rights"),
        (&["rotate", "shop"], "no client named shop has rights"),
        (&["create", "new", "--wallets", "nowhere"], "no such wallet"),
        (&["create", "new", "--expires-at", "2020-01-01T00:00:00Z"], "must be in the future"),
        (&["create", "psql"], "psql is Jifen's own name"),
        (
            &["create", "shop", "--scopes", "everything"],
            "[possible values: earn, spend, reverse, adjust, rewards, rules, webhooks, read, audit, operator, auditor]",
        ),
    ] {
        let refused = key(arguments);
        assert!(refused.code.is_some_and(|code| code > 0), "{refused:?}");
        assert!(refused.stderr.contains(told) && refused.stdout.is_empty(), "{refused:?}");
    }
}

#[test]
fn every_command_explains_itself() {
    for command in [
        "",
        "serve",
        "migrate",
        "schema",
        "import",
        "import orders",
        "key",
        "archive",
        "archive list",
        "archive export",
        "archive load",
        "archive restore",
        "key create",
        "key list",
        "key rotate",
        "key revoke",
    ] {
        let mut arguments: Vec<_> = command.split_whitespace().collect();
        arguments.push("--help");
        let help = run(&mut jifen(&arguments));
        assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""), "{command}");
        assert!(help.stdout.contains(format!("Usage: jifen {command}").trim_end()), "{}", help.stdout);
    }
    let help = run(&mut jifen(&["--help"])).stdout;
    for told in ["DATABASE_URL", "JIFEN_DATA_DIR", "JIFEN_LISTEN", "JIFEN_DEV_KEY", "JIFEN_PG_BIN", "JIFEN_BUCKETS"] {
        assert!(help.contains(told), "{told}");
    }
    // a value may be a secret
    let help =
        run(jifen(&["--help"]).env("JIFEN_DEV_KEY", "a-secret-key").env("DATABASE_URL", "postgres://u:secret@h/d"));
    assert!(!help.stdout.contains("secret"), "{}", help.stdout);
    assert_eq!(run(&mut jifen(&["--version"])).stdout, format!("jifen {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn what_cannot_work_is_refused_in_words() {
    let directory = Directory::new("refused");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let database = Database::new().await;
    let no_database = database.url().replacen("/jifen_", "/no_", 1);
    assert_ne!(no_database, database.url());
    for (name, value, told) in [
        ("JIFEN_LISTEN", "nonsense", &["--listen", "invalid socket address"][..]),
        ("JIFEN_LISTEN", &taken, &["cannot listen on", &taken, "in use", "--listen"]),
        ("JIFEN_LISTEN", "192.0.2.1:80", &["cannot listen on 192.0.2.1:80", "--listen"]),
        ("JIFEN_DEV_KEY", "short", &["--dev-key", "at least 8 characters"]),
        ("JIFEN_DEV_KEY", "a key with spaces", &["--dev-key", "without spaces"]),
        ("JIFEN_DEV_KEY", &"x".repeat(257), &["--dev-key", "at most 256 characters"]),
        ("JIFEN_DEV_KEY", "eyJhbGci.eyJzdWIi.c2lnbmF0dXJl", &["--dev-key", "that is a token"]),
        ("JIFEN_BUCKETS", "0", &["--buckets", "1..=1024"]),
        ("JIFEN_JWT_ALGORITHM", "none", &["--jwt-algorithm", "say HS256, RS256 or EdDSA"]),
        ("JIFEN_JWT_ALGORITHM", "RS256", &["--jwt-algorithm needs --jwt-key-file or --jwt-jwks-file"]),
        ("JIFEN_JWT_ISSUER", "https://host.example", &["--jwt-algorithm is missing"]),
        ("JIFEN_JWT_LEEWAY_SECONDS", "60", &["--jwt-algorithm"]),
        ("JIFEN_JWT_SUBJECT_CLAIM", "member", &["--jwt-algorithm"]),
        ("JIFEN_JWT_LEEWAY_SECONDS", "601", &["--jwt-leeway-seconds", "0..=600"]),
        ("JIFEN_INTROSPECTION", "maybe", &["--introspection", "say on or off"]),
        ("JIFEN_CORS_ORIGIN", "https://shop.example/", &["--cors-origin", "without a path"]),
        ("JIFEN_CORS_ORIGIN", "*", &["--cors-origin", "without a path"]),
        ("DATABASE_URL", "nonsense", &["--database-url", "postgres://user:password@host/database"]),
        ("DATABASE_URL", "", &["--database-url", "it names no host"]),
        ("DATABASE_URL", "postgres://u@127.0.0.1:1/d", &["cannot reach the database", "refused", "Check DATABASE_URL"]),
        ("DATABASE_URL", "postgres://u@/d?host=/tmp/nowhere", &["cannot reach the database", "No such file", "Check"]),
        ("DATABASE_URL", &no_database, &["cannot reach the database", "does not exist", "Check DATABASE_URL"]),
    ] {
        let mut command = jifen(&[]);
        command.env("JIFEN_DATA_DIR", directory.data()).env("JIFEN_LISTEN", "127.0.0.1:0").env(name, value);
        let refused = run(&mut command);
        assert!(refused.code.is_some_and(|code| code > 0), "{name}={value}: {refused:?}");
        for words in told {
            assert!(refused.stderr.contains(words), "{name}={value}: {words}: {}", refused.stderr);
        }
        assert!(!refused.stderr.contains("panicked") && refused.stdout.is_empty(), "{name}={value}: {refused:?}");
    }
    for command in [&["migrate"][..], &["key", "list"]] {
        let refused = run(jifen(command).env("DATABASE_URL", "postgres://u@127.0.0.1:1/d"));
        assert_eq!(refused.code, Some(1), "{command:?}");
        assert!(refused.stderr.contains("Check DATABASE_URL"), "{command:?}: {}", refused.stderr);
    }
    // nothing was started or made
    assert!(!directory.data().exists());
}

#[tokio::test]
async fn jobs_are_listed_and_run() {
    let database = Database::new().await;
    let jobs = |arguments: &[&str]| {
        let arguments: Vec<_> = ["jobs"].iter().chain(arguments).copied().collect();
        run(jifen(&arguments).env("DATABASE_URL", database.url()))
    };
    let ran = jobs(&["run", "sweep"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "sweep: 0 done in 1 steps.\n"), "{ran:?}");
    let client = database.client().await;
    client
        .batch_execute(
            "create function points.broken_step(p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text)
             language plpgsql as $$ begin done := 1 / 0; end $$;
             create function points.busy_step(p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text)
             language plpgsql as $$ begin due_since := now(); end $$;
             insert into points.job (name, schedule, step_limit, timeout_seconds, description)
             values ('broken', 'PT1H', 1, 1, 'X'), ('busy', 'PT1H', 1, 1, 'X')",
        )
        .await
        .unwrap();
    let failed = jobs(&["run", "broken"]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(failed.stderr.contains("broken failed: division by zero"), "{failed:?}");
    let busy = jobs(&["run", "busy"]);
    assert_eq!(busy.code, Some(1), "{busy:?}");
    assert!(busy.stderr.contains("others are still about what is left of busy"), "{busy:?}");
    let looks: usize = busy.stdout.split(' ').nth(4).unwrap().parse().unwrap();
    assert!((2..15).contains(&looks), "{busy:?}");
    let listed = jobs(&[]);
    let line = |name: &str| listed.stdout.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("broken").ends_with("1 now: division by zero (22012)"), "{listed:?}");
    assert!(line("sweep").contains("PT10S") && line("sweep").ends_with('-'), "{listed:?}");
    let unknown = jobs(&["run", "none"]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("no job named none"), "{unknown:?}");
}

#[tokio::test]
async fn a_month_is_exported_lost_loaded_again_and_restored() {
    let database = Database::new().await;
    let directory = Directory::new("archive");
    let (files, elsewhere) = (directory.0.join("files"), directory.0.join("elsewhere"));
    fs::create_dir(&files).unwrap();
    fs::create_dir(&elsewhere).unwrap();
    let (to, other) = (files.to_str().unwrap(), elsewhere.to_str().unwrap());
    let archive = |arguments: &[&str]| {
        let arguments: Vec<_> = ["archive"].iter().chain(arguments).copied().collect();
        run(jifen(&arguments).env("DATABASE_URL", database.url()))
    };
    let done = |arguments: &[&str]| {
        let done = archive(arguments);
        assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        done.stdout
    };
    let refused = |arguments: &[&str], told: &str| {
        let refused = archive(arguments);
        assert!(refused.code.is_some_and(|code| code > 0) && refused.stderr.contains(told), "{told}: {refused:?}");
        assert_eq!(refused.stdout, "");
    };
    let client = database.client().await;
    let rows = async || -> Vec<String> {
        let sql = "select (e)::text from points.entry_archive e union all select (u)::text from points.lot_use_archive u order by 1";
        client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    };
    client
        .batch_execute("set role jifen_owner; select points.make_partitions(1, '2024-01-15'); reset role; select api.set_archive(12, 'a')")
        .await
        .unwrap();
    let at = Some(instant("2024-01-15T12:00:00Z"));
    let quoted = Request::adjust("zoe", 7, "a").expires_at(instant("2030-01-01T00:00:00Z"));
    execute(&client, &[quoted, Request::spend("zoe", 7, "b")], at).await;
    refused(&["export", "2024-01", "--to", to], "2024-01 is not archived; `jifen archive list` shows what is");
    let ran = run(jifen(&["jobs", "run", "archive"]).env("DATABASE_URL", database.url()));
    assert_eq!(ran.stdout, "archive: 4 done in 5 steps.\n", "{ran:?}: January and February, each sealed and moved");
    let line = |list: &str| list.lines().find(|line| line.starts_with("2024-01")).unwrap().to_owned();
    assert!(line(&done(&[])).ends_with("-                    archived"), "{}", done(&["list"]));

    let before = rows().await;
    assert_eq!(before.len(), 3);
    let exported = done(&["export", "2024-01", "--to", to]);
    assert_eq!(
        done(&["export", "2024-01", "--to", other]),
        exported.replace(to, other),
        "the same rows, the same files"
    );
    refused(&["export", "2024-01", "--to", to], "entry_2024_01.csv.gz: entity already exists");
    let paths = ["entry_2024_01.csv.gz", "lot_use_2024_01.csv.gz"].map(|name| files.join(name));
    for path in &paths {
        let checksum = Command::new("sha256sum").arg(path).output().unwrap();
        let checksum = String::from_utf8(checksum.stdout).unwrap();
        assert!(exported.contains(&checksum), "{exported}: {checksum}");
    }
    assert_eq!(fs::read_dir(&files).unwrap().count(), 2, "nothing else is left there");
    refused(&["load", "2024-01", "--from", to], "points.entry_2024_01 has rows; nothing was loaded");
    refused(&["load", "2024-02", "--from", to], "2024-02 was never exported");

    // As after restoring a backup without the rows of the archive.
    for table in ["entry_2024_01", "lot_use_2024_01"] {
        client
            .batch_execute(&format!(
                "alter table points.{table} disable trigger all; delete from points.{table}; alter table points.{table} enable trigger all"
            ))
            .await
            .unwrap();
    }
    client.batch_execute("select api.set_archive(null, 'b')").await.unwrap();
    refused(&["export", "2024-01", "--to", other], "are not all there");
    let whole = fs::read(&paths[1]).unwrap();
    let mut corrupted = whole.clone();
    *corrupted.last_mut().unwrap() ^= 1;
    for wrong in [&corrupted[..], &whole[..whole.len() / 2], b""] {
        fs::write(&paths[1], wrong).unwrap();
        refused(&["load", "2024-01", "--from", to], "lot_use_2024_01.csv.gz is not the file that was exported");
        assert_eq!(rows().await, [""; 0]);
    }
    fs::remove_file(&paths[1]).unwrap();
    refused(&["load", "2024-01", "--from", to], "lot_use_2024_01.csv.gz: No such file");
    fs::write(&paths[1], whole).unwrap();
    assert_eq!(done(&["load", "2024-01", "--from", to]), "2024-01 is there again.\n");
    assert_eq!(rows().await, before);
    assert_laws(&client).await;
    let late = client.batch_execute("insert into points.entry_2024_01 select * from points.entry limit 1").await;
    assert_eq!(late.unwrap_err().code().unwrap().code(), "LP900", "it is sealed again");

    refused(&["restore", "2024-01"], "must be the last archived month, 2024-02");
    assert_eq!(done(&["restore", "2024-02"]), "2024-02 is live again.\n");
    assert_eq!(done(&["restore", "2024-01"]), "2024-01 is live again.\n");
    assert!(line(&done(&["list"])).ends_with("live"));
    assert_eq!(rows().await, [""; 0]);
    assert_laws(&client).await;
    refused(&["restore", "2024-13"], "a month is written like 2024-05");
}

/// Exit codes tell what was found from what failed.
#[tokio::test(flavor = "multi_thread")]
async fn reconcile_and_verify_say_what_they_find() {
    let database = Database::new().await;
    let client = database.client().await;
    let command = |arguments: &[&str]| run(jifen(arguments).env("DATABASE_URL", database.url()));
    let clean = command(&["reconcile", "--full"]);
    assert_eq!(clean.code, Some(0), "{clean:?}");
    assert!(clean.stdout.starts_with("full run 1: 3 accounts, 7 entries; proven up to "), "{clean:?}");
    let sealed = command(&["jobs", "run", "seal"]);
    assert_eq!(sealed.code, Some(0), "{sealed:?}");
    let verified = command(&["verify"]);
    assert_eq!(
        (verified.code, verified.stdout.as_str()),
        (Some(0), "7 entries in 3 seals, 0 faults.\n"),
        "{verified:?}"
    );

    let damage = "set session_replication_role = replica; update points.entry set available_delta = available_delta + 1 where seq = 2";
    client.batch_execute(damage).await.unwrap();
    let wrong = command(&["reconcile", "--full", "--json"]);
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    let found: serde_json::Value = serde_json::from_str(&wrong.stdout).unwrap();
    assert_eq!((&found["mode"], &found["checks"]["entries_chained"]), (&"full".into(), &2.into()), "{found}");
    let verified = command(&["verify"]);
    assert_eq!(verified.code, Some(1), "{verified:?}");
    assert!(verified.stdout.contains("are not those of seal 1"), "{verified:?}");

    for arguments in [["reconcile"], ["verify"]] {
        let nowhere = run(jifen(&arguments).env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none"));
        assert_eq!(nowhere.code, Some(2), "{nowhere:?}");
    }
}
