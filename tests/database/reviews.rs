//! Risk rules: what waits for a second person, what is denied, and that splitting does not help.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio_postgres::Client;

use super::{assert_laws, make_rule, merge, number, one, sqlstate, tell_everything};
use crate::common::{Database, Kind, MANY, Outcome, Request, check_histories, execute, instant, operation_id};

const NOON: &str = "2030-03-06T12:00:00Z";

async fn program(client: &Client, sql: &str) {
    make_rule(client, "GIVE", "basis, rounding, pending_days, valid_days", "'given', 'down', 0, 100").await;
    make_rule(client, "WAIT", "basis, rounding, pending_days", "'given', 'down', 3").await;
    client.batch_execute(sql).await.unwrap();
}

const LARGE: &str = "select api.set_risk_rule('LARGE', 'l', '{GIVE,WAIT,ORDER}', 'award_points', 'review', 'on', 'r1', p_threshold => 100, p_wait_days => 5);";

fn give(user: &str, points: i64, key: &str) -> Request {
    Request { actor: Some("clerk 1".to_owned()), ..Request::earn(user, "GIVE", key).points(points) }
}

fn decide(kind: Kind, user: &str, award: &str, actor: &str, key: &str) -> Request {
    let text = |text: &str| Some(text.to_owned());
    Request { reason: text("looked at it"), actor: text(actor), ..Request::undo(kind, user, award, key) }
}

/// pending and available, at an instant.
async fn pockets(client: &Client, user: &str, now: DateTime<Utc>) -> (i64, i64) {
    let sql = "select (b.pending + coalesce(d.pending, 0))::bigint, (b.available + coalesce(d.available, 0))::bigint
        from points.account a join points.balance b on b.bucket = a.bucket and b.account_id = a.id
        left join lateral points.due(a.bucket, a.id, $2) d on b.next_change_at <= $2 where a.user_id = $1";
    let row = client.query_one(sql, &[&user, &now]).await.unwrap();
    (row.get(0), row.get(1))
}

async fn status(client: &Client, award: &str) -> String {
    let sql = "select status::text from points.review where operation_id = $1";
    client.query_one(sql, &[&operation_id(1, award)]).await.unwrap().get(0)
}

fn code(outcome: &Outcome) -> &str {
    outcome.refusal.as_deref().unwrap_or("done")
}

#[tokio::test]
async fn a_large_award_waits_for_a_second_person() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant(NOON);
    program(&client, LARGE).await;
    assert_eq!(code(&one(&client, give("ann", 99, "small"), Some(now)).await), "done");
    let large = one(&client, give("ann", 100, "large"), Some(now)).await;
    assert_eq!((code(&large), large.points), ("done", Some(100)));
    let wait = Request { rule: Some("WAIT".to_owned()), ..give("ann", 200, "wait") };
    one(&client, wait, Some(now)).await;
    assert_eq!(pockets(&client, "ann", now).await, (300, 99));
    assert_eq!(code(&one(&client, Request::spend("ann", 100, "s"), Some(now)).await), "INSUFFICIENT_POINTS");

    let same = decide(Kind::Approve, "ann", "large", "clerk 1", "a");
    assert_eq!(code(&one(&client, same, Some(now)).await), "SECOND_PERSON_NEEDED");
    // that took no key
    let other = decide(Kind::Approve, "ann", "large", "clerk 2", "a");
    assert_eq!(code(&one(&client, other.clone(), Some(now)).await), "done");
    assert!(one(&client, other, Some(now)).await.replayed);
    assert_eq!(pockets(&client, "ann", now).await, (200, 199));
    let explained = "select string_agg(words, ' ' order by no) filter (where step in ('review', 'expiry')), bool_and(agrees is not false)
        from api.explain_operation('ann', $1)";
    let row = client.query_one(explained, &[&operation_id(1, "large")]).await.unwrap();
    let words = "It waits for a person because of LARGE: approved at 2030-03-06 12:00:00 UTC. Valid until 2030-06-14 12:00:00 UTC.";
    assert_eq!((row.get::<_, &str>(0), row.get::<_, bool>(1)), (words, true));
    for kind in [Kind::Approve, Kind::Reject] {
        let again = one(&client, decide(kind, "ann", "large", "clerk 3", &format!("{kind:?}")), Some(now)).await;
        assert_eq!(
            (code(&again), again.detail.clone().unwrap()["status"].clone()),
            ("REVIEW_CLOSED", json!("approved"))
        );
    }
    let none = one(&client, decide(Kind::Approve, "ann", "small", "clerk 2", "n"), Some(now)).await;
    assert_eq!(code(&none), "UNKNOWN_OPERATION");
    // what is approved early still waits for its own instant, and expires at its own
    one(&client, decide(Kind::Approve, "ann", "wait", "clerk 2", "w"), Some(now)).await;
    assert_eq!(pockets(&client, "ann", now).await, (200, 199));
    assert_eq!(pockets(&client, "ann", now + TimeDelta::days(3)).await, (0, 399));
    assert_eq!(pockets(&client, "ann", now + TimeDelta::days(100)).await, (0, 200));
    assert_laws(&client).await;
}

#[tokio::test]
async fn what_is_approved_can_be_extended_and_activated_like_any_award() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant(NOON);
    program(&client, LARGE).await;
    let wait = Request { rule: Some("WAIT".to_owned()), ..give("ann", 200, "wait") };
    for (award, key) in [(give("ann", 100, "large"), "a"), (wait, "b")] {
        let original = award.idempotency_key.clone().unwrap();
        one(&client, award, Some(now)).await;
        assert_eq!(
            code(&one(&client, decide(Kind::Approve, "ann", &original, "clerk 2", key), Some(now)).await),
            "done"
        );
    }
    let later = Request::extend_before("ann", "2031-01-01T00:00:00Z", "c").expires_at(now + TimeDelta::days(400));
    assert_eq!(one(&client, later, Some(now)).await.detail, Some(json!({ "points": 100 })));
    assert_laws(&client).await;
    let activate = Request::decide(Kind::Activate, "ann", operation_id(1, "wait"), "d");
    assert_eq!(code(&one(&client, activate, Some(now)).await), "done");
    assert_eq!(pockets(&client, "ann", now).await, (0, 300));
    assert_laws(&client).await;
}

#[tokio::test]
async fn what_nobody_decides_on_or_rejects_is_gone() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant(NOON);
    program(&client, LARGE).await;
    for key in ["late", "no", "back"] {
        one(&client, give("ann", 100, key), Some(now)).await;
    }
    one(&client, Request::earn("ann", "ORDER", "order").amount("200"), Some(now)).await;
    let rejected = one(&client, decide(Kind::Reject, "ann", "no", "clerk 2", "r"), Some(now)).await;
    assert_eq!((code(&rejected), rejected.points), ("done", Some(-100)));
    // undone otherwise, it needs no decision any more
    one(&client, Request::undo(Kind::Reverse, "ann", "back", "rev"), Some(now)).await;
    assert_eq!(
        (status(&client, "no").await, status(&client, "back").await),
        ("rejected".to_owned(), "rejected".to_owned())
    );
    // of an order returned in part, the rest can be approved
    one(&client, Request::return_order("ann", "order", "ret").amount("50"), Some(now)).await;
    assert_eq!(pockets(&client, "ann", now).await, (250, 0));
    one(&client, decide(Kind::Approve, "ann", "order", "clerk 2", "o"), Some(now)).await;
    assert_eq!(pockets(&client, "ann", now).await, (100, 150));
    assert_laws(&client).await;

    let deadline = now + TimeDelta::days(5);
    assert_eq!(pockets(&client, "ann", deadline - TimeDelta::microseconds(1)).await, (100, 150));
    assert_eq!(pockets(&client, "ann", deadline).await, (0, 150));
    let late = one(&client, decide(Kind::Approve, "ann", "late", "clerk 2", "l"), Some(deadline)).await;
    assert_eq!((code(&late), late.detail.clone().unwrap()["status"].clone()), ("REVIEW_CLOSED", json!("expired")));
    assert_eq!(pockets(&client, "ann", deadline).await, (0, 150));
    assert_laws(&client).await;
}

#[tokio::test]
async fn merging_waits_for_reviews_and_erasing_ends_them() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant(NOON);
    program(&client, LARGE).await;
    one(&client, give("ann", 100, "large"), Some(now)).await;
    one(&client, give("bea", 10, "small"), Some(now)).await;
    let refused = merge::run(&client, &merge::merge("ann", "bea", "m"), Some(now)).await;
    assert_eq!((refused.0.as_deref(), refused.3), (Some("REVIEW_WAITING"), None));
    // the other way the review goes nowhere
    assert_eq!(merge::run(&client, &merge::merge("bea", "ann", "m"), Some(now)).await.0, None);
    one(&client, decide(Kind::Approve, "ann", "large", "clerk 2", "a"), Some(now)).await;
    assert_eq!(pockets(&client, "ann", now).await, (0, 110));
    one(&client, give("ann", 100, "more"), Some(now)).await;
    let erase = Request { kind: Some(Kind::Erase), original: None, ..decide(Kind::Reject, "ann", "x", "clerk 2", "e") };
    client.execute("select points.run_erase($1, $2)", &[&erase, &now]).await.unwrap();
    assert_eq!(status(&client, "more").await, "rejected");
    assert_laws(&client).await;
}

#[tokio::test]
async fn velocity_share_and_odd_hours_are_seen() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant(NOON);
    program(
        &client,
        "update points.program set time_zone = 'Asia/Shanghai';
         select api.set_risk_rule('FAST', 'f', '{GIVE}', 'window_awards', 'deny', 'on', 'r1', p_threshold => 4, p_window_minutes => 60);
         select api.set_risk_rule('ONLY', 'o', '{WAIT}', 'source_share', 'deny', 'on', 'r2', p_threshold => 80, p_window_minutes => 1440, p_min_awards => 3);
         select api.set_risk_rule('NIGHT', 'n', '{TASK}', 'local_hour', 'review', 'on', 'r3', p_from_hour => 23, p_to_hour => 6)",
    )
    .await;
    for (minutes, expected) in
        [(0, "done"), (1, "done"), (2, "done"), (59, "AWARD_DENIED"), (60, "done"), (60, "AWARD_DENIED"), (61, "done")]
    {
        let key = format!("{minutes}{expected}");
        let outcome = one(&client, give("ann", 1, &key), Some(now + TimeDelta::minutes(minutes))).await;
        assert_eq!(code(&outcome), expected, "after {minutes} minutes");
    }
    let detail: Value = client
        .query_one("select detail from points.operation where refusal = 'AWARD_DENIED' limit 1", &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(detail, json!({ "risk": { "decision": "deny", "reasons": ["FAST"] } }));

    let wait = |points: i64, key: &str| Request::earn("bob", "WAIT", key).points(points);
    for (request, expected) in [
        (wait(100, "1"), "done"),
        (wait(100, "2"), "done"),
        (wait(1, "3"), "AWARD_DENIED"),
        (give("bob", 50, "4"), "done"),
        // 201 of 251 are more than 80 percent, 200 of 250 just as much
        (wait(1, "5"), "AWARD_DENIED"),
        (give("bob", 2, "6"), "done"),
        (wait(1, "7"), "done"),
    ] {
        assert_eq!(code(&one(&client, request, Some(now)).await), expected);
    }
    // 23:00 to 6:00 in Shanghai
    for (at, pending) in [
        ("2030-03-06T14:59:59.999999Z", 0),
        ("2030-03-06T15:00:00Z", 50),
        ("2030-03-06T21:59:59.999999Z", 100),
        ("2030-03-06T22:00:00Z", 100),
    ] {
        let request = Request::earn("cat", "TASK", at).points(50).occurred_at(instant(at));
        one(&client, request, Some(instant("2030-03-07T00:00:00Z"))).await;
        assert_eq!(pockets(&client, "cat", instant("2030-03-07T00:00:00Z")).await.0, pending, "{at}");
    }
    assert_laws(&client).await;
}

/// However somebody splits awards, no more than the threshold gets through in a window without a second person; and what
/// a rule on watch notes is what the test of the rule says.
fn check(cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    let database = runtime.block_on(Database::new());
    let client = runtime.block_on(async {
        let client = database.client().await;
        program(
            &client,
            "select api.set_risk_rule('SUM', 's', '{GIVE,WAIT}', 'window_points', 'review', 'on', 'r1', p_threshold => 100, p_window_minutes => 600);
             select api.set_risk_rule('MANY', 'm', '{GIVE}', 'window_awards', 'deny', 'watch', 'r2', p_threshold => 4, p_window_minutes => 300)",
        )
        .await;
        tell_everything(&client).await;
        client
    });
    let awards = proptest::collection::vec((0..2usize, 1..90i64, 0..200i64, any::<bool>(), any::<bool>()), 5..40);
    let case = std::cell::Cell::new(0);
    check_histories(cases, &awards, &[], |_, awards| {
        case.set(case.get() + 1);
        runtime.block_on(split(&client, case.get(), &awards));
        Ok(Vec::new())
    });
    runtime.block_on(assert_laws(&client));
}

async fn split(client: &Client, case: i64, awards: &[(usize, i64, i64, bool, bool)]) {
    let begun = instant(NOON) + TimeDelta::days(case * 30);
    let mut now = begun;
    let names = [format!("s{case}-0"), format!("s{case}-1")];
    let mut past: Vec<(usize, i64, DateTime<Utc>, bool, bool)> = Vec::new();
    let mut batch: Vec<Request> = Vec::new();
    let mut watched = 0;
    for (number, (member, points, minutes, waits, sends)) in awards.iter().enumerate() {
        if batch.is_empty() {
            now += TimeDelta::minutes(*minutes);
        }
        let rule = if *waits { "WAIT" } else { "GIVE" };
        batch.push(Request::earn(&names[*member], rule, &format!("k{number}")).points(*points));
        let within = |minutes: i64, at: DateTime<Utc>| now - at < TimeDelta::minutes(minutes);
        let sum: i64 = past
            .iter()
            .filter(|(who, _, at, ..)| who == member && within(600, *at))
            .map(|(_, points, ..)| points)
            .sum();
        let given = past.iter().filter(|(who, _, at, waits, _)| who == member && !waits && within(300, *at)).count();
        watched += i64::from(!waits && given >= 3);
        past.push((*member, *points, now, *waits, sum + points >= 100));
        if *sends || number + 1 == awards.len() {
            // on accounts of any buckets, one call each
            for name in &names {
                let own: Vec<Request> =
                    batch.iter().filter(|request| request.user_id.as_ref() == Some(name)).cloned().collect();
                let outcomes = execute(client, &own, Some(now)).await;
                assert!(outcomes.iter().all(|outcome| outcome.refusal.is_none()));
            }
            batch.clear();
        }
    }
    for (number, (member, points, _, _, reviewed)) in past.iter().enumerate() {
        let sql = "select detail #>> '{risk,decision}' = 'review', points from api.operation where user_id = $1 and idempotency_key = $2";
        let row = client.query_one(sql, &[&names[*member], &format!("k{number}")]).await.unwrap();
        assert_eq!(
            (row.get::<_, Option<bool>>(0).unwrap_or(false), row.get::<_, i64>(1)),
            (*reviewed, *points),
            "award {number}"
        );
    }
    let noted =
        "select count(*) from api.operation where user_id = any ($1) and detail #> '{risk,watched}' is not null";
    let names = names.to_vec();
    assert_eq!(client.query_one(noted, &[&names]).await.unwrap().get::<_, i64>(0), watched);
    let test = "select awards, hits from api.test_risk_rule('MANY', $1, $2)";
    let row = client.query_one(test, &[&begun, &(now + TimeDelta::seconds(1))]).await.unwrap();
    let given = past.iter().filter(|(_, _, _, waits, _)| !waits).count() as i64;
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (given, watched));
}

#[test]
fn splitting_does_not_help_and_watching_equals_testing() {
    check(15);
}

/// As many histories as JIFEN_HISTORIES says.
#[test]
#[ignore = "long"]
fn splitting_does_not_help_and_watching_equals_testing_at_length() {
    check(MANY);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_all_who_decide_at_once_one_does() {
    let database = Database::new().await;
    let client = database.client().await;
    program(&client, LARGE).await;
    let mut approved = 0;
    for round in 0..20 {
        let award = format!("large{round}");
        one(&client, give("ann", 100, &award), None).await;
        let barrier = Arc::new(Barrier::new(4));
        let mut racers = Vec::new();
        for racer in 0..4 {
            let (client, barrier, award) = (database.client().await, barrier.clone(), award.clone());
            racers.push(tokio::spawn(async move {
                let kind = if racer % 2 == 0 { Kind::Approve } else { Kind::Reject };
                barrier.wait().await;
                (
                    kind,
                    one(&client, decide(kind, "ann", &award, "clerk 2", &format!("{award} {racer}")), None)
                        .await
                        .refusal,
                )
            }));
        }
        let mut winners = Vec::new();
        for racer in racers {
            match racer.await.unwrap() {
                (kind, None) => winners.push(kind),
                (_, refusal) => assert_eq!(refusal.as_deref(), Some("REVIEW_CLOSED")),
            }
        }
        assert_eq!(winners.len(), 1);
        approved += i64::from(winners[0] == Kind::Approve);
    }
    assert_eq!(number(&client, "select available from api.account where user_id = 'ann'").await, approved * 100);
    assert_eq!(number(&client, "select pending from api.account where user_id = 'ann'").await, 0);
    assert_laws(&client).await;
}

#[tokio::test]
async fn operators_set_them_in_psql_and_mistakes_are_named() {
    let database = Database::new().await;
    let client = database.client().await;
    program(&client, "set role jifen_operator").await;
    client.batch_execute(LARGE).await.unwrap();
    for (call, path) in [
        ("'x', 'n', '{GIVE}', 'award_points', 'deny', 'on', 'k', 1", "code"),
        ("'X', '', '{GIVE}', 'award_points', 'deny', 'on', 'k', 1", "name"),
        ("'X', 'n', '{NO}', 'award_points', 'deny', 'on', 'k', 1", "rules"),
        ("'X', 'n', '{GIVE}', null, 'deny', 'on', 'k', 1", "measure"),
        ("'X', 'n', '{GIVE}', 'award_points', 'deny', 'on', 'k'", "threshold"),
        ("'X', 'n', '{GIVE}', 'award_points', 'deny', 'on', 'k', 0", "threshold"),
        ("'X', 'n', '{GIVE}', 'source_share', 'deny', 'on', 'k', 101, 60, 1", "threshold"),
        ("'X', 'n', '{GIVE}', 'window_points', 'deny', 'on', 'k', 1", "window_minutes"),
        ("'X', 'n', '{GIVE}', 'window_points', 'deny', 'on', 'k', 1, 0", "window_minutes"),
        ("'X', 'n', '{GIVE}', 'source_share', 'deny', 'on', 'k', 1, 60", "min_awards"),
        ("'X', 'n', '{GIVE}', 'source_share', 'deny', 'on', 'k', 1, 60, 0", "min_awards"),
        ("'X', 'n', '{GIVE}', 'local_hour', 'deny', 'on', 'k', p_to_hour => 3", "from_hour"),
        ("'X', 'n', '{GIVE}', 'local_hour', 'deny', 'on', 'k', p_from_hour => 3, p_to_hour => 3", "to_hour"),
        ("'X', 'n', '{GIVE}', 'award_points', null, 'on', 'k', 1", "decision"),
        ("'X', 'n', '{GIVE}', 'award_points', 'deny', 'on', 'k', 1, p_wait_days => 1", "wait_days"),
        ("'X', 'n', '{GIVE}', 'award_points', 'deny', null, 'k', 1", "mode"),
        ("'LARGE', 'n', '{GIVE}', 'window_awards', 'deny', 'on', 'k', 1, 60", "measure"),
        ("'X', 'n', '{GIVE}', 'award_points', 'deny', 'on', '', 1", "idempotency_key"),
    ] {
        let error = client.batch_execute(&format!("select api.set_risk_rule({call})")).await.unwrap_err();
        let error = error.as_db_error().unwrap_or_else(|| panic!("{call}"));
        assert_eq!(error.code().code(), "LP001", "{call} {error}");
        let detail: Value = serde_json::from_str(error.detail().unwrap()).unwrap();
        assert_eq!(detail["path"], json!(path), "{call} {detail}");
    }
    assert_eq!(sqlstate(client.batch_execute("select api.test_risk_rule('NO', now(), now())").await), "LP001");
    client.batch_execute("select api.earn_points('ann', 'GIVE', 'k', p_points => 100)").await.unwrap();
    let decide = |function: &str, more: &str| {
        format!("select api.{function}('ann', api.operation_id(1, 'k'), 'd', 'seen'{more})")
    };
    client.batch_execute(&decide("approve_award", "")).await.unwrap();
    assert_eq!(sqlstate(client.batch_execute(&decide("reject_award", "").replace("'d'", "'e'")).await), "LP152");
}
