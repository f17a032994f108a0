use std::sync::Arc;

use chrono::{TimeDelta, Utc};
use tokio::sync::Barrier;
use tokio_postgres::Client;

use super::{assert_laws, number, one, sqlstate};
use crate::common::{Database, Kind, Outcome, Request, execute, instant};

fn code(outcome: &Outcome) -> Option<&str> {
    outcome.refusal.as_deref()
}

/// The member's open lots as when they expire and what remains, in burn order.
async fn lots(client: &Client) -> Vec<(String, i64)> {
    let rows = client
        .query(
            "select coalesce(to_char(nullif(l.expires_at, 'infinity'), 'YYYY-MM'), 'never'), l.remaining
             from points.lot l join points.account a on a.bucket = l.bucket and a.id = l.account_id
             where a.user_id = 'zoe' order by l.expires_at, l.seq",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn lot(month: &str, points: i64) -> (String, i64) {
    (month.to_owned(), points)
}

#[tokio::test]
async fn a_hold_takes_lots_in_burn_order_and_gives_the_rest_back_to_them() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = Some(instant("2024-05-01T12:00:00Z"));
    one(&client, Request::adjust("zoe", 10, "never"), now).await;
    one(&client, Request::adjust("zoe", 10, "july").expires_at(instant("2024-07-15T00:00:00Z")), now).await;
    one(&client, Request::adjust("zoe", 10, "june").expires_at(instant("2024-06-15T00:00:00Z")), now).await;

    let held = one(&client, Request::hold("zoe", 25, "h"), now).await.entry.unwrap();
    assert_eq!((held.available_delta, held.held_delta, held.available_after, held.held_after), (-25, 25, 5, 25));
    assert_eq!(lots(&client).await, [lot("never", 5)]);

    // the soonest is spent, and what comes back is what would have been left
    let captured = one(&client, Request::undo(Kind::Capture, "zoe", "h", "c").points(12), now).await;
    assert_eq!((captured.points, code(&captured)), (Some(12), None));
    let entry = captured.entry.unwrap();
    assert_eq!((entry.available_delta, entry.held_delta, entry.available_after, entry.held_after), (13, -25, 18, 0));
    assert_eq!(lots(&client).await, [lot("2024-07", 8), lot("never", 10)]);

    for (kind, key) in [(Kind::Capture, "c2"), (Kind::Release, "r2"), (Kind::Reverse, "v2")] {
        let again = one(&client, Request::undo(kind, "zoe", "h", key), now).await;
        assert_eq!(code(&again), Some("HOLD_CLOSED"));
        assert_eq!(again.detail.unwrap()["captured"], 12);
    }
    assert_laws(&client).await;
}

#[tokio::test]
async fn what_expires_while_held_can_be_captured_or_else_expires_with_the_hold() {
    let database = Database::new().await;
    let client = database.client().await;
    let may = Some(instant("2024-05-01T12:00:00Z"));
    let july = Some(instant("2024-07-01T12:00:00Z"));
    one(&client, Request::adjust("zoe", 30, "a").expires_at(instant("2024-06-01T00:00:00Z")), may).await;
    one(&client, Request::hold("zoe", 10, "h1"), may).await;
    one(&client, Request::hold("zoe", 20, "h2"), may).await;

    let captured = one(&client, Request::undo(Kind::Capture, "zoe", "h1", "c"), july).await;
    assert_eq!((code(&captured), captured.points), (None, Some(10)));
    let released = one(&client, Request::undo(Kind::Release, "zoe", "h2", "r"), july).await;
    assert_eq!(released.entry.unwrap().available_after, 20);
    // it expires in the same transaction
    assert_eq!(released.account.unwrap().available, 0);
    assert_eq!(number(&client, "select expired from api.account where user_id = 'zoe'").await, 20);
    assert_eq!(code(&one(&client, Request::spend("zoe", 1, "s"), july).await), Some("INSUFFICIENT_POINTS"));
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_hold_ends_at_its_deadline_booked_or_not() {
    let database = Database::new().await;
    let client = database.client().await;
    let begin = instant("2024-05-01T12:00:00Z");
    let at = |minutes| Some(begin + TimeDelta::minutes(minutes));
    one(&client, Request::adjust("zoe", 30, "a"), at(0)).await;
    one(&client, Request::hold("zoe", 10, "h").expires_at(begin + TimeDelta::minutes(15)), at(0)).await;

    // long past by the real clock, and nobody has booked anything
    let row = client.query_one("select available, held from api.account where user_id = 'zoe'", &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), (30i64, 0i64));
    let hold = "select open, captured, closed_at from api.hold where user_id = 'zoe'";
    let row = client.query_one(hold, &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), (false, Some(0i64)));
    assert_eq!(row.get::<_, Option<chrono::DateTime<Utc>>>(2), at(15));

    assert_eq!(code(&one(&client, Request::spend("zoe", 21, "early"), at(14)).await), Some("INSUFFICIENT_POINTS"));
    assert_eq!(code(&one(&client, Request::spend("zoe", 21, "late"), at(15)).await), None);
    let captured = one(&client, Request::undo(Kind::Capture, "zoe", "h", "c"), at(16)).await;
    assert_eq!(code(&captured), Some("HOLD_CLOSED"));
    let release = "select o.client || ' ' || (o.original = h.id) from api.operation o, api.hold h
        where o.kind = 'release' and o.id = h.closed_by";
    assert_eq!(client.query_one(release, &[]).await.unwrap().get::<_, &str>(0), "jifen true");
    assert_laws(&client).await;
}

#[tokio::test]
async fn more_than_is_held_or_nothing_at_all_cannot_be_captured() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::adjust("zoe", 30, "a"), None).await;
    one(&client, Request::hold("zoe", 10, "h"), None).await;
    let outcome = one(&client, Request::undo(Kind::Capture, "zoe", "h", "c").points(11), None).await;
    assert_eq!(code(&outcome), Some("INSUFFICIENT_POINTS"));
    assert_eq!(outcome.detail, Some(serde_json::json!({ "available": 10, "requested": 11 })));
    for original in ["a", "nothing"] {
        let request = Request::undo(Kind::Capture, "zoe", original, &format!("c {original}"));
        assert_eq!(code(&one(&client, request, None).await), Some("UNKNOWN_OPERATION"));
    }
    // of another member
    let request = Request::undo(Kind::Capture, "bob", "h", "c");
    assert_eq!(code(&one(&client, request, None).await), Some("UNKNOWN_OPERATION"));
    assert_eq!(code(&one(&client, Request::hold("zoe", 21, "h2"), None).await), Some("INSUFFICIENT_POINTS"));
    assert_eq!(code(&one(&client, Request::undo(Kind::Capture, "zoe", "h", "c3"), None).await), None);
}

#[tokio::test]
async fn a_frozen_account_spends_nothing_and_earns_if_the_program_says_so() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::adjust("zoe", 30, "a"), None).await;
    one(&client, Request::hold("zoe", 10, "h"), None).await;
    let frozen = one(&client, Request::freeze(Kind::Freeze, "zoe", "f"), None).await;
    assert_eq!((code(&frozen), frozen.points, &frozen.entry), (None, Some(0), &None));
    for request in
        [Request::spend("zoe", 1, "s"), Request::hold("zoe", 1, "h2"), Request::undo(Kind::Capture, "zoe", "h", "c")]
    {
        assert_eq!(code(&one(&client, request, None).await), Some("ACCOUNT_FROZEN"));
    }
    assert_eq!(code(&one(&client, Request::earn("zoe", "SIGN_IN", "e1"), None).await), None);
    client.batch_execute("update points.program set frozen_earns = false").await.unwrap();
    assert_eq!(code(&one(&client, Request::earn("zoe", "SIGN_IN", "e2"), None).await), Some("ACCOUNT_FROZEN"));
    // what gives back is no spending
    assert_eq!(code(&one(&client, Request::undo(Kind::Release, "zoe", "h", "r"), None).await), None);

    one(&client, Request::freeze(Kind::Unfreeze, "zoe", "u"), None).await;
    assert_eq!(code(&one(&client, Request::spend("zoe", 1, "s2"), None).await), None);
    // refusals are final under their key
    assert_eq!(code(&one(&client, Request::spend("zoe", 1, "s"), None).await), Some("ACCOUNT_FROZEN"));
    let kept = "select count(*) from api.operation where kind in ('freeze', 'unfreeze') and reason = 'a suspicion' and actor = 'tester'";
    assert_eq!(number(&client, kept).await, 2);
}

#[tokio::test]
async fn psql_holds_captures_releases_and_freezes() {
    let database = Database::new().await;
    let client = database.client_as("jifen_operator").await;
    let hold = "select (operation).id, (account).held from api.hold_points('bob', 6, 'h1', now() + interval '1 day', 'checkout')";
    assert_eq!(client.query_one(hold, &[]).await.unwrap().get::<_, i64>(1), 6);
    let id = "api.operation_id(1, 'h1')";
    for (call, expected) in [
        ("api.hold_points('bob', 0, 'x')".to_owned(), "LP001"),
        ("api.hold_points('bob', 6, 'x', now() - interval '1 s')".to_owned(), "LP001"),
        ("api.capture_hold('bob', null, 'x')".to_owned(), "LP001"),
        (format!("api.capture_hold('bob', {id}, 'x', 0)"), "LP001"),
        ("api.freeze_account('bob', 'x', '')".to_owned(), "LP001"),
        ("api.hold_points('bob', 999999, 'x')".to_owned(), "LP101"),
        (format!("api.capture_hold('bob', {id}, 'x', 7)"), "LP101"),
        ("api.release_hold('bob', gen_random_uuid(), 'x')".to_owned(), "LP108"),
    ] {
        assert_eq!(sqlstate(client.query(&format!("select * from {call}"), &[]).await), expected, "{call}");
    }
    client.batch_execute("select api.freeze_account('bob', 'f', 'fraud')").await.unwrap();
    let capture = format!("select (account).spent from api.capture_hold('bob', {id}, 'c', 4)");
    assert_eq!(sqlstate(client.query(&capture, &[]).await), "LP103");
    client.batch_execute("select api.unfreeze_account('bob', 'u', 'cleared')").await.unwrap();
    client.query_one(&capture, &[]).await.unwrap();
    let release = format!("select api.release_hold('bob', {id}, 'r')");
    assert_eq!(sqlstate(client.query(&release, &[]).await), "LP104");
}

/// Captures, releases and the deadline at once, over connections of their own: one of them closes the hold.
async fn race(rounds: usize) {
    let database = Database::new().await;
    let racers = [database.client().await, database.client().await, database.client().await].map(Arc::new);
    let client = database.client().await;
    one(&client, Request::adjust("zoe", 1_000_000, "a"), None).await;
    let mut winners = [0; 3];
    for round in 0..rounds {
        let key = format!("h{round}");
        // in every second round it passes while they race
        let patience = TimeDelta::milliseconds(if round % 2 == 0 { 3_600_000 } else { 20 });
        let deadline = Utc::now() + patience;
        let held = one(&client, Request::hold("zoe", 10, &key).expires_at(deadline), None).await;
        if code(&held) == Some("INVALID_INPUT") {
            continue; // the machine is so slow that it has passed already
        }
        assert_eq!(code(&held), None);
        if round % 2 == 1 {
            let rest = deadline - Utc::now() - TimeDelta::microseconds(500 * (round as i64 % 5));
            tokio::time::sleep(rest.to_std().unwrap_or_default()).await;
        }
        let requests = [
            Request::undo(Kind::Capture, "zoe", &key, &format!("c{round}")).points(4),
            Request::undo(Kind::Release, "zoe", &key, &format!("r{round}")),
            // settles the account, and so books the deadline
            Request::earn("zoe", "SIGN_IN", &format!("e{round}")),
        ];
        let barrier = Arc::new(Barrier::new(racers.len()));
        let racing = racers.iter().zip(requests).map(|(racer, request)| {
            let (racer, barrier) = (Arc::clone(racer), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                execute(&racer, &[request], None).await.remove(0)
            })
        });
        let mut outcomes = Vec::new();
        for racer in racing.collect::<Vec<_>>() {
            outcomes.push(racer.await.unwrap());
        }
        let won: Vec<bool> = outcomes[..2].iter().map(|outcome| code(outcome).is_none()).collect();
        for loser in outcomes[..2].iter().filter(|outcome| code(outcome).is_some()) {
            assert_eq!(code(loser), Some("HOLD_CLOSED"));
        }
        let winner = match won[..] {
            [true, false] => 0,
            [false, true] => 1,
            [false, false] => 2,
            _ => panic!("both closed hold {round}"),
        };
        winners[winner] += 1;
    }
    let spent = number(&client, "select spent from api.account where user_id = 'zoe'").await;
    assert_eq!(spent, 4 * winners[0]);
    assert_eq!(number(&client, "select held from api.account where user_id = 'zoe'").await, 0);
    assert_laws(&client).await;
    assert!(winners.iter().all(|&wins| wins > 0), "they did not meet: {winners:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn capture_release_and_deadline_have_one_winner() {
    race(150).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
#[ignore = "long"]
async fn capture_release_and_deadline_have_one_winner_ten_thousand_times() {
    race(10_000).await;
}
