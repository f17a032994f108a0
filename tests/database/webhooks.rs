//! Events for webhooks: what is written, in which order it is sent, and what comes of failures. A receiver here is the test
//! itself; the clock is moved. Real ones are in tests/graphql/webhooks.rs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::sync::RwLock;
use tokio_postgres::{Client, Row};

use super::{assert_laws, make_rule, number, one, rewards, sqlstate};
use crate::common::{Database, Kind, Random, Request, execute, instant, operation_id, signature};

const NOON: &str = "2030-03-06T12:00:00Z";
const SECOND: TimeDelta = TimeDelta::seconds(1);

/// What a gateway is told to send.
#[derive(Clone, Debug)]
struct Claimed {
    key: (i16, i64, i32),
    attempt: i32,
    url: String,
    id: String,
    sent_at: i64,
    signature: String,
    body: String,
}

impl Claimed {
    fn read(row: &Row) -> Claimed {
        Claimed {
            key: (row.get("bucket"), row.get("event"), row.get("webhook")),
            attempt: row.get("attempt"),
            url: row.get("url"),
            id: row.get("id"),
            sent_at: row.get("sent_at"),
            signature: row.get("signature"),
            body: row.get("body"),
        }
    }

    fn body(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// User and what is said, in a few words.
    fn words(&self) -> String {
        let body = self.body();
        let data = &body["data"];
        let what = ["seq", "level", "status", "points"].into_iter().find(|name| !data[name].is_null()).unwrap();
        format!("{} {} {}", data["userId"].as_str().unwrap(), body["type"].as_str().unwrap(), data[what])
    }
}

async fn queue(client: &Client, now: DateTime<Utc>) -> i32 {
    client.query_one("select points.queue_deliveries(1000, $1)", &[&now]).await.unwrap().get(0)
}

/// What is to be sent at an instant.
async fn claim(client: &Client, now: DateTime<Utc>) -> Vec<Claimed> {
    queue(client, now).await;
    let rows = client.query("select * from points.claim_deliveries($1)", &[&now]).await.unwrap();
    rows.iter().map(Claimed::read).collect()
}

/// What the receiver answered to each.
async fn report(client: &Client, sent: &[(Claimed, i32)], now: DateTime<Utc>) {
    let column = |value: fn(&Claimed) -> i64| sent.iter().map(|(claimed, _)| value(claimed)).collect::<Vec<_>>();
    let statuses: Vec<_> = sent.iter().map(|(_, status)| *status).collect();
    let failures: Vec<_> =
        statuses.iter().map(|status| (*status >= 300).then(|| format!("it answered {status}"))).collect();
    client
        .execute(
            "select points.report_deliveries($1::bigint[]::smallint[], $2, $3::bigint[]::int[], $4::bigint[]::int[], $5, $6, $7)",
            &[
                &column(|claimed| claimed.key.0.into()),
                &column(|claimed| claimed.key.1),
                &column(|claimed| claimed.key.2.into()),
                &column(|claimed| claimed.attempt.into()),
                &statuses,
                &failures,
                &now,
            ],
        )
        .await
        .unwrap();
}

/// Sends what is due until nothing is, to a receiver that takes all.
async fn deliver(client: &Client, now: DateTime<Utc>) -> Vec<Claimed> {
    let mut delivered = Vec::new();
    for minute in 0.. {
        let now = now + TimeDelta::minutes(minute);
        let claimed = claim(client, now).await;
        if claimed.is_empty() {
            break;
        }
        report(client, &claimed.iter().map(|claimed| (claimed.clone(), 200)).collect::<Vec<_>>(), now).await;
        delivered.extend(claimed);
    }
    delivered
}

async fn words(client: &Client, now: DateTime<Utc>) -> Vec<String> {
    deliver(client, now).await.iter().map(Claimed::words).collect()
}

/// Makes a webhook; its secret.
async fn create(client: &Client, name: &str, events: &str, more: &str) -> String {
    let sql = format!(
        "select secret from api.create_webhook('{name}', 'https://shop.example/{name}', '{{{events}}}', 'create {name}'{more})"
    );
    client.query_one(&sql, &[]).await.unwrap().get(0)
}

async fn change(client: &Client, name: &str, events: &str, enabled: bool, key: &str) {
    let sql = format!(
        "select api.change_webhook('{name}', 'https://shop.example/{name}', '{{{events}}}', {enabled}, '{key}')"
    );
    client.batch_execute(&sql).await.unwrap();
}

fn grant(user: &str, points: i64, key: &str) -> Request {
    Request::adjust(user, points, key)
}

async fn write_notices(client: &Client, now: DateTime<Utc>) {
    let step = "select more from points.step_job('write_notices', $1)";
    while client.query_one(step, &[&now]).await.unwrap().get(0) {}
}

async fn states(client: &Client) -> BTreeMap<String, i64> {
    let sql = "select state::text, count(*) from points.webhook_delivery group by state";
    client.query(sql, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test]
async fn nothing_is_written_unless_an_enabled_webhook_wants_it() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant(NOON);
    one(&client, grant("ann", 5, "a"), Some(now)).await;
    let written = "select (select count(*) from points.outbox) + (select count(*) from points.webhook_delivery)";
    assert_eq!(number(&client, written).await, 0);

    create(&client, "levels", "level.changed,redemption.changed", "").await;
    one(&client, grant("ann", 5, "b"), Some(now)).await;
    assert_eq!(number(&client, written).await, 0);

    create(&client, "shop", "entry.booked", "").await;
    one(&client, grant("ann", 5, "c"), Some(now)).await;
    assert_eq!(number(&client, written).await, 1);
    assert_eq!(words(&client, now).await, ["ann entry.booked 3"]);

    change(&client, "shop", "entry.booked", false, "off").await;
    one(&client, grant("ann", 5, "d"), Some(now)).await;
    assert_eq!(number(&client, "select count(*) from points.outbox").await, 0);
    // what was written before, and not queued, goes nowhere
    change(&client, "shop", "entry.booked", true, "on").await;
    one(&client, grant("ann", 5, "e"), Some(now)).await;
    change(&client, "shop", "entry.booked", false, "off again").await;
    assert_eq!(words(&client, now).await, [""; 0]);
    assert_eq!(number(&client, written).await, 1);
    client.batch_execute("select api.delete_webhook('levels', 'gone')").await.unwrap();
    assert_eq!(number(&client, "select cardinality(webhook_events)::bigint from points.program").await, 0);
}

#[tokio::test]
async fn what_waits_for_a_disabled_webhook_is_sent_when_it_is_enabled_again() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant(NOON);
    create(&client, "shop", "entry.booked", "").await;
    let past = Utc::now() - TimeDelta::minutes(2);
    one(&client, grant("ann", 5, "1"), Some(past)).await;
    let lag = "select lag_seconds::bigint from api.webhook";
    assert!(number(&client, lag).await >= 120, "nobody has queued it");
    one(&client, grant("ann", 5, "2"), Some(now)).await;
    let first = claim(&client, now).await.remove(0);
    report(&client, &[(first, 500)], now).await;
    assert!(number(&client, lag).await >= 120, "nobody has taken it");
    change(&client, "shop", "entry.booked", false, "off").await;
    assert!(claim(&client, now + TimeDelta::hours(1)).await.is_empty());
    assert_eq!(number(&client, lag).await, 0);
    one(&client, grant("ann", 5, "3"), Some(now)).await;
    change(&client, "shop", "entry.booked", true, "on").await;
    one(&client, grant("ann", 5, "4"), Some(now)).await;
    // the third happened while it heard nothing
    assert_eq!(words(&client, now).await, ["ann entry.booked 1", "ann entry.booked 2", "ann entry.booked 4"]);
}

#[tokio::test]
async fn a_refusal_and_what_is_rolled_back_tell_nobody() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "shop", "entry.booked", "").await;
    let refused = one(&client, Request::spend("ann", 5, "a"), None).await;
    assert_eq!(refused.refusal.as_deref(), Some("INSUFFICIENT_POINTS"));
    client.batch_execute("begin; select api.adjust_points('ann', 5, 'b', 'x', 'x'); rollback").await.unwrap();
    client.batch_execute("select api.preview_earn('ann', 'SIGN_IN')").await.unwrap();
    assert_eq!(number(&client, "select count(*) from points.outbox").await, 0);
}

#[tokio::test]
async fn a_filter_lets_through_what_fits_and_nothing_else() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant(NOON);
    make_rule(&client, "GIVE", "basis, rounding, pending_days, valid_days", "'given', 'down', 0, 100").await;
    client.batch_execute("insert into points.wallet values ('coins', 'Coins')").await.unwrap();
    for (name, more) in [
        ("all", ""),
        ("coins", ", p_wallets => '{coins}'"),
        ("spends", ", p_kinds => '{spend,expire}'"),
        ("given", ", p_rules => '{GIVE}'"),
        ("large", ", p_minimum => 100"),
        ("large-given", ", p_rules => '{GIVE}', p_minimum => 100, p_kinds => '{earn}'"),
    ] {
        create(&client, name, "entry.booked", more).await;
    }
    create(&client, "levels", "level.changed", "").await;
    let requests = [
        Request::earn("ann", "GIVE", "1").points(99),
        Request::earn("ann", "GIVE", "2").points(100),
        Request::earn("ann", "SIGN_IN", "3"),
        Request::spend("ann", 100, "4"),
        Request { wallet: Some("coins".to_owned()), ..grant("ann", 7, "5") },
        grant("ann", -3, "6"),
    ];
    for request in requests {
        assert_eq!(one(&client, request, Some(now)).await.refusal, None);
    }
    let mut heard: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for claimed in deliver(&client, now).await {
        let data = &claimed.body()["data"];
        let name = claimed.url.rsplit('/').next().unwrap().to_owned();
        heard.entry(name).or_default().insert(format!("{}{}", data["wallet"].as_str().unwrap(), data["seq"]));
    }
    let set = |list: &[&str]| list.iter().map(|text| text.to_string()).collect::<BTreeSet<_>>();
    let expected = BTreeMap::from([
        ("all".to_owned(), set(&["points1", "points2", "points3", "points4", "points5", "coins1"])),
        ("coins".to_owned(), set(&["coins1"])),
        ("spends".to_owned(), set(&["points4"])),
        ("given".to_owned(), set(&["points1", "points2"])),
        ("large".to_owned(), set(&["points2", "points4"])),
        ("large-given".to_owned(), set(&["points2"])),
    ]);
    assert_eq!(heard, expected);
}

#[tokio::test]
async fn every_kind_of_event_says_what_happened_in_order() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant(NOON);
    make_rule(&client, "GIVE", "basis, rounding, pending_days, valid_days", "'given', 'down', 0, 20").await;
    rewards::create(&client, "MUG", "goods", 10, ", p_stock => 5").await;
    client
        .batch_execute("select api.set_risk_rule('LARGE', 'l', '{GIVE}', 'award_points', 'review', 'on', 'r', p_threshold => 5000)")
        .await
        .unwrap();
    create(&client, "shop", "entry.booked,level.changed,points.expiring,redemption.changed,review.changed", "").await;
    let clerk = |request: Request, name: &str| Request {
        actor: Some(name.to_owned()),
        reason: Some("looked at it".to_owned()),
        ..request
    };
    for request in [
        Request::earn("ann", "GIVE", "level").points(2000),
        rewards::redeem("ann", "MUG", "mug 1"),
        rewards::redeem("ann", "MUG", "mug 2"),
        rewards::fulfil("ann", operation_id(1, "mug 1"), "fulfil"),
        rewards::cancel("ann", operation_id(1, "mug 2"), "cancel"),
        clerk(Request::earn("ann", "GIVE", "large"), "one").points(6000),
        clerk(Request::undo(Kind::Approve, "ann", "large", "approve"), "two"),
    ] {
        let outcome = one(&client, request, Some(now)).await;
        assert_eq!(outcome.refusal, None, "{outcome:?}");
    }
    write_notices(&client, now).await;
    let delivered = deliver(&client, now).await;
    let heard: Vec<_> =
        delivered.iter().filter_map(|sent| sent.words().strip_prefix("ann ").map(str::to_owned)).collect();
    assert_eq!(
        heard,
        [
            "entry.booked 1",
            "level.changed \"VIP1\"",
            "entry.booked 2",
            "redemption.changed \"reserved\"",
            "entry.booked 3",
            "redemption.changed \"reserved\"",
            "redemption.changed \"fulfilled\"",
            "entry.booked 4",
            "redemption.changed \"cancelled\"",
            "entry.booked 5",
            "level.changed \"VIP2\"",
            "review.changed \"waiting\"",
            "review.changed \"approved\"",
            "entry.booked 6",
            "points.expiring 7990",
        ]
        .map(str::to_owned)
    );
    let body = delivered[0].body();
    let expected = json!({
        "type": "entry.booked",
        "timestamp": "2030-03-06T12:00:00.000000Z",
        "data": {
            "userId": "ann", "wallet": "points", "seq": 1, "kind": "earn", "contra": "issuance", "rule": "GIVE",
            "operationId": operation_id(1, "level").to_string(), "idempotencyKey": "level", "orderKey": null,
            "pendingDelta": 0, "availableDelta": 2000, "heldDelta": 0, "debtDelta": 0,
            "pendingAfter": 0, "availableAfter": 2000, "heldAfter": 0, "debtAfter": 0,
            "occurredAt": "2030-03-06T12:00:00.000000Z", "recordedAt": "2030-03-06T12:00:00.000000Z",
        }
    });
    assert_eq!(body, expected);
    // once more, nothing is new
    write_notices(&client, now + SECOND).await;
    assert_eq!(words(&client, now + SECOND).await, [""; 0]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn levels_that_end_and_reviews_of_erased_members_are_told() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant(NOON);
    make_rule(&client, "GIVE", "basis, rounding, pending_days", "'given', 'down', 0").await;
    client
        .batch_execute(
            "select api.set_levels('points', '[{\"code\": \"A\", \"name\": \"A\", \"threshold\": 0}, {\"code\": \"B\", \"name\": \"B\", \"threshold\": 100}]',
                 'l1', 'calendar_year', 'one_step');
             select api.set_risk_rule('LARGE', 'l', '{GIVE}', 'award_points', 'review', 'on', 'r', p_threshold => 5000)",
        )
        .await
        .unwrap();
    create(&client, "shop", "level.changed,review.changed", "").await;
    one(&client, Request::earn("ann", "GIVE", "a").points(100), Some(now)).await;
    let later = instant("2032-01-02T00:00:00Z");
    for _ in 0..8 {
        client.query("select done from points.sweep_step(100, $1)", &[&later]).await.unwrap();
    }
    one(&client, Request::earn("ann", "GIVE", "large").points(6000), Some(later)).await;
    client.batch_execute("select api.erase_member('ann', 'gone', 'asked', 'clerk')").await.unwrap();
    let bodies: Vec<_> = deliver(&client, later + TimeDelta::days(365)).await.iter().map(Claimed::body).collect();
    // the member was erased before anything was sent; the others are of the demonstration
    let told: Vec<_> = bodies
        .iter()
        .filter(|body| body["data"]["userId"].is_null())
        .map(|body| {
            let data = &body["data"];
            format!("{} {} {}", data["level"], data["cause"], data["status"])
        })
        .collect();
    assert_eq!(told[..2], ["\"B\" \"award\" null", "\"A\" \"period_end\" null"]);
    assert!(told[2..].contains(&"null null \"waiting\"".to_owned()), "{told:?}");
    assert_eq!(told.last().unwrap(), "null null \"rejected\"");
}

#[tokio::test]
async fn signatures_are_those_of_standard_webhooks_by_both_secrets_for_a_day() {
    let database = Database::new().await;
    let client = database.client().await;
    let first = create(&client, "shop", "entry.booked", "").await;
    assert_eq!(first.len(), 6 + 44);
    let now = Utc::now() + TimeDelta::seconds(5);
    let send = async |key: &str, at: DateTime<Utc>| {
        one(&client, grant("ün", 5, key), None).await;
        deliver(&client, at).await.pop().unwrap()
    };
    let by = |secret: &str, sent: &Claimed| signature(secret, &sent.id, &sent.sent_at.to_string(), &sent.body);
    let sent = send("a", now).await;
    assert_eq!((sent.signature.clone(), sent.sent_at), (by(&first, &sent), now.timestamp()));

    let rotate = |key: &str| format!("select secret from api.rotate_webhook_secret('shop', '{key}')");
    let second: String = client.query_one(&rotate("r"), &[]).await.unwrap().get(0);
    let again: Option<String> = client.query_one(&rotate("r"), &[]).await.unwrap().get(0);
    assert_eq!(again, None, "told once");
    let sent = send("b", now).await;
    assert_eq!(sent.signature, format!("{} {}", by(&second, &sent), by(&first, &sent)));
    let sent = send("c", now + TimeDelta::hours(25)).await;
    assert_eq!(sent.signature, by(&second, &sent));
    let third: String = client.query_one(&rotate("r2"), &[]).await.unwrap().get(0);
    let sent = send("d", now).await;
    assert_eq!(sent.signature, format!("{} {}", by(&third, &sent), by(&second, &sent)));
    // a key longer than what HMAC pads would have to be hashed first: there is none
    assert_eq!(number(&client, "select length(points.new_secret())::bigint").await, 32);
}

#[tokio::test]
async fn of_an_account_one_is_sent_at_a_time_and_the_next_after_it_is_taken_or_dead() {
    let database = Database::new().await;
    let client = database.client().await;
    let mut now = instant(NOON);
    create(&client, "shop", "entry.booked", "").await;
    for key in ["1", "2", "3"] {
        execute(&client, &[grant("ann", 5, key), grant("ben", 5, key)], Some(now)).await;
    }
    let mut claimed = claim(&client, now).await;
    claimed.sort_by_key(Claimed::words);
    assert_eq!(claimed.iter().map(Claimed::words).collect::<Vec<_>>(), ["ann entry.booked 1", "ben entry.booked 1"]);
    assert!(claim(&client, now).await.is_empty(), "they are on their way");
    let second = "insert into points.webhook_delivery (bucket, event, webhook, account_id, happened_at, queued_at, due_at, kind, facts)
        select bucket, 99, webhook, account_id, now(), now(), now(), kind, '{}' from points.webhook_delivery where due_at is not null";
    assert_eq!(sqlstate(client.batch_execute(second).await), "23505");

    report(&client, &[(claimed[0].clone(), 500), (claimed[1].clone(), 204)], now).await;
    assert_eq!(claim(&client, now).await.iter().map(Claimed::words).collect::<Vec<_>>(), ["ben entry.booked 2"]);
    // ann's first goes later and later, and then is given up
    let mut waits = Vec::new();
    let mut dead_at = None;
    let began = now;
    let next_of_ann = "select min(d.due_at) from points.webhook_delivery d
        join points.account a on (a.bucket, a.id) = (d.bucket, d.account_id) where a.user_id = 'ann'";
    let claim_of_ann = async |at| {
        let mut claimed = claim(&client, at).await;
        claimed.retain(|sent| sent.words().starts_with("ann"));
        claimed
    };
    while dead_at.is_none() {
        now = client.query_one(next_of_ann, &[]).await.unwrap().get(0);
        assert!(claim_of_ann(now - TimeDelta::milliseconds(1)).await.is_empty(), "{now}");
        let claimed_now = claim_of_ann(now).await;
        let [sent] = &claimed_now[..] else { panic!("{claimed_now:?}") };
        if sent.words() == "ann entry.booked 2" {
            dead_at = Some(now);
            break;
        }
        assert_eq!((&sent.id, sent.attempt), (&claimed[0].id, waits.len() as i32 + 2));
        waits.push((now - began).num_seconds());
        report(&client, &[(sent.clone(), 500)], now).await;
    }
    assert!((3..=9).contains(&waits[0]) && (9..=25).contains(&waits[1]), "{waits:?}");
    assert!(waits[9] - waits[8] > 1800 && waits.windows(2).all(|pair| pair[1] - pair[0] <= 4600), "{waits:?}");
    assert!((60..=120).contains(&waits.len()), "{}", waits.len());
    assert!(dead_at.unwrap() - began >= TimeDelta::hours(72), "{dead_at:?}");
    assert_eq!(states(&client).await["dead"], 1);
}

/// What was queued before the receiver went down, and while it was, comes once each, in order, and as fast as it likes to
/// have it. In the hour hardly anything is sent.
#[tokio::test]
async fn a_receiver_that_is_down_for_an_hour_loses_nothing_and_gets_no_storm() {
    let database = Database::new().await;
    let client = database.client().await;
    let began = instant(NOON);
    create(&client, "shop", "entry.booked", ", p_per_second => 10").await;
    let burst: Vec<_> =
        (0..100).map(|number| grant(&format!("m{}", number % 50), 1, &format!("burst {number}"))).collect();
    execute(&client, &burst, Some(began)).await;
    let mut now = began;
    let mut attempts = 0;
    let mut booked = 100;
    while now < began + TimeDelta::hours(1) {
        if now.timestamp() % 36 == 0 {
            one(&client, grant(&format!("m{}", booked % 50), 1, &format!("later {booked}")), Some(now)).await;
            booked += 1;
        }
        let claimed = claim(&client, now).await;
        attempts += claimed.len();
        report(&client, &claimed.into_iter().map(|sent| (sent, 503)).collect::<Vec<_>>(), now).await;
        now += SECOND * 4;
    }
    assert!((15..=35).contains(&attempts), "{attempts} attempts in an hour");
    assert_eq!(booked, 200);
    let row = client
        .query_one("select waiting, lag_seconds > 0, failures, retry_at > $1, failure from api.webhook", &[&now])
        .await
        .unwrap();
    assert_eq!((row.get::<_, i32>(0), row.get::<_, &str>(4)), (200, "it answered 503"));
    assert!(row.get::<_, i32>(2) > 5 && row.get::<_, bool>(3), "it is asked again later");

    let up = now;
    let mut heard: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut most = 0;
    while states(&client).await.contains_key("waiting") {
        let mut this_second = 0;
        for tenth in 0..10 {
            let now = now + TimeDelta::milliseconds(100 * tenth);
            let claimed = claim(&client, now).await;
            this_second += claimed.len();
            for sent in &claimed {
                let data = &sent.body()["data"];
                heard
                    .entry(data["userId"].as_str().unwrap().to_owned())
                    .or_default()
                    .push(data["seq"].as_i64().unwrap());
            }
            report(&client, &claimed.into_iter().map(|sent| (sent, 200)).collect::<Vec<_>>(), now).await;
        }
        most = most.max(this_second);
        now += SECOND;
        assert!(now < up + TimeDelta::minutes(10), "{:?}", states(&client).await);
    }
    // those of a second, and what a second's pause allows at once
    assert!(most <= 20, "{most} in a second");
    assert_eq!(heard.len(), 50);
    for (user, seqs) in heard {
        assert_eq!(seqs, [1, 2, 3, 4], "{user}");
    }
    assert!(now < up + TimeDelta::minutes(7), "it hears all soon after it is back: {}", now - up);
}

/// One event that the receiver will never take holds up its member alone.
#[tokio::test]
async fn one_event_that_is_refused_again_and_again_does_not_stop_the_others() {
    let database = Database::new().await;
    let client = database.client().await;
    let mut now = instant(NOON);
    create(&client, "shop", "entry.booked", "").await;
    one(&client, grant("ann", 5, "poison"), Some(now)).await;
    for turn in 0..200 {
        for sent in claim(&client, now).await {
            report(&client, &[(sent, 422)], now).await;
        }
        now += TimeDelta::minutes(turn % 5);
    }
    one(&client, grant("ben", 5, "a"), Some(now)).await;
    let heard = claim(&client, now).await;
    assert!(heard.iter().any(|sent| sent.words() == "ben entry.booked 1"), "{heard:?}");
}

#[tokio::test]
async fn what_nobody_reports_is_sent_again_under_the_same_id() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant(NOON);
    create(&client, "shop", "entry.booked", "").await;
    execute(&client, &[grant("ann", 5, "1"), grant("ann", 5, "2")], Some(now)).await;
    let first = claim(&client, now).await.remove(0);
    assert!(claim(&client, now + SECOND * 29).await.is_empty());
    let later = now + SECOND * 30;
    let second = claim(&client, later).await.remove(0);
    assert_eq!((&second.id, second.attempt, &second.body), (&first.id, 2, &first.body));
    // the first gateway was not dead, only late: its failure means nothing any more
    report(&client, &[(first.clone(), 500)], later).await;
    assert!(claim(&client, later).await.is_empty());
    assert_eq!(number(&client, "select failures::bigint from points.webhook").await, 0);
    // and a success is one, whoever had it
    report(&client, &[(first, 200)], later).await;
    let next = claim(&client, later).await.remove(0);
    assert_eq!(next.words(), "ann entry.booked 2");
    report(&client, &[(second, 500)], later).await;
    assert_eq!(states(&client).await, BTreeMap::from([("delivered".to_owned(), 1), ("waiting".to_owned(), 1)]));
}

#[tokio::test]
async fn dead_letters_are_replayed_in_order_under_their_ids() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant(NOON);
    create(&client, "shop", "entry.booked", "").await;
    for key in ["1", "2", "3", "4"] {
        one(&client, grant("ann", 5, key), Some(now)).await;
    }
    let first = claim(&client, now).await.remove(0);
    report(&client, &[(first.clone(), 200)], now).await;
    client
        .batch_execute(
            "update points.webhook_delivery set state = 'dead', done_at = now(), due_at = null, claimed_at = null
             where state = 'waiting' and facts ->> 'seq' in ('2', '3')",
        )
        .await
        .unwrap();
    client.execute("select points.line_up(array_agg(webhook), array_agg(bucket), array_agg(account_id), $1) from points.webhook_delivery", &[&now]).await.unwrap();
    let replay = async |arguments: &str, key: &str| {
        let sql = format!(
            "select deliveries, replayed, more from api.replay_webhook_deliveries('shop', '{key}', {arguments})"
        );
        let row = client.query_one(&sql, &[]).await?;
        Ok::<_, tokio_postgres::Error>((row.get::<_, i32>(0), row.get::<_, bool>(1), row.get::<_, bool>(2)))
    };
    assert_eq!(replay("p_since => '2030-01-01'", "dead").await.unwrap(), (2, false, false));
    assert_eq!(replay("p_since => '2030-01-01'", "dead").await.unwrap(), (0, true, false));
    assert_eq!(sqlstate(replay("p_since => '2030-01-02'", "dead").await), "LP004");
    // 4 was due, and lets them go first
    let later = Utc::now().max(now) + SECOND;
    assert_eq!(words(&client, later).await, ["ann entry.booked 2", "ann entry.booked 3", "ann entry.booked 4"]);
    let ids = format!("p_ids => '{{{},evt_0_999}}'", first.id);
    assert_eq!(replay(&ids, "one").await.unwrap(), (1, false, false));
    let again = deliver(&client, later).await;
    assert_eq!((again.len(), &again[0].id, &again[0].body), (1, &first.id, &first.body));
    assert_eq!(replay("p_since => '2030-01-01', p_delivered => true", "all").await.unwrap(), (4, false, false));
    assert_eq!(words(&client, later).await.len(), 4);
    for bad in ["null", "'{}'", "'{evt_1}'", "'{evt_1_2,null}'", "'{evt_1_1}', now()"] {
        assert_eq!(sqlstate(replay(bad, "bad").await), "LP001", "{bad}");
    }
}

#[tokio::test]
async fn deliveries_are_forgotten_and_what_nobody_takes_is_given_up_in_bounded_steps() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant(NOON);
    create(&client, "shop", "entry.booked", "").await;
    create(&client, "gone", "entry.booked", "").await;
    let requests: Vec<_> = (0..6).map(|number| grant(&format!("m{}", number % 3), 1, &number.to_string())).collect();
    execute(&client, &requests, Some(now)).await;
    deliver(&client, now).await;
    let step = async |at: DateTime<Utc>| {
        let row = client
            .query_one("select done, due_since is not null, failure from points.forget_deliveries_step(4, $1)", &[&at])
            .await
            .unwrap();
        assert_eq!(row.get::<_, Option<&str>>(2), None);
        (row.get::<_, i32>(0), row.get::<_, bool>(1))
    };
    assert_eq!(step(now + TimeDelta::days(6)).await, (0, false));
    client.batch_execute("select api.delete_webhook('gone', 'x')").await.unwrap();
    let mut left = (12, true);
    while left.1 {
        let (done, more) = step(now + TimeDelta::days(8)).await;
        assert!(done <= 8, "{done}");
        left = (left.0 - done, more);
    }
    assert_eq!(left.0, 0);
    step(now + TimeDelta::days(8)).await;
    assert_eq!(number(&client, "select count(*) from points.webhook").await, 1);

    // it fails for longer than three days; what came late is kept
    let again: Vec<_> =
        (0..6).map(|number| grant(&format!("m{}", number % 3), 1, &format!("again {number}"))).collect();
    execute(&client, &again, Some(now)).await;
    for hour in 0..74 {
        let now = now + TimeDelta::hours(hour);
        for sent in claim(&client, now).await {
            report(&client, &[(sent, 500)], now).await;
        }
        if hour == 72 {
            one(&client, grant("late", 1, "late"), Some(now)).await;
        }
        assert!(states(&client).await.get("dead").is_none_or(|dead| *dead <= 3));
    }
    let later = now + TimeDelta::hours(74);
    while step(later).await.1 {}
    assert_eq!(states(&client).await, BTreeMap::from([("dead".to_owned(), 6), ("waiting".to_owned(), 1)]));
    change(&client, "shop", "entry.booked", false, "off").await;
    step(later + TimeDelta::hours(80)).await;
    assert_eq!(states(&client).await, BTreeMap::from([("dead".to_owned(), 7)]));
}

#[tokio::test]
async fn a_webhook_is_made_changed_and_deleted_under_keys() {
    let database = Database::new().await;
    let client = database.client_as("jifen_operator").await;
    let create = async |arguments: &str| {
        let sql = format!("select replayed, secret, (webhook).per_second from api.create_webhook({arguments})");
        client
            .query_one(&sql, &[])
            .await
            .map(|row| (row.get::<_, bool>(0), row.get::<_, Option<String>>(1), row.get::<_, i32>(2)))
    };
    let good = "'shop', 'https://shop.example/', '{entry.booked}', 'k'";
    let (replayed, secret, per_second) = create(good).await.unwrap();
    assert!(!replayed && secret.is_some_and(|secret| secret.starts_with("whsec_")) && per_second == 100);
    assert_eq!(create(good).await.unwrap(), (true, None, 100));
    assert_eq!(sqlstate(create("'shop', 'https://shop.example/x', '{entry.booked}', 'k'").await), "LP004");
    for bad in [
        "'shop', 'https://shop.example/', '{entry.booked}', 'k2'",
        "'Shop', 'https://shop.example/', '{entry.booked}', 'k2'",
        "'b', 'https://a:b@shop.example/', '{entry.booked}', 'k2'",
        "'b', 'file:///etc/passwd', '{entry.booked}', 'k2'",
        "'b', 'https://shop.example/', '{}', 'k2'",
        "'b', 'https://shop.example/', '{entry.booked,entry.booked}', 'k2'",
        "'b', 'https://shop.example/', '{webhook.ping}', 'k2'",
        "'b', 'https://shop.example/', '{entry.booked}', 'k2', p_wallets => '{nuggets}'",
        "'b', 'https://shop.example/', '{entry.booked}', 'k2', p_kinds => '{}'",
        "'b', 'https://shop.example/', '{entry.booked}', 'k2', p_rules => '{NONE}'",
        "'b', 'https://shop.example/', '{entry.booked}', 'k2', p_minimum => 0",
        "'b', 'https://shop.example/', '{level.changed}', 'k2', p_minimum => 5",
        "'b', 'https://shop.example/', '{entry.booked}', 'k2', p_per_second => 0",
    ] {
        assert_eq!(sqlstate(create(bad).await), "LP001", "{bad}");
    }
    let fails = async |sql: &str| sqlstate(client.batch_execute(sql).await);
    assert_eq!(
        fails("select api.create_webhook('b', 'https://b.example', '{entry.booked}', 'k3', p_client => 'nobody')")
            .await,
        "LP003"
    );
    assert_eq!(
        fails("select api.change_webhook('none', 'https://b.example', '{entry.booked}', true, 'k3')").await,
        "LP001"
    );
    assert_eq!(fails("select api.rotate_webhook_secret('none', 'k3')").await, "LP001");
    assert_eq!(fails("select api.delete_webhook('none', 'k3')").await, "LP001");
    assert_eq!(fails("select api.ping_webhook('none', 'k3')").await, "LP001");
    assert_eq!(fails("select api.set_webhooks(false, 0)").await, "LP001");
    assert_eq!(fails("select api.set_webhooks(null, 7)").await, "LP001");
    let replayed = async |sql: &str| client.query_one(&format!("select {sql}"), &[]).await.unwrap().get::<_, bool>(0);
    for expected in [false, true] {
        assert_eq!(replayed("replayed from api.ping_webhook('shop', 'p')").await, expected);
    }
    for expected in [false, true] {
        assert_eq!(replayed("api.delete_webhook('shop', 'd')").await, expected);
    }
    assert_eq!(number(&client, "select count(*) from api.webhook").await, 0);
    let (replayed, secret, _) = create("'shop', 'https://shop.example/', '{entry.booked}', 'anew'").await.unwrap();
    assert!(!replayed && secret.is_some(), "the name is free again");
}

/// Two gateways send while three sessions book. Some attempts fail, some are never made, some never reported. Whatever
/// happens, each account's entries are taken in order, to the last, and a repeat comes before the next one.
#[tokio::test]
async fn entries_delivered_are_entries_booked_in_the_order_of_each_account() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "shop", "entry.booked", ", p_per_second => 10000").await;
    let writing = Arc::new(AtomicBool::new(true));
    // The senders' clock: it stands still while one of them is at work, so that no claim runs out under it.
    let clock = Arc::new(RwLock::new(Utc::now()));
    let taken = Arc::new(Mutex::new(BTreeMap::<String, Vec<i64>>::new()));
    let mut writers = Vec::new();
    for writer in 0..3 {
        let client = database.client().await;
        writers.push(tokio::spawn(async move {
            let mut random = Random::new(writer);
            for round in 0..25 {
                let requests: Vec<_> = (0..random.of(1..12))
                    .map(|place| {
                        let (user, key) = (format!("m{}", random.of(0..9)), format!("{writer} {round} {place}"));
                        match random.of(0..3) {
                            0 => Request::spend(&user, random.of(1..30), &key),
                            1 => Request::hold(&user, random.of(1..9), &key),
                            _ => grant(&user, random.of(1..40), &key),
                        }
                    })
                    .collect();
                execute(&client, &requests, None).await;
            }
        }));
    }
    let mut senders = Vec::new();
    for sender in 0..2 {
        let client = database.client().await;
        let (writing, clock, taken) = (writing.clone(), clock.clone(), taken.clone());
        senders.push(tokio::spawn(async move {
            let mut random = Random::new(100 + sender);
            let mut idle = 0;
            while idle < 100 {
                let last = !writing.load(Ordering::Acquire);
                let now = clock.read().await;
                let claimed = claim(&client, *now).await;
                idle = if last && claimed.is_empty() { idle + 1 } else { 0 };
                let mut sent = Vec::new();
                for claimed in claimed {
                    match random.of(0..20) {
                        0 => continue,
                        1 | 2 => sent.push((claimed, 500)),
                        luck => {
                            let data = claimed.body()["data"].take();
                            let user = data["userId"].as_str().unwrap().to_owned();
                            taken.lock().unwrap().entry(user).or_default().push(data["seq"].as_i64().unwrap());
                            if luck > 3 {
                                sent.push((claimed, 200));
                            }
                        }
                    }
                }
                report(&client, &sent, *now).await;
                drop(now);
                *clock.write().await += TimeDelta::minutes(1);
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    writing.store(false, Ordering::Release);
    for sender in senders {
        sender.await.unwrap();
    }
    let rows = client.query("select user_id, version from api.account where user_id like 'm_'", &[]).await.unwrap();
    let expected: BTreeMap<String, Vec<i64>> =
        rows.iter().map(|row| (row.get(0), (1..=row.get(1)).collect())).collect();
    let mut taken = taken.lock().unwrap().clone();
    let mut repeats = 0;
    for seqs in taken.values_mut() {
        let before = seqs.len();
        seqs.dedup();
        repeats += before - seqs.len();
    }
    assert_eq!(taken, expected);
    assert!(repeats > 0 && expected.len() == 9, "{repeats} repeats");
    assert_eq!(states(&client).await.keys().collect::<Vec<_>>(), ["delivered"]);
    assert_laws(&client).await;
}
