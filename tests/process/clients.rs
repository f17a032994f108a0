//! The examples of docs/clients.md do what the page says.

use std::{
    env, fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, header::RETRY_AFTER},
    response::IntoResponse,
};
use jifen::error::CODES;
use serde_json::json;
use tokio::net::TcpListener;

use super::Directory;
use crate::{
    common::{Block, blocks},
    graphql::Gateway,
};

const PAGE: &str = include_str!("../../docs/clients.md");
/// Set where skipping must not pass for success.
const REQUIRED: &str = "JIFEN_REQUIRE_CLIENTS";
/// What the examples in JavaScript import.
const PACKAGES: [&str; 3] = ["graphql-ws@6.4.2", "graphql@16.11.0", "ws@8.18.3"];

/// A program, or why there is none.
fn find(program: &str) -> Result<(), String> {
    match Command::new(program).arg("--version").output() {
        Ok(output) if output.status.success() => Ok(()),
        _ => Err(format!("{program} is not installed")),
    }
}

fn fetch_packages(folder: &Path) -> Result<(), String> {
    find("npm")?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-update-notifier", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"]);
    // Node knows certificate authorities of its own only; it is to trust those that the machine trusts, too.
    let machines = "/etc/ssl/certs/ca-certificates.crt";
    if env::var_os("NODE_EXTRA_CA_CERTS").is_none() && Path::new(machines).exists() {
        npm.env("NODE_EXTRA_CA_CERTS", machines);
    }
    let output = npm.arg(folder).args(PACKAGES).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("npm cannot fetch {}: {}", PACKAGES.join(" "), String::from_utf8_lossy(&output.stderr)))
}

/// A proxy whose first answers are faults, all of them worth asking again.
async fn faulty(gateway: &Gateway) -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let (counter, http) = (asked.clone(), gateway.http.clone());
    let to = format!("http://{}/graphql", gateway.address);
    let app = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
        let request = http.post(&to).headers(headers).body(body);
        let number = counter.fetch_add(1, Ordering::Relaxed);
        async move {
            let errors = |code: &str| {
                let error = json!({ "message": code, "extensions": { "code": code, "retryable": true } });
                json!({ "data": null, "errors": [error] }).to_string()
            };
            match number {
                0 => (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "1")], errors("RATE_LIMITED")).into_response(),
                1 => errors("OVERLOADED").into_response(),
                2 => (StatusCode::BAD_GATEWAY, "<h1>Bad gateway</h1>").into_response(),
                _ => request.send().await.unwrap().text().await.unwrap().into_response(),
            }
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (base, asked)
}

/// What an example prints, failures included.
fn run(block: &Block, folder: &Path, base: &str, gateway: &Gateway, url: &str) -> String {
    let (program, arguments): (&str, &[&str]) = match block.language.as_str() {
        "sh" => ("sh", &["-s"]),
        "python" => ("python3", &["-"]),
        "js" => ("node", &["example.mjs"]),
        "sql" => ("psql", &["-X", "-At", "-v", "VERBOSITY=terse", url]),
        other => panic!("line {}: nothing runs {other}", block.line),
    };
    fs::write(folder.join("example.mjs"), &block.text).unwrap();
    // In one stream, as at a terminal.
    let mut child = Command::new("sh")
        .args(["-c", r#"exec "$@" 2>&1"#, "sh", program])
        .args(arguments)
        .current_dir(folder)
        .env("JIFEN_URL", base)
        .env("JIFEN_KEY", &gateway.key)
        .env("no_proxy", "*")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(block.text.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_prints_what_the_page_says() {
    let (gateway, database) = Gateway::new().await;
    let directory = Directory::new("clients");
    let mut absent: Vec<_> =
        ["curl", "python3", "node", "psql"].into_iter().filter_map(|name| find(name).err()).collect();
    absent.extend(fetch_packages(&directory.0).err());
    if !absent.is_empty() {
        let reason = absent.join("; ");
        assert!(env::var_os(REQUIRED).is_none_or(|value| value.is_empty()), "{REQUIRED} is set, but: {reason}");
        // Not eprintln!, which the test runner keeps to itself when a test passes.
        writeln!(std::io::stderr(), "SKIPPED the examples of docs/clients.md: {reason}").unwrap();
        return;
    }
    let blocks = blocks(PAGE);
    let (pairs, rest) = blocks.as_chunks::<2>();
    assert!(pairs.len() >= 8 && rest.is_empty(), "each example has its output");
    let (mut wrong, mut asking) = (Vec::new(), 0);
    for [example, output] in pairs {
        assert!(["text", "json"].contains(&output.language.as_str()), "line {}", output.line);
        let url = database.url();
        // Those that ask again are made to.
        let (base, asked) = if example.text.contains("Asks again") {
            asking += 1;
            let (base, asked) = faulty(&gateway).await;
            (base, Some(asked))
        } else {
            (format!("http://{}", gateway.address), None)
        };
        let printed = tokio::task::block_in_place(|| run(example, &directory.0, &base, &gateway, &url));
        assert!(asked.is_none_or(|asked| asked.load(Ordering::Relaxed) == 6), "three faults, and three requests");
        if printed.trim_end() != output.text.trim_end() {
            wrong.push(format!("line {}: expected\n{}but it printed\n{printed}", example.line, output.text));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(asking, 2);
}

#[test]
fn the_page_names_every_code_that_is_worth_a_retry() {
    for (code, retryable, _) in CODES {
        if *retryable {
            assert!(PAGE.contains(&format!("| `{code}`")), "{code}");
        }
    }
}
