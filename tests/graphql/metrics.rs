//! /metrics: who may read it, what is in it, and that the files of `deploy/` ask for nothing that it lacks.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use jifen::metrics::{ALL, page};
use serde_json::{Value, json};

use super::{Gateway, make_key, socket::Socket, until};
use crate::common::is_missing;

async fn scrape(gateway: &Gateway) -> (u16, String) {
    let mut request = gateway.http.get(format!("http://{}/metrics", gateway.address));
    if !gateway.key.is_empty() {
        request = request.bearer_auth(&gateway.key);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// The value of a sample, by its name and labels as they are written.
fn sample(text: &str, sample: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' ')?.parse().ok())
}

fn promtool(arguments: &[&str], input: &str) {
    if is_missing("promtool", "prometheus") {
        return;
    }
    let mut child = Command::new("promtool")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said));
}

#[tokio::test]
async fn auditors_read_metrics_and_nobody_else_does() {
    let (gateway, database) = Gateway::new().await;
    for (scopes, status) in [(&["audit"][..], 200), (&["operator"], 200), (&["earn", "spend", "rules", "read"], 403)] {
        let key = make_key(&database, &scopes.join("-"), scopes, None).await;
        assert_eq!(scrape(&gateway.with_key(&key)).await.0, status, "{scopes:?}");
    }
    // they are of all wallets
    let key = make_key(&database, "of-coins", &["audit"], None).await;
    let keep = "update points.client set wallets = '{coins}' where name = 'of-coins'";
    database.client().await.batch_execute(keep).await.unwrap();
    assert_eq!(scrape(&gateway.with_key(&key)).await.0, 403);
    for key in ["", "jf_unknown"] {
        let (status, text) = scrape(&gateway.with_key(key)).await;
        assert_eq!((status, text.as_str()), (401, ""));
    }
}

#[tokio::test]
async fn what_happens_is_counted() {
    let (gateway, database) = Gateway::new().await;
    let auditor = gateway.with_key(&make_key(&database, "prometheus", &["audit"], None).await);
    // the rules are known from the first look on
    scrape(&auditor).await;
    for key in ["1", "1", "2"] {
        gateway.sign_in("dora", key).await.unwrap();
    }
    gateway.spend("dora", 4, "s").await.unwrap();
    gateway.spend("dora", 1000, "t").await.unwrap_err();
    let input = json!({ "userId": "dora", "rule": "NO_SUCH", "idempotencyKey": "x" });
    gateway.mutate("earnPoints", input).await.unwrap_err();
    let _socket = Socket::with(&gateway, "subscription { balanceChanged(userId: \"dora\") { version } }").await;
    until("it is followed", async || {
        let (_, text) = scrape(&auditor).await;
        sample(&text, "jifen_subscriptions") == Some(1.0)
            && sample(&text, "jifen_followed_accounts") == Some(1.0)
            && sample(&text, "jifen_feed_lag_seconds_count") >= Some(1.0)
    })
    .await;
    let (_, text) = scrape(&auditor).await;
    for (name, value) in [
        (r#"jifen_operations_total{kind="earn",outcome="done",rule="SIGN_IN"}"#, 2.0),
        (r#"jifen_operations_total{kind="earn",outcome="replayed",rule="SIGN_IN"}"#, 1.0),
        (r#"jifen_operations_total{kind="earn",outcome="UNKNOWN_RULE",rule="other"}"#, 1.0),
        (r#"jifen_operations_total{kind="spend",outcome="INSUFFICIENT_POINTS",rule=""}"#, 1.0),
        (r#"jifen_points_total{kind="earn",rule="SIGN_IN"}"#, 10.0),
        (r#"jifen_points_total{kind="spend",rule=""}"#, 4.0),
        (r#"jifen_lane_waiting{lane="7"}"#, 0.0),
        ("jifen_batch_operations_count", 6.0),
        ("jifen_execute_seconds_count", 6.0),
        ("jifen_lane_wait_seconds_count", 6.0),
        ("jifen_sockets", 1.0),
        ("jifen_database_up", 1.0),
        (r#"jifen_alerts{severity="critical"}"#, 0.0),
        ("jifen_discrepancies", 0.0),
        (r#"jifen_job_failures{job="sweep"}"#, 0.0),
    ] {
        assert_eq!(sample(&text, name), Some(value), "{name} in {text}");
    }
    assert!(!text.contains("dora") && !text.contains("NO_SUCH"), "no label names a member, or what a caller made up");
    promtool(&["check", "metrics"], &text);
}

#[tokio::test]
async fn a_database_that_is_away_is_told_and_the_rest_goes_on() {
    let (gateway, database) = Gateway::new().await;
    let auditor = gateway.with_key(&make_key(&database, "prometheus", &["audit"], None).await);
    gateway.sign_in("dora", "1").await.unwrap();
    assert_eq!(sample(&scrape(&auditor).await.1, "jifen_database_up"), Some(1.0));
    let client = database.client().await;
    client.batch_execute("revoke execute on function api.measurements() from jifen_gateway").await.unwrap();
    // what was looked up stays for some seconds
    until("it is told", async || sample(&scrape(&auditor).await.1, "jifen_database_up") == Some(0.0)).await;
    let (_, text) = scrape(&auditor).await;
    assert_eq!(sample(&text, "jifen_discrepancies"), None);
    assert_eq!(sample(&text, r#"jifen_operations_total{kind="earn",outcome="done",rule="other"}"#), Some(1.0));
}

/// Names of metrics in a text, as they are without the ends that a histogram has.
fn names(text: &str) -> BTreeSet<String> {
    let words =
        text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| word.starts_with("jifen_"));
    words
        .map(|word| {
            let stem = ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
            stem.to_owned()
        })
        .collect()
}

fn expressions(panel: &Value) -> String {
    let targets = panel["targets"].as_array().unwrap();
    targets.iter().map(|target| target["expr"].as_str().unwrap().to_owned() + "\n").collect()
}

#[tokio::test]
async fn the_files_for_prometheus_and_grafana_fit_what_is_scraped() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    // of everything there is one
    client
        .batch_execute(
            "select api.create_webhook('shop', 'https://shop.example/', '{alert.raised}', 'c');
             select points.check_totals_step(10, null);
             create or replace view points.reconciliation_state as
                select now() as last_full_at, now() as last_incremental_at, now() as proven_up_to, 0::bigint as open_discrepancies",
        )
        .await
        .unwrap();
    gateway.sign_in("dora", "1").await.unwrap();
    until("something is counted", async || {
        client.batch_execute("select api.run_job('count_flows', 5)").await.unwrap();
        let sql = "select count(*) from points.hourly_flow";
        client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) > 0
    })
    .await;
    let auditor = gateway.with_key(&make_key(&database, "prometheus", &["audit"], None).await);
    let (_, text) = scrape(&auditor).await;
    let scraped: BTreeSet<_> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| names(line.split(['{', ' ']).next().unwrap()))
        .collect();
    let listed: BTreeSet<_> = ALL.iter().map(|spec| spec.name.to_owned()).collect();
    let missing: Vec<_> = listed.difference(&scraped).collect();
    // no call of the engine has failed
    assert_eq!(missing, ["jifen_lane_faults_total"]);
    assert!(scraped.is_subset(&listed), "{scraped:?}");

    let dashboard: Value =
        serde_json::from_str(&fs::read_to_string(root.join("deploy/grafana/dashboards/jifen.json")).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
    let source = fs::read_to_string(root.join("deploy/grafana/provisioning/datasources/jifen.yml")).unwrap();
    assert!(panels.iter().all(|panel| panel["datasource"]["uid"] == "jifen") && source.contains("uid: jifen"));
    let asked: String = panels.iter().map(expressions).collect();
    let rules = fs::read_to_string(root.join("deploy/prometheus/jifen.rules.yml")).unwrap();
    let all = asked.clone() + &rules;
    let used = names(&all);
    assert!(used.len() > 20 && used.is_subset(&listed), "{:?}", used.difference(&listed));
    // each is shown somewhere, but for those that only count what others show
    assert_eq!(listed.difference(&used).collect::<Vec<_>>(), [""; 0]);

    promtool(&["check", "config", "deploy/prometheus/prometheus.yml"], "");
    promtool(&["check", "rules", "deploy/prometheus/jifen.rules.yml"], "");
    promtool(&["test", "rules", "deploy/prometheus/jifen.rules.test.yml"], "");
    // the dashboard's expressions are Prometheus's language
    let as_rules: String = asked
        .lines()
        .enumerate()
        .map(|(number, expression)| format!("  - record: r{number}\n    expr: {}\n", json!(expression)))
        .collect();
    let file = std::env::temp_dir().join(format!("jifen-dashboard-{}.yml", std::process::id()));
    fs::write(&file, format!("groups:\n- name: dashboard\n  rules:\n{as_rules}")).unwrap();
    promtool(&["check", "rules", file.to_str().unwrap()], "");
    fs::remove_file(&file).unwrap();
}

#[test]
fn the_page_lists_every_metric() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    let text = fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once("| metric |").unwrap();
    let tail = rest.split_once("\n\n").map_or("", |(_, tail)| tail);
    let now = format!("{head}{}\n{tail}", page());
    if std::env::var_os("JIFEN_BLESS").is_some() {
        fs::write(&path, &now).unwrap();
    } else {
        assert_eq!(text, now, "docs/metrics.md is not what src/metrics.rs says: JIFEN_BLESS=1 cargo test page_lists");
    }
}
