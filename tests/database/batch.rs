//! A batch gives exactly what its operations would give one by one: outcomes and rows.

use std::{collections::BTreeSet, slice};

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use tokio_postgres::Client;

use super::{
    assert_laws, assert_laws_alone,
    history::{Call, history, requests, set_up},
};
use crate::common::{Database, Kind, MANY, Outcome, Renewed, Request, bucket, check_histories, execute, instant};

/// Every column of every table that operations write to; members stand in for the ids of accounts.
async fn rows(client: &Client, prefix: &str) -> Vec<String> {
    let mut rows = Vec::new();
    for table in [
        "account",
        "balance",
        "entry",
        "lot",
        "lot_use",
        "operation",
        "level_change",
        "hold",
        "reversal",
        "order_return",
        "limit_use",
        "campaign_use",
        "review",
    ] {
        let (key, row) = match table {
            "account" => ("id", "to_jsonb(t) - 'id'"),
            _ => ("account_id", "to_jsonb(t) - 'account_id'"),
        };
        let statement = format!(
            "select concat_ws(' ', '{table}', a.user_id, a.wallet, {row})
             from points.account a join points.{table} t on t.bucket = a.bucket and t.{key} = a.id
             where starts_with(a.user_id, $1)"
        );
        rows.extend(client.query(&statement, &[&prefix]).await.unwrap().iter().map(|row| row.get::<_, String>(0)));
    }
    rows.sort();
    rows
}

/// What binds now and then, between awards of one account as well as between accounts.
const GOVERNED: &str = "
    select api.create_limit('DAY', 'l', '{VISIT,GIVEN,FOREVER}', 'day', 'l1', p_max_points => 300, p_excess => 'cut');
    select api.create_limit('MONTH', 'l', '{BARE,IDLE,LATER}', 'month', 'l2', p_max_times => 2);
    select api.create_campaign('HALF', 'c', 'multiplier', '{VISIT,ACTIVE}', 'c1', p_multiplier => 1.5, p_priority => 1,
        p_member_cap => 2000, p_starts_at => '2020-01-01');
    select api.create_campaign('NINE', 'c', 'bonus', '{GIVEN,FOREVER,UP}', 'c2', p_bonus => 9, p_priority => 2, p_budget => 100,
        p_levels => '{NORMAL,VIP1}', p_starts_at => '2020-01-01');
    select api.set_risk_rule('LARGE', 'r', '{UP}', 'award_points', 'review', 'on', 'r1', 20000);
    select api.set_risk_rule('FAST', 'r', '{IDLE,ACTIVE}', 'window_awards', 'deny', 'on', 'r2', 2, 525600);
    select api.set_risk_rule('ONE', 'r', '{LATER,BARE}', 'source_share', 'review', 'on', 'r3', 60, 525600, 2);
    update points.level set multiplier = 2 where code = 'VIP1';
    update points.wallet set multiplied_rules = '{HALF,UP,GIVEN}' where code = 'points';
    select points.note_governed();";
/// Each history has the whole budget.
const BUDGETS: &str = "update points.stock_slice set remaining = 0 where prize = -1; update points.stock set remaining = 100 where prize = -1";
/// What operations must say of themselves.
const BOUND: &[&str] = &["campaigns", "cut", "risk"];

/// What limits, campaigns and risk rules have done, and what is left of the budget.
async fn bound(client: &Client, prefix: &str) -> Vec<String> {
    let statement = "
        select distinct key from points.account a
        join points.operation o on o.bucket = a.bucket and o.account_id = a.id
        cross join lateral (
            select jsonb_object_keys(o.detail) as key where jsonb_typeof(o.detail) = 'object' union all select o.refusal where o.refusal is not null
        ) k
        where starts_with(a.user_id, $1)
        union all
        select 'left ' || points.stock_left('NINE', -1::smallint)
        order by 1";
    client.query(statement, &[&prefix]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn carry_out(
    client: &Client,
    calls: &[(DateTime<Utc>, Vec<Request>)],
    one_by_one: bool,
) -> Vec<(Request, Outcome)> {
    let mut outcomes = Vec::new();
    for (now, requests) in calls {
        let size = if one_by_one { 1 } else { requests.len() };
        for batch in requests.chunks(size) {
            let answers = execute(client, batch, Some(*now)).await;
            outcomes.extend(batch.iter().cloned().zip(answers.into_iter().map(Outcome::without_account)));
        }
    }
    outcomes
}

fn compare(cases: u32, histories: impl Strategy<Value = Vec<Call>>, program: &str, one_instant: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    let make = async || {
        let database = Database::new().await;
        let client = database.client().await;
        set_up(&client).await;
        client.batch_execute(program).await.unwrap();
        (database, client)
    };
    let worlds = Renewed::new(
        || runtime.block_on(async { [make().await, make().await] }),
        |[(_, batches), (_, singles)]| {
            runtime.block_on(async {
                for client in [batches, singles] {
                    // Budgets are filled by hand for each history.
                    if program == GOVERNED { assert_laws_alone(client).await } else { assert_laws(client).await }
                }
            });
        },
    );
    let governed = program == GOVERNED;
    check_histories(cases, &histories, if governed { BOUND } else { &[] }, |case, history| {
        let prefix = format!("case{case}");
        let mut calls = requests(&history, &prefix);
        if governed && calls.len() % 2 == 1 {
            // Beside anything else, awards of one account never share a round.
            for (_, requests) in &mut calls {
                requests.retain(|request| matches!(request.kind, Some(Kind::Earn | Kind::Spend | Kind::Adjust)));
            }
            calls.retain(|(_, requests)| !requests.is_empty());
        }
        if one_instant {
            let last = calls.last().unwrap().0;
            calls = vec![(last, calls.into_iter().flat_map(|(_, requests)| requests).collect())];
        }
        let compare = async |batches: &Client, singles: &Client| {
            if governed {
                batches.batch_execute(BUDGETS).await.unwrap();
                singles.batch_execute(BUDGETS).await.unwrap();
            }
            let (batched, single) = tokio::join!(carry_out(batches, &calls, false), carry_out(singles, &calls, true));
            for (batched, single) in batched.iter().zip(&single) {
                prop_assert_eq!(batched, single);
            }
            prop_assert_eq!(rows(batches, &prefix).await, rows(singles, &prefix).await);
            if !governed {
                return Ok(Vec::new());
            }
            let seen = bound(batches, &prefix).await;
            prop_assert_eq!(&seen, &bound(singles, &prefix).await);
            Ok(seen)
        };
        worlds.with(|[(_, batches), (_, singles)]| runtime.block_on(compare(batches, singles)))
    });
    worlds.end();
}

#[test]
fn small_batches_equal_one_by_one() {
    compare(8, history(3..=6, 15), "", false);
}

#[test]
fn small_governed_batches_equal_one_by_one() {
    compare(8, history(3..=6, 15), GOVERNED, false);
}

#[test]
fn batches_of_hundreds_equal_one_by_one() {
    compare(1, history(2..=2, 250), "", false);
}

#[test]
fn one_batch_at_one_instant_equals_one_by_one() {
    compare(1, history(40..=40, 24), "", true);
}

/// Copies of what is stored, done or refused, of what is not, of what is stored at last, and others under the same keys.
#[tokio::test]
async fn copies_in_a_batch_equal_one_by_one() {
    let copies = (0..45).flat_map(|copy| {
        let key = format!("d{}", copy % 11);
        let mut requests = vec![
            Request::earn("x", "TASK", "done").points(if copy % 7 == 6 { 6 } else { 5 }),
            Request::spend("x", 1000, "too much"),
            Request::claim("x", "REVIEWS", "claim"),
            Request::earn("x", "NONE", "never"),
            Request::earn("x", "TASK", &key).points(if copy % 5 == 4 { -1 } else { 1 }),
        ];
        requests.rotate_left(copy % 5);
        if copy == 33 {
            requests.push(Request::progress("x", "REVIEWS", 3, "steps"));
        }
        requests
    });
    let calls = [(instant("2030-03-06T12:00:00Z"), copies.collect::<Vec<_>>())];
    let [batches, singles] = [Database::new().await, Database::new().await];
    let [batches, singles] = [batches.client().await, singles.client().await];
    let batched = carry_out(&batches, &calls, false).await;
    for (batched, single) in batched.iter().zip(&carry_out(&singles, &calls, true).await) {
        assert_eq!(batched, single);
    }
    assert_eq!(rows(&batches, "x").await, rows(&singles, "x").await);
    let seen: BTreeSet<_> = batched.iter().map(|(_, outcome)| (outcome.refusal.as_deref(), outcome.replayed)).collect();
    assert_eq!(
        seen,
        [
            (None, false),
            (None, true),
            (Some("IDEMPOTENCY_CONFLICT"), false),
            (Some("INSUFFICIENT_POINTS"), false),
            (Some("INSUFFICIENT_POINTS"), true),
            (Some("INVALID_INPUT"), false),
            (Some("TASK_NOT_DONE"), false),
            (Some("UNKNOWN_RULE"), false),
        ]
        .into()
    );
    assert_laws(&batches).await;
}

/// A call has a fixed cost, and a client that asks again and again must not have it multiplied.
#[tokio::test]
async fn copies_of_a_key_are_answered_in_few_parts() {
    let database = Database::new().await;
    let client = database.client().await;
    let earn = |rule: &str, key: usize| Request::earn("x", rule, &format!("k{key}")).points(5);
    let cuts = async |requests: &[Request]| {
        let sql = "select points.repeated_keys($2, points.receive($1, $2, now()))";
        let row = client.query_one(sql, &[&requests[0].bucket(), &requests]).await.unwrap();
        row.get::<_, Vec<i32>>(0)
    };
    let copies = vec![earn("TASK", 0); 1001];
    assert_eq!(cuts(&copies).await, [2, 4, 8, 16, 32, 64, 128, 256, 512]);
    let twice: Vec<_> = (0..500).map(|number| earn("TASK", number % 250)).collect();
    assert_eq!(cuts(&twice).await, [251]);
    assert_eq!(cuts(&vec![earn("NONE", 0); 10]).await, [0; 0]);
    execute(&client, &copies[..1], None).await;
    assert_eq!(cuts(&copies).await, [0; 0]);
}

/// As many histories as JIFEN_HISTORIES says.
#[test]
#[ignore = "long"]
fn small_batches_equal_one_by_one_at_length() {
    compare(MANY, history(5..=9, 30), "", false);
}

/// As many histories as JIFEN_HISTORIES says.
#[test]
#[ignore = "long"]
fn small_governed_batches_equal_one_by_one_at_length() {
    compare(MANY, history(5..=9, 30), GOVERNED, false);
}

/// What the comparison relies on: a difference in a row shows.
#[tokio::test]
async fn different_requests_leave_different_rows() {
    let database = Database::new().await;
    let client = database.client().await;
    for user in ["p1-a", "p2-a"] {
        execute(&client, slice::from_ref(&Request::earn(user, "TASK", "k").points(3)), None).await;
    }
    let renamed = |rows: Vec<String>| rows.iter().map(|row| row.replace("p1-", "p2-")).collect::<Vec<_>>();
    let (one, other) = (rows(&client, "p1").await, rows(&client, "p2").await);
    assert_eq!(one.len(), 5);
    assert_ne!(renamed(one), other, "the times of recording differ");
}

/// Limits and risk rules concern awards alone, also where other operations are in the same round.
#[tokio::test]
async fn what_is_undone_beside_governed_awards_has_its_lots_again() {
    let database = Database::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "select api.create_limit('DAILY', 'Tasks a day', '{TASK}', 'day', 'limit', p_max_points => 1000000);
             select api.set_risk_rule('LARGE', 'Large awards', '{TASK}', 'award_points', 'review', 'on', 'risk', p_threshold => 900)",
        )
        .await
        .unwrap();
    // Of one bucket, so that one batch has them all.
    let mut names = (0..).map(|number| format!("n{number}")).filter(|name| bucket(name, "points") == 3);
    let [awarded, holds, captures, earns, spends, orders] = std::array::from_fn(|_| names.next().unwrap());
    for points in [50, 950] {
        let key = |what: &str| format!("{what} {points}");
        let before = [
            Request::adjust(&holds, 100, &key("grant")),
            Request::adjust(&captures, 100, &key("grant")),
            Request::adjust(&spends, 100, &key("grant")),
            Request::earn(&earns, "ORDER", &key("earn")).amount("30"),
            Request::earn(&orders, "ORDER", &key("order")).amount("30").order_key(&key("order")),
            Request::hold(&holds, 40, &key("hold")),
            Request::hold(&captures, 40, &key("captured hold")),
            Request::spend(&spends, 40, &key("spend")),
        ];
        execute(&client, &before, None).await;
        let together = [
            Request::earn(&awarded, "TASK", &key("award")).points(points),
            Request::undo(Kind::Release, &holds, &key("hold"), &key("release")),
            Request::undo(Kind::Capture, &captures, &key("captured hold"), &key("capture")).points(10),
            Request::undo(Kind::Reverse, &earns, &key("earn"), &key("reverse the earn")),
            Request::undo(Kind::Reverse, &spends, &key("spend"), &key("reverse the spend")),
            Request::return_order(&orders, &key("order"), &key("return")),
        ];
        for (request, outcome) in together.iter().zip(execute(&client, &together, None).await) {
            assert_eq!(outcome.refusal, None, "{request:?}");
        }
        assert_laws(&client).await;
    }
}
