//! Limits on earning, and campaigns: by hand, in races, and against a model that counts from all that was ever awarded.

use std::sync::Arc;

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio_postgres::Client;

use super::{assert_laws, make_rule, number, one, sqlstate};
use crate::common::{Database, Kind, MANY, Request, bucket, check_histories, execute, instant};

const NOON: &str = "2030-03-06T12:00:00Z";

async fn program(client: &Client, sql: &str) {
    for rule in ["GIVE", "SHARE"] {
        make_rule(client, rule, "basis, rounding, pending_days", "'given', 'down', 0").await;
    }
    client.batch_execute(sql).await.unwrap();
}

fn give(user: &str, points: i64, key: &str) -> Request {
    Request::earn(user, "GIVE", key).points(points)
}

/// Refusal or points, and what is said of it.
async fn award(client: &Client, request: Request, now: DateTime<Utc>) -> (String, Value) {
    let key = request.idempotency_key.clone().unwrap();
    let user = request.user_id.clone().unwrap();
    let outcome = one(client, request, Some(now)).await;
    let sql = "select detail from api.operation where user_id = $1 and idempotency_key = $2";
    let detail: Option<Value> = client.query_one(sql, &[&user, &key]).await.unwrap().get(0);
    (outcome.refusal.unwrap_or_else(|| outcome.points.unwrap().to_string()), detail.unwrap_or(Value::Null))
}

#[tokio::test]
async fn bonuses_add_up_within_caps_limits_and_budgets() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant(NOON);
    program(
        &client,
        "select api.create_campaign('DOUBLE', 'd', 'multiplier', '{GIVE}', 'c1', p_multiplier => 2, p_budget => 100, p_starts_at => '2030-01-01');
         select api.create_campaign('PLUS', 'p', 'bonus', '{GIVE}', 'c2', p_bonus => 7, p_member_cap => 10, p_starts_at => '2030-01-01');
         select api.create_limit('DAY', 'l', '{GIVE,SHARE}', 'day', 'l1', p_max_points => 150, p_excess => 'cut')",
    )
    .await;
    let (points, detail) = award(&client, give("ann", 30, "k1"), now).await;
    assert_eq!((points.as_str(), detail), ("67", json!({ "base": 30, "campaigns": { "DOUBLE": 30, "PLUS": 7 } })));
    let (points, detail) = award(&client, give("ann", 30, "k2"), now).await;
    assert_eq!((points.as_str(), detail), ("63", json!({ "base": 30, "campaigns": { "DOUBLE": 30, "PLUS": 3 } })));
    // the limit counts both rules, and cuts the bonus before the award
    let limit = |times: i64, points: i64| json!({ "code": "DAY", "period": "day", "times": times, "points": points, "max_points": 150 });
    let (points, detail) = award(&client, Request::earn("ann", "SHARE", "s").points(15), now).await;
    assert_eq!((points.as_str(), detail), ("15", Value::Null));
    let (points, detail) = award(&client, give("ann", 4, "k3"), now).await;
    assert_eq!(
        (points.as_str(), detail),
        ("5", json!({ "base": 4, "campaigns": { "DOUBLE": 1 }, "limit": limit(3, 145), "cut": 3 }))
    );
    let words = "select string_agg(words, ' ' order by no) from api.explain_operation('ann', api.operation_id(1, 'k3'))
        where step in ('campaign', 'limit', 'award')";
    assert_eq!(
        client.query_one(words, &[]).await.unwrap().get::<_, String>(0),
        "The campaign DOUBLE adds 1 point. The limit DAY allows 150 points a day, and 145 points had been used: cut by 3 points. That is 5 points, as booked."
    );
    let (points, detail) = award(&client, give("ann", 4, "k4"), now).await;
    assert_eq!((points.as_str(), detail), ("0", json!({ "limit": limit(4, 150), "cut": 8 })));
    // the budget has 39 left
    let (points, detail) = award(&client, give("bob", 60, "k"), now).await;
    assert_eq!((points.as_str(), detail), ("106", json!({ "base": 60, "campaigns": { "DOUBLE": 39, "PLUS": 7 } })));
    assert_eq!(number(&client, "select remaining_budget from api.campaign where code = 'DOUBLE'").await, 0);
    // what is taken back may be given again, to whomever
    let undo = Request::undo(Kind::Reverse, "ann", "k1", "r");
    assert_eq!(one(&client, undo, Some(now)).await.refusal, None);
    assert_eq!(number(&client, "select remaining_budget from api.campaign where code = 'DOUBLE'").await, 30);
    assert_eq!(award(&client, give("ann", 20, "k5"), now).await.0, "47");
    assert_laws(&client).await;
}

#[tokio::test]
async fn the_first_campaign_may_be_alone_and_others_stand_back() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant(NOON);
    let make = |code: &str, more: &str| {
        format!(
            "select api.create_campaign('{code}', 'c', 'bonus', '{{GIVE}}', '{code}', p_starts_at => '2030-01-01', {more});"
        )
    };
    program(
        &client,
        &[
            make("ALONE", "p_bonus => 100, p_exclusive => true, p_priority => 1, p_ends_at => '2030-03-07'"),
            make("FIRST", "p_bonus => 10, p_priority => 2"),
            make("OTHER", "p_bonus => 20, p_exclusive => true, p_priority => 3"),
            make("THIRD", "p_bonus => 40, p_priority => 4, p_levels => '{VIP1}'"),
            make("LATER", "p_bonus => 1, p_priority => 5"),
        ]
        .concat(),
    )
    .await;
    assert_eq!(award(&client, give("ann", 1, "k1"), now).await.0, "101");
    let day = TimeDelta::days(1);
    assert_eq!(award(&client, give("ann", 1, "k2"), now + day).await.0, "12");
    // by when it happened, and not by when it came
    assert_eq!(award(&client, give("ann", 1, "k3").occurred_at(now), now + day).await.0, "101");
    assert_eq!(award(&client, give("ann", 900, "k4"), now + day).await.0, "911");
    assert_eq!(award(&client, give("ann", 1, "k5"), now + day).await.0, "52");
    // nothing is added to nothing, nor to other rules
    assert_eq!(award(&client, Request::earn("ann", "ORDER", "o").amount("0.5"), now + day).await.0, "0");
    assert_eq!(award(&client, Request::earn("ann", "SHARE", "s").points(1), now + day).await.0, "1");
    client.batch_execute("select api.change_campaign('FIRST', 'c', 'paused', 'x', p_priority => 2)").await.unwrap();
    assert_eq!(award(&client, give("ann", 1, "k6"), now + day).await.0, "21");
    client.batch_execute("select api.change_campaign('OTHER', 'c', 'ended', 'y', p_exclusive => true)").await.unwrap();
    assert_eq!(award(&client, give("ann", 1, "k7"), now + day).await.0, "42");
    assert_eq!(
        sqlstate(client.batch_execute("select api.change_campaign('OTHER', 'c', 'active', 'z')").await),
        "LP001"
    );
}

#[tokio::test]
async fn what_a_limit_refuses_takes_nothing_of_a_budget() {
    let database = Database::new().await;
    let client = database.client().await;
    program(
        &client,
        "select api.create_limit('DAY', 'l', '{GIVE}', 'day', 'l1', p_max_points => 30);
         select api.create_campaign('DOUBLE', 'd', 'multiplier', '{GIVE}', 'c1', p_multiplier => 2, p_budget => 12, p_starts_at => '2030-01-01')",
    )
    .await;
    // of three members in one bucket, so that one call and one round take them all
    let mut names = (0..).map(|number| format!("m{number}")).filter(|name| bucket(name, "points") == 0);
    let mut name = || names.next().unwrap();
    let batch = [give(&name(), 5, "k"), give(&name(), 20, "k"), give(&name(), 8, "k")];
    let outcomes = execute(&client, &batch, Some(instant(NOON))).await;
    assert_eq!(outcomes[0].points, Some(10));
    assert_eq!(outcomes[1].refusal.as_deref(), Some("LIMIT_REACHED"));
    assert_eq!(outcomes[2].points, Some(15));
}

#[tokio::test]
async fn limits_count_by_the_calendar_of_the_program() {
    let database = Database::new().await;
    let client = database.client().await;
    program(
        &client,
        "update points.program set time_zone = 'Europe/Berlin';
         select api.create_limit('DAY', 'l', '{GIVE}', 'day', 'l1', p_max_times => 1);
         select api.create_limit('WEEK', 'l', '{GIVE}', 'week', 'l2', p_max_points => 100);
         select api.create_limit('YEAR', 'l', '{GIVE}', 'year', 'l3', p_max_times => 4)",
    )
    .await;
    // the day on which clocks go forward has 23 hours, from 23:00 to 22:00
    for (key, at, expected) in [
        ("1", "2030-03-30T22:59:59.999999Z", "10"),
        ("2", "2030-03-30T23:00:00Z", "10"),
        ("3", "2030-03-31T21:59:59.999999Z", "LIMIT_REACHED"),
        ("4", "2030-03-31T22:00:00Z", "10"),
        ("5", "2030-04-01T21:59:59.999999Z", "LIMIT_REACHED"),
        // clocks go back: 25 hours
        ("6", "2030-10-26T22:00:00Z", "10"),
        ("7", "2030-10-27T22:59:59.999999Z", "LIMIT_REACHED"),
        // the fifth of the year
        ("8", "2030-10-27T23:00:00Z", "LIMIT_REACHED"),
        ("9", "2030-12-31T23:00:00Z", "10"),
    ] {
        let (outcome, detail) = award(&client, give("ann", 10, key), instant(at)).await;
        assert_eq!(outcome, expected, "{key} {detail}");
    }
    // too much for a week at once is refused whole, and the day is not used up
    let (outcome, detail) = award(&client, give("bob", 101, "much"), instant(NOON)).await;
    assert_eq!((outcome.as_str(), &detail["limit"]["code"]), ("LIMIT_REACHED", &json!("WEEK")));
    assert_eq!(award(&client, give("bob", 100, "enough"), instant(NOON)).await.0, "100");
    // what came late counts where it happened
    let late = give("bob", 100, "late").occurred_at(instant("2030-02-25T12:00:00Z"));
    assert_eq!(award(&client, late, instant(NOON)).await.0, "100");
    assert_laws(&client).await;
}

#[tokio::test]
async fn limits_change_and_end() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant(NOON);
    program(&client, "select api.create_limit('EVER', 'l', '{GIVE}', 'ever', 'l', p_max_points => 50, p_excess => 'cut', p_gives_back => false)").await;
    assert_eq!(award(&client, give("ann", 40, "1"), now).await.0, "40");
    assert_eq!(one(&client, Request::undo(Kind::Reverse, "ann", "1", "r"), Some(now)).await.refusal, None);
    assert_eq!(award(&client, give("ann", 40, "2"), now).await.0, "10");
    let change = |key: &str, active: bool, more: &str| {
        format!("select api.change_limit('EVER', 'l', '{{GIVE}}', {active}, '{key}', {more})")
    };
    // less than has been earned already
    client.batch_execute(&change("a", true, "p_max_points => 20, p_excess => 'cut'")).await.unwrap();
    assert_eq!(award(&client, give("ann", 40, "3"), now).await.0, "0");
    client.batch_execute(&change("b", true, "p_max_points => 70")).await.unwrap();
    assert_eq!(award(&client, give("ann", 40, "4"), now).await.0, "LIMIT_REACHED");
    assert_eq!(award(&client, give("ann", 20, "5"), now).await.0, "20");
    client.batch_execute(&change("c", false, "p_max_points => 70")).await.unwrap();
    assert_eq!(award(&client, give("ann", 40, "6"), now).await.0, "40");
    assert_eq!(number(&client, "select cardinality(governed_rules)::bigint from points.program").await, 0);
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Give { member: usize, points: i64, share: bool, days: i64 },
    Order { member: usize, amount: i64 },
    Reverse { award: usize },
    Return { award: usize, amount: i64 },
    Again { what: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let member = 0..MEMBERS;
    prop_oneof![
        5 => (member.clone(), 1..60i64, any::<bool>(), 0..4i64)
            .prop_map(|(member, points, share, days)| Step::Give { member, points, share, days }),
        3 => (member, 1..60i64).prop_map(|(member, amount)| Step::Order { member, amount }),
        1 => (0..30usize).prop_map(|award| Step::Reverse { award }),
        2 => (0..30usize, 1..80i64).prop_map(|(award, amount)| Step::Return { award, amount }),
        1 => (0..30usize).prop_map(|what| Step::Again { what }),
    ]
}

const MEMBERS: usize = 3;

/// As the program below has them: code, rules, days or a month, times, points, whether it cuts, and whether it gives back.
type Limit = (&'static str, &'static [&'static str], bool, Option<usize>, Option<i64>, bool, bool);
const LIMITS: [Limit; 3] = [
    ("DAY", &["GIVE", "SHARE"], true, None, Some(100), true, true),
    ("TIMES", &["SHARE"], true, Some(3), None, false, true),
    ("MONTH", &["GIVE", "ORDER"], false, Some(12), Some(350), false, false),
];
/// Code, rules, percent added or points, cap of a member, budget: in order of priority.
type Campaign = (&'static str, &'static [&'static str], Option<i64>, i64, Option<i64>, Option<i64>);
const CAMPAIGNS: [Campaign; 3] = [
    ("HALF", &["GIVE", "ORDER"], Some(50), 0, Some(60), Some(100)),
    ("NINE", &["GIVE", "SHARE"], None, 9, None, Some(80)),
    ("MORE", &["ORDER"], Some(10), 0, None, None),
];
const PROGRAM: &str = "
    select api.create_limit('DAY', 'l', '{GIVE,SHARE}', 'day', 'l1', p_max_points => 100, p_excess => 'cut');
    select api.create_limit('TIMES', 'l', '{SHARE}', 'day', 'l2', p_max_times => 3);
    select api.create_limit('MONTH', 'l', '{GIVE,ORDER}', 'month', 'l3', p_max_times => 12, p_max_points => 350, p_gives_back => false);
    select api.create_campaign('HALF', 'c', 'multiplier', '{GIVE,ORDER}', 'c1', p_multiplier => 1.5, p_priority => 1, p_member_cap => 60, p_budget => 100, p_starts_at => '2020-01-01');
    select api.create_campaign('NINE', 'c', 'bonus', '{GIVE,SHARE}', 'c2', p_bonus => 9, p_priority => 2, p_budget => 80, p_starts_at => '2020-01-01');
    select api.create_campaign('MORE', 'c', 'multiplier', '{ORDER}', 'c3', p_multiplier => 1.1, p_priority => 3, p_starts_at => '2020-01-01');";

/// An award as it was made, and how much of it has been undone.
#[derive(Clone, Debug)]
struct Award {
    member: usize,
    rule: &'static str,
    at: DateTime<Utc>,
    amount: Option<i64>,
    returned: i64,
    total: i64,
    bonuses: [i64; 3],
    undone: i64,
    key: String,
}

impl Award {
    fn bonus_left(&self, campaign: usize) -> i64 {
        let bonus = self.bonuses[campaign];
        if self.total == 0 { 0 } else { bonus - bonus * self.undone / self.total }
    }
}

/// Nothing but the awards: every use is counted from them.
#[derive(Default)]
struct Model {
    awards: Vec<Award>,
}

impl Model {
    fn earn(
        &mut self,
        member: usize,
        rule: &'static str,
        base: i64,
        amount: Option<i64>,
        at: DateTime<Utc>,
        key: &str,
    ) -> Result<i64, &'static str> {
        let mut raw = [0; 3];
        for (place, (_, rules, percent, points, cap, _)) in CAMPAIGNS.iter().enumerate() {
            if rules.contains(&rule) && base > 0 {
                let got: i64 = self
                    .awards
                    .iter()
                    .filter(|award| award.member == member)
                    .map(|award| award.bonus_left(place))
                    .sum();
                let bonus = percent.map_or(*points, |percent| base * percent / 100);
                raw[place] = cap.map_or(bonus, |cap| bonus.min(cap - got)).max(0);
            }
        }
        let total = base + raw.iter().sum::<i64>();
        let mut allowed = total;
        for (_, rules, daily, max_times, max_points, cuts, gives_back) in &LIMITS {
            if !rules.contains(&rule) {
                continue;
            }
            let same = |other: DateTime<Utc>| {
                if *daily {
                    other.date_naive() == at.date_naive()
                } else {
                    (other.year(), other.month()) == (at.year(), at.month())
                }
            };
            let counted: Vec<&Award> = self
                .awards
                .iter()
                .filter(|award| {
                    award.member == member && rules.contains(&award.rule) && same(award.at) && award.total > 0
                })
                .collect();
            let times = counted.iter().filter(|award| !(*gives_back && award.undone == award.total)).count();
            let points: i64 =
                counted.iter().map(|award| award.total - if *gives_back { award.undone } else { 0 }).sum();
            if max_times.is_some_and(|max| times >= max) || max_points.is_some_and(|max| !cuts && points + total > max)
            {
                return Err("LIMIT_REACHED");
            }
            allowed = max_points.map_or(allowed, |max| allowed.min(max - points));
        }
        let own = base.min(allowed);
        let mut room = allowed - own;
        let mut bonuses = [0; 3];
        for (place, (.., budget)) in CAMPAIGNS.iter().enumerate() {
            let trimmed = raw[place].min(room);
            room -= trimmed;
            let given: i64 = self.awards.iter().map(|award| award.bonus_left(place)).sum();
            bonuses[place] = budget.map_or(trimmed, |budget| trimmed.min(budget - given));
        }
        let total = own + bonuses.iter().sum::<i64>();
        self.awards.push(Award {
            member,
            rule,
            at,
            amount,
            returned: 0,
            total,
            bonuses,
            undone: 0,
            key: key.to_owned(),
        });
        Ok(total)
    }
}

async fn history(client: &Client, case: u32, steps: &[(Step, bool)]) -> Vec<String> {
    let names: Vec<String> = (0..999)
        .map(|number| format!("c{case}-{number}"))
        .filter(|name| bucket(name, "points") == 5)
        .take(MEMBERS)
        .collect();
    let now = instant("2030-06-15T09:00:00Z");
    client
        .batch_execute(
            "delete from points.limit_use; delete from points.campaign_use;
        update points.stock_slice set remaining = 0 where prize = -1;
        update points.stock set remaining = case item when 'HALF' then 100 else 80 end where prize = -1",
        )
        .await
        .unwrap();
    let mut model = Model::default();
    let mut sent: Vec<(Request, Result<i64, &'static str>)> = Vec::new();
    let (mut batch, mut expected, mut seen) = (Vec::new(), Vec::new(), Vec::new());
    for (number, (step, sends)) in steps.iter().enumerate() {
        let key = format!("k{number}");
        let (request, outcome) = match *step {
            Step::Give { member, points, share, days } => {
                let rule = if share { "SHARE" } else { "GIVE" };
                let at = now - TimeDelta::days(days);
                let request = Request::earn(&names[member], rule, &key).points(points).occurred_at(at);
                (request, model.earn(member, rule, points, None, at, &key))
            }
            Step::Order { member, amount } => {
                let request = Request::earn(&names[member], "ORDER", &key).amount(&amount.to_string());
                (request, model.earn(member, "ORDER", amount, Some(amount), now, &key))
            }
            Step::Reverse { award } => {
                let Some(award) = award.checked_rem(model.awards.len()).map(|place| &mut model.awards[place]) else {
                    continue;
                };
                let request = Request::undo(Kind::Reverse, &names[award.member], &award.key, &key);
                let outcome = match award.total - award.undone {
                    _ if award.total == 0 => Err("NOT_REVERSIBLE"),
                    0 => Err("ALREADY_REVERSED"),
                    rest => Ok(-rest),
                };
                if outcome.is_ok() {
                    award.undone = award.total;
                }
                (request, outcome)
            }
            Step::Return { award, amount } => {
                let orders: Vec<usize> =
                    (0..model.awards.len()).filter(|place| model.awards[*place].amount.is_some()).collect();
                let Some(place) = award.checked_rem(orders.len()) else { continue };
                let award = &mut model.awards[orders[place]];
                let request = Request::return_order(&names[award.member], &award.key, &key).amount(&amount.to_string());
                let whole = award.amount.unwrap();
                let outcome = if award.returned + amount > whole { Err("RETURN_TOO_LARGE") } else { Ok(0) };
                if outcome.is_ok() {
                    award.returned += amount;
                    award.undone = award.undone.max(award.total * award.returned / whole);
                }
                (request, outcome)
            }
            Step::Again { what } => {
                let Some((request, outcome)) = what.checked_rem(sent.len()).map(|place| &sent[place]) else { continue };
                (request.clone(), *outcome)
            }
        };
        seen.push(format!("{} {}", format!("{step:?}").split(' ').next().unwrap(), outcome.err().unwrap_or("done")));
        sent.push((request.clone(), outcome));
        batch.push(request);
        expected.push(outcome);
        if *sends || number + 1 == steps.len() {
            let outcomes = execute(client, &batch, Some(now)).await;
            for (place, (outcome, expected)) in outcomes.iter().zip(&expected).enumerate() {
                let got = match &outcome.refusal {
                    Some(code) => Err(code.as_str()),
                    None if batch[place].kind == Some(Kind::Return) => Ok(0),
                    None => Ok(outcome.points.unwrap()),
                };
                assert_eq!(got, *expected, "{place} of {batch:?}");
            }
            batch.clear();
            expected.clear();
            check_uses(client, &model, &names).await;
        }
    }
    let disagrees =
        "select count(*) from points.operation o join points.account a on a.bucket = o.bucket and a.id = o.account_id
        cross join lateral api.explain_operation(a.user_id, o.id) e
        where a.user_id = any ($1) and e.agrees is not true and e.step = 'award' and o.refusal is null";
    assert_eq!(client.query_one(disagrees, &[&names]).await.unwrap().get::<_, i64>(0), 0);
    for award in &model.awards {
        if award.bonuses.iter().sum::<i64>() > 0 {
            seen.push("bonus".to_owned());
        }
        if award.total == 0 {
            seen.push("cut to nothing".to_owned());
        }
    }
    seen
}

async fn check_uses(client: &Client, model: &Model, names: &[String]) {
    for (place, (code, .., budget)) in CAMPAIGNS.iter().enumerate() {
        let given: i64 = model.awards.iter().map(|award| award.bonus_left(place)).sum();
        let left: Option<i64> =
            client.query_one("select points.stock_left($1, -1::smallint)", &[code]).await.unwrap().get(0);
        assert_eq!(left, budget.map(|budget| budget - given), "{code}");
    }
    for (member, name) in names.iter().enumerate() {
        let total: i64 =
            model.awards.iter().filter(|award| award.member == member).map(|award| award.total - award.undone).sum();
        let available = "select coalesce(sum(available), 0)::bigint from api.account where user_id = $1";
        assert_eq!(client.query_one(available, &[name]).await.unwrap().get::<_, i64>(0), total);
    }
}

fn check(cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    let database = runtime.block_on(Database::new());
    let client = runtime.block_on(async {
        let client = database.client().await;
        program(&client, PROGRAM).await;
        client
    });
    let events = [
        "Give done",
        "Give LIMIT_REACHED",
        "Order done",
        "Reverse done",
        "Return done",
        "Return RETURN_TOO_LARGE",
        "bonus",
        "cut to nothing",
    ];
    let steps = proptest::collection::vec((step(), any::<bool>()), 5..40);
    check_histories(cases, &steps, &events, |case, steps| Ok(runtime.block_on(history(&client, case, &steps))));
    runtime.block_on(super::assert_laws_alone(&client));
}

#[test]
fn awards_are_what_the_model_says() {
    check(20);
}

/// As many histories as JIFEN_HISTORIES says.
#[test]
#[ignore = "long"]
fn awards_are_what_the_model_says_at_length() {
    check(MANY);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_budget_and_no_limit_is_overspent_by_many_at_once() {
    let database = Database::new().await;
    let client = database.client().await;
    program(
        &client,
        "select api.create_campaign('RUSH', 'c', 'bonus', '{GIVE}', 'c1', p_bonus => 10, p_budget => 1005);
         select api.create_limit('DAY', 'l', '{SHARE}', 'day', 'l1', p_max_points => 95, p_excess => 'cut')",
    )
    .await;
    let barrier = Arc::new(Barrier::new(8));
    let mut workers = Vec::new();
    for worker in 0..8 {
        let (client, barrier) = (database.client().await, barrier.clone());
        workers.push(tokio::spawn(async move {
            barrier.wait().await;
            for number in 0..20 {
                // a few members of all buckets, and one whom all give to
                let user = format!("w{worker}-{number}");
                let outcome = one(&client, give(&user, 1, "k"), None).await;
                assert_eq!(outcome.refusal, None);
                one(&client, Request::earn("ann", "SHARE", &user).points(10), None).await;
            }
        }));
    }
    for worker in workers {
        worker.await.unwrap();
    }
    assert_eq!(
        number(&client, "select sum(points - 1)::bigint from api.operation where rule = 'GIVE' and user_id like 'w%'")
            .await,
        1005
    );
    assert_eq!(number(&client, "select remaining_budget from api.campaign").await, 0);
    assert_eq!(number(&client, "select available from api.account where user_id = 'ann'").await, 95);
    assert_laws(&client).await;
}

#[tokio::test]
async fn operators_make_them_in_psql_and_mistakes_are_named() {
    let database = Database::new().await;
    let client = database.client().await;
    program(&client, "set role jifen_operator").await;
    let limit = "select replayed from api.create_limit('DAY', 'Daily', '{GIVE}', 'day', 'l1', p_max_points => 5)";
    let campaign =
        "select replayed from api.create_campaign('C', 'C', 'bonus', '{GIVE}', 'c1', p_bonus => 5, p_budget => 10)";
    let budget = "select replayed from api.add_budget('C', 15, 'b1')";
    for call in [limit, campaign, budget] {
        for replayed in [false, true] {
            assert_eq!(client.query_one(call, &[]).await.unwrap().get::<_, bool>(0), replayed, "{call}");
        }
    }
    assert_eq!(number(&client, "select remaining_budget from api.campaign").await, 25);
    client.batch_execute("select api.add_budget('C', -25, 'b2')").await.unwrap();
    for (call, path) in [
        ("api.add_budget('C', -1, 'x')", "points"),
        ("api.add_budget('C', 0, 'x')", "points"),
        ("api.add_budget('NO', 1, 'x')", "campaign"),
        ("api.create_limit('day', 'l', '{GIVE}', 'day', 'x', 1)", "code"),
        ("api.create_limit('DAY', 'l', '{GIVE}', 'day', 'x', 1)", "code"),
        ("api.create_limit('D', '', '{GIVE}', 'day', 'x', 1)", "name"),
        ("api.create_limit('D', 'l', '{}', 'day', 'x', 1)", "rules"),
        ("api.create_limit('D', 'l', '{NO}', 'day', 'x', 1)", "rules"),
        ("api.create_limit('D', 'l', '{GIVE}', null, 'x', 1)", "period"),
        ("api.create_limit('D', 'l', '{GIVE}', 'day', 'x')", "max_points"),
        ("api.create_limit('D', 'l', '{GIVE}', 'day', 'x', 0)", "max_times"),
        ("api.create_limit('D', 'l', '{GIVE}', 'day', 'x', 1, 0)", "max_points"),
        ("api.create_limit('D', 'l', '{GIVE}', 'day', 'x', 1, 1, null)", "excess"),
        ("api.create_limit('D', 'l', '{GIVE}', 'day', '', 1)", "idempotency_key"),
        ("api.change_limit('NO', 'l', '{GIVE}', true, 'x', 1)", "code"),
        ("api.change_limit('DAY', 'l', '{GIVE}', null, 'x', 1)", "active"),
        ("api.create_campaign('c', 'c', 'bonus', '{GIVE}', 'x', p_bonus => 1)", "code"),
        ("api.create_campaign('C', 'c', 'bonus', '{GIVE}', 'x', p_bonus => 1)", "code"),
        ("api.create_campaign('D', 'c', null, '{GIVE}', 'x')", "basis"),
        ("api.create_campaign('D', 'c', 'multiplier', '{GIVE}', 'x')", "multiplier"),
        ("api.create_campaign('D', 'c', 'multiplier', '{GIVE}', 'x', 1)", "multiplier"),
        ("api.create_campaign('D', 'c', 'bonus', '{GIVE}', 'x')", "bonus"),
        ("api.create_campaign('D', 'c', 'bonus', '{GIVE}', 'x', p_bonus => 0)", "bonus"),
        ("api.create_campaign('D', 'c', 'bonus', '{NO}', 'x', p_bonus => 1)", "rules"),
        ("api.create_campaign('D', 'c', 'bonus', '{GIVE}', 'x', p_bonus => 1, p_levels => '{NO}')", "levels"),
        ("api.create_campaign('D', 'c', 'bonus', '{GIVE}', 'x', p_bonus => 1, p_levels => '{}')", "levels"),
        ("api.create_campaign('D', 'c', 'bonus', '{GIVE}', 'x', p_bonus => 1, p_priority => 0)", "priority"),
        ("api.create_campaign('D', 'c', 'bonus', '{GIVE}', 'x', p_bonus => 1, p_exclusive => null)", "exclusive"),
        ("api.create_campaign('D', 'c', 'bonus', '{GIVE}', 'x', p_bonus => 1, p_member_cap => 0)", "member_cap"),
        ("api.create_campaign('D', 'c', 'bonus', '{GIVE}', 'x', p_bonus => 1, p_budget => -1)", "budget"),
        ("api.create_campaign('D', 'c', 'bonus', '{GIVE}', 'x', p_bonus => 1, p_ends_at => '2020-01-01')", "ends_at"),
        ("api.create_campaign('D', 'c', 'bonus', '{GIVE}', 'x', p_bonus => 1, p_starts_at => 'infinity')", "starts_at"),
        ("api.change_campaign('NO', 'c', 'active', 'x')", "code"),
        ("api.change_campaign('C', 'c', null, 'x')", "status"),
        ("api.change_campaign('C', '', 'active', 'x')", "name"),
    ] {
        let error = client.batch_execute(&format!("select {call}")).await.unwrap_err();
        let error = error.as_db_error().unwrap_or_else(|| panic!("{call}"));
        assert_eq!((error.code().code(), error.message()), ("LP001", "INVALID_INPUT"), "{call} {error}");
        let detail: Value = serde_json::from_str(error.detail().unwrap()).unwrap();
        assert_eq!(detail["path"], json!(path), "{call} {detail}");
    }
    let again = "select api.create_limit('DAY', 'Daily', '{GIVE}', 'day', 'l1', p_max_points => 6)";
    assert_eq!(sqlstate(client.batch_execute(again).await), "LP004");
    let forbidden = "select api.add_budget('C', 1, 'x', 'nobody')";
    assert_eq!(sqlstate(client.batch_execute(forbidden).await), "LP003");
}
