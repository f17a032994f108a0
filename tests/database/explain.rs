//! Explanations: what is computed again from what is stored is what was booked.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::{collection::vec, option, prelude::*, strategy::ValueTree};
use rust_decimal::Decimal;
use tokio_postgres::Client;

use super::one;
use crate::common::{Database, Kind, Request, execute, instant, new_seeds, operation_id, runner};

const NEW: &str = "select api.create_rule('NEW', 'New')";

/// Each step and its words, and whether all agrees.
async fn explain(client: &Client, user: &str, key: &str) -> (Vec<(String, String)>, bool) {
    let rows = client
        .query(
            "select step, words, agrees from api.explain_operation($1, $2) order by no",
            &[&user, &operation_id(1, key)],
        )
        .await
        .unwrap();
    let agrees = rows.iter().all(|row| row.get::<_, Option<bool>>(2) != Some(false));
    (rows.iter().map(|row| (row.get(0), row.get(1))).collect(), agrees)
}

fn steps(explanation: &[(String, String)]) -> Vec<&str> {
    explanation.iter().map(|(step, _)| step.as_str()).collect()
}

fn words<'a>(explanation: &'a [(String, String)], step: &str) -> &'a str {
    &explanation.iter().find(|(name, _)| name == step).unwrap_or_else(|| panic!("no {step} in {explanation:?}")).1
}

#[tokio::test]
async fn an_award_is_explained_step_by_step() {
    let database = Database::new().await;
    let client = database.client_as("jifen_operator").await;
    client.batch_execute(NEW).await.unwrap();
    client
        .batch_execute(
            "select api.create_rule_version('NEW', 'tiers', p_tier_starts => '{0,100}', p_tier_rates => '{1,2}', p_cap_points => 200,
                 p_pending_days => 14, p_valid_months => 12, p_valid_end => 'month', p_starts_at => '-infinity')",
        )
        .await
        .unwrap();
    let admin = database.client().await;
    let now = instant("2190-03-05T12:00:00Z");
    one(&admin, Request::earn("zoe", "NEW", "o").amount("150.75"), Some(now)).await;
    one(&admin, Request::return_order("zoe", "o", "back").amount("50.25"), Some(now)).await;
    let (explanation, agrees) = explain(&client, "zoe", "o").await;
    assert!(agrees);
    let expected = [
        ("asked", "psql asked to earn by the rule NEW for 150.75 USD, at 2190-03-05 12:00:00 UTC."),
        (
            "rule",
            "Version 1 of the rule NEW was in force. Awards 1 point for each USD up to 100, 2 above, rounded down, at most 200. The points are available after 14 days and valid to the end of the month, 12 months on.",
        ),
        ("basis", "100 x 1 + 50.75 x 2 = 201.5 points."),
        ("rounding", "Rounded down: 201 points."),
        ("cap", "Cut to the cap of 200 points."),
        ("award", "That is 200 points, as booked."),
        ("available", "Available from 2190-03-19 12:00:00 UTC on."),
        ("expiry", "Valid until 2191-04-01 00:00:00 UTC."),
        ("booked", "Entry 1, earn: pending +200."),
        ("undone", "66 of its 200 points have been undone by returns and reversals, among them return back."),
        ("left", "134 points of it are left."),
    ];
    let expected: Vec<_> = expected.iter().map(|(step, words)| ((*step).to_owned(), (*words).to_owned())).collect();
    assert_eq!(explanation, expected);
    let (explanation, _) = explain(&client, "zoe", "back").await;
    assert_eq!(words(&explanation, "booked"), "It brought about: clawed back 66, refunded 0, shortfall 0.");
}

#[tokio::test]
async fn other_operations_and_refusals_are_explained_too() {
    let database = Database::new().await;
    let client = database.client().await;
    for request in [
        Request::earn("zoe", "TASK", "task"),
        Request::earn("zoe", "SIGN_IN", "day"),
        Request::spend("zoe", 12, "spend"),
        Request::spend("zoe", 99, "too much"),
        Request::undo(Kind::Reverse, "zoe", "spend", "undo"),
        Request::earn("zoe", "ORDER", "nothing").amount("0.5"),
    ] {
        one(&client, request, None).await;
    }
    let (spend, _) = explain(&client, "zoe", "spend").await;
    assert_eq!(steps(&spend), ["asked", "booked", "lot", "lot", "undone"]);
    assert!(spend[0].1.starts_with("psql asked to spend 12 points, at "), "{spend:?}");
    assert!(spend[2].1.starts_with("Took 10 points of TASK, which expire at "), "{spend:?}");
    assert_eq!(spend[4].1, "12 of its 12 points have been undone by returns and reversals, among them reverse undo.");
    let (refused, _) = explain(&client, "zoe", "too much").await;
    assert_eq!(steps(&refused), ["asked", "refused"]);
    assert!(words(&refused, "refused").starts_with("Refused for good: INSUFFICIENT_POINTS. The account has fewer"));
    let (task, agrees) = explain(&client, "zoe", "task").await;
    assert_eq!((words(&task, "basis"), agrees), ("10 points, since the caller gave none.", true));
    assert_eq!(words(&task, "cap"), "Within the cap of 1000 points.");
    let (nothing, agrees) = explain(&client, "zoe", "nothing").await;
    assert_eq!((words(&nothing, "award"), agrees), ("That is 0 points, as booked.", true));
    assert_eq!(words(&nothing, "booked"), "It moved nothing.");
    assert_eq!(explain(&client, "zoe", "never asked").await.0, []);
    assert_eq!(explain(&client, "nobody", "task").await.0, []);

    client.batch_execute("update points.program set frozen_earns = false").await.unwrap();
    one(&client, Request::freeze(Kind::Freeze, "zoe", "freeze"), None).await;
    one(&client, Request::earn("zoe", "SIGN_IN", "frozen"), None).await;
    let (frozen, agrees) = explain(&client, "zoe", "frozen").await;
    assert_eq!(steps(&frozen), ["asked", "rule", "basis", "award", "refused"]);
    assert_eq!((words(&frozen, "award"), agrees), ("That would be 5 points, but it was refused.", true));
}

#[tokio::test]
async fn what_limits_and_campaigns_made_of_an_award_is_told() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute(NEW).await.unwrap();
    client
        .batch_execute(
            "select api.create_rule_version('NEW', 'given', p_starts_at => '-infinity');
             select api.create_campaign('DOUBLE', 'd', 'multiplier', '{NEW}', 'c1', p_multiplier => 2, p_budget => 900, p_starts_at => '2030-01-01');
             select api.create_campaign('PLUS', 'p', 'bonus', '{NEW}', 'c2', p_bonus => 7, p_member_cap => 100, p_starts_at => '2030-01-01');
             select api.create_limit('DAY', 'l', '{NEW}', 'day', 'l1', p_max_points => 150, p_excess => 'cut');
             select api.create_limit('MONTH', 'l', '{NEW}', 'month', 'l2', p_max_points => 1000, p_excess => 'refuse')",
        )
        .await
        .unwrap();
    let mut told: Vec<String> = Vec::new();
    for place in 0..80i64 {
        let (user, key) = (format!("m{}", place % 3), place.to_string());
        let now = instant("2030-03-06T12:00:00Z") + TimeDelta::hours(place * 3);
        one(&client, Request::earn(&user, "NEW", &key).points(1 + place * 37 % 60), Some(now)).await;
        let (explanation, agrees) = explain(&client, &user, &key).await;
        assert!(agrees, "{explanation:?}");
        told.extend(explanation.into_iter().map(|(step, words)| format!("{step}: {words}")));
    }
    for expected in [
        "campaign: The campaign PLUS adds 7 points.",
        "limit: The limit DAY allows 150 points a day, and 150 points had been used: cut by ",
        "award: That would be ",
        "refused: Refused for good: LIMIT_REACHED. ",
    ] {
        assert!(told.iter().any(|words| words.starts_with(expected)), "{expected} in {told:#?}");
    }
}

#[tokio::test]
async fn a_sign_in_is_explained_with_its_streak() {
    let database = Database::new().await;
    let client = database.client().await;
    for day in 1..=7 {
        let request = Request::sign_in("zoe", &day.to_string());
        one(&client, request, Some(instant(&format!("2030-03-0{day}T12:00:00Z")))).await;
    }
    let (explanation, agrees) = explain(&client, "zoe", "6").await;
    assert_eq!((words(&explanation, "streak"), agrees), ("Day 6 in a row.", true));
    let (explanation, agrees) = explain(&client, "zoe", "7").await;
    assert_eq!((words(&explanation, "streak"), agrees), ("Day 7 in a row, with a bonus of 10 points.", true));
    assert_eq!(words(&explanation, "award"), "That is 15 points, as booked.");
    client.batch_execute("select api.draft_rule_version('SIGN_IN', 'fixed', 'd', 6)").await.unwrap();
    let back_test =
        "select points_after - points_before from api.backtest_rule('SIGN_IN', 2, '2030-03-01', '2030-03-09')";
    assert_eq!(super::number(&client, back_test).await, 7);
}

#[tokio::test]
async fn an_award_before_a_change_of_time_zone_is_computed_by_the_zone_of_then() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute(NEW).await.unwrap();
    client.batch_execute("select api.create_rule_version('NEW', 'fixed', 5, p_valid_end => 'year')").await.unwrap();
    one(&client, Request::earn("zoe", "NEW", "a"), None).await;
    client.batch_execute("select api.set_program('Jifen', 'Asia/Tokyo', 'USD', 'debt')").await.unwrap();
    one(&client, Request::earn("zoe", "NEW", "b"), None).await;
    client.batch_execute("select api.set_program('Jifen', 'America/New_York', 'USD', 'debt')").await.unwrap();
    one(&client, Request::earn("zoe", "NEW", "c"), None).await;
    for (key, zone) in [("a", "UTC"), ("b", "Asia/Tokyo"), ("c", "America/New_York")] {
        let (explanation, agrees) = explain(&client, "zoe", key).await;
        assert!(agrees, "{explanation:?}");
        assert!(words(&explanation, "expiry").ends_with(&format!("-01-01 00:00:00 {zone}.")), "{explanation:?}");
    }
    // what was changed by hand is noticed
    client
        .batch_execute(
            "set session_replication_role = replica;
             update points.operation set points = points + 1, expires_at = expires_at + interval '1 day'
             where idempotency_key = 'c'",
        )
        .await
        .unwrap();
    let (explanation, agrees) = explain(&client, "zoe", "c").await;
    assert!(!agrees);
    assert_eq!(words(&explanation, "award"), "That is 5 points, but 6 points booked.");
    assert!(words(&explanation, "expiry").contains(", but booked for "), "{explanation:?}");
}

/// A version as arguments of `api.create_rule_version`, and what an award by it takes.
#[derive(Clone, Debug)]
struct Version {
    basis: &'static str,
    terms: String,
    cap: Option<i64>,
    pending: i32,
    validity: String,
    rounding: &'static str,
}

fn version() -> impl Strategy<Value = Version> {
    let tiers = vec((1..90_000i64, 1..100_000_000_000i64), 1..7).prop_map(|tiers| {
        let mut start = 0;
        let (starts, rates): (Vec<_>, Vec<_>) = tiers
            .iter()
            .map(|(width, rate)| {
                let text = Decimal::new(start, 3).to_string();
                start += width;
                (text, Decimal::new(*rate, 6).to_string())
            })
            .unzip();
        format!("p_tier_starts => '{{{}}}', p_tier_rates => '{{{}}}'", starts.join(","), rates.join(","))
    });
    let basis = prop_oneof![
        (1..9_000i64).prop_map(|points| ("fixed", format!("p_fixed_points => {points}"))),
        option::of(1..9_000i64).prop_map(|points| (
            "given",
            points.map_or("p_fixed_points => null".to_owned(), |p| format!("p_fixed_points => {p}"))
        )),
        (1..100_000_000_000i64).prop_map(|rate| ("amount", format!("p_points_per_unit => {}", Decimal::new(rate, 6)))),
        tiers.prop_map(|terms| ("tiers", terms)),
    ];
    let unit = prop_oneof![Just("day"), Just("month"), Just("year")];
    let validity = prop_oneof![
        Just(("p_valid_days => null".to_owned(), 20)),
        (1..800i32).prop_map(|days| (format!("p_valid_days => {days}"), days.min(20) - 1)),
        (1..60i32, option::of(1..40i32), option::of(unit.clone())).prop_map(|(months, days, unit)| {
            let days = days.map_or(String::new(), |days| format!(", p_valid_days => {days}"));
            let end = unit.map_or(String::new(), |unit| format!(", p_valid_end => '{unit}'"));
            (format!("p_valid_months => {months}{days}{end}"), 20)
        }),
        unit.prop_map(|unit| (format!("p_valid_end => '{unit}'"), 0)),
        (2020..2032i32, 1..13u32).prop_map(|(year, month)| (format!("p_valid_until => '{year}-{month}-28'"), 20)),
    ];
    let rounding = prop_oneof![Just("down"), Just("half_up"), Just("up")];
    (basis, option::weighted(0.3, 1..5_000i64), 0..20i32, validity, rounding).prop_map(
        |((basis, terms), cap, pending, (validity, most), rounding)| Version {
            basis,
            terms,
            cap,
            pending: pending.min(most),
            validity,
            rounding,
        },
    )
}

#[tokio::test]
async fn what_is_computed_again_is_always_what_was_booked() {
    const ZONES: [&str; 4] = ["UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"];
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute(NEW).await.unwrap();
    let event = (0..5_000_000_000i64, 0..4_000_000i64, option::of(0..300_000_000i64));
    let round = (version(), vec(event, 1..20));
    for seed in new_seeds(60) {
        let (version, events) = round.new_tree(&mut runner(seed)).unwrap().current();
        let zone = ZONES[seed as usize % ZONES.len()];
        client.execute("select api.set_program('Jifen', $1, 'USD', 'debt')", &[&zone]).await.unwrap();
        let call = format!(
            "select api.create_rule_version('NEW', '{}', {}, p_cap_points => {}, p_pending_days => {}, p_rounding => '{}', {},
                 p_starts_at => clock_timestamp())",
            version.basis,
            version.terms,
            version.cap.map_or("null".to_owned(), |cap| cap.to_string()),
            version.pending,
            version.rounding,
            version.validity,
        );
        client.batch_execute(&call).await.unwrap_or_else(|error| panic!("{call}: {error:?}"));
        let now: DateTime<Utc> = Utc::now();
        let requests: Vec<_> = events
            .iter()
            .enumerate()
            .map(|(place, (thousandths, points, ago))| {
                let request = Request::earn("zoe", "NEW", &format!("{seed}-{place}"));
                let request = match version.basis {
                    "fixed" => request,
                    "given" if place % 2 == 0 && !version.terms.ends_with("null") => request,
                    "given" => request.points(points + 1),
                    _ => request.amount(&Decimal::new(*thousandths, 3).to_string()),
                };
                match ago {
                    Some(seconds) => request.occurred_at(now - TimeDelta::seconds(*seconds)),
                    None => request,
                }
            })
            .collect();
        let outcomes = execute(&client, &requests, None).await;
        for (request, outcome) in requests.iter().zip(&outcomes) {
            let key = request.idempotency_key.as_deref().unwrap();
            assert_eq!(outcome.refusal, None, "{call} {request:?}");
            let (explanation, agrees) = explain(&client, "zoe", key).await;
            assert!(agrees, "{call} {request:?}: {explanation:?}");
            assert!(steps(&explanation).contains(&"award"));
            assert_eq!(steps(&explanation).contains(&"expiry"), outcome.points > Some(0), "{explanation:?}");
        }
    }
    super::assert_laws(&client).await;
}

/// Whatever becomes of task, rule and campaign: what is stored is enough.
#[tokio::test]
async fn a_claim_is_explained_from_what_is_stored() {
    let database = Database::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "select api.create_rule('WORK', 'Work');
             select api.create_rule_version('WORK', 'given', 7, p_valid_days => 30, p_starts_at => '-infinity');
             select api.create_task('POSTS', 'Posts', 'WORK', 'day', 't1', p_points => 30, p_steps => 3);
             select api.create_task('VISIT', 'Visit', 'WORK', 'ever', 't2');
             select api.create_campaign('PLUS', 'Plus', 'bonus', '{WORK}', 'c', p_bonus => 5, p_starts_at => '2030-03-02Z');
             select api.create_limit('DAY', 'Day', '{WORK}', 'day', 'l', p_max_points => 40, p_excess => 'cut')",
        )
        .await
        .unwrap();
    let at = |day: u32| Some(instant(&format!("2030-03-{day:02}T12:00:00Z")));
    for (day, task, key) in
        [(1, "POSTS", "plain"), (2, "POSTS", "cut"), (2, "VISIT", "nothing"), (3, "POSTS", "frozen")]
    {
        one(&client, Request::progress("zoe", task, 3, &format!("{key} steps")), at(day)).await;
        if key == "frozen" {
            client.batch_execute("update points.program set frozen_earns = false").await.unwrap();
            one(&client, Request::freeze(Kind::Freeze, "zoe", "f"), at(day)).await;
        }
        one(&client, Request::claim("zoe", task, key), at(day)).await;
    }
    client
        .batch_execute(
            "select api.change_task('POSTS', 'Posts', 'WORK', 'active', 't3', p_points => 1, p_steps => 9);
             select api.create_rule_version('WORK', 'given', 900, p_starts_at => '2031-01-01Z');
             select api.change_limit('DAY', 'Day', '{WORK}', true, 'l2', p_max_points => 1)",
        )
        .await
        .unwrap();
    let (plain, agrees) = explain(&client, "zoe", "plain").await;
    assert!(agrees, "{plain:?}");
    let expected = [
        ("asked", "psql asked to claim the task POSTS by the rule WORK, at 2030-03-01 12:00:00 UTC."),
        ("basis", "30 points, given by the task."),
        ("task", "3 of 3 steps of the task POSTS were done in its period from 2030-03-01 on."),
        ("award", "That is 30 points, as booked."),
        ("expiry", "Valid until 2030-03-31 12:00:00 UTC."),
        ("booked", "Entry 1, earn: available +30."),
    ];
    for (step, text) in expected {
        assert_eq!(words(&plain, step), text);
    }
    let (cut, agrees) = explain(&client, "zoe", "cut").await;
    assert!(agrees, "{cut:?}");
    assert_eq!(words(&cut, "campaign"), "The campaign PLUS adds 5 points.");
    assert_eq!(words(&cut, "award"), "That is 35 points, as booked.");
    // the task leaves it to the rule, and the limit leaves 5
    let (nothing, agrees) = explain(&client, "zoe", "nothing").await;
    assert!(agrees, "{nothing:?}");
    assert_eq!(words(&nothing, "basis"), "7 points, since the caller gave none.");
    assert_eq!(words(&nothing, "award"), "That is 5 points, as booked.");
    let (frozen, agrees) = explain(&client, "zoe", "frozen").await;
    assert!(agrees, "{frozen:?}");
    assert_eq!(words(&frozen, "award"), "That would be 30 points, but it was refused.");
}
