//! Batches in the database: who takes what, and what comes of answers, of faults and of those who never answer. A gateway
//! here is the test itself; the clock is moved. Real ones are in tests/graphql/batches.rs and tests/process/batches.rs.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio_postgres::{Client, Error};
use uuid::Uuid;

use super::{number, sqlstate};
use crate::common::{Database, Random, instant};

const NOON: &str = "2030-03-06T12:00:00Z";
const SECOND: TimeDelta = TimeDelta::seconds(1);

/// What a gateway is told to carry out.
#[derive(Clone, Debug, PartialEq)]
struct Taken {
    ticket: Uuid,
    no: i32,
    fence: i32,
    client_id: i32,
    numbers: Vec<i32>,
    rows: Value,
}

async fn take(client: &Client, now: DateTime<Utc>) -> Option<Taken> {
    let row = client.query_opt("select * from points.claim_piece($1)", &[&now]).await.unwrap()?;
    Some(Taken {
        ticket: row.get("ticket"),
        no: row.get("no"),
        fence: row.get("fence"),
        client_id: row.get("client_id"),
        numbers: row.get("numbers"),
        rows: row.get("rows"),
    })
}

async fn answer(client: &Client, taken: &Taken, now: DateTime<Utc>, answer: impl Fn(i32) -> Value) -> bool {
    let answers: Vec<Value> = taken.numbers.iter().map(|number| answer(*number)).collect();
    let sql = "select points.answer_piece($1, $2, $3, $4, $5)";
    client.query_one(sql, &[&taken.ticket, &taken.no, &taken.fence, &json!(answers), &now]).await.unwrap().get(0)
}

fn done(number: i32) -> Value {
    json!({ "number": number, "points": 5, "operation": Uuid::nil().to_string() })
}

fn fault(number: i32, code: &str) -> Value {
    json!({ "number": number, "code": code, "message": "M", "retryable": code != "INTERNAL", "details": { "a": null } })
}

fn row(number: usize) -> Value {
    json!({ "kind": "earn", "user_id": format!("m{number}"), "idempotency_key": format!("k{number}"), "rule": "SIGN_IN" })
}

fn rows(count: usize) -> Value {
    (0..count).map(row).collect()
}

async fn submit(client: &Client, client_id: i32, key: &str, rows: &Value) -> Result<Uuid, Error> {
    let fingerprint: &[u8] = &Sha256::digest(rows.to_string());
    let submit = "select ticket from api.submit_operations($1, $2, null, $3, $4)";
    Ok(client.query_one(submit, &[&client_id, &key, &fingerprint, rows]).await?.get(0))
}

/// A client with all that batches need.
async fn make_client(client: &Client, name: &str) -> i32 {
    let create = "select api.create_client($1, sha256($1::text::bytea), '{earn,spend,adjust}')";
    client.execute(create, &[&name]).await.unwrap();
    client.query_one("select id from api.client where name = $1", &[&name]).await.unwrap().get(0)
}

/// All that is queued counts as queued at noon.
async fn at_noon(client: &Client) {
    let noon = format!("update points.batch set queued_at = '{NOON}', due_at = '{NOON}' where due_at is not null");
    client.batch_execute(&noon).await.unwrap();
}

async fn state(client: &Client, ticket: Uuid) -> (String, i32, i32, i32, i32) {
    let sql = "select state::text, waiting, done, refused, failed from api.batch where ticket = $1";
    let row = client.query_one(sql, &[&ticket]).await.unwrap();
    (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4))
}

async fn attempts(client: &Client, ticket: Uuid) -> i32 {
    client.query_one("select attempts from api.batch where ticket = $1", &[&ticket]).await.unwrap().get(0)
}

async fn told(
    client: &Client,
    ticket: Uuid,
    after: i32,
    limit: i32,
    state: Option<&str>,
) -> Vec<(i32, String, String)> {
    let sql = "select number, coalesce(idempotency_key, '-'), state || coalesce(' ' || code, '')
        from api.batch_rows($1, $2, $3, $4::text::points.row_state)";
    let rows = client.query(sql, &[&ticket, &after, &limit, &state]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

#[tokio::test]
async fn clients_take_turns_however_much_one_of_them_has() {
    let database = Database::new().await;
    let client = database.client().await;
    let (large, small, late) =
        (make_client(&client, "large").await, make_client(&client, "small").await, make_client(&client, "late").await);
    for key in ["1", "2"] {
        submit(&client, large, key, &rows(5000)).await.unwrap();
    }
    submit(&client, small, "1", &rows(1200)).await.unwrap();
    at_noon(&client).await;
    let mut now = instant(NOON);
    let mut served = Vec::new();
    while let Some(taken) = take(&client, now).await {
        served.push(taken.client_id);
        now += SECOND;
        assert!(answer(&client, &taken, now, done).await);
        if served.len() == 8 {
            submit(&client, late, "1", &rows(10)).await.unwrap();
            at_noon(&client).await;
        }
    }
    // who was served last is last; one that comes is first
    assert_eq!(served[..9], [large, small, large, small, large, small, large, large, late]);
    assert_eq!(served.len(), 24);
    assert_eq!(number(&client, "select sum(waiting)::bigint from points.batch_turn").await, 0);
}

#[tokio::test]
async fn a_batch_is_carried_out_in_order_a_piece_at_a_time_by_whoever_comes() {
    let database = Database::new().await;
    let client = database.client().await;
    let ticket = submit(&client, 1, "a", &rows(1100)).await.unwrap();
    at_noon(&client).await;
    let now = instant(NOON);
    assert_eq!(state(&client, ticket).await, ("queued".to_owned(), 1100, 0, 0, 0));
    for (no, numbers) in [(1, 1..=500), (2, 501..=1000), (3, 1001..=1100)] {
        let taken = take(&client, now).await.unwrap();
        assert_eq!((taken.no, &taken.numbers), (no, &numbers.clone().collect::<Vec<i32>>()));
        assert_eq!(attempts(&client, ticket).await, 1);
        assert_eq!(taken.rows[0], row(*numbers.start() as usize - 1));
        // nobody else takes one of it meanwhile
        assert_eq!(take(&client, now).await, None);
        assert!(answer(&client, &taken, now, done).await);
        // and an answer counts once
        assert!(!answer(&client, &taken, now, done).await);
    }
    assert_eq!(state(&client, ticket).await, ("done".to_owned(), 0, 1100, 0, 0));
    assert_eq!(number(&client, "select count(*) from points.batch_piece").await, 0);
    assert_eq!(take(&client, now + TimeDelta::days(1)).await, None);
}

#[tokio::test]
async fn a_piece_that_nobody_has_taken_cannot_be_answered_for() {
    let database = Database::new().await;
    let client = database.client().await;
    let ticket = submit(&client, 1, "a", &rows(600)).await.unwrap();
    at_noon(&client).await;
    let now = instant(NOON);
    let numbers = (1..=500).collect();
    let first = Taken { ticket, no: 1, fence: 0, client_id: 1, numbers, rows: Value::Null };
    assert!(!answer(&client, &first, now, done).await);
    let taken = take(&client, now).await.unwrap();
    assert!(answer(&client, &taken, now, done).await);
    // the fence of the next is known, and was told to nobody
    let next = Taken { no: 2, fence: taken.fence + 1, numbers: (501..=600).collect(), ..taken };
    assert!(!answer(&client, &next, now, done).await);
    assert_eq!(state(&client, ticket).await, ("running".to_owned(), 100, 500, 0, 0));
}

#[tokio::test]
async fn who_does_not_answer_within_a_minute_has_lost_the_piece() {
    let database = Database::new().await;
    let client = database.client().await;
    let ticket = submit(&client, 1, "a", &rows(2)).await.unwrap();
    at_noon(&client).await;
    let now = instant(NOON);
    let first = take(&client, now).await.unwrap();
    assert_eq!(take(&client, now + SECOND * 59).await, None);
    let second = take(&client, now + SECOND * 60).await.unwrap();
    assert_eq!(second, Taken { fence: second.fence, ..first.clone() });
    assert!(second.fence > first.fence);
    assert_eq!(attempts(&client, ticket).await, 2);
    assert!(!answer(&client, &first, now + SECOND * 61, done).await);
    assert_eq!(state(&client, ticket).await, ("running".to_owned(), 2, 0, 0, 0));
    assert!(answer(&client, &second, now + SECOND * 61, done).await);
    assert_eq!(state(&client, ticket).await, ("done".to_owned(), 0, 2, 0, 0));
}

#[tokio::test]
async fn a_piece_that_nobody_survives_is_set_aside_after_five_attempts() {
    let database = Database::new().await;
    let client = database.client().await;
    let ticket = submit(&client, 1, "a", &rows(502)).await.unwrap();
    at_noon(&client).await;
    let mut now = instant(NOON);
    for attempt in 1..=5 {
        take(&client, now).await.unwrap();
        assert_eq!(attempts(&client, ticket).await, attempt);
        now += SECOND * 60;
    }
    // the turn goes to the next piece
    assert_eq!(take(&client, now).await, None);
    let next = take(&client, now).await.unwrap();
    assert_eq!((next.no, attempts(&client, ticket).await), (2, 1));
    assert_eq!(state(&client, ticket).await, ("running".to_owned(), 2, 0, 0, 500));
    assert_eq!(
        told(&client, ticket, 499, 9, Some("failed")).await,
        [(500, "k499".to_owned(), "failed OUTCOME_UNKNOWN".to_owned())]
    );
}

#[tokio::test]
async fn what_is_given_back_is_taken_at_once() {
    let database = Database::new().await;
    let client = database.client().await;
    let shop = make_client(&client, "shop").await;
    let ticket = submit(&client, shop, "1", &rows(3)).await.unwrap();
    at_noon(&client).await;
    let now = instant(NOON);
    let given_back = async |taken: &Taken, answers: Value| {
        let sql = "select points.answer_piece($1, $2, $3, $4, $5)";
        let row = client.query_one(sql, &[&taken.ticket, &taken.no, &taken.fence, &answers, &now]).await.unwrap();
        row.get::<_, bool>(0)
    };
    // as often as a gateway stops: that is no sign of a piece that kills
    for _ in 0..7 {
        let taken = take(&client, now).await.unwrap();
        assert_eq!(taken.numbers, [1, 2, 3]);
        assert!(given_back(&taken, json!([])).await);
    }
    // with answers for some, and not where one of the others had a fault
    let taken = take(&client, now).await.unwrap();
    assert!(given_back(&taken, json!([done(2)])).await);
    let taken = take(&client, now).await.unwrap();
    assert_eq!(taken.numbers, [1, 3]);
    assert!(given_back(&taken, json!([fault(3, "OVERLOADED")])).await);
    assert_eq!(take(&client, now).await, None);
    assert_eq!(state(&client, ticket).await, ("running".to_owned(), 2, 1, 0, 0));
}

#[tokio::test]
async fn what_is_given_back_was_not_attempted() {
    let database = Database::new().await;
    let client = database.client().await;
    let ticket = submit(&client, 1, "a", &rows(1)).await.unwrap();
    at_noon(&client).await;
    let now = instant(NOON);
    for _ in 0..2 {
        let taken = take(&client, now).await.unwrap();
        assert!(answer(&client, &Taken { numbers: Vec::new(), ..taken }, now, done).await);
    }
    let taken = take(&client, now).await.unwrap();
    assert_eq!(attempts(&client, ticket).await, 1);
    assert!(answer(&client, &taken, now, |number| fault(number, "INTERNAL")).await);
    assert_eq!(state(&client, ticket).await, ("running".to_owned(), 1, 0, 0, 0));
    let again = take(&client, now + SECOND).await.unwrap();
    assert_eq!((attempts(&client, ticket).await, &again.numbers), (2, &taken.numbers));
}

#[tokio::test]
async fn who_has_given_a_piece_back_cannot_answer_for_it() {
    let database = Database::new().await;
    let client = database.client().await;
    let ticket = submit(&client, 1, "a", &rows(2)).await.unwrap();
    at_noon(&client).await;
    let now = instant(NOON);
    let first = take(&client, now).await.unwrap();
    let nothing = Taken { numbers: Vec::new(), ..first.clone() };
    assert!(answer(&client, &nothing, now, done).await);
    // neither while nobody has it, nor when another has
    assert!(!answer(&client, &nothing, now, done).await);
    assert!(!answer(&client, &first, now, done).await);
    assert_eq!(attempts(&client, ticket).await, 0);
    let second = take(&client, now).await.unwrap();
    assert_eq!((attempts(&client, ticket).await, &second.numbers), (1, &first.numbers));
    assert!(!answer(&client, &first, now, done).await);
    assert!(!answer(&client, &nothing, now, done).await);
    assert_eq!(state(&client, ticket).await, ("running".to_owned(), 2, 0, 0, 0));
    assert_eq!(take(&client, now).await, None);
    assert!(answer(&client, &second, now, done).await);
    assert_eq!(state(&client, ticket).await, ("done".to_owned(), 0, 2, 0, 0));
}

#[tokio::test]
async fn faults_are_tried_again_and_set_aside_in_the_end_and_refusals_are_answers() {
    let database = Database::new().await;
    let client = database.client().await;
    let ticket = submit(&client, 1, "a", &rows(5)).await.unwrap();
    at_noon(&client).await;
    let began = instant(NOON);
    let codes =
        BTreeMap::from([(2, "INSUFFICIENT_POINTS"), (3, "INTERNAL"), (4, "OVERLOADED"), (5, "OUTCOME_UNKNOWN")]);
    let one = |number: i32| match codes.get(&number) {
        Some(&"INSUFFICIENT_POINTS") => json!({ "number": number, "code": "INSUFFICIENT_POINTS", "retryable": false }),
        Some(code) => fault(number, code),
        None => done(number),
    };
    let (mut now, mut pauses, mut tries) = (began, Vec::new(), 0);
    loop {
        let taken = take(&client, now).await.unwrap();
        tries += 1;
        assert_eq!(attempts(&client, ticket).await, tries);
        let left: &[i32] = match tries {
            1 => &[1, 2, 3, 4, 5],
            2..=3 => &[3, 4, 5],
            _ => &[4, 5],
        };
        assert_eq!(taken.numbers, left, "{tries}");
        assert_eq!(taken.rows.as_array().unwrap().len(), left.len());
        assert_eq!(taken.rows[left.len() - 1], row(4));
        assert!(answer(&client, &taken, now, one).await);
        if state(&client, ticket).await.0 == "done" {
            break;
        }
        let mut pause = 0;
        while number(&client, &format!("select count(*) from points.batch where due_at <= '{now}'")).await == 0 {
            pause += 1;
            now += SECOND;
        }
        pauses.push(pause);
    }
    assert_eq!(pauses[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
    // ten attempts and an hour
    assert!(tries > 10 && now - began >= TimeDelta::hours(1) && now - began < TimeDelta::minutes(62), "{tries}");
    assert_eq!(state(&client, ticket).await, ("done".to_owned(), 0, 1, 1, 3));
    let told = told(&client, ticket, 0, 100, None).await;
    let states: Vec<&str> = told.iter().map(|(_, _, state)| state.as_str()).collect();
    assert_eq!(
        states,
        ["done", "refused INSUFFICIENT_POINTS", "failed INTERNAL", "failed OVERLOADED", "failed OUTCOME_UNKNOWN"]
    );
    assert_eq!(number(&client, "select waiting from points.batch_turn").await, 0);
}

#[tokio::test]
async fn each_row_is_told_once_whatever_came_of_it_and_wherever_pages_end() {
    let database = Database::new().await;
    let client = database.client().await;
    let ticket = submit(&client, 1, "a", &rows(1700)).await.unwrap();
    at_noon(&client).await;
    let (mut now, mut model) = (instant(NOON), vec!["waiting"; 1700]);
    let mut page_sizes = Random::new(29);
    for _ in 0..4 {
        let taken = take(&client, now).await.unwrap();
        for number in &taken.numbers {
            model[*number as usize - 1] = page_sizes.pick(&["done", "refused", "waiting"]);
        }
        let states = model.clone();
        let told = |number: i32| match states[number as usize - 1] {
            "done" => done(number),
            "refused" => json!({ "number": number, "code": "LIMIT_REACHED", "retryable": false }),
            _ => fault(number, "OVERLOADED"),
        };
        assert!(answer(&client, &taken, now, told).await);
        now += SECOND * 60;
    }
    for wanted in [None, Some("done"), Some("refused"), Some("waiting"), Some("failed")] {
        let mut got = Vec::new();
        let mut after = 0;
        loop {
            let page = told(&client, ticket, after, page_sizes.of(1..400) as i32, wanted).await;
            let Some((last, ..)) = page.last() else { break };
            after = *last;
            got.extend(page);
        }
        let expected: Vec<_> = model
            .iter()
            .enumerate()
            .filter(|(_, state)| wanted.is_none_or(|wanted| wanted == **state))
            .map(|(place, state)| (place as i32 + 1, format!("k{place}"), (*state).to_owned()))
            .collect();
        let got: Vec<_> = got
            .into_iter()
            .map(|(number, key, state)| (number, key, state.split(' ').next().unwrap().to_owned()))
            .collect();
        assert_eq!(got, expected, "{wanted:?}");
    }
}

#[tokio::test]
async fn nothing_is_queued_if_a_row_cannot_be_unless_it_is_set_aside() {
    let database = Database::new().await;
    let client = database.client().await;
    let id = make_client(&client, "shop").await;
    client
        .batch_execute("update points.client set rules = '{ORDER,SIGN_IN}', wallets = '{points}' where name = 'shop'")
        .await
        .unwrap();
    client.batch_execute("insert into points.wallet (code, name) values ('coins', 'Coins')").await.unwrap();
    let faulty = [
        (json!({ "points": 0, "kind": "spend", "rule": null }), "LP001", "points"),
        (json!({ "user_id": "" }), "LP001", "user_id"),
        (json!({ "kind": "hold", "rule": null, "points": 5 }), "LP001", "kind"),
        (json!({ "kind": null }), "LP001", "kind"),
        (json!({ "wallet": "gold" }), "LP001", "wallet"),
        (json!({ "wallet": "coins" }), "LP003", ""),
        (json!({ "rule": "REGISTER" }), "LP003", ""),
        (json!({ "fault": "is not JSON" }), "LP001", "row"),
    ];
    let mut all = vec![row(0)];
    for (changes, code, path) in &faulty {
        let mut bad = row(1);
        changes.as_object().unwrap().iter().for_each(|(name, value)| bad[name] = value.clone());
        all.push(bad.clone());
        let error = submit(&client, id, "a", &json!([row(0), bad])).await.unwrap_err();
        let db = error.as_db_error().unwrap();
        assert_eq!(db.code().code(), *code, "{changes}");
        let detail: Value = serde_json::from_str(db.detail().unwrap()).unwrap();
        assert_eq!((&detail["row"], detail["path"].as_str().unwrap_or_default()), (&json!(2), *path), "{changes}");
    }
    for table in ["batch", "batch_piece", "batch_result"] {
        assert_eq!(number(&client, &format!("select count(*) from points.{table}")).await, 0, "{table}");
    }
    let submit = "select ticket, replayed, set_aside from api.submit_operations($1, 'a', 'L', sha256(''), $2, true)";
    let mut ticket = Uuid::nil();
    for replayed in [false, true] {
        let row = client.query_one(submit, &[&id, &json!(all)]).await.unwrap();
        ticket = row.get(0);
        assert_eq!((row.get(1), row.get::<_, Vec<i32>>(2)), (replayed, (2..=9).collect()));
    }
    assert_eq!(state(&client, ticket).await, ("queued".to_owned(), 1, 0, 0, 8));
    let told = told(&client, ticket, 0, 100, None).await;
    assert_eq!(told[0].2, "waiting");
    assert_eq!(told[6], (7, "k1".to_owned(), "failed FORBIDDEN".to_owned()));
    assert_eq!(told[8], (9, "k1".to_owned(), "failed INVALID_INPUT".to_owned()));
    // if all are, it is done
    let submit = "select ticket from api.submit_operations($1, 'b', 'L', sha256(''), $2, true)";
    let ticket = client.query_one(submit, &[&id, &json!(all[1..])]).await.unwrap().get(0);
    assert_eq!(state(&client, ticket).await, ("done".to_owned(), 0, 0, 0, 8));
}

#[tokio::test]
async fn a_key_names_one_batch_of_a_client() {
    let database = Database::new().await;
    let client = database.client().await;
    let shop = make_client(&client, "shop").await;
    let ticket = submit(&client, 1, "a", &rows(3)).await.unwrap();
    assert_eq!(submit(&client, 1, "a", &rows(3)).await.unwrap(), ticket);
    assert_eq!(sqlstate(submit(&client, 1, "a", &rows(4)).await), "LP004");
    assert_ne!(submit(&client, shop, "a", &rows(4)).await.unwrap(), ticket);
    assert_ne!(submit(&client, 1, "b", &rows(3)).await.unwrap(), ticket);
    for key in ["", &"x".repeat(129)] {
        assert_eq!(sqlstate(submit(&client, 1, key, &rows(3)).await), "LP001");
    }
    for count in [0, 5001] {
        assert_eq!(sqlstate(submit(&client, 1, "c", &rows(count)).await), "LP001", "{count}");
    }
    // members, who have no scopes, and a client that is revoked
    client.batch_execute("select api.revoke_client('shop')").await.unwrap();
    for id in [2, shop, 999] {
        assert_eq!(sqlstate(submit(&client, id, "d", &rows(1)).await), "LP003", "{id}");
    }
}

#[tokio::test]
async fn two_that_submit_under_one_key_at_once_get_one_batch() {
    let database = Database::new().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let client = database.client().await;
        tasks.spawn(async move { submit(&client, 1, "a", &rows(700)).await.unwrap() });
    }
    let tickets = tasks.join_all().await;
    assert!(tickets.iter().all(|ticket| *ticket == tickets[0]), "{tickets:?}");
    let client = database.client().await;
    assert_eq!(number(&client, "select count(*) from points.batch").await, 1);
    assert_eq!(number(&client, "select count(*) from points.batch_piece").await, 2);
    assert_eq!(number(&client, "select waiting from points.batch_turn").await, 700);
}

#[tokio::test]
async fn more_than_may_wait_is_refused_before_it_is_stored() {
    let database = Database::new().await;
    let client = database.client().await;
    let shop = make_client(&client, "shop").await;
    client.batch_execute("select api.set_batches(1500, 1000, 7)").await.unwrap();
    submit(&client, 1, "a", &rows(600)).await.unwrap();
    let error = submit(&client, 1, "b", &rows(401)).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "LP929");
    assert_eq!(sqlstate(submit(&client, shop, "b", &rows(901)).await), "LP929");
    submit(&client, 1, "b", &rows(400)).await.unwrap();
    submit(&client, shop, "b", &rows(500)).await.unwrap();
    assert_eq!(sqlstate(submit(&client, shop, "c", &rows(1)).await), "LP929");
    // a repeat needs no room
    submit(&client, 1, "a", &rows(600)).await.unwrap();
    at_noon(&client).await;
    let taken = take(&client, instant(NOON)).await.unwrap();
    assert!(answer(&client, &taken, instant(NOON), done).await);
    submit(&client, shop, "c", &rows(1)).await.unwrap();
    for (all, own, days) in [(0, 1, 7), (10, 11, 7), (10, 0, 7), (10, 10, 0), (10, 10, 91), (1_000_000_001, 1, 7)] {
        assert_eq!(
            sqlstate(client.batch_execute(&format!("select api.set_batches({all}, {own}, {days})")).await),
            "LP001"
        );
    }
}

#[tokio::test]
async fn clients_that_submit_at_once_do_not_get_past_their_limit_together() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("select api.set_batches(10000, 1000, 7)").await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for key in 0..8 {
        let client = database.client().await;
        tasks.spawn(async move { submit(&client, 1, &key.to_string(), &rows(300)).await.is_ok() });
    }
    let taken = tasks.join_all().await.into_iter().filter(|taken| *taken).count();
    assert_eq!(taken, 3);
    assert_eq!(number(&client, "select waiting from points.batch_turn").await, 900);
}

#[tokio::test]
async fn an_upload_waits_for_its_end_and_is_deleted_if_that_never_comes() {
    let database = Database::new().await;
    let client = database.client().await;
    let open = "select ticket, known from api.open_batch(1, 'a', 'L')";
    let row = client.query_one(open, &[]).await.unwrap();
    let (ticket, known): (Uuid, bool) = (row.get(0), row.get(1));
    assert!(!known);
    let append = "select api.append_rows(1, $1, $2)";
    client.execute(append, &[&ticket, &rows(500)]).await.unwrap();
    client.execute(append, &[&ticket, &rows(120)]).await.unwrap();
    // the last piece was not whole
    assert_eq!(sqlstate(client.execute(append, &[&ticket, &rows(1)]).await), "LP001");
    assert_eq!(take(&client, Utc::now() + TimeDelta::days(1)).await, None);
    assert_eq!(number(&client, "select count(*) from api.batch").await, 0);
    let close = "select replayed, ticket from api.close_batch(1, $1, 'a', 'L', sha256('x'))";
    let row = client.query_one(close, &[&ticket]).await.unwrap();
    assert_eq!((row.get::<_, bool>(0), row.get::<_, Uuid>(1)), (false, ticket));
    assert_eq!(state(&client, ticket).await, ("queued".to_owned(), 620, 0, 0, 0));
    assert_eq!(sqlstate(client.execute(append, &[&ticket, &rows(1)]).await), "LP001");
    // the answer was lost
    assert!(client.query_one(close, &[&ticket]).await.unwrap().get::<_, bool>(0));
    assert!(client.query_one(open, &[]).await.unwrap().get::<_, bool>(1));
    let other = "select from api.close_batch(1, $1, 'a', 'L', sha256('y'))";
    assert_eq!(sqlstate(client.execute(other, &[&ticket]).await), "LP004");

    let abandoned: Uuid =
        client.query_one("select ticket from api.open_batch(1, 'b', null)", &[]).await.unwrap().get(0);
    client.execute(append, &[&abandoned, &rows(500)]).await.unwrap();
    let given_up: Uuid = client.query_one("select ticket from api.open_batch(1, 'c', null)", &[]).await.unwrap().get(0);
    client.execute(append, &[&given_up, &rows(7)]).await.unwrap();
    assert_eq!(number(&client, "select waiting from points.batch_turn").await, 1127);
    // another's
    client.execute("select api.drop_batch(0, $1)", &[&given_up]).await.unwrap();
    assert_eq!(number(&client, "select waiting from points.batch_turn").await, 1127);
    client.execute("select api.drop_batch(1, $1)", &[&given_up]).await.unwrap();
    client.execute("select api.drop_batch(1, $1)", &[&ticket]).await.unwrap();
    assert_eq!(number(&client, "select waiting from points.batch_turn").await, 1120);
    let forget = "select done from points.forget_batches_step(1000, now() + interval '61 minutes')";
    assert_eq!(client.query_one(forget, &[]).await.unwrap().get::<_, i32>(0), 1);
    assert_eq!(number(&client, "select waiting from points.batch_turn").await, 620);
    assert_eq!(number(&client, "select count(*) from points.batch").await, 1);
}

#[tokio::test]
async fn a_client_has_eight_uploads_at_a_time_and_those_that_are_abandoned_go_at_once() {
    let database = Database::new().await;
    let client = database.client().await;
    let mut tasks = tokio::task::JoinSet::new();
    for key in 0..12 {
        let client = database.client().await;
        let open = format!("select api.open_batch(1, '{key}', null)");
        tasks.spawn(async move { client.batch_execute(&open).await });
    }
    let refused: Vec<_> = tasks.join_all().await.into_iter().filter(Result::is_err).map(sqlstate).collect();
    assert_eq!(refused, ["LP929"; 4]);
    let sql = "select done, due_since is not null from points.forget_batches_step(1000, now() + interval '61 minutes')";
    for expected in [(5, true), (3, false), (0, false)] {
        let row = client.query_one(sql, &[]).await.unwrap();
        assert_eq!((row.get::<_, i32>(0), row.get::<_, bool>(1)), expected);
    }
    client.batch_execute("select api.open_batch(1, '12', null)").await.unwrap();
}

/// Whoever is in the middle of a claim has one client's turn, not those of others.
#[tokio::test]
async fn two_that_claim_at_once_get_pieces_of_two_clients() {
    let database = Database::new().await;
    let (client, other) = (database.client().await, database.client().await);
    let mut clients = Vec::new();
    for name in ["one", "two", "three"] {
        let id = make_client(&client, name).await;
        submit(&client, id, "a", &rows(3)).await.unwrap();
        clients.push(id);
    }
    at_noon(&client).await;
    let now = instant(NOON);
    client.batch_execute("begin").await.unwrap();
    let first = take(&client, now).await.unwrap();
    let second = take(&other, now).await.unwrap();
    client.batch_execute("commit").await.unwrap();
    let third = take(&client, now).await.unwrap();
    assert_eq!([first.client_id, second.client_id, third.client_id], *clients);
}

#[tokio::test]
async fn a_batch_whose_pieces_are_gone_is_set_aside_and_others_go_on() {
    let database = Database::new().await;
    let client = database.client().await;
    let broken = submit(&client, 1, "a", &rows(600)).await.unwrap();
    let whole = submit(&client, 1, "b", &rows(2)).await.unwrap();
    at_noon(&client).await;
    let now = instant(NOON);
    client.batch_execute("update points.batch set due_at = due_at + interval '1 s' where size = 2").await.unwrap();
    let taken = take(&client, now).await.unwrap();
    assert!(answer(&client, &taken, now, done).await);
    client.execute("delete from points.batch_piece where ticket = $1", &[&broken]).await.unwrap();
    let taken = take(&client, now + SECOND).await.unwrap();
    assert_eq!(taken.ticket, whole);
    assert_eq!(state(&client, broken).await, ("done".to_owned(), 0, 500, 0, 100));
    let failed = told(&client, broken, 0, 1000, Some("failed")).await;
    assert_eq!((failed.len(), failed[0].0, failed[0].2.as_str()), (100, 501, "failed OUTCOME_UNKNOWN"));
    assert_eq!(number(&client, "select waiting from points.batch_turn").await, 2);
}

#[tokio::test]
async fn batches_are_forgotten_some_days_after_they_are_done() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("select api.set_batches(100000, 100000, 2)").await.unwrap();
    for key in ["a", "b"] {
        submit(&client, 1, key, &rows(1500)).await.unwrap();
    }
    at_noon(&client).await;
    let mut now = instant(NOON);
    // all of the one, and all but the end of the other
    for _ in 0..5 {
        let taken = take(&client, now).await.unwrap();
        assert!(answer(&client, &taken, now, done).await);
    }
    let mut step = async |limit: i32| {
        now += TimeDelta::days(1);
        let sql = "select done, due_since from points.forget_batches_step($1, $2)";
        let row = client.query_one(sql, &[&limit, &now]).await.unwrap();
        (row.get::<_, i32>(0), row.get::<_, Option<DateTime<Utc>>>(1).is_some())
    };
    assert_eq!(step(2).await, (0, false));
    assert_eq!(step(2).await, (2, true));
    assert_eq!(step(2).await, (2, false));
    assert_eq!(step(2).await, (0, false));
    assert_eq!(number(&client, "select count(*) from points.batch").await, 1);
    assert_eq!(number(&client, "select count(*) from points.batch_result").await, 2);
}

/// The queue while rows go through it: what it weighs, and what a claim reads. `thousands` of rows, at most 50,000 at a time.
async fn pass(thousands: usize) -> Vec<(i64, i64)> {
    let database = Database::new().await;
    let client = database.client().await;
    let mut measured = Vec::new();
    let all = rows(5000);
    for round in 0..thousands / 50 {
        for part in 0..10 {
            submit(&client, 1, &format!("{round}-{part}"), &all).await.unwrap();
        }
        let mut now = Utc::now() + TimeDelta::days(1);
        while let Some(taken) = take(&client, now).await {
            now += SECOND;
            assert!(answer(&client, &taken, now, done).await);
        }
        client.batch_execute("select points.forget_batches_step(100000, now() + interval '30 days')").await.unwrap();
        // as autovacuum does, which comes when it likes
        for table in ["batch", "batch_turn", "batch_piece", "batch_result"] {
            client.batch_execute(&format!("vacuum points.{table}")).await.unwrap();
        }
        submit(&client, 1, &format!("probe {round}"), &json!([row(0)])).await.unwrap();
        let plan =
            "explain (analyze, buffers, format json) select * from points.claim_piece(now() + interval '2 days')";
        let plan: Value = client.query_one(plan, &[]).await.unwrap().get(0);
        let plan = &plan[0]["Plan"];
        let read = ["Shared Hit Blocks", "Shared Read Blocks"].map(|name| plan[name].as_i64().unwrap());
        let size = "select (pg_total_relation_size('points.batch_piece') + pg_total_relation_size('points.batch_turn')
            + pg_total_relation_size('points.batch_result'))::bigint";
        measured.push((number(&client, size).await, read[0] + read[1]));
        // of the probe
        let taken = take(&client, now + TimeDelta::days(9)).await.unwrap();
        assert!(answer(&client, &taken, now, done).await);
    }
    measured
}

fn levels_off(measured: &[(i64, i64)]) {
    let (early, late) = (measured[1], measured[measured.len() - 1]);
    assert!(late.0 <= early.0 * 3 / 2, "the queue grows: {measured:?}");
    assert!(late.1 <= early.1 * 3 + 100, "claims grow: {measured:?}");
}

#[tokio::test]
async fn the_queue_weighs_the_same_however_much_has_gone_through_it() {
    levels_off(&pass(100).await);
}

#[tokio::test]
#[ignore = "minutes: 10,000,000 rows"]
async fn the_queue_weighs_the_same_after_ten_million_rows() {
    let measured = pass(10_000).await;
    println!("{:?} ... {:?}", &measured[..3], &measured[measured.len() - 3..]);
    levels_off(&measured);
}
