//! Each check of the doctor, by breaking what it looks at, and each remedy that is SQL, by following it.

use std::collections::BTreeMap;

use jifen::{
    database::{self, connect, parse_url},
    migrate,
};
use tokio_postgres::Client;

use crate::common::Database;

/// State, finding and remedy by topic.
type Findings = BTreeMap<String, (String, String, Option<String>)>;

/// What the doctor says with these arguments.
async fn ask(client: &Client, arguments: &str) -> Findings {
    let rows = client.query(&format!("select * from api.doctor({arguments})"), &[]).await.unwrap();
    let findings: Findings =
        rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2), row.get::<_, Option<String>>(3)))).collect();
    assert_eq!(findings.len(), rows.len(), "a topic comes twice");
    for (topic, (state, finding, remedy)) in &findings {
        assert!(["ok", "warn", "fail"].contains(&state.as_str()) && !finding.is_empty(), "{topic}");
        assert_eq!(state == "ok", remedy.is_none(), "{topic}");
    }
    findings
}

async fn state_of(client: &Client, topic: &str, arguments: &str) -> String {
    ask(client, arguments).await[topic].0.clone()
}

/// Breaks something, sees what the doctor says, and does what he says.
async fn breaks(client: &Client, sql: &str, topic: &str, state: &str, words: &str) {
    assert_eq!(state_of(client, topic, "").await, "ok", "before {sql}");
    client.batch_execute(sql).await.unwrap();
    let (found, finding, remedy) = ask(client, "").await[topic].clone();
    assert_eq!(found, state, "{sql}: {finding}");
    assert!(finding.contains(words), "{sql}: {finding}");
    let remedy = remedy.unwrap();
    let remedy = remedy.strip_prefix("As a member of jifen_owner: ").unwrap_or(&remedy);
    // What comes after the statements is for people.
    let statements = remedy.split_once("; then").map_or(remedy, |(first, _)| first);
    let statements = statements.split_once(". ").map_or(statements, |(first, _)| first).trim_end_matches('.');
    client.batch_execute(statements).await.unwrap_or_else(|error| panic!("{statements}: {error}"));
    assert_eq!(state_of(client, topic, "").await, "ok", "after {statements}");
}

#[tokio::test]
async fn what_is_broken_is_found_and_the_remedy_mends_it() {
    let database = Database::new().await;
    let client = database.client().await;
    for (sql, topic, state, words) in [
        (
            "do $$ begin execute (select format('drop table %s', max(relid::text)) from pg_partition_tree('points.entry')
                where relid::text ~ '_20' and relid::text <= 'points.entry_' || to_char(now() + interval '1 month', 'YYYY_MM')); end $$",
            "partitions",
            "fail",
            "points.entry has no partition for",
        ),
        (
            "revoke execute on function api.execute(smallint, api.request[]) from jifen_gateway",
            "rights",
            "fail",
            "missing: EXECUTE on function api.execute(smallint,api.request[]) to jifen_gateway",
        ),
        ("revoke usage on schema api from jifen_reader", "rights", "fail", "missing: USAGE on schema api to jifen_reader"),
        ("revoke select on api.account from jifen_operator", "rights", "fail", "missing: SELECT on api.account"),
        (
            "grant update on points.operation to jifen_owner",
            "rights",
            "warn",
            "not granted by jifen migrate: UPDATE on points.operation to jifen_owner",
        ),
        ("grant execute on function api.earn_points to public", "rights", "warn", "to public"),
        ("alter table points.operation disable trigger append_only", "triggers", "fail", "1 are disabled"),
    ] {
        breaks(&client, sql, topic, state, words).await;
    }
    let fail =
        "update points.job set failures = 3, failure = 'disk full', failed_at = now() where name = 'create_partitions'";
    client.batch_execute(fail).await.unwrap();
    let (state, finding, _) = ask(&client, "").await["jobs"].clone();
    assert!(state == "warn" && finding == "failing: create_partitions (3 times: disk full)", "{state} {finding}");
    let late = "update points.job set failures = 0;
        update points.job set next_run_at = now() - interval '1 hour' where name = 'create_partitions'";
    client.batch_execute(late).await.unwrap();
    let (state, finding, _) = ask(&client, "").await["jobs"].clone();
    assert!(state == "warn" && finding.starts_with("late: create_partitions (36"), "{state} {finding}");
}

#[tokio::test]
async fn what_only_the_asking_program_knows_is_compared() {
    let database = Database::new().await;
    let client = database.client().await;
    let last = migrate::last_migration();
    for (migration, state) in [(last, "ok"), (last + 1, "fail"), (last - 1, "warn")] {
        assert_eq!(state_of(&client, "migrations", &format!("p_migration => {migration}")).await, state, "{migration}");
    }
    let bundle: String = migrate::bundle_hash().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(state_of(&client, "functions", &format!("p_bundle => '\\x{bundle}'")).await, "ok");
    assert_eq!(state_of(&client, "functions", "p_bundle => '\\x00'").await, "warn");
    for (apart, state) in [("0 s", "ok"), ("3 s", "warn"), ("-3 s", "warn"), ("1 min", "fail"), ("-1 min", "fail")] {
        let clock = format!("clock_timestamp() + interval '{apart}'");
        assert_eq!(state_of(&client, "clock", &clock).await, state, "{apart}");
    }
    assert!(!ask(&client, "").await.contains_key("clock"));
    // what is assumed in psql is what a gateway opens
    let (_, assumed, _) = ask(&client, "").await["connections"].clone();
    assert!(assumed.ends_with(&format!("opens up to {}", database::CONNECTIONS)), "{assumed}");
    for (connections, state) in [(32, "ok"), (200, "warn"), (400, "fail")] {
        assert_eq!(state_of(&client, "connections", &format!("p_connections => {connections}")).await, state);
    }
    assert_eq!(state_of(&client, "locks", "p_connections => 10").await, "ok");
    let (state, _, remedy) = ask(&client, "p_connections => 100000").await["locks"].clone();
    assert!(state == "warn" && remedy.unwrap().contains("max_locks_per_transaction = "));
}

#[tokio::test]
async fn settings_that_lose_what_was_answered_are_failures() {
    let database = Database::new().await;
    let client = database.client().await;
    // The server of the tests is a throw-away one.
    let findings = ask(&client, "").await;
    for topic in ["fsync", "full_page_writes", "synchronous_commit"] {
        assert_eq!(findings[topic].0, "fail", "{topic}");
    }
    for topic in ["version", "autovacuum", "server_encoding", "time_zone", "standby", "default_transaction_isolation"] {
        assert_eq!(findings[topic].0, "ok", "{topic}");
    }
    let name = parse_url(&database.url()).unwrap().get_dbname().unwrap().to_owned();
    for (topic, value, state) in [
        ("synchronous_commit", "on", "ok"),
        ("synchronous_commit", "remote_apply", "ok"),
        ("synchronous_commit", "off", "fail"),
        ("default_transaction_isolation", "serializable", "fail"),
        ("default_transaction_read_only", "on", "fail"),
    ] {
        let set = format!("set default_transaction_read_only = off; alter database {name} set {topic} = '{value}'");
        client.batch_execute(&set).await.unwrap();
        let fresh = database.client().await;
        assert_eq!(state_of(&fresh, topic, "").await, state, "{topic} = {value}");
    }
    // a zone that the server does not know
    client
        .batch_execute(
            "do $$ declare c record; begin for c in select conname from pg_constraint
                 where conrelid = 'points.program'::regclass and contype = 'c' loop
                 execute format('alter table points.program drop constraint %I', c.conname); end loop; end $$;
             alter table points.program disable trigger user;
             update points.program set time_zone = 'Mars/Olympus'",
        )
        .await
        .unwrap();
    assert_eq!(state_of(&client, "time_zone", "").await, "fail");
}

#[tokio::test]
async fn the_role_of_the_gateway_is_looked_at() {
    let database = Database::new().await;
    let client = database.client().await;
    assert_eq!(state_of(&client, "role", "").await, "warn", "a superuser");
    let login = format!("doctor_login_{}", std::process::id());
    let url = parse_url(&database.url()).unwrap();
    let mut config = url.clone();
    config.user(&login);
    for (roles, state) in [("jifen_gateway", "ok"), ("jifen_gateway, jifen_owner", "warn"), ("jifen_reader", "fail")] {
        client.batch_execute(&format!("create role {login} login in role {roles}")).await.unwrap();
        let connection = connect(&config).await.unwrap();
        let found = state_of(&connection, "role", "").await;
        drop(connection);
        client.batch_execute(&format!("drop role {login}")).await.unwrap();
        assert_eq!(found, state, "{roles}");
    }
}
