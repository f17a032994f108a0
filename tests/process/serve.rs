//! `jifen serve`, from its first start to its last.

use std::{
    fs,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::{CommandExt, ExitStatusExt},
    },
    path::Path,
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};

use super::{
    Directory, NOBODY, assert_stopped, is_running, processes_of,
    program::{Serving, at, copy_program, jifen, run},
    wait_until,
};
use crate::{
    common::{Authority, Database},
    graphql::socket::{Events, Socket},
};

fn in_directory(directory: &Directory, arguments: &[&str]) -> Command {
    let mut command = jifen(arguments);
    command.env("JIFEN_DATA_DIR", directory.data());
    command
}

/// The requests that the banner says to try.
fn printed_requests(banner: &str) -> Vec<&str> {
    banner.split("\n\n").filter(|part| part.starts_with("  curl ")).collect()
}

/// Runs a printed request as it stands, or sends its JSON where there is no curl.
async fn carry_out(serving: &Serving, request: &str) -> Value {
    if Command::new("curl").arg("--version").output().is_ok() {
        let output = Command::new("/bin/sh").args(["-c", request]).env("no_proxy", "*").output().unwrap();
        return serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    }
    let (_, body) = request.split_once("-d '").unwrap();
    let body: Value = serde_json::from_str(body.trim_end().trim_end_matches('\'')).unwrap();
    serving.gateway().send(body["query"].as_str().unwrap(), json!({})).await
}

#[tokio::test]
async fn the_first_start_prints_requests_that_work_and_the_second_finds_all_again() {
    let directory = Directory::new("serve");
    let first = Serving::start(in_directory(&directory, &[]), &directory.0);
    assert!(first.banner.contains("DEVELOPMENT"), "{}", first.banner);
    let key = first.gateway().key;
    assert!(key.starts_with("jf_") && key.len() == 67, "{key}");
    let key_file = fs::metadata(directory.data().join("development.key")).unwrap();
    assert_eq!(key_file.permissions().mode() & 0o777, 0o600);

    let requests = printed_requests(&first.banner);
    let [earn, spend, ask] = requests[..] else { panic!("{}", first.banner) };
    let earned = carry_out(&first, earn).await["data"]["earnPoints"].take();
    assert_eq!((&earned["replayed"], &earned["operation"]["points"]), (&json!(false), &json!(42)));
    let spent = carry_out(&first, spend).await["data"]["spendPoints"].take();
    assert_eq!(spent["account"]["balance"], json!({ "available": 32, "spent": 10 }));
    let account = carry_out(&first, ask).await["data"]["account"].take();
    assert_eq!(account["balance"], json!({ "available": 32, "earned": 42 }));
    assert_eq!(account["level"], json!({ "code": "NORMAL" }));
    let entries = account["entries"]["nodes"].as_array().unwrap();
    let deltas: Vec<_> = entries.iter().map(|entry| &entry["availableDelta"]).collect();
    assert_eq!(deltas, [&json!(-10), &json!(42)]);

    // while it runs, commands use its server, and a second one keeps off
    let listed = run(&mut in_directory(&directory, &["key", "list"]));
    assert!(listed.code == Some(0) && listed.stdout.contains("development"), "{listed:?}");
    let second = run(in_directory(&directory, &["serve"]).env("JIFEN_LISTEN", "127.0.0.1:0"));
    assert_eq!(second.code, Some(1), "{second:?}");
    let told = format!("another jifen (process {}) is using", first.id());
    assert!(second.stderr.contains(&told) && second.stderr.contains("--data-dir"), "{second:?}");

    assert_eq!(first.stop("TERM").code(), Some(0));
    assert_stopped(&directory.0);

    let again = Serving::start(in_directory(&directory, &["serve"]), &directory.0);
    assert_eq!(again.gateway().key, key);
    let replayed = carry_out(&again, printed_requests(&again.banner)[0]).await;
    assert_eq!(replayed["data"]["earnPoints"]["replayed"], true);
    assert_eq!(again.gateway().available("dora").await, 32);
    assert_eq!(again.stop("INT").code(), Some(0));
    assert_stopped(&directory.0);
}

#[tokio::test]
async fn kill_9_leaves_no_postgres_and_loses_nothing_that_was_answered() {
    let directory = Directory::new("serve-kill");
    let serving = Serving::start(in_directory(&directory, &[]), &directory.0);
    let gateway = serving.gateway();
    for number in 0..20 {
        gateway.sign_in("dora", &number.to_string()).await.unwrap();
    }
    assert!(!processes_of(&directory.0).is_empty());
    assert_eq!(serving.stop("KILL").signal(), Some(9));
    wait_until("postgres and its guard are gone", Duration::from_secs(15), || processes_of(&directory.0).is_empty());

    let serving = Serving::start(in_directory(&directory, &[]), &directory.0);
    assert_eq!(serving.gateway().available("dora").await, 100);
    assert_eq!(serving.stop("TERM").code(), Some(0));
}

#[tokio::test]
async fn an_ordinary_user_can_run_it() {
    let directory = Directory::new("serve-nobody");
    if !directory.is_roots() {
        return;
    }
    let program = directory.0.join("program");
    copy_program(Path::new(env!("CARGO_BIN_EXE_jifen")), &program);
    let home = directory.0.join("home");
    fs::create_dir(&home).unwrap();
    chown(&home, Some(NOBODY), Some(NOBODY)).unwrap();
    let command = |program: &Path| {
        let mut command = at(program, &[]);
        command.uid(NOBODY).gid(NOBODY);
        command
    };

    let mut without_home = command(&program);
    let refused = run(without_home.env("JIFEN_LISTEN", "127.0.0.1:0"));
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("HOME") && refused.stderr.contains("--data-dir"), "{refused:?}");

    let mut with_home = command(&program);
    with_home.env("HOME", &home);
    let serving = Serving::start(with_home, &directory.0);
    let gateway = serving.gateway();
    gateway.sign_in("dora", "1").await.unwrap();
    assert!(home.join(".local/share/jifen/postgres/PG_VERSION").exists());
    assert_eq!(serving.stop("TERM").code(), Some(0));
    assert_stopped(&directory.0);
}

#[tokio::test]
async fn database_url_names_the_server_to_use() {
    let directory = Directory::new("serve-url");
    let database = Database::new().await;
    let command = || {
        let mut command = in_directory(&directory, &[]);
        command.env("DATABASE_URL", database.url());
        command
    };
    let mut with_key = command();
    with_key.env("JIFEN_DEV_KEY", "a-key-to-develop-with");
    let serving = Serving::start(with_key, &directory.0);
    let gateway = serving.gateway();
    assert_eq!(gateway.key, "a-key-to-develop-with");
    gateway.sign_in("dora", "1").await.unwrap();
    let client = database.client().await;
    let stored = "select available from api.account where user_id = 'dora'";
    assert_eq!(client.query_one(stored, &[]).await.unwrap().get::<_, i64>(0), 5);
    // no server of its own
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", serving.id())).unwrap();
    assert_eq!(children, "");
    assert!(!directory.data().exists());

    // another gateway on the same database, without a key to print
    let mut bare = command();
    bare.env("JIFEN_GRAPHIQL", "off");
    let other = Serving::start(bare, &directory.0);
    assert!(serving.banner.contains("GraphiQL") && !other.banner.contains("GraphiQL"), "{}", other.banner);
    assert!(other.banner.contains("jifen key create NAME"), "{}", other.banner);
    assert!(!other.banner.contains("a-key-to-develop-with"), "{}", other.banner);
    assert_eq!(other.stop("TERM").code(), Some(0));
    let id = serving.id();
    assert_eq!(serving.stop("TERM").code(), Some(0));
    assert!(!is_running(id));
    assert_eq!(client.query_one(stored, &[]).await.unwrap().get::<_, i64>(0), 5);
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_end() {
    let directory = Directory::new("serve-stop");
    let database = Database::new().await;
    let mut command = in_directory(&directory, &[]);
    command.env("DATABASE_URL", database.url()).env("JIFEN_DEV_KEY", "a-key-to-develop-with");
    let serving = Serving::start(command, &directory.0);
    let gateway = serving.gateway();
    gateway.sign_in("dora", "1").await.unwrap();

    let mut blocker = database.client().await;
    crate::graphql::hold_up(&mut blocker, "dora").await;
    let sending = tokio::spawn(async move { gateway.sign_in("dora", "2").await });
    crate::graphql::until_held_up(&database.client().await).await;
    super::signal("TERM", serving.id());
    // it has heard of it when it takes no more connections
    let address = serving.gateway().address;
    crate::graphql::until("it listens no more", async || tokio::net::TcpStream::connect(address).await.is_err()).await;
    blocker.batch_execute("rollback").await.unwrap();
    assert_eq!(sending.await.unwrap().unwrap()["account"]["balance"]["available"], 10);
    assert_eq!(serving.stop("TERM").code(), Some(0));
}

#[tokio::test]
async fn a_certificate_makes_it_speak_https() {
    let directory = Directory::new("serve-tls");
    let database = Database::new().await;
    let authority = Authority::new("A");
    let (certificate, key) = authority.write(&["127.0.0.1"], &directory.0);
    let command = |more: &[(&str, &Path)]| {
        let mut command = in_directory(&directory, &["serve"]);
        command.env("DATABASE_URL", database.url()).env("JIFEN_DEV_KEY", "a-key-to-develop-with");
        command.envs(more.iter().copied());
        command
    };
    let serving = Serving::start(command(&[("JIFEN_TLS_CERT", &certificate), ("JIFEN_TLS_KEY", &key)]), &directory.0);
    let base = serving.banner.split_whitespace().find_map(|word| word.strip_suffix("/graphql")).unwrap();
    assert!(base.starts_with("https://127.0.0.1:") && !serving.banner.contains("http://"), "{}", serving.banner);
    let root = reqwest::Certificate::from_pem(authority.pem().as_bytes()).unwrap();
    rustls::crypto::ring::default_provider().install_default().ok();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().unwrap();
    assert_eq!(http.get(format!("{base}/readyz")).send().await.unwrap().text().await.unwrap(), "ready\n");
    assert_eq!(serving.stop("TERM").code(), Some(0));

    let absent = directory.0.join("absent");
    let refused = run(
        command(&[("JIFEN_TLS_CERT", &certificate), ("JIFEN_TLS_KEY", &absent)]).env("JIFEN_LISTEN", "127.0.0.1:0")
    );
    assert!(
        refused.code == Some(1) && refused.stderr.contains("cannot read") && refused.stderr.contains("absent"),
        "{refused:?}"
    );
    let refused = run(&mut command(&[("JIFEN_TLS_CERT", &certificate)]));
    assert!(refused.code == Some(2) && refused.stderr.contains("--tls-key"), "{refused:?}");
}

#[tokio::test]
async fn metrics_have_an_address_of_their_own_where_no_key_is_asked_for() {
    let directory = Directory::new("metrics");
    let database = Database::new().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = in_directory(&directory, &[]);
    command
        .env("DATABASE_URL", database.url())
        .env("JIFEN_DEV_KEY", "a-key-to-develop-with")
        .env("JIFEN_METRICS_LISTEN", free.to_string());
    let serving = Serving::start(command, &directory.0);
    let gateway = serving.gateway();
    gateway.sign_in("dora", "1").await.unwrap();
    let text = gateway.http.get(format!("http://{free}/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("\njifen_database_up 1\n") && text.contains("\njifen_execute_seconds_count 1\n"), "{text}");
    let other = gateway.http.post(format!("http://{free}/graphql")).body("{}").send().await.unwrap();
    assert_eq!(other.status(), 404, "nothing else is there");
    let without_key = gateway.http.get(format!("http://{}/metrics", gateway.address)).send().await.unwrap();
    assert_eq!(without_key.status(), 401);

    let mut second = in_directory(&directory, &["serve"]);
    second.env("DATABASE_URL", database.url()).env("JIFEN_LISTEN", "127.0.0.1:0");
    let taken = run(second.env("JIFEN_METRICS_LISTEN", free.to_string()));
    assert_eq!(taken.code, Some(1), "{taken:?}");
    assert!(taken.stderr.contains("Choose another address with --metrics-listen"), "{taken:?}");
}

#[tokio::test]
async fn at_a_stop_all_sockets_are_told() {
    let directory = Directory::new("serve-sockets");
    let database = Database::new().await;
    let mut command = jifen(&["serve"]);
    command.env("DATABASE_URL", database.url()).env("JIFEN_DEV_KEY", "a-key-to-develop-with");
    let serving = Serving::start(command, &directory.0);
    let gateway = serving.gateway();
    let live = r#"subscription { balanceChanged(userId: "dora") { version } }"#;
    let mut sockets = Vec::new();
    for _ in 0..100 {
        sockets.push(Socket::with(&gateway, live).await);
    }
    let _events = Events::of(&gateway, live).await;
    assert_eq!(serving.stop("TERM").code(), Some(0));
    for mut socket in sockets {
        assert_eq!(socket.closed().await.0, 1001);
    }
}
