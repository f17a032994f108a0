//! What operators do about expiry and activation: extend, reinstate, activate early, cancel while pending.

use std::{collections::BTreeMap, env};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tokio_postgres::Client;
use uuid::Uuid;

use super::{
    assert_laws, make_rule,
    merge::{lots, merge, run, unmerge},
    number, one, sqlstate,
};
use crate::common::{Database, Kind, Outcome, Random, Request, execute, instant, operation_id, seeds};

const NOW: &str = "2024-05-01T12:00:00Z";

fn day(number: i64) -> DateTime<Utc> {
    instant(NOW) + TimeDelta::days(number)
}

fn key(key: &str) -> Uuid {
    operation_id(1, key)
}

fn code(outcome: &Outcome) -> &str {
    outcome.refusal.as_deref().unwrap_or("done")
}

async fn pockets(client: &Client, user: &str) -> [i64; 4] {
    let sql = "select b.pending::bigint, b.available::bigint, b.expired::bigint, b.debt::bigint
        from points.balance b join points.account a on a.bucket = b.bucket and a.id = b.account_id where a.user_id = $1";
    let row = client.query_one(sql, &[&user]).await.unwrap();
    [0, 1, 2, 3].map(|place| row.get(place))
}

/// The last expiry of a member.
async fn expiry(client: &Client, user: &str) -> Uuid {
    let sql = "select o.id from points.operation o join points.account a on a.bucket = o.bucket and a.id = o.account_id
        where a.user_id = $1 and o.kind = 'expire' order by o.seq desc limit 1";
    client.query_one(sql, &[&user]).await.unwrap().get(0)
}

fn extend(original: Uuid, until: DateTime<Utc>, key: &str) -> Request {
    Request::decide(Kind::Extend, "zoe", original, key).expires_at(until)
}

fn reinstate(original: Uuid, until: DateTime<Utc>, key: &str) -> Request {
    Request::decide(Kind::Reinstate, "zoe", original, key).expires_at(until)
}

#[tokio::test]
async fn one_lot_or_all_before_an_instant_live_longer() {
    let database = Database::new().await;
    let client = database.client().await;
    for (key, points, until) in [("a", 10, 3), ("b", 20, 5), ("c", 30, 60)] {
        one(&client, Request::adjust("zoe", points, key).expires_at(day(until)), Some(day(0))).await;
    }
    let first = extend(key("a"), day(10), "e");
    let outcome = one(&client, first.clone(), Some(day(1))).await;
    assert_eq!(
        (code(&outcome), outcome.points, outcome.detail.clone()),
        ("done", Some(0), Some(json!({ "points": 10 })))
    );
    assert_eq!(outcome.entry, None, "nothing moves");
    let again = one(&client, first.clone(), Some(day(2))).await;
    assert!(again.replayed);
    assert_eq!(again.detail, outcome.detail);
    assert_eq!(code(&one(&client, extend(key("a"), day(11), "e"), Some(day(2))).await), "IDEMPOTENCY_CONFLICT");

    // what expires before the 6th day: b; what expires later than asked stays
    let all = Request::extend_before("zoe", "2024-05-07T00:00:00Z", "f").expires_at(day(20));
    assert_eq!(one(&client, all, Some(day(2))).await.detail, Some(json!({ "points": 20 })));
    let all = Request::extend_before("zoe", "2030-01-01T00:00:00.000001Z", "g").expires_at(day(15));
    assert_eq!(one(&client, all, Some(day(2))).await.detail, Some(json!({ "points": 10 })));
    let expected = [
        "adjust 10 f 2024-05-16 12:00:00+00",
        "adjust 20 f 2024-05-21 12:00:00+00",
        "adjust 30 f 2024-06-30 12:00:00+00",
    ];
    assert_eq!(lots(&client, "zoe").await, expected);
    // nothing left of it, or no such thing
    let shorter = extend(key("c"), day(20), "h");
    assert_eq!(one(&client, shorter, Some(day(2))).await.detail, Some(json!({ "points": 0 })));
    assert_eq!(code(&one(&client, extend(key("none"), day(20), "i"), Some(day(2))).await), "UNKNOWN_OPERATION");

    let last = day(15) - TimeDelta::microseconds(1);
    assert_eq!(code(&one(&client, Request::spend("zoe", 60, "s"), Some(last)).await), "done");
    assert_laws(&client).await;
}

#[tokio::test]
async fn what_was_spent_before_and_is_refunded_expires_as_it_would_have() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::adjust("zoe", 10, "a").expires_at(day(10)), Some(day(0))).await;
    one(&client, Request::spend("zoe", 4, "b"), Some(day(1))).await;
    one(&client, extend(key("a"), day(20), "e"), Some(day(2))).await;
    one(&client, Request::undo(Kind::Reverse, "zoe", "b", "c"), Some(day(3))).await;
    assert_eq!(lots(&client, "zoe").await, ["adjust 4 f 2024-05-11 12:00:00+00", "adjust 6 f 2024-05-21 12:00:00+00"]);
    // both parts of the lot, to one instant: they are one lot again
    assert_eq!(one(&client, extend(key("a"), day(30), "f"), Some(day(4))).await.detail, Some(json!({ "points": 10 })));
    assert_eq!(lots(&client, "zoe").await, ["adjust 10 f 2024-05-31 12:00:00+00"]);
    one(&client, Request::spend("zoe", 10, "d"), Some(day(29))).await;
    assert_laws(&client).await;

    // an entry may take of both parts
    one(&client, Request::undo(Kind::Reverse, "zoe", "d", "g"), Some(day(29))).await;
    one(&client, Request::spend("zoe", 3, "h"), Some(day(29))).await;
    one(&client, extend(key("a"), day(40), "i"), Some(day(29))).await;
    one(&client, Request::undo(Kind::Reverse, "zoe", "h", "j"), Some(day(29))).await;
    assert_eq!(lots(&client, "zoe").await, ["adjust 3 f 2024-05-31 12:00:00+00", "adjust 7 f 2024-06-10 12:00:00+00"]);
    one(&client, Request::spend("zoe", 9, "k"), Some(day(29))).await;
    one(&client, Request::undo(Kind::Reverse, "zoe", "k", "l"), Some(day(29))).await;
    assert_eq!(lots(&client, "zoe").await, ["adjust 3 f 2024-05-31 12:00:00+00", "adjust 7 f 2024-06-10 12:00:00+00"]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn expired_points_come_back_once_and_expire_again() {
    let database = Database::new().await;
    let client = database.client().await;
    make_rule(&client, "SHORT", "basis, rounding, pending_days, valid_days", "'given', 'down', 0, 2").await;
    one(&client, Request::earn("zoe", "SHORT", "a").points(10), Some(day(0))).await;
    one(&client, Request::earn("zoe", "SHORT", "b").points(5), Some(day(0))).await;
    one(&client, Request::adjust("zoe", 1, "c"), Some(day(3))).await;
    assert_eq!(pockets(&client, "zoe").await, [0, 1, 15, 0]);
    let expired = expiry(&client, "zoe").await;
    let outcome = one(&client, reinstate(expired, day(10), "r"), Some(day(4))).await;
    assert_eq!((code(&outcome), outcome.points), ("done", Some(15)));
    assert_eq!(outcome.entry.unwrap().available_delta, 15);
    assert_eq!(pockets(&client, "zoe").await, [0, 16, 0, 0]);
    assert_eq!(number(&client, "select earned from api.account where user_id = 'zoe'").await, 15, "it is no earning");
    assert!(one(&client, reinstate(expired, day(10), "r"), Some(day(4))).await.replayed);
    assert_eq!(code(&one(&client, reinstate(expired, day(10), "s"), Some(day(4))).await), "ALREADY_REVERSED");
    assert_eq!(code(&one(&client, reinstate(key("a"), day(10), "t"), Some(day(4))).await), "NOT_REVERSIBLE");
    assert_eq!(code(&one(&client, reinstate(key("none"), day(10), "u"), Some(day(4))).await), "UNKNOWN_OPERATION");

    // a clawback finds its points again, wherever they are
    one(&client, Request::undo(Kind::Reverse, "zoe", "b", "v"), Some(day(5))).await;
    assert_eq!(pockets(&client, "zoe").await, [0, 11, 0, 0]);
    one(&client, Request::adjust("zoe", 1, "d"), Some(day(11))).await;
    assert_eq!(pockets(&client, "zoe").await, [0, 2, 10, 0]);
    // and once more, from the second expiry
    let second = expiry(&client, "zoe").await;
    assert_eq!(one(&client, reinstate(second, day(30), "w"), Some(day(12))).await.points, Some(10));
    one(&client, Request::spend("zoe", 12, "x"), Some(day(12))).await;
    one(&client, Request::undo(Kind::Reverse, "zoe", "x", "y"), Some(day(13))).await;
    assert_eq!(pockets(&client, "zoe").await, [0, 12, 0, 0]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn what_a_clawback_has_taken_from_expiry_does_not_come_back_again() {
    let database = Database::new().await;
    let client = database.client().await;
    make_rule(&client, "SHORT", "basis, rounding, pending_days, valid_days", "'given', 'down', 0, 2").await;
    for (order, points) in [("a", 10), ("b", 5)] {
        one(&client, Request::earn("zoe", "SHORT", order).points(points), Some(day(0))).await;
    }
    one(&client, Request::undo(Kind::Reverse, "zoe", "a", "c"), Some(day(3))).await;
    assert_eq!(pockets(&client, "zoe").await, [0, 0, 5, 0]);
    let outcome = one(&client, reinstate(expiry(&client, "zoe").await, day(10), "r"), Some(day(4))).await;
    assert_eq!(outcome.points, Some(5));
    assert_laws(&client).await;
}

#[tokio::test]
async fn what_comes_back_pays_a_debt_first() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::adjust("zoe", 10, "a").expires_at(day(2)), Some(day(0))).await;
    one(&client, Request::earn("zoe", "SIGN_IN", "b"), Some(day(3))).await;
    one(&client, Request::spend("zoe", 5, "c"), Some(day(3))).await;
    one(&client, Request::undo(Kind::Reverse, "zoe", "b", "d"), Some(day(3))).await;
    assert_eq!(pockets(&client, "zoe").await, [0, 0, 10, 5]);
    one(&client, reinstate(expiry(&client, "zoe").await, day(10), "r"), Some(day(4))).await;
    assert_eq!(pockets(&client, "zoe").await, [0, 5, 0, 0]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn pending_points_become_available_early_or_are_taken_back() {
    let database = Database::new().await;
    let client = database.client().await;
    make_rule(&client, "SLOW", "basis, rounding, pending_days, valid_days", "'given', 'down', 7, 30").await;
    for (order, points) in [("a", 10), ("b", 20), ("c", 40)] {
        one(&client, Request::earn("zoe", "SLOW", order).points(points), Some(day(0))).await;
    }
    let decide = |kind, original: &str, name: &str| Request::decide(kind, "zoe", key(original), name);
    let activated = one(&client, decide(Kind::Activate, "a", "d"), Some(day(1))).await;
    assert_eq!((code(&activated), activated.detail.clone()), ("done", Some(json!({ "points": 10 }))));
    assert_eq!(pockets(&client, "zoe").await, [60, 10, 0, 0]);
    assert!(one(&client, decide(Kind::Activate, "a", "d"), Some(day(1))).await.replayed);
    assert_eq!(lots(&client, "zoe").await[0], "SLOW 10 f 2024-05-31 12:00:00+00", "its expiry stays");

    let cancelled = one(&client, decide(Kind::CancelAward, "b", "e"), Some(day(1))).await;
    assert_eq!((code(&cancelled), cancelled.points), ("done", Some(20)));
    assert_eq!(pockets(&client, "zoe").await, [40, 10, 0, 0]);
    assert_eq!(number(&client, "select earned from api.account where user_id = 'zoe'").await, 50);

    for (kind, original, expected) in [
        (Kind::Activate, "a", "NOT_PENDING"),
        (Kind::CancelAward, "a", "NOT_PENDING"),
        (Kind::CancelAward, "b", "NOT_PENDING"),
        (Kind::Activate, "none", "UNKNOWN_OPERATION"),
        (Kind::CancelAward, "none", "UNKNOWN_OPERATION"),
    ] {
        let request = decide(kind, original, &format!("{kind:?}{original}"));
        assert_eq!(code(&one(&client, request.clone(), Some(day(2))).await), expected);
        assert!(one(&client, request, Some(day(2))).await.replayed, "final");
    }
    // at its own instant it is too late
    assert_eq!(code(&one(&client, decide(Kind::CancelAward, "c", "f"), Some(day(7))).await), "NOT_PENDING");
    one(&client, Request::spend("zoe", 50, "g"), Some(day(7))).await;
    assert_laws(&client).await;
}

#[tokio::test]
async fn an_award_in_review_is_decided_on_first() {
    let database = Database::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "select api.set_risk_rule('LARGE', 'Large', '{TASK}', 'award_points', 'review', 'on', 'k', p_threshold => 100, p_wait_days => 9)",
        )
        .await
        .unwrap();
    let now = Utc::now();
    one(&client, Request::earn("zoe", "TASK", "a").points(500), Some(now)).await;
    for kind in [Kind::Activate, Kind::CancelAward] {
        let outcome = one(&client, Request::decide(kind, "zoe", key("a"), "b"), Some(now)).await;
        assert_eq!((code(&outcome), outcome.points), ("REVIEW_WAITING", None));
    }
    let outcome = one(&client, extend(key("a"), now + TimeDelta::days(800), "c"), Some(now)).await;
    assert_eq!(outcome.detail, Some(json!({ "points": 0 })));
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_batch_gives_what_one_by_one_would() {
    let database = Database::new().await;
    let client = database.client().await;
    make_rule(&client, "SLOW", "basis, rounding, pending_days, valid_days", "'given', 'down', 7, 30").await;
    one(&client, Request::adjust("zoe", 7, "x").expires_at(day(1)), Some(day(0))).await;
    one(&client, Request::adjust("zoe", 1, "y"), Some(day(2))).await;
    let batch = [
        Request::earn("zoe", "SLOW", "a").points(10),
        Request::decide(Kind::Activate, "zoe", key("a"), "b"),
        reinstate(expiry(&client, "zoe").await, day(9), "c"),
        Request::extend_before("zoe", "2024-05-11T00:00:00Z", "d").expires_at(day(50)),
        Request::spend("zoe", 18, "e"),
        Request::decide(Kind::CancelAward, "zoe", key("a"), "f"),
    ];
    let outcomes = execute(&client, &batch, Some(day(3))).await;
    let codes: Vec<_> = outcomes.iter().map(code).collect();
    assert_eq!(codes, ["done", "done", "done", "done", "done", "NOT_PENDING"]);
    assert_eq!(outcomes[3].detail, Some(json!({ "points": 7 })));
    assert_laws(&client).await;
}

#[tokio::test]
async fn psql_has_functions_for_each_and_inputs_are_checked() {
    let database = Database::new().await;
    let client = database.client_as("jifen_operator").await;
    client
        .batch_execute("select api.adjust_points('zoe', 10, 'a', 'x', p_expires_at => now() + interval '5 days')")
        .await
        .unwrap();
    client
        .batch_execute(
            "select api.extend_expiry('zoe', now() + interval '9 days', 'b', 'outage', p_before => now() + interval '7 days');
             select api.extend_expiry('zoe', now() + interval '20 days', 'c', 'outage', api.operation_id(1, 'a'))",
        )
        .await
        .unwrap();
    let sql = "select count(*) from api.expiring_points('zoe', 30)";
    assert_eq!(number(&client, sql).await, 1);
    assert_eq!(number(&client, "select count(*) from api.expiring_points('zoe', 19)").await, 0);
    for (sql, expected) in [
        ("select api.extend_expiry('zoe', now() + interval '9 days', 'd', 'outage')", "LP001"),
        ("select api.extend_expiry('zoe', now() + interval '9 days', 'd', '', api.operation_id(1, 'a'))", "LP001"),
        ("select api.extend_expiry('zoe', now(), 'd', 'outage', api.operation_id(1, 'a'))", "LP001"),
        ("select api.extend_expiry('zoe', null, 'd', 'outage', api.operation_id(1, 'a'))", "LP001"),
        (
            "select api.extend_expiry('zoe', now() + interval '9 days', 'd', 'x', api.operation_id(1, 'a'), now())",
            "LP001",
        ),
        ("select api.reinstate_points('zoe', api.operation_id(1, 'a'), null, 'd', 'x')", "LP001"),
        ("select api.reinstate_points('zoe', api.operation_id(1, 'a'), now() + interval '1 day', 'd', 'x')", "LP105"),
        ("select api.activate_award('zoe', api.operation_id(1, 'a'), 'd', '')", "LP001"),
        ("select api.activate_award('zoe', api.operation_id(1, 'a'), 'd', 'x')", "LP155"),
        ("select api.cancel_award('zoe', null, 'd', 'x')", "LP001"),
        ("select api.cancel_award('zoe', api.operation_id(1, 'a'), 'd', 'x')", "LP155"),
        ("select api.cancel_award('zoe', api.operation_id(1, 'z'), 'd', 'x')", "LP108"),
        ("select api.set_notice_days('{0}')", "LP001"),
    ] {
        assert_eq!(sqlstate(client.batch_execute(sql).await), expected, "{sql}");
    }
    for subject in ["2024-02-30T00:00:00Z", "2024-02-01", "tomorrow", "2024-02-01T24:00:00Z"] {
        let request = Request::extend_before("zoe", subject, "d").expires_at(Utc::now() + TimeDelta::days(1));
        let outcome = one(&database.client().await, request, None).await;
        assert_eq!(
            (code(&outcome), &outcome.detail.as_ref().unwrap()["path"]),
            ("INVALID_INPUT", &json!("subject")),
            "{subject}"
        );
    }
}

/// Whatever operators and members do, in whatever order: the laws hold, and no operation fails.
#[tokio::test]
async fn random_changes_keep_the_laws() {
    let mut seen = BTreeMap::<String, usize>::new();
    for seed in seeds(1) {
        let database = Database::new().await;
        let client = database.client().await;
        make_rule(&client, "SLOW", "basis, rounding, pending_days, valid_days", "'given', 'down', 3, 10").await;
        make_rule(&client, "BRIEF", "basis, rounding, pending_days, valid_days", "'given', 'down', 0, 4").await;
        let mut random = Random::new(2024 + seed);
        let users = ["m0", "m1", "m2", "m3"];
        let mut now = instant(NOW);
        let mut keys: Vec<Vec<String>> = vec![Vec::new(); users.len()];
        let mut slow = vec!["none".to_owned(); users.len()];
        for step in 0..250 {
            now += TimeDelta::minutes(random.pick(&[0, 1, 240, 720, 1440, 2880]));
            let member = random.of(0..users.len() as i64) as usize;
            let (user, name) = (users[member], format!("k{step}"));
            let original = match keys[member].len() {
                0 => "none".to_owned(),
                known => keys[member][random.of(0..known as i64) as usize].clone(),
            };
            let until = now + TimeDelta::minutes(random.of(1..20_000));
            let points = random.of(1..30);
            let request = match random.of(0..14) {
                0 | 1 => Request::earn(user, "SLOW", &name).points(points),
                2 | 3 => Request::earn(user, "BRIEF", &name).points(points),
                4 => Request::adjust(user, points, &name).expires_at(until),
                5 | 6 => Request::spend(user, points, &name),
                7 => Request::hold(user, points, &name).expires_at(until),
                8 => Request::undo(Kind::Reverse, user, &original, &name),
                9 => Request::decide(Kind::Extend, user, key(&original), &name).expires_at(until),
                10 => {
                    let before = (now + TimeDelta::days(3)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
                    Request::extend_before(user, &before, &name).expires_at(until)
                }
                11 => {
                    let sql = "select o.id from points.operation o join points.account a on a.bucket = o.bucket and a.id = o.account_id
                        where a.user_id = $1 and o.kind = 'expire' order by md5(o.id::text || $2) limit 1";
                    let expired =
                        client.query_opt(sql, &[&user, &name]).await.unwrap().map_or(key("none"), |row| row.get(0));
                    Request::decide(Kind::Reinstate, user, expired, &name).expires_at(until)
                }
                kind => {
                    // the last award that may be pending yet
                    let recent = slow[member].clone();
                    let kind = if kind == 12 { Kind::Activate } else { Kind::CancelAward };
                    Request::decide(kind, user, key(&recent), &name)
                }
            };
            let outcome = one(&client, request.clone(), Some(now)).await;
            *seen.entry(format!("{:?} {}", request.kind.unwrap(), code(&outcome))).or_default() += 1;
            if request.rule.as_deref() == Some("SLOW") {
                slow[member].clone_from(&name);
            }
            keys[member].push(name);
            if step % 125 == 124 {
                client.query_one("select points.sweep_step(100, $1)", &[&now]).await.unwrap();
                assert_laws(&client).await;
            }
        }
    }
    // Chance may keep one out of a history that was asked for.
    if env::var_os("JIFEN_SEED").is_some() {
        return;
    }
    for outcome in [
        "Extend done",
        "Reinstate done",
        "Reinstate ALREADY_REVERSED",
        "Activate done",
        "Activate NOT_PENDING",
        "CancelAward done",
        "Reverse done",
    ] {
        assert!(seen.contains_key(outcome), "{outcome} never came up: {seen:?}");
    }
}

#[tokio::test]
async fn what_a_merge_brought_can_be_reinstated_and_given_back_unless_it_was_used() {
    let database = Database::new().await;
    let client = database.client().await;
    for (old, new, spends) in [("a", "b", false), ("c", "d", true)] {
        one(&client, Request::adjust(old, 10, "a").expires_at(day(2)), Some(day(0))).await;
        one(&client, Request::adjust(new, 1, "a"), Some(day(0))).await;
        assert_eq!(run(&client, &merge(old, new, "m"), Some(day(1))).await.0, None);
        one(&client, Request::adjust(new, 1, "b"), Some(day(3))).await;
        let request = Request::decide(Kind::Reinstate, new, expiry(&client, new).await, "r").expires_at(day(9));
        assert_eq!(one(&client, request, Some(day(3))).await.points, Some(10));
        if spends {
            one(&client, Request::spend(new, 5, "s"), Some(day(3))).await;
        }
        let parted = run(&client, &unmerge(old, "u"), Some(day(4))).await;
        assert_eq!(parted.0.as_deref(), spends.then_some("NOT_REVERSIBLE"), "{parted:?}");
        assert_eq!(pockets(&client, old).await[1], if spends { 0 } else { 10 });
    }
    assert_laws(&client).await;
}
