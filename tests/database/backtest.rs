//! Back-tests against a model, on random histories.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use proptest::{collection::vec, prelude::*, strategy::ValueTree};
use rust_decimal::Decimal;
use tokio_postgres::{Client, Row};

use super::{one, sqlstate};
use crate::common::{Database, Kind, Request, execute, instant, new_seeds, runner};

const DAYS: &str = "array(select d.day || ' ' || d.operations || ' ' || d.points_before || ' ' || d.points_after from unnest(b.days) d)";
const MEMBERS: [&str; 2] = ["most_gained", "most_lost"];

async fn backtest(client: &Client, rule: &str, version: i32, from: &str, to: &str) -> Row {
    let [gained, lost] = MEMBERS.map(|column| {
        format!("array(select concat_ws(' ', m.user_id, m.operations, m.points_before, m.points_after) from unnest(b.{column}) m)")
    });
    let call = format!(
        "select b.operations, b.refused, b.capped, b.points_before, b.points_after, b.members, b.gaining, b.losing, b.levels_up,
             b.levels_down, {DAYS}, {gained}, {lost}
         from api.backtest_rule($1, $2, $3, $4) b"
    );
    client.query_one(&call, &[&rule, &version, &instant(from), &instant(to)]).await.unwrap()
}

fn numbers(row: &Row) -> [i64; 10] {
    std::array::from_fn(|column| row.get(column))
}

fn texts(row: &Row, column: usize) -> Vec<String> {
    row.get(column)
}

#[tokio::test]
async fn a_draft_is_run_over_what_was_awarded() {
    let database = Database::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "select api.draft_rule_version('ORDER', 'tiers', 'd', p_tier_starts => '{0,100}', p_tier_rates => '{0.5,2}', p_cap_points => 500);
             update points.program set time_zone = 'Asia/Tokyo'",
        )
        .await
        .unwrap();
    let at = |day: &str| Some(instant(&format!("{day}:00:00Z")));
    for (user, key, amount, when) in [
        ("zoe", "1", "99", "2024-03-01T09"),
        ("zoe", "2", "200.50", "2024-03-01T16"),
        ("yan", "3", "50", "2024-03-02T09"),
        ("xia", "4", "5000", "2024-03-02T10"),
        ("xia", "before", "5000", "2024-02-29T23"),
        ("xia", "after", "100", "2024-03-09T00"),
    ] {
        one(&client, Request::earn(user, "ORDER", key).amount(amount), at(when)).await;
    }
    // other rules, other kinds, refusals and undone awards
    one(&client, Request::earn("zoe", "SIGN_IN", "s"), at("2024-03-02T09")).await;
    one(&client, Request::spend("zoe", 5, "5"), at("2024-03-02T09")).await;
    one(&client, Request::undo(Kind::Reverse, "yan", "3", "back"), at("2024-03-03T09")).await;

    let row = backtest(&client, "ORDER", 2, "2024-03-01T00:00:00Z", "2024-03-09T00:00:00Z").await;
    // 99, 200, 50 and 5000 points become 49, 251, 25 and 500
    assert_eq!(numbers(&row), [4, 0, 1, 5_349, 825, 3, 1, 2, 0, 1]);
    assert_eq!(texts(&row, 10), ["2024-03-01 1 99 49", "2024-03-02 3 5250 776"]);
    assert_eq!(texts(&row, 11), ["zoe 2 299 300"]);
    assert_eq!(texts(&row, 12), ["xia 1 5000 500", "yan 1 50 25"]);
    let nothing = backtest(&client, "ORDER", 2, "2023-03-01T00:00:00Z", "2023-03-09T00:00:00Z").await;
    assert_eq!(numbers(&nothing), [0; 10]);
    // limits and campaigns are left aside
    client
        .batch_execute(
            "select api.create_campaign('DOUBLE', 'd', 'multiplier', '{ORDER}', 'c1', p_multiplier => 2, p_starts_at => '2023-01-01');
             select api.create_limit('DAY', 'l', '{ORDER}', 'day', 'l1', p_max_points => 70, p_excess => 'cut')",
        )
        .await
        .unwrap();
    for (key, amount) in [("c1", "30"), ("c2", "30")] {
        one(&client, Request::earn("zoe", "ORDER", key).amount(amount), at("2023-03-02T09")).await;
    }
    let governed = backtest(&client, "ORDER", 1, "2023-03-01T00:00:00Z", "2023-03-09T00:00:00Z").await;
    assert_eq!(numbers(&governed), [2, 0, 0, 60, 60, 1, 0, 0, 0, 0]);
    // what is in force gives what was booked
    let same = backtest(&client, "ORDER", 1, "2024-03-01T00:00:00Z", "2024-03-09T00:00:00Z").await;
    assert_eq!(numbers(&same), [4, 0, 0, 5_349, 5_349, 3, 0, 0, 0, 0]);
}

#[tokio::test]
async fn what_a_version_would_refuse_counts_as_nothing() {
    let database = Database::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "insert into points.wallet values ('coins', 'Coins');
             select api.draft_rule_version('TASK', 'given', 'a', p_fixed_points => null);
             select api.draft_rule_version('TASK', 'amount', 'b', p_points_per_unit => 1);
             select api.draft_rule_version('TASK', 'given', 'c', 7, p_wallet => 'coins');
             select api.draft_rule_version('TASK', 'fixed', 'd', 8);
             select api.retire_rule('TASK', 'r')",
        )
        .await
        .unwrap();
    let now = Some(instant("2024-03-01T09:00:00Z"));
    let coins = Request { wallet: Some("coins".to_owned()), ..Request::earn("zoe", "TASK", "3") };
    for request in [Request::earn("zoe", "TASK", "1"), Request::earn("zoe", "TASK", "2").points(5), coins] {
        one(&client, request, now).await;
    }
    for (version, refused, after) in [(1, 0, 25), (2, 2, 5), (3, 3, 0), (4, 2, 7), (5, 1, 16), (6, 0, 0)] {
        let row = backtest(&client, "TASK", version, "2024-03-01T00:00:00Z", "2024-03-02T00:00:00Z").await;
        let [operations, was_refused, _, before, was_after, ..] = numbers(&row);
        assert_eq!((operations, was_refused, before, was_after), (3, refused, 25, after), "version {version}");
    }
}

#[tokio::test]
async fn claims_are_awards_of_what_their_task_gave() {
    let database = Database::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "select api.create_task('POSTS', 'Posts', 'TASK', 'day', 't1', p_points => 30);
             select api.create_task('VISIT', 'Visit', 'TASK', 'day', 't2');
             select api.create_limit('DAY', 'l', '{TASK}', 'day', 'l1', p_max_points => 35, p_excess => 'cut');
             select api.draft_rule_version('TASK', 'given', 'd', 20, p_cap_points => 25)",
        )
        .await
        .unwrap();
    let now = Some(instant("2024-03-01T09:00:00Z"));
    for task in ["POSTS", "VISIT"] {
        one(&client, Request::progress("zoe", task, 1, &format!("{task} steps")), now).await;
        one(&client, Request::claim("zoe", task, task), now).await;
    }
    one(&client, Request::claim("zoe", "POSTS", "again"), now).await;
    client
        .batch_execute("select api.change_task('POSTS', 'Posts', 'TASK', 'active', 't3', p_points => 1)")
        .await
        .unwrap();
    for (version, after) in [(1, 40), (2, 45)] {
        let row = backtest(&client, "TASK", version, "2024-03-01T00:00:00Z", "2024-03-02T00:00:00Z").await;
        let [operations, refused, capped, before, was_after, ..] = numbers(&row);
        assert_eq!((operations, refused, capped, before, was_after), (2, 0, i64::from(version) - 1, 40, after));
    }
}

#[tokio::test]
async fn what_cannot_be_tested_is_an_input_at_fault() {
    let database = Database::new().await;
    let client = database.client_as("jifen_operator").await;
    for (call, state) in [
        ("'NONE', 1, '2024-01-01', '2025-01-01'", "LP002"),
        ("'ORDER', 2, '2024-01-01', '2025-01-01'", "LP001"),
        ("'ORDER', null, '2024-01-01', '2025-01-01'", "LP001"),
        ("'ORDER', 1, '2025-01-01', '2025-01-01'", "LP001"),
        ("'ORDER', 1, null, '2025-01-01'", "LP001"),
    ] {
        let result = client.batch_execute(&format!("select api.backtest_rule({call})")).await;
        assert_eq!(sqlstate(result), state, "{call}");
    }
    // it runs where nothing can be written
    client
        .batch_execute("begin read only; select api.backtest_rule('ORDER', 1, '-infinity', 'infinity'); commit")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_back_test_is_what_the_version_awards_when_it_is_in_force() {
    for seed in new_seeds(1) {
        let database = Database::new().await;
        let client = database.client().await;
        client.batch_execute("select api.create_rule('OLD', 'Old'), api.create_rule('NEW', 'New')").await.unwrap();
        let mut runner = runner(seed);
        let history = vec((0..12u8, 0..300_000i64, 0..40i64), 300).new_tree(&mut runner).unwrap().current();
        let terms = (1..4_000_000i64, 1..4_000_000i64, 1..200_000i64, 1..900i64);
        client
            .batch_execute("select api.create_rule_version('OLD', 'amount', p_points_per_unit => 1.3)")
            .await
            .unwrap();
        let begun = instant("2024-02-01T00:30:00Z");
        let requests = |rule: &str| -> Vec<Request> {
            let request = |(place, (member, cents, day)): (usize, &(u8, i64, i64))| {
                Request::earn(&format!("m{member}"), rule, &format!("{rule}{place}"))
                    .amount(&Decimal::new(*cents, 2).to_string())
                    .occurred_at(begun + TimeDelta::days(*day))
            };
            history.iter().enumerate().map(request).collect()
        };
        let before: Vec<i64> =
            execute(&client, &requests("OLD"), None).await.into_iter().map(|outcome| outcome.points.unwrap()).collect();

        for number in 1..=4 {
            let (first, second, start, cap) = terms.new_tree(&mut runner).unwrap().current();
            let tiers = format!(
                "'tiers', p_tier_starts => '{{0,{}}}', p_tier_rates => '{{{},{}}}', p_cap_points => {cap}",
                Decimal::new(start, 2),
                Decimal::new(first, 6),
                Decimal::new(second, 6),
            );
            let rule = format!("NEW{number}");
            client
                .batch_execute(&format!(
                    "select api.draft_rule_version('OLD', p_idempotency_key => '{number}', p_basis => {tiers});
                     select api.create_rule('{rule}', 'The same in force');
                     select api.create_rule_version('{rule}', {tiers})",
                ))
                .await
                .unwrap();
            let after: Vec<i64> = execute(&client, &requests(&rule), None)
                .await
                .into_iter()
                .map(|outcome| outcome.points.unwrap())
                .collect();

            let mut days: BTreeMap<NaiveDate, (i64, i64, i64)> = BTreeMap::new();
            let mut members: BTreeMap<u8, i64> = BTreeMap::new();
            for (place, (member, _, day)) in history.iter().enumerate() {
                let of_day = days.entry((begun + TimeDelta::days(*day)).date_naive()).or_default();
                *of_day = (of_day.0 + 1, of_day.1 + before[place], of_day.2 + after[place]);
                *members.entry(*member).or_default() += after[place] - before[place];
            }
            let row = backtest(&client, "OLD", number + 1, "2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z").await;
            let [operations, refused, capped, was_before, was_after, of_members, gaining, losing, ..] = numbers(&row);
            assert_eq!((operations, refused, of_members), (300, 0, members.len() as i64));
            assert_eq!(capped, after.iter().filter(|points| **points == cap).count() as i64);
            assert_eq!((was_before, was_after), (before.iter().sum(), after.iter().sum()));
            assert_eq!(gaining, members.values().filter(|gain| **gain > 0).count() as i64);
            assert_eq!(losing, members.values().filter(|gain| **gain < 0).count() as i64);
            let expected: Vec<_> =
                days.iter().map(|(day, (count, before, after))| format!("{day} {count} {before} {after}")).collect();
            assert_eq!(texts(&row, 10), expected);
            assert_eq!(texts(&row, 11).len() as i64, gaining.min(10));
        }
    }
}
