//! Alerts as operators see them, and as they are told.

use serde_json::{Value, json};
use tokio_postgres::Client;

use super::{Gateway, code, make_key, socket::Socket, until};
use crate::common::{Database, Receiver};

const TOLD: &str = "alertRaised { cursor alerts { id rule kind subject state severity value threshold message } }";

/// A gateway whose own looks find nothing.
async fn open() -> (Gateway, Database, Client) {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "update points.alert_rule set enabled = false;
             update points.job set enabled = false where name = 'alerts';
             select api.set_alert_rule('odd', 'Something is odd.', 'raised', 0, 'k', p_severity => 'critical')",
        )
        .await
        .unwrap();
    (gateway, database, client)
}

async fn raise(client: &Client, subject: &str, value: i32) {
    client
        .batch_execute(&format!("select points.raise_alert('odd', '{subject}', {value}, 'odd by {value}')"))
        .await
        .unwrap();
}

/// Subjects and states of an event.
fn words(event: &Value) -> Vec<String> {
    let alerts = event["alerts"].as_array().unwrap();
    alerts
        .iter()
        .map(|alert| format!("{} {}", alert["subject"].as_str().unwrap(), alert["state"].as_str().unwrap()))
        .collect()
}

/// What comes until these have: several changes may come in one event or in several.
async fn collect(socket: &mut Socket, count: usize) -> (Vec<String>, Value) {
    let mut told = Vec::new();
    loop {
        let event = socket.event().await;
        told.extend(words(&event));
        if told.len() >= count {
            return (told, event["cursor"].clone());
        }
    }
}

#[tokio::test]
async fn alerts_are_told_as_they_are_and_as_they_change() {
    let (gateway, database, client) = open().await;
    let mut first = Socket::with(&gateway, &format!("subscription {{ {TOLD} }}")).await;
    let event = first.event().await;
    assert_eq!(event["alerts"], json!([]), "the present state");
    raise(&client, "a", 1).await;
    let event = first.event().await;
    assert_eq!(words(&event), ["a OPEN"]);
    let alert = &event["alerts"][0];
    assert_eq!(
        (&alert["rule"], &alert["kind"], &alert["severity"]),
        (&json!("odd"), &json!("RAISED"), &json!("CRITICAL"))
    );
    assert_eq!(
        (&alert["value"], &alert["threshold"], &alert["message"]),
        (&json!("1"), &json!("0"), &json!("odd by 1"))
    );

    // by another gateway
    let other = Gateway::over(&database.url(), &gateway.key).await;
    let acknowledge = "mutation($input: AlertInput!) { acknowledgeAlert(input: $input) { replayed alert { state decidedBy reason } } }";
    let input = json!({ "id": alert["id"], "actor": "sue", "idempotencyKey": "a", "reason": "I look" });
    for replayed in [false, true] {
        let data = other.ask(acknowledge, json!({ "input": input })).await;
        let expected = json!({ "state": "ACKNOWLEDGED", "decidedBy": "sue", "reason": "I look" });
        assert_eq!(data["acknowledgeAlert"], json!({ "replayed": replayed, "alert": expected }));
    }
    let event = first.event().await;
    assert_eq!(words(&event), ["a ACKNOWLEDGED"]);
    let cursor = event["cursor"].clone();

    // who comes later is told what is not resolved, and who was there what has changed since
    raise(&client, "b", 1).await;
    raise(&client, "a", 0).await;
    let (told, _) = collect(&mut first, 2).await;
    assert_eq!(told, ["b OPEN", "a RESOLVED"]);
    let mut late = Socket::with(&gateway, &format!("subscription {{ {TOLD} }}")).await;
    assert_eq!(words(&late.event().await), ["b OPEN"]);
    let again = TOLD.replace("alertRaised", &format!("alertRaised(after: {cursor})"));
    let mut back = Socket::with(&gateway, &format!("subscription {{ {again} }}")).await;
    let (told, cursor) = collect(&mut back, 2).await;
    assert_eq!(told, ["b OPEN", "a RESOLVED"]);
    // who is up to date is told nothing until something changes
    let again = TOLD.replace("alertRaised", &format!("alertRaised(after: {cursor})"));
    let mut up_to_date = Socket::with(&gateway, &format!("subscription {{ {again} }}")).await;
    raise(&client, "c", 1).await;
    for socket in [&mut late, &mut back, &mut up_to_date] {
        assert_eq!(words(&socket.event().await), ["c OPEN"]);
    }
    // a cursor of a database that is no more
    let again = TOLD.replace("alertRaised", "alertRaised(after: \"999_1\")");
    let mut lost = Socket::with(&gateway, &format!("subscription {{ {again} }}")).await;
    assert_eq!(words(&lost.event().await), ["b OPEN", "c OPEN"]);
}

#[tokio::test]
async fn many_alerts_come_by_hundreds_and_none_is_left_out() {
    let (gateway, _database, client) = open().await;
    let mut socket = Socket::with(&gateway, &format!("subscription {{ {TOLD} }}")).await;
    assert_eq!(socket.event().await["alerts"], json!([]));
    client
        .batch_execute(
            "do $$ begin for n in 1..230 loop perform points.raise_alert('odd', 's' || n, 1, 'x'); end loop; end $$",
        )
        .await
        .unwrap();
    let (told, _) = collect(&mut socket, 230).await;
    let expected: Vec<_> = (1..=230).map(|n| format!("s{n} OPEN")).collect();
    assert_eq!(told, expected);
    let mut late = Socket::with(&gateway, &format!("subscription {{ {TOLD} }}")).await;
    let sizes = [late.event().await, late.event().await, late.event().await].map(|event| words(&event).len());
    assert_eq!(sizes, [100, 100, 30]);
    let page = "query($after: String) { alerts(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { subject } } }";
    let (mut after, mut seen) = (Value::Null, 0);
    loop {
        let data = gateway.ask(page, json!({ "after": after })).await;
        seen += data["alerts"]["nodes"].as_array().unwrap().len();
        after = data["alerts"]["pageInfo"]["endCursor"].clone();
        if data["alerts"]["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(seen, 230);
}

#[tokio::test]
async fn operators_silence_resolve_and_set_rules() {
    let (gateway, database, client) = open().await;
    raise(&client, "a", 1).await;
    let list = "query($states: [AlertState!]) { alerts(states: $states) { nodes { id state silencedUntil resolvedAt reason } } }";
    let listed = gateway.ask(list, json!({})).await;
    let id = listed["alerts"]["nodes"][0]["id"].clone();
    let silence = "mutation($input: SilenceAlertInput!) { silenceAlert(input: $input) { alert { state } } }";
    let until_then = (chrono::Utc::now() + chrono::TimeDelta::hours(1)).to_rfc3339();
    let input = |until: &str, key: &str| json!({ "input": { "id": id, "until": until, "reason": "known", "actor": "sue", "idempotencyKey": key } });
    let data = gateway.ask(silence, input(&until_then, "s")).await;
    assert_eq!(data["silenceAlert"]["alert"]["state"], "SILENCED");
    let error = gateway.refused(silence, input("2020-01-01T00:00:00Z", "t")).await;
    assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["input", "until"])));
    let resolve = "mutation($input: AlertInput!) { resolveAlert(input: $input) { alert { state resolvedAt } } }";
    let data = gateway.ask(resolve, json!({ "input": { "id": id, "actor": "sue", "idempotencyKey": "r" } })).await;
    assert_eq!(data["resolveAlert"]["alert"]["state"], "RESOLVED");
    assert_eq!(gateway.ask(list, json!({})).await["alerts"]["nodes"], json!([]));
    let resolved = gateway.ask(list, json!({ "states": ["RESOLVED"] })).await;
    assert_eq!(resolved["alerts"]["nodes"].as_array().unwrap().len(), 1);
    for bad in ["0", "x"] {
        let error =
            gateway.refused(resolve, json!({ "input": { "id": bad, "actor": "sue", "idempotencyKey": "q" } })).await;
        assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["input", "id"])));
    }

    let set = "mutation($input: SetAlertRuleInput!) { setAlertRule(input: $input) { replayed alertRule {
        name kind flow wallet threshold clearAt minimum holdSeconds severity enabled } } }";
    let rule = json!({ "name": "coins_jump", "description": "d", "kind": "HOURLY_JUMP", "flow": "USED", "wallet": "points", "threshold": "5.5",
        "clearAt": "2", "minimum": 10, "holdSeconds": 60, "severity": "CRITICAL", "idempotencyKey": "c" });
    let data = gateway.ask(set, json!({ "input": rule })).await;
    assert_eq!(
        data["setAlertRule"]["alertRule"],
        json!({ "name": "coins_jump", "kind": "HOURLY_JUMP", "flow": "USED", "wallet": "points", "threshold": "5.5", "clearAt": "2",
            "minimum": 10, "holdSeconds": 60, "severity": "CRITICAL", "enabled": true })
    );
    assert_eq!(gateway.ask(set, json!({ "input": rule })).await["setAlertRule"]["replayed"], true);
    let data = gateway.ask("{ alertRules(first: 100) { nodes { name threshold description } } }", json!({})).await;
    assert!(data["alertRules"]["nodes"].as_array().unwrap().iter().any(|rule| rule["name"] == "coins_jump"));

    // one who is kept to a wallet sees nothing of others
    client.batch_execute("insert into points.wallet (code, name) values ('coins', 'Coins')").await.unwrap();
    raise(&client, "b", 1).await;
    client.batch_execute("select points.raise_alert('odd', 'c', 1, 'x', 'coins')").await.unwrap();
    let key = make_key(&database, "coins", &["rules"], None).await;
    client.batch_execute("update points.client set wallets = '{coins}' where name = 'coins'").await.unwrap();
    let kept = gateway.with_key(&key);
    let data = kept.ask("{ alerts { nodes { subject } } }", json!({})).await;
    assert_eq!(data["alerts"]["nodes"], json!([{ "subject": "c" }]));
    let mut socket = Socket::with(&kept, &format!("subscription {{ {TOLD} }}")).await;
    assert_eq!(words(&socket.event().await), ["c OPEN"]);
}

#[tokio::test]
async fn the_job_raises_and_webhooks_are_told() {
    let (gateway, _database, client) = open().await;
    client.batch_execute("select api.set_webhooks(true, 7)").await.unwrap();
    let receiver = Receiver::willing().await;
    let create = "mutation($input: CreateWebhookInput!) { createWebhook(input: $input) { webhook { events } } }";
    let input = json!({ "name": "ops", "url": receiver.url("/"), "events": ["ALERT_RAISED", "ALERT_RESOLVED"], "idempotencyKey": "w" });
    gateway.ask(create, json!({ "input": input })).await;
    client
        .batch_execute(
            "update points.alert_rule set enabled = true where name = 'job_failing';
             update points.job set failures = 3, failure = 'x', failed_at = now(), enabled = false where name = 'archive';
             update points.job set schedule = 'PT1S', enabled = true, next_run_at = null where name = 'alerts'",
        )
        .await
        .unwrap();
    until("it is told", async || receiver.got().len() == 1).await;
    client.batch_execute("update points.job set failures = 0 where name = 'archive'").await.unwrap();
    until("it is over", async || receiver.got().len() == 2).await;
    let got = receiver.got().iter().map(|got| got.json()).collect::<Vec<_>>();
    assert_eq!((&got[0]["type"], &got[0]["data"]["subject"]), (&json!("alert.raised"), &json!("archive")));
    assert_eq!((&got[1]["type"], &got[1]["data"]["id"]), (&json!("alert.resolved"), &got[0]["data"]["id"]));
}

#[tokio::test]
async fn flows_liability_and_breakage_are_asked_for() {
    let (gateway, _database, client) = open().await;
    client.batch_execute("update points.job set enabled = false where name = 'count_flows'").await.unwrap();
    gateway.sign_in("dora", "1").await.unwrap();
    until("all is counted", async || {
        client.batch_execute("select api.run_job('count_flows', 5)").await.unwrap();
        let sql = "select coalesce(sum(entries), 0)::bigint from points.hourly_flow";
        client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 8
    })
    .await;
    let flows = "query($from: DateTime!, $to: DateTime!, $after: String) { flows(from: $from, to: $to, by: DAY, first: 2, after: $after) {
        pageInfo { hasNextPage endCursor } nodes { startsAt endsAt whole points { entries issued used net } byRule { rule points { issued } } } } }";
    let now = chrono::Utc::now();
    let (from, to) = ((now - chrono::TimeDelta::days(3)).to_rfc3339(), now.to_rfc3339());
    let (mut after, mut nodes) = (Value::Null, Vec::new());
    loop {
        let data = gateway.ask(flows, json!({ "from": from, "to": to, "after": after })).await;
        nodes.extend(data["flows"]["nodes"].as_array().unwrap().clone());
        after = data["flows"]["pageInfo"]["endCursor"].clone();
        if data["flows"]["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(nodes.len(), 4);
    let issued: i64 = nodes.iter().map(|node| node["points"]["issued"].as_i64().unwrap()).sum();
    assert_eq!(issued, 1676);
    let net: i64 = nodes.iter().map(|node| node["points"]["net"].as_i64().unwrap()).sum();
    assert_eq!(net, 1376);
    let rules: Vec<_> = nodes.iter().flat_map(|node| node["byRule"].as_array().unwrap()).collect();
    assert!(rules.iter().any(|rule| rule["rule"] == "SIGN_IN" && rule["points"]["issued"] == 10), "{rules:?}");

    let set = "mutation { setPointValue(input: { value: \"0.01\", idempotencyKey: \"v\" }) { pointValue replayed } }";
    let expected = json!({ "pointValue": "0.01", "replayed": false });
    assert_eq!(gateway.ask(set, json!({})).await["setPointValue"], expected);
    let liability = "query($at: DateTime) { liability(at: $at) { points held debt pointValue value parts { expiresMonth source points held } } }";
    let data = gateway.ask(liability, json!({})).await;
    assert_eq!((&data["liability"]["points"], &data["liability"]["value"]), (&json!(1376), &json!("13.7600")));
    let parts: i64 =
        data["liability"]["parts"].as_array().unwrap().iter().map(|part| part["points"].as_i64().unwrap()).sum();
    assert_eq!(parts, 1376);
    let data = gateway.ask(liability, json!({ "at": from })).await;
    assert_eq!(data["liability"]["points"], 0);
    let today = now.format("%Y-%m-%d").to_string();
    let breakage = "query($day: Date!) { breakage(from: $day, to: $day) { rate closedGranted cohorts { month granted used expired outstanding } } }";
    let data = gateway.ask(breakage, json!({ "day": today })).await;
    assert_eq!(data["breakage"]["cohorts"][0]["granted"], 1676);
    let error = gateway.refused(liability.replace("at: $at", "at: $at, wallet: \"none\"").as_str(), json!({})).await;
    assert_eq!(code(&error), "INVALID_INPUT");
}
