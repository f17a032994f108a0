//! Points of one member for another.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio_postgres::{Client, Error};
use uuid::Uuid;

use super::{assert_laws, make_rule, number, one, sqlstate};
use crate::common::{Database, Kind, Request, instant};

/// What came of a request to `points.run_transfer`.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub refusal: Option<String>,
    pub detail: Option<Value>,
    pub replayed: bool,
    pub id: Option<Uuid>,
    pub points: Option<i64>,
    pub counterparty: Option<String>,
    pub available: Option<i64>,
}

pub async fn transfer(client: &Client, request: Request, now: Option<DateTime<Utc>>) -> Answer {
    try_transfer(client, request, now).await.unwrap()
}

async fn try_transfer(client: &Client, request: Request, now: Option<DateTime<Utc>>) -> Result<Answer, Error> {
    let row = client
        .query_one(
            "select refusal, detail, replayed, (operation).id, (operation).points, (operation).counterparty,
                 (account).available
             from points.run_transfer($1, $2)",
            &[&request, &now],
        )
        .await?;
    Ok(Answer {
        refusal: row.get(0),
        detail: row.get(1),
        replayed: row.get(2),
        id: row.get(3),
        points: row.get(4),
        counterparty: row.get(5),
        available: row.get(6),
    })
}

pub fn give(from: &str, to: &str, points: i64, key: &str) -> Request {
    Request { kind: Some(Kind::Transfer), counterparty: Some(to.to_owned()), ..Request::spend(from, points, key) }
}

pub fn offer(from: &str, to: &str, points: i64, key: &str, deadline: Option<DateTime<Utc>>) -> Request {
    Request { kind: Some(Kind::Hold), expires_at: deadline, ..give(from, to, points, key) }
}

fn about(kind: Kind, from: &str, to: Option<&str>, original: Uuid, key: &str) -> Request {
    Request {
        kind: Some(kind),
        counterparty: to.map(str::to_owned),
        original: Some(original),
        points: None,
        ..Request::spend(from, 1, key)
    }
}

pub fn accept(from: &str, to: &str, original: Uuid, key: &str) -> Request {
    about(Kind::Transfer, from, Some(to), original, key)
}

pub fn decline(from: &str, to: &str, original: Uuid, key: &str) -> Request {
    about(Kind::Release, from, Some(to), original, key)
}

pub fn cancel(from: &str, original: Uuid, key: &str) -> Request {
    about(Kind::Release, from, None, original, key)
}

pub fn reverse(from: &str, original: Uuid, key: &str) -> Request {
    about(Kind::Reverse, from, None, original, key)
}

/// Lots of a member in burn order: source, granted, remaining, days from `since` until they expire.
async fn lots(client: &Client, user: &str, since: DateTime<Utc>) -> Vec<(String, i64, i64, Option<i64>)> {
    let rows = client
        .query(
            "select l.source, l.granted, l.remaining,
                 case when isfinite(l.expires_at) then extract(day from l.expires_at - $2)::bigint end
             from points.lot l join points.account a on a.bucket = l.bucket and a.id = l.account_id
             where a.user_id = $1 order by l.expires_at, l.seq, l.no",
            &[&user, &since],
        )
        .await
        .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2), row.get(3))).collect()
}

/// pending, available, held, debt, transferred, as booked.
async fn pockets(client: &Client, user: &str) -> [i64; 5] {
    let row = client
        .query_one(
            "select b.pending::bigint, b.available::bigint, b.held::bigint, b.debt::bigint, b.transferred::bigint
             from points.balance b join points.account a on a.bucket = b.bucket and a.id = b.account_id
             where a.user_id = $1",
            &[&user],
        )
        .await
        .unwrap();
    [0, 1, 2, 3, 4].map(|place| row.get(place))
}

fn refused(answer: &Answer) -> &str {
    answer.refusal.as_deref().unwrap_or("done")
}

const MARCH: &str = "2030-03-01T12:00:00Z";

/// A member with 100 points that expire in 10 days, 100 that expire in 20, and 100 for ever.
async fn rich(client: &Client, user: &str) -> DateTime<Utc> {
    let now = instant(MARCH);
    for (rule, days) in [("TEN", 10), ("TWENTY", 20)] {
        make_rule(client, rule, "basis, rounding, valid_days, pending_days", &format!("'given', 'down', {days}, 0"))
            .await;
        assert_eq!(one(client, Request::earn(user, rule, rule).points(100), Some(now)).await.refusal, None);
    }
    one(client, Request::adjust(user, 100, "never"), Some(now)).await;
    now
}

#[tokio::test]
async fn lots_move_with_their_expiry_and_source_and_come_back_to_where_they_were() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = rich(&client, "ann").await;
    let sent = transfer(&client, give("ann", "ben", 150, "t"), Some(now)).await;
    assert_eq!((refused(&sent), sent.points, sent.available), ("done", Some(150), Some(150)));
    assert_eq!(sent.counterparty.as_deref(), Some("ben"));
    let ten = |granted, remaining| ("TEN".to_owned(), granted, remaining, Some(10));
    let twenty = |granted, remaining| ("TWENTY".to_owned(), granted, remaining, Some(20));
    let never = ("adjust".to_owned(), 100, 100, None);
    assert_eq!(lots(&client, "ben", now).await, [ten(100, 100), twenty(50, 50)]);
    assert_eq!(lots(&client, "ann", now).await, [twenty(100, 50), never.clone()]);
    assert_eq!(number(&client, "select earned from api.account where user_id = 'ben'").await, 0);

    let back = transfer(&client, reverse("ann", sent.id.unwrap(), "r"), Some(now)).await;
    assert_eq!((refused(&back), back.points), ("done", Some(150)));
    assert_eq!(lots(&client, "ann", now).await, [ten(100, 100), twenty(100, 100), never]);
    assert_eq!(lots(&client, "ben", now).await, []);
    assert_eq!(pockets(&client, "ann").await, [0, 300, 0, 0, 0]);
    assert_eq!(pockets(&client, "ben").await, [0, 0, 0, 0, 0]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn both_legs_name_each_other_and_both_members() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = rich(&client, "ann").await;
    let sent = transfer(&client, give("ann", "ben", 50, "t"), Some(now)).await;
    transfer(&client, reverse("ann", sent.id.unwrap(), "r"), Some(now)).await;
    let rows = client
        .query(
            "select concat_ws(' ', o.user_id, o.kind, o.counterparty, o.client_id, e.available_delta, p.kind)
             from api.operation o
             join api.entry e on e.bucket = o.bucket and e.account_id = o.account_id and e.seq = o.seq
             left join api.operation p on p.id = o.original
             where o.counterparty is not null order by o.user_id, o.seq",
            &[],
        )
        .await
        .unwrap();
    let rows: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(
        rows,
        [
            "ann transfer ben 1 -50",
            "ann reverse ben 1 50 transfer",
            "ben receive ann 0 50 transfer",
            "ben reverse ann 0 -50 receive"
        ]
    );
}

#[tokio::test]
async fn what_the_receiver_has_spent_becomes_a_debt_or_is_forgiven() {
    for (policy, debt) in [("debt", 40), ("clamp", 0)] {
        let database = Database::new().await;
        let client = database.client().await;
        client.execute("update points.program set debt_policy = $1", &[&policy]).await.unwrap();
        let now = rich(&client, "ann").await;
        let sent = transfer(&client, give("ann", "ben", 100, "t"), Some(now)).await;
        one(&client, Request::spend("ben", 40, "s"), Some(now)).await;
        transfer(&client, reverse("ann", sent.id.unwrap(), "r"), Some(now)).await;
        assert_eq!(pockets(&client, "ann").await, [0, 300, 0, 0, 0]);
        assert_eq!(pockets(&client, "ben").await, [0, 0, 0, debt, 0], "{policy}");
        // what comes in repays first
        transfer(&client, give("ann", "ben", 60, "t2"), Some(now)).await;
        assert_eq!(pockets(&client, "ben").await, [0, 60 - debt, 0, 0, 60], "{policy}");
        assert_laws(&client).await;
    }
}

#[tokio::test]
async fn nobody_owes_what_they_let_expire() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = rich(&client, "ann").await;
    let sent = transfer(&client, give("ann", "ben", 250, "t"), Some(now)).await;
    let later = now + TimeDelta::days(15);
    one(&client, Request::spend("ben", 120, "s"), Some(later)).await;
    let back = transfer(&client, reverse("ann", sent.id.unwrap(), "r"), Some(later)).await;
    assert_eq!(back.points, Some(250));
    // 100 have expired: with ben, and, given back, with ann.
    assert_eq!(pockets(&client, "ben").await, [0, 0, 0, 120, 0]);
    assert_eq!(pockets(&client, "ann").await, [0, 200, 0, 0, 0]);
    assert_eq!(number(&client, "select sum(expired)::bigint from points.balance where expired = 100").await, 100);
    assert_laws(&client).await;
}

#[tokio::test]
async fn pending_and_held_points_do_not_move() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = rich(&client, "ann").await;
    make_rule(&client, "WAIT", "basis, rounding, valid_days, pending_days", "'given', 'down', 30, 3").await;
    one(&client, Request::earn("ann", "WAIT", "w").points(50), Some(now)).await;
    one(&client, Request { kind: Some(Kind::Hold), ..Request::spend("ann", 120, "h") }, Some(now)).await;
    let sent = transfer(&client, give("ann", "ben", 181, "t"), Some(now)).await;
    assert_eq!(refused(&sent), "INSUFFICIENT_POINTS");
    assert_eq!(sent.detail, Some(json!({ "available": 180, "requested": 181 })));
    assert_eq!(refused(&transfer(&client, give("ann", "ben", 180, "t2"), Some(now)).await), "done");
    assert_eq!(pockets(&client, "ann").await, [50, 0, 120, 0, -180]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn an_offer_is_held_until_the_receiver_accepts_it_whole() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = rich(&client, "ann").await;
    let made = transfer(&client, offer("ann", "ben", 150, "o", None), Some(now)).await;
    assert_eq!(pockets(&client, "ann").await, [0, 150, 150, 0, 0]);
    assert_eq!(pockets(&client, "ben").await, [0, 0, 0, 0, 0]);
    let id = made.id.unwrap();
    // not a hold to spend, and nobody else's to accept
    let capture = about(Kind::Capture, "ann", None, id, "c");
    assert_eq!(one(&client, capture, Some(now)).await.refusal.as_deref(), Some("UNKNOWN_OPERATION"));
    assert_eq!(refused(&transfer(&client, accept("ann", "cleo", id, "ac"), Some(now)).await), "UNKNOWN_OPERATION");
    assert_eq!(refused(&transfer(&client, decline("ann", "cleo", id, "dc"), Some(now)).await), "UNKNOWN_OPERATION");

    let later = now + TimeDelta::days(12);
    let accepted = transfer(&client, accept("ann", "ben", id, "a"), Some(later)).await;
    assert_eq!((refused(&accepted), accepted.points), ("done", Some(150)));
    assert_eq!(pockets(&client, "ann").await, [0, 150, 0, 0, -150]);
    // the offer protects no points from their expiry
    assert_eq!(pockets(&client, "ben").await, [0, 50, 0, 0, 150]);
    assert_eq!(lots(&client, "ben", now).await, [("TWENTY".to_owned(), 50, 50, Some(20))]);
    for request in [accept("ann", "ben", id, "a2"), decline("ann", "ben", id, "d"), cancel("ann", id, "x")] {
        assert_eq!(refused(&transfer(&client, request, Some(later)).await), "HOLD_CLOSED");
    }
    let back = transfer(&client, reverse("ann", accepted.id.unwrap(), "r"), Some(later)).await;
    assert_eq!(refused(&back), "done");
    assert_eq!(pockets(&client, "ann").await, [0, 200, 0, 0, 0]);
    assert_eq!(pockets(&client, "ben").await, [0, 0, 0, 0, 0]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn an_offer_declined_cancelled_or_too_old_goes_back_to_its_lots() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = rich(&client, "ann").await;
    let before = lots(&client, "ann", now).await;
    let deadline = now + TimeDelta::hours(1);
    for (key, end) in [("1", 0), ("2", 1), ("3", 2)] {
        let made = transfer(&client, offer("ann", "ben", 250, key, Some(deadline)), Some(now)).await;
        let id = made.id.unwrap();
        let (request, at, expected) = match end {
            0 => (decline("ann", "ben", id, "d"), now, "done"),
            1 => (cancel("ann", id, "c"), now, "done"),
            _ => (accept("ann", "ben", id, "a"), deadline, "HOLD_CLOSED"),
        };
        assert_eq!(refused(&transfer(&client, request, Some(at)).await), expected);
        assert_eq!(lots(&client, "ann", now).await, before);
    }
    assert_eq!(pockets(&client, "ben").await, [0, 0, 0, 0, 0]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_plain_hold_is_no_offer() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = rich(&client, "ann").await;
    one(&client, Request { kind: Some(Kind::Hold), ..Request::spend("ann", 10, "h") }, Some(now)).await;
    one(&client, Request::earn("ben", "TEN", "h").points(1), Some(now)).await;
    let id: Uuid = client.query_one("select api.operation_id(1, 'h')", &[]).await.unwrap().get(0);
    for request in [accept("ann", "ben", id, "a"), decline("ann", "ben", id, "d"), cancel("ann", id, "c")] {
        assert_eq!(refused(&transfer(&client, request, Some(now)).await), "UNKNOWN_OPERATION");
    }
    assert_eq!(pockets(&client, "ann").await, [0, 290, 10, 0, 0]);
}

#[tokio::test]
async fn only_the_pair_path_moves_and_reverses_transfers() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = rich(&client, "ann").await;
    for request in [give("ann", "ben", 10, "t"), offer("ann", "ben", 10, "o", None)] {
        let outcome = one(&client, request, Some(now)).await;
        assert_eq!(outcome.refusal.as_deref(), Some("INVALID_INPUT"));
        assert_eq!(outcome.detail.unwrap()["path"], "kind");
    }
    let sent = transfer(&client, give("ann", "ben", 10, "t"), Some(now)).await;
    let outcome = one(&client, reverse("ann", sent.id.unwrap(), "r"), Some(now)).await;
    assert_eq!(outcome.refusal.as_deref(), Some("NOT_REVERSIBLE"));
    // final under its key, whichever way it is asked again
    let again = transfer(&client, reverse("ann", sent.id.unwrap(), "r"), Some(now)).await;
    assert_eq!((refused(&again), again.replayed), ("NOT_REVERSIBLE", true));
    let received: Uuid =
        client.query_one("select id from points.operation where kind = 'receive'", &[]).await.unwrap().get(0);
    for (user, id) in [("ben", received), ("ann", Uuid::new_v4())] {
        let outcome = one(&client, reverse(user, id, "r2"), Some(now)).await;
        let expected = if user == "ben" { "NOT_REVERSIBLE" } else { "UNKNOWN_OPERATION" };
        assert_eq!(outcome.refusal.as_deref(), Some(expected));
    }
    let earned: Uuid = client.query_one("select api.operation_id(1, 'TEN')", &[]).await.unwrap().get(0);
    assert_eq!(refused(&transfer(&client, reverse("ann", earned, "r3"), Some(now)).await), "NOT_REVERSIBLE");
    assert_eq!(refused(&transfer(&client, reverse("ben", received, "r4"), Some(now)).await), "NOT_REVERSIBLE");
    assert_eq!(refused(&transfer(&client, reverse("ann", Uuid::new_v4(), "r5"), Some(now)).await), "UNKNOWN_OPERATION");
    assert_eq!(refused(&transfer(&client, reverse("ann", sent.id.unwrap(), "r6"), Some(now)).await), "done");
    assert_eq!(
        refused(&transfer(&client, reverse("ann", sent.id.unwrap(), "r7"), Some(now)).await),
        "ALREADY_REVERSED"
    );
    assert_laws(&client).await;
}

#[tokio::test]
async fn the_same_request_is_replayed_and_another_one_is_a_conflict() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = rich(&client, "ann").await;
    let deadline = now + TimeDelta::days(2);
    let given = give("ann", "ben", 10, "t");
    let offered = offer("ann", "ben", 10, "o", Some(deadline));
    let first = transfer(&client, given.clone(), Some(now)).await;
    let made = transfer(&client, offered.clone(), Some(now)).await;
    let accepted = accept("ann", "ben", made.id.unwrap(), "a");
    let reversed = reverse("ann", first.id.unwrap(), "r");
    let second = transfer(&client, offer("ann", "ben", 5, "o2", None), Some(now)).await;
    let declined = decline("ann", "ben", second.id.unwrap(), "d");
    let third = transfer(&client, offer("ann", "ben", 5, "o3", None), Some(now)).await;
    let cancelled = cancel("ann", third.id.unwrap(), "c");
    let broke = give("ann", "ben", 1_000, "broke");
    for request in [&accepted, &reversed, &declined, &cancelled] {
        assert_eq!(refused(&transfer(&client, request.clone(), Some(now)).await), "done");
    }
    assert_eq!(refused(&transfer(&client, broke.clone(), Some(now)).await), "INSUFFICIENT_POINTS");
    let entries = number(&client, "select count(*) from points.entry").await;
    for request in [&given, &offered, &accepted, &reversed, &declined, &cancelled, &broke] {
        let again = transfer(&client, request.clone(), Some(now + TimeDelta::days(1))).await;
        assert!(again.replayed);
        assert_eq!(refused(&again), if *request == broke { "INSUFFICIENT_POINTS" } else { "done" });
        let cleo = Some("cleo".to_owned());
        for other in [
            Request { reason: Some("other".to_owned()), ..request.clone() },
            Request { counterparty: cleo.clone(), ..given.clone() },
            Request { points: Some(11), ..given.clone() },
            Request { counterparty: cleo.clone(), ..offered.clone() },
            Request { expires_at: None, ..offered.clone() },
            Request { idempotency_key: Some("t".to_owned()), ..offered.clone() },
            Request { original: second.id, ..accepted.clone() },
        ] {
            let answer = transfer(&client, other, Some(now)).await;
            assert_eq!(refused(&answer), "IDEMPOTENCY_CONFLICT");
        }
    }
    assert_eq!(number(&client, "select count(*) from points.entry").await, entries);
    assert_laws(&client).await;
}

#[tokio::test]
async fn frozen_members_send_nothing_and_receive_as_frozen_members_earn() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = rich(&client, "ann").await;
    let sent = transfer(&client, give("ann", "ben", 30, "t"), Some(now)).await;
    let made = transfer(&client, offer("ann", "ben", 30, "o", None), Some(now)).await;
    client
        .batch_execute(
            "update points.balance b set frozen = true from points.account a
        where a.user_id = 'ben' and a.id = b.account_id",
        )
        .await
        .unwrap();
    assert_eq!(refused(&transfer(&client, give("ben", "ann", 10, "f"), Some(now)).await), "ACCOUNT_FROZEN");
    assert_eq!(refused(&transfer(&client, give("ann", "ben", 10, "t2"), Some(now)).await), "done");
    client.batch_execute("update points.program set frozen_earns = false").await.unwrap();
    for request in
        [give("ann", "ben", 10, "t3"), offer("ann", "ben", 10, "o2", None), accept("ann", "ben", made.id.unwrap(), "a")]
    {
        let answer = transfer(&client, request, Some(now)).await;
        assert_eq!(
            (refused(&answer), answer.detail.clone()),
            ("ACCOUNT_FROZEN", Some(json!({ "member": "receiver" })))
        );
    }
    // fraud is undone all the same
    assert_eq!(refused(&transfer(&client, reverse("ann", sent.id.unwrap(), "r"), Some(now)).await), "done");
    assert_eq!(refused(&transfer(&client, decline("ann", "ben", made.id.unwrap(), "d"), Some(now)).await), "done");
    assert_eq!(pockets(&client, "ben").await, [0, 10, 0, 0, 10]);
    // the giver's freeze stops an offer that is under way
    let made = transfer(&client, offer("ann", "cleo", 30, "o3", None), Some(now)).await;
    client.batch_execute("update points.balance set frozen = true").await.unwrap();
    let answer = transfer(&client, accept("ann", "cleo", made.id.unwrap(), "a2"), Some(now)).await;
    assert_eq!(refused(&answer), "ACCOUNT_FROZEN");
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_receiver_holds_no_more_than_an_account_can() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::adjust("ann", 9_007_199_254_740_991, "1"), None).await;
    one(&client, Request::adjust("ben", 1, "1"), None).await;
    let answer = transfer(&client, give("ann", "ben", 9_007_199_254_740_991, "t"), None).await;
    assert_eq!((refused(&answer), answer.detail.clone()), ("LIMIT_REACHED", Some(json!({ "member": "receiver" }))));
    assert_eq!(refused(&transfer(&client, give("ann", "ben", 9_007_199_254_740_990, "t2"), None).await), "done");
    assert_laws(&client).await;
}

async fn limit(client: &Client, minimum: Option<i64>, maximum: Option<i64>, times: Option<i32>, points: Option<i64>) {
    client
        .execute("select api.set_transfer_limits($1, $2, $3, $4)", &[&minimum, &maximum, &times, &points])
        .await
        .unwrap();
}

#[tokio::test]
async fn a_transfer_has_a_minimum_and_a_maximum() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = rich(&client, "ann").await;
    limit(&client, Some(10), Some(20), None, None).await;
    for (points, key, expected) in
        [(9, "9", "LIMIT_REACHED"), (10, "10", "done"), (20, "20", "done"), (21, "21", "LIMIT_REACHED")]
    {
        assert_eq!(refused(&transfer(&client, give("ann", "ben", points, key), Some(now)).await), expected);
        let answer = transfer(&client, offer("ann", "ben", points, &format!("o{key}"), None), Some(now)).await;
        assert_eq!(refused(&answer), expected);
    }
    limit(&client, None, None, None, None).await;
    // final under its key
    let again = transfer(&client, give("ann", "ben", 9, "9"), Some(now)).await;
    assert_eq!(refused(&again), "LIMIT_REACHED");
    assert_eq!(again.detail, Some(json!({ "limit": "points of a transfer", "minimum": 10 })));
    assert_eq!(refused(&transfer(&client, give("ann", "ben", 9, "9b"), Some(now)).await), "done");
    assert_eq!(sqlstate(client.batch_execute("select api.set_transfer_limits(p_maximum => 0)").await), "LP001");
}

/// 2030-03-31 has 23 hours in Berlin and begins at 23:00 UTC; 2030-10-27 has 25 and begins at 22:00.
#[tokio::test]
async fn days_of_limits_are_the_programs_own_short_and_long_ones_included() {
    let database = Database::new().await;
    let client = database.client().await;
    rich(&client, "ann").await;
    client.batch_execute("update points.program set time_zone = 'Europe/Berlin'").await.unwrap();
    limit(&client, None, None, Some(2), Some(25)).await;
    for (number, (at, points, expected)) in [
        ("2030-03-30T22:59:59.999999Z", 20, "done"),
        ("2030-03-30T22:59:59.999999Z", 6, "LIMIT_REACHED"),
        ("2030-03-30T23:00:00Z", 20, "done"),
        ("2030-03-31T21:59:59.999999Z", 5, "done"),
        ("2030-03-31T21:59:59.999999Z", 1, "LIMIT_REACHED"),
        ("2030-03-31T22:00:00Z", 25, "done"),
        ("2030-03-31T22:00:00Z", 1, "LIMIT_REACHED"),
        ("2030-10-26T21:59:59.999999Z", 1, "done"),
        ("2030-10-26T22:00:00Z", 1, "done"),
        ("2030-10-27T22:59:59.999999Z", 1, "done"),
        ("2030-10-27T22:59:59.999999Z", 1, "LIMIT_REACHED"),
        ("2030-10-27T23:00:00Z", 1, "done"),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = transfer(&client, give("ann", "ben", points, &format!("{number}")), Some(instant(at))).await;
        assert_eq!(refused(&answer), expected, "number {number} at {at}: {answer:?}");
    }
}

#[tokio::test]
async fn offers_count_and_refusals_and_replays_do_not() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = rich(&client, "ann").await;
    limit(&client, None, None, Some(2), None).await;
    assert_eq!(refused(&transfer(&client, give("ann", "ben", 900, "1"), Some(now)).await), "INSUFFICIENT_POINTS");
    let made = transfer(&client, offer("ann", "ben", 10, "2", None), Some(now)).await;
    for _ in 0..2 {
        transfer(&client, offer("ann", "ben", 10, "2", None), Some(now)).await;
        let declined = transfer(&client, decline("ann", "ben", made.id.unwrap(), "d"), Some(now)).await;
        assert_eq!(refused(&declined), "done");
    }
    let sent = transfer(&client, give("ann", "ben", 10, "3"), Some(now)).await;
    transfer(&client, reverse("ann", sent.id.unwrap(), "r"), Some(now)).await;
    let answer = transfer(&client, give("ann", "ben", 1, "4"), Some(now)).await;
    assert_eq!(answer.detail, Some(json!({ "limit": "transfers a day", "maximum": 2, "used": 2 })));
    // they are the sender's own
    assert_eq!(refused(&transfer(&client, give("ann", "ben", 1, "4"), Some(now)).await), "LIMIT_REACHED");
}

#[tokio::test]
async fn inputs_at_fault_are_named_and_nothing_is_made() {
    let database = Database::new().await;
    let client = database.client().await;
    let id = Uuid::new_v4();
    let long = "u".repeat(65);
    for (request, path) in [
        (give("ann", "ann", 1, "k"), "counterparty"),
        (give("ann", "", 1, "k"), "counterparty"),
        (give("ann", &long, 1, "k"), "counterparty"),
        (Request { counterparty: None, ..give("ann", "ben", 1, "k") }, "counterparty"),
        (give("", "ben", 1, "k"), "user_id"),
        (give("ann", "ben", 0, "k"), "points"),
        (Request { points: None, ..give("ann", "ben", 1, "k") }, "points"),
        (Request { points: Some(1), ..accept("ann", "ben", id, "k") }, "points"),
        (give("ann", "ben", 1, ""), "idempotency_key"),
        (Request { wallet: Some("gold".to_owned()), ..give("ann", "ben", 1, "k") }, "wallet"),
        (Request { reason: Some("r".repeat(501)), ..give("ann", "ben", 1, "k") }, "reason"),
        (Request { order_key: Some("o".to_owned()), ..offer("ann", "ben", 1, "k", None) }, "order_key"),
        (Request { expires_at: Some(Utc::now() + TimeDelta::days(1)), ..give("ann", "ben", 1, "k") }, "expires_at"),
        (offer("ann", "ben", 1, "k", Some(Utc::now() - TimeDelta::days(1))), "expires_at"),
        (Request { original: None, ..reverse("ann", id, "k") }, "original"),
        (Request { original: None, ..cancel("ann", id, "k") }, "original"),
        (Request { counterparty: Some("ben".to_owned()), ..reverse("ann", id, "k") }, "counterparty"),
        (Request::adjust("ann", 1, "k"), "kind"),
        (Request::earn("ann", "TASK", "k").points(1), "kind"),
        (Request { kind: None, ..give("ann", "ben", 1, "k") }, "kind"),
    ] {
        let answer = transfer(&client, request.clone(), None).await;
        assert_eq!(refused(&answer), "INVALID_INPUT", "{request:?}");
        assert_eq!(answer.detail.unwrap()["path"], path, "{request:?}");
    }
    let unknown = transfer(&client, Request { client_id: Some(77), ..give("ann", "ben", 1, "k") }, None).await;
    assert_eq!(refused(&unknown), "FORBIDDEN");
    assert_eq!(number(&client, "select count(*) from points.account where user_id in ('ann', 'ben')").await, 0);
}

#[tokio::test]
async fn opposite_transfers_at_once_neither_deadlock_nor_lose_a_point() {
    const WRITERS: usize = 8;
    const TRANSFERS: usize = 60;
    let database = Database::new().await;
    let client = database.client().await;
    let members = ["p0", "p1", "p2"];
    for member in members {
        one(&client, Request::adjust(member, 100_000, "grant"), None).await;
    }
    let barrier = Arc::new(Barrier::new(WRITERS));
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let (client, barrier) = (database.client().await, Arc::clone(&barrier));
        writers.push(tokio::spawn(async move {
            barrier.wait().await;
            let mut done = 0;
            for step in 0..TRANSFERS {
                // Mostly two members, in opposite directions; each tenth is between new ones.
                let (mut from, mut to) = (members[writer % 2].to_owned(), members[(writer + 1) % 2].to_owned());
                match step % 10 {
                    3 => from = "p2".to_owned(),
                    7 => to = format!("new{}", (step + writer) % 40),
                    9 => (from, to) = (format!("new{}", (step + writer) % 40), format!("new{}", (step + 1) % 40)),
                    _ => {}
                }
                if from == to {
                    continue;
                }
                let request = give(&from, &to, 1 + (step as i64 % 7), &format!("{writer}-{step}"));
                let answer = try_transfer(&client, request, None).await.unwrap_or_else(|error| panic!("{error:?}"));
                assert!(["done", "INSUFFICIENT_POINTS"].contains(&refused(&answer)), "{answer:?}");
                done += usize::from(answer.refusal.is_none());
            }
            done
        }));
    }
    let mut done = 0;
    for writer in writers {
        done += writer.await.unwrap();
    }
    assert!(done > WRITERS * TRANSFERS / 2, "{done}");
    let total = "select sum(b.available)::bigint from points.balance b join points.account a on a.id = b.account_id
        where a.user_id ~ '^(p|new)[0-9]+$'";
    assert_eq!(number(&client, total).await, 300_000);
    assert_eq!(number(&client, "select sum(transferred)::bigint from points.balance").await, 0);
    let legs = "select count(*) from points.operation where kind = 'receive'";
    assert_eq!(number(&client, legs).await, done as i64);
    assert_laws(&client).await;
}

/// Acceptance, refusal, cancellation and the deadline, all at once: one of them wins.
#[tokio::test]
async fn an_offer_ends_once_however_many_try() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::adjust("ann", 10_000, "grant"), None).await;
    let clients = [(); 4].map(|()| database.client());
    let clients = futures_util::future::join_all(clients).await.into_iter().map(Arc::new).collect::<Vec<_>>();
    let mut winners = [0; 4];
    for round in 0..60 {
        let now = Utc::now();
        let deadline = (round % 3 == 0).then(|| now + TimeDelta::milliseconds(15));
        let made = transfer(&client, offer("ann", "ben", 10, &format!("o{round}"), deadline), Some(now)).await;
        let id = made.id.unwrap();
        if deadline.is_some() {
            tokio::time::sleep(std::time::Duration::from_millis(9 + round % 7)).await;
        }
        let requests = [
            accept("ann", "ben", id, &format!("a{round}")),
            decline("ann", "ben", id, &format!("d{round}")),
            cancel("ann", id, &format!("c{round}")),
            accept("ann", "ben", id, &format!("b{round}")),
        ];
        let barrier = Arc::new(Barrier::new(4));
        let tasks = requests.into_iter().zip(&clients).map(|(request, client)| {
            let (client, barrier) = (Arc::clone(client), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                transfer(&client, request, None).await
            })
        });
        let answers = futures_util::future::join_all(tasks).await;
        let answers: Vec<String> = answers.into_iter().map(|answer| refused(&answer.unwrap()).to_owned()).collect();
        let won: Vec<usize> = (0..4).filter(|place| answers[*place] == "done").collect();
        assert!(answers.iter().all(|answer| answer == "done" || answer == "HOLD_CLOSED"), "{answers:?}");
        assert!(won.len() == 1 || won.is_empty() && deadline.is_some(), "{answers:?}");
        won.iter().for_each(|place| winners[*place] += 1);
    }
    let accepted = 10 * i64::from(winners[0] + winners[3]);
    assert_eq!(pockets(&client, "ben").await, [0, accepted, 0, 0, accepted]);
    assert_eq!(
        number(&client, "select available + held from api.account where user_id = 'ann'").await,
        10_000 - accepted
    );
    assert!(winners.iter().sum::<i32>() >= 40, "{winners:?}");
}

#[tokio::test]
async fn in_psql_a_refusal_is_an_error() {
    let database = Database::new().await;
    let client = database.client_as("jifen_operator").await;
    client.batch_execute("select api.adjust_points('ann', 50, 'g', 'test')").await.unwrap();
    let run = async |sql: &str| client.query_one(&format!("select (account).available from {sql}"), &[]).await;
    assert_eq!(run("api.transfer_points('ann', 'ben', 20, 't')").await.unwrap().get::<_, i64>(0), 30);
    run("api.transfer_points('ann', 'ben', 20, 'o', p_accept => true)").await.unwrap();
    run("api.accept_transfer('ann', 'ben', api.operation_id(1, 'o'), 'a')").await.unwrap();
    run("api.transfer_points('ann', 'ben', 5, 'o2', p_accept => true)").await.unwrap();
    run("api.decline_transfer('ann', 'ben', api.operation_id(1, 'o2'), 'd')").await.unwrap();
    run("api.transfer_points('ann', 'ben', 5, 'o3', p_accept => true)").await.unwrap();
    run("api.cancel_transfer('ann', api.operation_id(1, 'o3'), 'c')").await.unwrap();
    run("api.reverse_transfer('ann', api.operation_id(1, 't'), 'r')").await.unwrap();
    for (sql, state) in [
        ("api.transfer_points('ann', 'ann', 1, 'x')", "LP001"),
        ("api.transfer_points('ann', 'ben', 1000, 'x')", "LP101"),
        ("api.transfer_points('ann', 'ben', 2, 't')", "LP004"),
        ("api.transfer_points('ann', 'ben', 2, 'x', p_client => 'nobody')", "LP003"),
        ("api.accept_transfer('ann', 'ben', gen_random_uuid(), 'x')", "LP108"),
        ("api.accept_transfer('ann', 'ben', api.operation_id(1, 'o2'), 'x')", "LP104"),
        ("api.reverse_transfer('ann', api.operation_id(1, 'g'), 'x')", "LP105"),
        ("api.reverse_transfer('ann', api.operation_id(1, 't'), 'x')", "LP106"),
    ] {
        assert_eq!(sqlstate(run(sql).await), state, "{sql}");
    }
    assert_eq!(sqlstate(client.batch_execute("select api.execute_pair(null)").await), "42501");
    let gateway = database.client_as("jifen_gateway").await;
    let asked = "select refusal, (account).available from api.execute_pair(row('transfer', 'ann', null, 1, 'gw', null,
        null, null, null, 'ben', null, 1, null, null, null, null, null, null, null)::api.request)";
    let row = gateway.query_one(asked, &[]).await.unwrap();
    assert_eq!((row.get::<_, Option<&str>>(0), row.get::<_, i64>(1)), (None, 29));
    let own = "select api.transfer_points('ann', 'ben', 1, 'x')";
    assert_eq!(sqlstate(gateway.batch_execute(own).await), "42501");
}
