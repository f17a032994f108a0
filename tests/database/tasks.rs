//! Tasks: steps in a period, paid once.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{Datelike, Duration, NaiveDate};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio_postgres::Client;

use super::{assert_laws, number, one};
use crate::common::{Database, Kind, MANY, Outcome, Random, Request, execute, instant, seeds};

async fn create(client: &Client, code: &str, period: &str, steps: i32, more: &str) {
    client
        .batch_execute(&format!(
            "select api.create_task('{code}', '{code}', 'TASK', '{period}', 'create {code}', p_points => 30, p_steps => {steps}{more})"
        ))
        .await
        .unwrap();
}

fn refusal(outcome: &Outcome) -> &str {
    outcome.refusal.as_deref().unwrap_or("done")
}

#[tokio::test]
async fn a_task_is_worked_on_and_paid_once_a_period() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "POSTS", "day", 3, "").await;
    let at = |time: &str| Some(instant(&format!("2030-03-01T{time}Z")));
    let early = one(&client, Request::claim("zoe", "POSTS", "claim"), at("08:00:00")).await;
    assert_eq!(refusal(&early), "TASK_NOT_DONE");
    assert_eq!(early.detail, Some(json!({ "task": "POSTS", "done": 0, "needed": 3 })));
    let half = one(&client, Request::progress("zoe", "POSTS", 2, "1"), at("09:00:00")).await;
    let facts = |done: i64, claimed: bool| {
        Some(json!({ "task": "POSTS", "starts_on": "2030-03-01", "done": done, "needed": 3, "claimed": claimed }))
    };
    assert_eq!((half.refusal, half.points, half.entry, half.detail), (None, Some(0), None, facts(2, false)));
    assert!(one(&client, Request::progress("zoe", "POSTS", 2, "1"), at("09:00:00")).await.replayed);
    let early = one(&client, Request::claim("zoe", "POSTS", "claim"), at("09:30:00")).await;
    assert_eq!(early.detail, Some(json!({ "task": "POSTS", "done": 2, "needed": 3 })), "the replay added nothing");
    let whole = one(&client, Request::progress("zoe", "POSTS", 5, "2"), at("10:00:00")).await;
    assert_eq!(whole.detail, facts(3, false));
    // the key that was refused is free
    let paid = one(&client, Request::claim("zoe", "POSTS", "claim"), at("11:00:00")).await;
    let mut claimed = facts(3, true).unwrap();
    claimed["task_points"] = json!(30);
    assert_eq!((paid.points, paid.rule_version, &paid.detail), (Some(30), Some(1), &Some(claimed)));
    assert_eq!(paid.entry.as_ref().unwrap().available_delta, 30);
    let second = one(&client, Request::claim("zoe", "POSTS", "again"), at("12:00:00")).await;
    assert_eq!(refusal(&second), "ALREADY_CLAIMED");
    let replay = one(&client, Request::claim("zoe", "POSTS", "claim"), Some(instant("2030-05-01T00:00:00Z"))).await;
    assert!(replay.replayed);
    let more = one(&client, Request::progress("zoe", "POSTS", 1, "3"), at("13:00:00")).await;
    assert_eq!(more.detail, facts(3, true), "steps after the payment count for nothing");
    // the next day begins at midnight, with nothing done
    let next = Some(instant("2030-03-02T00:00:00Z"));
    assert_eq!(refusal(&one(&client, Request::claim("zoe", "POSTS", "next"), next).await), "TASK_NOT_DONE");
    one(&client, Request::progress("zoe", "POSTS", 3, "4"), next).await;
    assert_eq!(one(&client, Request::claim("zoe", "POSTS", "next"), next).await.points, Some(30));
    assert_laws(&client).await;
}

#[tokio::test]
async fn periods_are_of_the_programs_calendar() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("update points.program set time_zone = 'Asia/Shanghai'").await.unwrap();
    // the last instant of a period, and the first of the next one; 1 March 2030 is a Friday
    for (period, last, next) in [
        ("day", "2030-03-01T15:59:59Z", Some("2030-03-01T16:00:00Z")),
        ("week", "2030-03-03T15:59:59Z", Some("2030-03-03T16:00:00Z")),
        ("month", "2030-03-31T15:59:59Z", Some("2030-03-31T16:00:00Z")),
        ("year", "2030-12-31T15:59:59Z", Some("2030-12-31T16:00:00Z")),
        ("ever", "2099-12-31T15:59:59Z", None),
    ] {
        let task = period.to_uppercase();
        create(&client, &task, period, 1, "").await;
        let begin = Some(instant("2030-03-01T00:00:00Z"));
        one(&client, Request::progress("zoe", &task, 1, &format!("{period} 1")), begin).await;
        let paid = one(&client, Request::claim("zoe", &task, &format!("{period} 2")), Some(instant(last))).await;
        assert_eq!(paid.points, Some(30), "{period}");
        let again = one(&client, Request::claim("zoe", &task, &format!("{period} 3")), Some(instant(last))).await;
        assert_eq!(refusal(&again), "ALREADY_CLAIMED", "{period}");
        if let Some(next) = next {
            let lapsed = one(&client, Request::claim("zoe", &task, &format!("{period} 4")), Some(instant(next))).await;
            assert_eq!(refusal(&lapsed), "TASK_NOT_DONE", "{period}");
        }
    }
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_task_that_is_not_open_is_refused_and_the_key_stays_free() {
    let database = Database::new().await;
    let client = database.client().await;
    create(
        &client,
        "EASTER",
        "ever",
        1,
        ", p_open_from => '2030-04-01 00:00+00', p_open_until => '2030-05-01 00:00+00'",
    )
    .await;
    let progress = Request::progress("zoe", "EASTER", 1, "1");
    let refused = one(&client, progress.clone(), Some(instant("2030-03-31T23:59:59Z"))).await;
    assert_eq!(refusal(&refused), "TASK_CLOSED");
    assert_eq!(refused.detail.unwrap()["status"], "active");
    let open = Some(instant("2030-04-01T00:00:00Z"));
    assert_eq!(refusal(&one(&client, progress.clone(), open).await), "done");
    let change = async |status: &str, key: &str| {
        let sql = format!("select api.change_task('EASTER', 'Easter', 'TASK', '{status}', '{key}', 30)");
        client.batch_execute(&sql).await
    };
    change("paused", "p").await.unwrap();
    let claim = Request::claim("zoe", "EASTER", "2");
    assert_eq!(refusal(&one(&client, claim.clone(), open).await), "TASK_CLOSED");
    assert!(one(&client, progress, open).await.replayed, "what was done is told still");
    change("active", "a").await.unwrap();
    assert_eq!(one(&client, claim.clone(), open).await.points, Some(30));
    change("retired", "r").await.unwrap();
    assert!(one(&client, claim, open).await.replayed);
    assert_eq!(super::sqlstate(change("active", "a2").await), "LP001");
    let unknown = one(&client, Request::claim("zoe", "NONE", "3"), None).await;
    assert_eq!((refusal(&unknown), unknown.detail.clone()), ("UNKNOWN_TASK", Some(json!({ "task": "NONE" }))));
}

#[tokio::test]
async fn steps_count_towards_the_number_that_holds_now() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "POSTS", "ever", 5, "").await;
    let change = async |steps: i32| {
        let sql = format!("select api.change_task('POSTS', 'Posts', 'TASK', 'active', 'steps {steps}', 40, {steps})");
        client.batch_execute(&sql).await.unwrap();
    };
    one(&client, Request::progress("zoe", "POSTS", 4, "1"), None).await;
    change(7).await;
    let more = one(&client, Request::progress("zoe", "POSTS", 1, "2"), None).await.detail.unwrap();
    assert_eq!((&more["done"], &more["needed"]), (&json!(5), &json!(7)));
    assert_eq!(refusal(&one(&client, Request::claim("zoe", "POSTS", "3"), None).await), "TASK_NOT_DONE");
    change(3).await;
    let paid = one(&client, Request::claim("zoe", "POSTS", "3"), None).await;
    assert_eq!((paid.points, &paid.detail.unwrap()["done"]), (Some(40), &json!(3)));
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_reversed_claim_stays_claimed_and_a_frozen_one_does_not_count() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "POSTS", "ever", 1, "").await;
    client.batch_execute("update points.program set frozen_earns = false").await.unwrap();
    one(&client, Request::progress("zoe", "POSTS", 1, "1"), None).await;
    one(&client, Request::freeze(Kind::Freeze, "zoe", "freeze"), None).await;
    assert_eq!(refusal(&one(&client, Request::progress("zoe", "POSTS", 1, "2"), None).await), "ACCOUNT_FROZEN");
    assert_eq!(refusal(&one(&client, Request::claim("zoe", "POSTS", "3"), None).await), "ACCOUNT_FROZEN");
    one(&client, Request::freeze(Kind::Unfreeze, "zoe", "unfreeze"), None).await;
    assert_eq!(one(&client, Request::claim("zoe", "POSTS", "4"), None).await.points, Some(30));
    let undone = one(&client, Request::undo(Kind::Reverse, "zoe", "4", "undo"), None).await;
    assert_eq!(
        (undone.points, number(&client, "select available from api.account where user_id = 'zoe'").await),
        (Some(-30), 0)
    );
    assert_eq!(refusal(&one(&client, Request::claim("zoe", "POSTS", "5"), None).await), "ALREADY_CLAIMED");
    let nothing = one(&client, Request::undo(Kind::Reverse, "zoe", "1", "undo 1"), None).await;
    assert_eq!(refusal(&nothing), "NOT_REVERSIBLE");
    assert_laws(&client).await;
}

#[tokio::test]
async fn inputs_at_fault_are_named() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("insert into points.wallet values ('coins', 'Coins')").await.unwrap();
    create(&client, "POSTS", "ever", 1, "").await;
    let refused = async |request: Request, path: &str| {
        let outcome = one(&client, request, None).await;
        assert_eq!(refusal(&outcome), "INVALID_INPUT");
        assert_eq!(outcome.detail.unwrap()["path"], json!(path));
    };
    for steps in [0, -1, 1_000_001] {
        refused(Request::progress("zoe", "POSTS", steps, "1"), "points").await;
    }
    refused(Request { points: None, ..Request::progress("zoe", "POSTS", 1, "1") }, "points").await;
    refused(Request::claim("zoe", "POSTS", "1").points(5), "points").await;
    refused(Request { subject: None, ..Request::claim("zoe", "POSTS", "1") }, "subject").await;
    refused(Request::claim("zoe", "POSTS", "1").order_key("o"), "kind").await;
    refused(Request { wallet: Some("coins".into()), ..Request::claim("zoe", "POSTS", "1") }, "wallet").await;
    for (arguments, path) in [
        ("'x', 'X', 'TASK', 'day', 'k', 5", "code"),
        ("'X', '', 'TASK', 'day', 'k', 5", "name"),
        ("'X', 'X', 'NONE', 'day', 'k', 5", "rule"),
        ("'X', 'X', 'ORDER', 'day', 'k'", "rule"),
        ("'X', 'X', 'SIGN_IN', 'day', 'k', 5", "points"),
        ("'X', 'X', 'TASK', 'day', 'k', 0", "points"),
        ("'X', 'X', 'TASK', null, 'k', 5", "period"),
        ("'X', 'X', 'TASK', 'day', 'k', 5, 0", "steps"),
        ("'X', 'X', 'TASK', 'day', 'k', 5, 1, '2030-01-02', '2030-01-01'", "open_until"),
        ("'X', 'X', 'TASK', 'day', 'k', 5, p_wallet => 'none'", "wallet"),
        ("'X', 'X', 'TASK', 'day', '', 5", "idempotency_key"),
        ("'POSTS', 'X', 'TASK', 'day', 'k', 5", "code"),
    ] {
        let error = client.batch_execute(&format!("select api.create_task({arguments})")).await.unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(error.code().code(), "LP001", "{arguments}");
        let detail: Value = serde_json::from_str(error.detail().unwrap()).unwrap();
        assert_eq!(detail["path"], path, "{arguments}");
    }
    let create = "select replayed from api.create_task('NEW', 'New', 'TASK', 'day', 'new', 5)";
    for replayed in [false, true] {
        assert_eq!(client.query_one(create, &[]).await.unwrap().get::<_, bool>(0), replayed);
    }
    let other = client.batch_execute("select api.create_task('NEW', 'New', 'TASK', 'day', 'new', 6)").await;
    assert_eq!(super::sqlstate(other), "LP004");
    let unknown = client.batch_execute("select api.change_task('NONE', 'X', 'TASK', 'active', 'c', 6)").await;
    assert_eq!(super::sqlstate(unknown), "LP031");
}

#[tokio::test]
async fn of_many_claims_at_once_one_is_paid_and_no_step_is_lost() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "POSTS", "day", 40, "").await;
    let now = Some(instant("2030-03-01T12:00:00Z"));
    let barrier = Arc::new(Barrier::new(8));
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let (url, barrier) = (database.url(), barrier.clone());
            tokio::spawn(async move {
                let client = jifen::database::connect(&jifen::database::parse_url(&url).unwrap()).await.unwrap();
                for round in 0..5 {
                    one(&client, Request::progress("zoe", "POSTS", 1, &format!("{number} {round}")), now).await;
                }
                barrier.wait().await;
                refusal(&one(&client, Request::claim("zoe", "POSTS", &format!("claim {number}")), now).await).to_owned()
            })
        })
        .collect();
    let mut counts = BTreeMap::new();
    for task in tasks {
        *counts.entry(task.await.unwrap()).or_insert(0) += 1;
    }
    assert_eq!(counts, [("ALREADY_CLAIMED".to_owned(), 7), ("done".to_owned(), 1)].into());
    assert_eq!(number(&client, "select available from api.account where user_id = 'zoe'").await, 30);
    assert_laws(&client).await;
}

/// What a member has done of a task, as told by a list of what happened.
#[derive(Default)]
struct Told {
    steps: BTreeMap<(usize, NaiveDate), i64>,
    paid: BTreeMap<(usize, NaiveDate), ()>,
}

const TASKS: [(&str, &str, i64); 3] = [("DAILY", "day", 2), ("WEEKLY", "week", 5), ("MONTHLY", "month", 4)];

fn period(task: usize, day: NaiveDate) -> NaiveDate {
    match TASKS[task].1 {
        "day" => day,
        "week" => day - Duration::days(day.weekday().num_days_from_monday().into()),
        _ => day.with_day(1).unwrap(),
    }
}

impl Told {
    fn progress(&mut self, task: usize, steps: i64, day: NaiveDate) -> (String, i64) {
        let key = (task, period(task, day));
        if !self.paid.contains_key(&key) {
            *self.steps.entry(key).or_default() += steps;
        }
        ("done".into(), self.steps[&key].min(TASKS[task].2))
    }

    fn claim(&mut self, task: usize, day: NaiveDate) -> (String, i64) {
        let key = (task, period(task, day));
        let done = self.steps.get(&key).copied().unwrap_or_default().min(TASKS[task].2);
        if self.paid.contains_key(&key) {
            return ("ALREADY_CLAIMED".into(), 0);
        }
        if done < TASKS[task].2 {
            return ("TASK_NOT_DONE".into(), done);
        }
        self.paid.insert(key, ());
        ("done".into(), done)
    }
}

async fn live(seed: u64) {
    let (together, apart) = (Database::new().await, Database::new().await);
    let (together, apart) = (together.client().await, apart.client().await);
    for client in [&together, &apart] {
        for (code, period, steps) in TASKS {
            create(client, code, period, steps as i32, "").await;
        }
    }
    let mut random = Random::new(seed);
    let mut told: BTreeMap<&str, Told> = BTreeMap::new();
    let mut now = instant("2030-03-01T00:00:00Z");
    for step in 0..60 {
        now += Duration::hours(random.of(0..40));
        let (mut batch, mut expected) = (Vec::new(), Vec::new());
        for place in 0..random.of(1..8) {
            let (user, task, key) = (random.pick(&["ann", "ben"]), random.of(0..3) as usize, format!("{step} {place}"));
            let member = told.entry(user).or_default();
            if random.of(0..3) > 0 {
                let steps = random.of(1..4);
                expected.push(member.progress(task, steps, now.date_naive()));
                batch.push(Request::progress(user, TASKS[task].0, steps, &key));
            } else {
                expected.push(member.claim(task, now.date_naive()));
                batch.push(Request::claim(user, TASKS[task].0, &key));
            }
        }
        let outcomes = execute(&together, &batch, Some(now)).await;
        for (place, outcome) in outcomes.into_iter().enumerate() {
            let done = outcome.detail.as_ref().unwrap()["done"].as_i64().unwrap_or_default();
            assert_eq!((refusal(&outcome).to_owned(), done), expected[place], "step {step}, {:?}", batch[place]);
            let single = one(&apart, batch[place].clone(), Some(now)).await;
            assert_eq!(outcome.without_account(), single.without_account());
        }
    }
    for (user, member) in told {
        let paid = format!("select available from api.account where user_id = '{user}'");
        assert_eq!(number(&together, &paid).await, 30 * member.paid.len() as i64);
    }
    for client in [&together, &apart] {
        assert_laws(client).await;
    }
}

#[tokio::test]
async fn batches_and_single_calls_give_what_an_independent_model_says() {
    for seed in seeds(1) {
        live(seed).await;
    }
}

/// As many histories as JIFEN_HISTORIES says.
#[tokio::test]
#[ignore = "long"]
async fn batches_and_single_calls_give_what_an_independent_model_says_at_length() {
    for seed in seeds(MANY) {
        live(seed).await;
    }
}

/// A claim that is refused without taking its key may be asked for again in the same batch.
#[tokio::test]
async fn a_key_refused_and_used_again_in_one_batch_is_as_one_by_one() {
    let database = Database::new().await;
    let client = database.client().await;
    create(&client, "POSTS", "ever", 1, "").await;
    let batch = [
        Request::claim("zoe", "POSTS", "c"),
        Request::earn("zoe", "SIGN_IN", "e"),
        Request::progress("zoe", "POSTS", 1, "p"),
        Request::claim("zoe", "POSTS", "c"),
        Request::claim("zoe", "POSTS", "c"),
        Request::claim("zoe", "POSTS", "d"),
    ];
    let outcomes = execute(&client, &batch, None).await;
    let told: Vec<_> = outcomes.iter().map(|outcome| (refusal(outcome), outcome.points, outcome.replayed)).collect();
    assert_eq!(
        told,
        [
            ("TASK_NOT_DONE", None, false),
            ("done", Some(5), false),
            ("done", Some(0), false),
            ("done", Some(30), false),
            ("done", Some(30), true),
            ("ALREADY_CLAIMED", Some(0), false),
        ]
    );
    assert_laws(&client).await;
}
