//! What the command line does besides serving, and how it refuses.

use std::{fs, net::TcpListener, path::Path, process::Stdio};

use super::{
    Directory,
    program::{jifen, run},
};
use crate::{
    common::Database,
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

    // a new key for the same client: the old one is refused, the idempotency keys stay
    let renewed = gateway.with_key(&made(&["create", "shop"]));
    assert_eq!(renewed.sign_in("dora", "1").await.unwrap()["replayed"], true);
    renewed.spend("dora", 1, "2").await.unwrap();
    until("the old key is refused", async || {
        gateway.sign_in("dora", "1").await.is_err_and(|error| code(&error) == "UNAUTHENTICATED")
    })
    .await;

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
        (&["create", "psql"], "psql is Jifen's own name"),
        (
            &["create", "shop", "--scopes", "everything"],
            "[possible values: earn, spend, reverse, adjust, rewards, rules, webhooks, read]",
        ),
    ] {
        let refused = key(arguments);
        assert!(refused.code.is_some_and(|code| code > 0), "{refused:?}");
        assert!(refused.stderr.contains(told) && refused.stdout.is_empty(), "{refused:?}");
    }
}

#[test]
fn every_command_explains_itself() {
    for command in
        ["", "serve", "migrate", "schema", "import", "import orders", "key", "key create", "key list", "key revoke"]
    {
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
        ("JIFEN_BUCKETS", "0", &["--buckets", "1..=1024"]),
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
             insert into points.job (name, schedule, step_limit, timeout_seconds, description) values ('broken', 'PT1H', 1, 1, 'X')",
        )
        .await
        .unwrap();
    let failed = jobs(&["run", "broken"]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(failed.stderr.contains("broken failed: division by zero"), "{failed:?}");
    let listed = jobs(&[]);
    let line = |name: &str| listed.stdout.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("broken").ends_with("1 now: division by zero (22012)"), "{listed:?}");
    assert!(line("sweep").contains("PT10S") && line("sweep").ends_with('-'), "{listed:?}");
    let unknown = jobs(&["run", "none"]);
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("no job named none"), "{unknown:?}");
}
