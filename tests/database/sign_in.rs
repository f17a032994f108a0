//! Signing in: once a local day, streaks, days made up, time zones of one's own.

use std::{collections::BTreeSet, sync::Arc};

use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio_postgres::Client;

use super::{assert_laws, number, one, sqlstate};
use crate::common::{Database, Kind, MANY, Outcome, Random, Request, execute, instant, seeds};

async fn in_zone(client: &Client, zone: &str) {
    client.execute("update points.program set time_zone = $1", &[&zone]).await.unwrap();
}

async fn sign_in(client: &Client, user: &str, at: &str) -> Outcome {
    one(client, Request::sign_in(user, at), Some(instant(at))).await
}

/// What a sign-in brought, and its day and streak; or why it was refused, and the day.
fn brief(outcome: &Outcome) -> (String, String, i64) {
    let detail = outcome.detail.clone().unwrap_or_default();
    let day = detail["day"].as_str().unwrap_or_default().to_owned();
    match &outcome.refusal {
        Some(refusal) => (refusal.clone(), day, 0),
        None => (outcome.points.unwrap().to_string(), day, detail["streak"].as_i64().unwrap()),
    }
}

fn is(outcome: &Outcome, what: &str, day: &str, streak: i64) {
    assert_eq!(brief(outcome), (what.to_owned(), day.to_owned(), streak));
}

async fn make_ups(client: &Client, days: i32, times: i32, price: i64) {
    client
        .execute(
            "select api.set_sign_in('SIGN_IN', gen_random_uuid()::text, 7, 10, $1, $2, $3)",
            &[&days, &times, &price],
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn each_seventh_consecutive_day_brings_ten_more() {
    let database = Database::new().await;
    let client = database.client().await;
    let mut paid = Vec::new();
    for day in 1..=22 {
        // the 18th is missed
        if day != 18 {
            paid.push(sign_in(&client, "zoe", &format!("2030-03-{day:02}T12:00:00Z")).await.points.unwrap());
        }
    }
    let expected: Vec<i64> = (1..=21).map(|nth| if nth == 7 || nth == 14 { 15 } else { 5 }).collect();
    assert_eq!(paid, expected);
    let after = sign_in(&client, "zoe", "2030-03-23T12:00:00Z").await;
    is(&after, "5", "2030-03-23", 5);
    assert_eq!(after.detail, Some(json!({ "day": "2030-03-23", "streak": 5, "bonus": 0 })));
    // the award is a lot of the rule, with its validity
    let lots =
        "select count(*) from points.lot where source = 'SIGN_IN' and expires_at = available_at + interval '365 days'
        and granted = 15";
    assert_eq!(number(&client, lots).await, 2);
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_day_is_signed_once_and_the_second_is_told_so_for_good() {
    let database = Database::new().await;
    let client = database.client().await;
    let first = one(&client, Request::sign_in("zoe", "a"), Some(instant("2030-03-01T00:00:00Z"))).await;
    is(&first, "5", "2030-03-01", 1);
    let late = Some(instant("2030-03-01T23:59:59Z"));
    let second = one(&client, Request::sign_in("zoe", "b"), late).await;
    is(&second, "ALREADY_SIGNED_IN", "2030-03-01", 0);
    assert_eq!(second.detail.as_ref().unwrap()["operation_id"], json!(crate::common::operation_id(1, "a").to_string()));
    assert_eq!(second.points, Some(0), "final, so it is stored");
    // the keys answer the same for ever
    let tomorrow = Some(instant("2030-03-02T00:00:00Z"));
    let again = one(&client, Request::sign_in("zoe", "a"), tomorrow).await;
    assert!(again.replayed);
    assert_eq!((again.points, &again.detail), (Some(5), &first.detail));
    let again = one(&client, Request::sign_in("zoe", "b"), tomorrow).await;
    is(&again, "ALREADY_SIGNED_IN", "2030-03-01", 0);
    is(&one(&client, Request::sign_in("zoe", "c"), tomorrow).await, "5", "2030-03-02", 2);
    // the key of a sign-in is no key of an award
    let other = one(&client, Request::earn("zoe", "SIGN_IN", "c"), tomorrow).await;
    assert_eq!(other.refusal.as_deref(), Some("IDEMPOTENCY_CONFLICT"));
}

#[tokio::test]
async fn the_rule_in_force_decides_with_its_validity_and_pending_days() {
    let database = Database::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "select api.create_rule_version('SIGN_IN', 'fixed', p_fixed_points => 8, p_valid_days => 30, p_pending_days => 2,
                 p_starts_at => '2030-03-02 00:00:00+00');
             update points.sign_in_terms set bonus_every = 2",
        )
        .await
        .unwrap();
    let first = sign_in(&client, "zoe", "2030-03-01T12:00:00Z").await;
    assert_eq!((first.points, first.rule_version), (Some(5), Some(1)));
    let second = sign_in(&client, "zoe", "2030-03-02T12:00:00Z").await;
    assert_eq!((second.points, second.rule_version), (Some(18), Some(2)));
    let entry = second.entry.unwrap();
    assert_eq!((entry.pending_delta, entry.available_delta), (18, 0), "the bonus waits with the award");
    let row = client
        .query_one("select granted, pending, source, available_at, expires_at from points.lot where granted = 18", &[])
        .await
        .unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, bool>(1), row.get::<_, &str>(2)), (18, true, "SIGN_IN"));
    assert_eq!(row.get::<_, DateTime<Utc>>(3), instant("2030-03-04T12:00:00Z"));
    assert_eq!(row.get::<_, DateTime<Utc>>(4), instant("2030-04-01T12:00:00Z"));
    let stored = "select count(*) from points.operation where kind = 'sign_in' and rule = 'SIGN_IN' and rule_version = 2 and points = 18";
    assert_eq!(number(&client, stored).await, 1);
    assert_laws(&client).await;
}

#[tokio::test]
async fn midnight_is_local_in_five_zones() {
    for (zone, before, after) in [
        ("UTC", "2030-01-31T23:59:59.999999Z", "2030-02-01T00:00:00Z"),
        ("Asia/Shanghai", "2030-01-31T15:59:59.999999Z", "2030-01-31T16:00:00Z"),
        ("America/New_York", "2030-02-01T04:59:59.999999Z", "2030-02-01T05:00:00Z"),
        ("Asia/Kathmandu", "2030-01-31T18:14:59.999999Z", "2030-01-31T18:15:00Z"),
        ("Pacific/Kiritimati", "2030-01-31T09:59:59.999999Z", "2030-01-31T10:00:00Z"),
    ] {
        let database = Database::new().await;
        let client = database.client().await;
        in_zone(&client, zone).await;
        is(&sign_in(&client, "zoe", before).await, "5", "2030-01-31", 1);
        is(&sign_in(&client, "zoe", after).await, "5", "2030-02-01", 2);
        let evening = (instant(after) + Duration::hours(24) - Duration::microseconds(1)).to_rfc3339();
        is(&sign_in(&client, "zoe", &evening).await, "ALREADY_SIGNED_IN", "2030-02-01", 0);
    }
}

#[tokio::test]
async fn short_and_long_days_are_days() {
    let database = Database::new().await;
    let client = database.client().await;
    in_zone(&client, "Europe/Berlin").await;
    // 31 March 2030 has 23 hours, 27 October 25
    for (at, day, streak) in [
        ("2030-03-29T23:30:00Z", "2030-03-30", 1),
        ("2030-03-30T23:00:00Z", "2030-03-31", 2),
        ("2030-03-31T22:00:00Z", "2030-04-01", 3),
        ("2030-10-25T22:00:00Z", "2030-10-26", 1),
        ("2030-10-26T22:00:00Z", "2030-10-27", 2),
        ("2030-10-27T23:00:00Z", "2030-10-28", 3),
    ] {
        is(&sign_in(&client, "zoe", at).await, "5", day, streak);
    }
    // 24.5 hours after its begin it is still the same day
    is(&sign_in(&client, "zoe", "2030-10-27T22:30:00Z").await, "ALREADY_SIGNED_IN", "2030-10-27", 0);
    // in Santiago the 8th of September 2030 begins at one o'clock
    in_zone(&client, "America/Santiago").await;
    is(&sign_in(&client, "rosa", "2030-09-08T03:59:59Z").await, "5", "2030-09-07", 1);
    is(&sign_in(&client, "rosa", "2030-09-08T04:00:00Z").await, "5", "2030-09-08", 2);
}

#[tokio::test]
async fn a_change_of_zone_brings_no_day_twice_and_none_back() {
    let database = Database::new().await;
    let client = database.client().await;
    let zone = async |user: &str, zone: &str, at: &str| {
        one(&client, Request::set_time_zone(user, zone, &format!("zone {at}")), Some(instant(at))).await.refusal
    };
    // to the east, where it is tomorrow already: not before today is over
    is(&sign_in(&client, "zoe", "2030-03-01T12:00:00Z").await, "5", "2030-03-01", 1);
    assert_eq!(zone("zoe", "Pacific/Kiritimati", "2030-03-01T12:01:00Z").await, None);
    is(&sign_in(&client, "zoe", "2030-03-01T12:02:00Z").await, "ALREADY_SIGNED_IN", "2030-03-01", 0);
    assert_eq!(zone("zoe", "Asia/Tokyo", "2030-03-01T23:00:00Z").await.as_deref(), Some("LIMIT_REACHED"));
    is(&sign_in(&client, "zoe", "2030-03-02T09:59:00Z").await, "5", "2030-03-02", 2);
    is(&sign_in(&client, "zoe", "2030-03-02T10:00:00Z").await, "5", "2030-03-03", 3);
    // and back to the west: a day that was there does not come again, and the next begins by the new clock
    assert_eq!(zone("zoe", "Pacific/Pago_Pago", "2030-03-02T10:30:00Z").await, None);
    is(&sign_in(&client, "zoe", "2030-03-03T10:01:00Z").await, "5", "2030-03-04", 4);
    for at in ["2030-03-03T11:30:00Z", "2030-03-04T11:30:00Z", "2030-03-05T10:59:00Z"] {
        is(&sign_in(&client, "zoe", at).await, "ALREADY_SIGNED_IN", "2030-03-04", 0);
    }
    is(&sign_in(&client, "zoe", "2030-03-05T11:00:00Z").await, "5", "2030-03-05", 5);
    // whoever missed yesterday finds it nowhere
    is(&sign_in(&client, "rosa", "2030-03-01T12:00:00Z").await, "5", "2030-03-01", 1);
    assert_eq!(zone("rosa", "Pacific/Pago_Pago", "2030-03-03T00:01:00Z").await, None);
    is(&sign_in(&client, "rosa", "2030-03-03T00:02:00Z").await, "5", "2030-03-03", 1);
    is(&sign_in(&client, "rosa", "2030-03-04T00:02:00Z").await, "5", "2030-03-04", 2);
    assert_laws(&client).await;
}

/// Whatever a member does with zones, days go forward, and there are no more of them than of the world's.
#[tokio::test]
async fn no_play_with_zones_earns_more_than_the_days_there_are() {
    let database = Database::new().await;
    let client = database.client().await;
    let zones = ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC", "Asia/Kathmandu", "America/St_Johns"];
    let mut random = Random::new(7);
    let begin = instant("2030-03-01T00:00:00Z");
    let mut now = begin;
    let (mut last, mut signed) = (NaiveDate::MIN, 0);
    for step in 0..150 {
        now += Duration::minutes(random.of(1..240));
        let key = format!("step {step}");
        if random.of(0..4) == 0 {
            one(&client, Request::set_time_zone("zoe", random.pick(&zones), &key), Some(now)).await;
            continue;
        }
        let outcome = one(&client, Request::sign_in("zoe", &key), Some(now)).await;
        if outcome.refusal.is_none() {
            let day: NaiveDate = outcome.detail.unwrap()["day"].as_str().unwrap().parse().unwrap();
            assert!(day > last, "{day} after {last}");
            let world = (now + Duration::hours(14)).date_naive();
            assert!(day <= world && day >= world - Duration::days(2), "{day} at {now}");
            (last, signed) = (day, signed + 1);
        }
    }
    let days = (now - begin).num_days();
    assert!(signed <= days + 2 && signed > days / 2, "{signed} in {days} days");
}

#[tokio::test]
async fn zones_and_days_that_there_are_not_are_inputs_at_fault() {
    let database = Database::new().await;
    let client = database.client().await;
    let refused = async |request: Request, path: &str| {
        let outcome = one(&client, request, None).await;
        assert_eq!(outcome.refusal.as_deref(), Some("INVALID_INPUT"), "{:?}", outcome.detail);
        assert_eq!(outcome.detail.unwrap()["path"], json!(path));
    };
    refused(Request::set_time_zone("zoe", "Asia/Atlantis", "1"), "subject").await;
    refused(Request { subject: None, ..Request::set_time_zone("zoe", "x", "1") }, "subject").await;
    for day in ["2030-02-30", "2031-02-29", "2030-13-01", "2030-1-01", "yesterday", "2030-04-31", "-infinity", ""] {
        refused(Request::make_up("zoe", day, "1"), "subject").await;
    }
    refused(Request::sign_in("zoe", "1").subject("2030-01-01"), "subject").await;
    refused(Request::earn("zoe", "SIGN_IN", "1").subject("2030-01-01"), "subject").await;
    refused(Request::sign_in("zoe", "1").points(5), "points").await;
    refused(Request { rule: Some("SIGN_IN".into()), ..Request::sign_in("zoe", "1") }, "kind").await;
    refused(Request::sign_in("zoe", "1").occurred_at(instant("2020-01-01T00:00:00Z")), "kind").await;
    client.batch_execute("insert into points.wallet values ('coins', 'Coins')").await.unwrap();
    refused(Request { wallet: Some("coins".into()), ..Request::sign_in("zoe", "1") }, "wallet").await;
    assert_eq!(number(&client, "select count(*) from points.account where user_id = 'zoe'").await, 0);
}

#[tokio::test]
async fn days_are_made_up_by_setting_only() {
    let database = Database::new().await;
    let client = database.client().await;
    let make_up = async |day: &str, at: &str| {
        one(&client, Request::make_up("zoe", day, &format!("{day} {at}")), Some(instant(at))).await
    };
    for day in [1, 2, 4, 5] {
        sign_in(&client, "zoe", &format!("2030-03-{day:02}T12:00:00Z")).await;
    }
    let noon = "2030-03-06T12:00:00Z";
    let refused = make_up("2030-03-03", noon).await;
    assert_eq!(refused.refusal.as_deref(), Some("DAY_OUT_OF_RANGE"), "none can, unless set");
    make_ups(&client, 4, 2, 3).await;
    let noon = "2030-03-06T12:30:00Z";
    for day in ["2030-03-01", "2030-03-06", "2030-03-07"] {
        let refused = make_up(day, noon).await;
        assert_eq!(
            (refused.refusal.as_deref(), refused.detail),
            (Some("DAY_OUT_OF_RANGE"), Some(json!({ "day": day, "first": "2030-03-02", "last": "2030-03-05" })))
        );
    }
    let refused = make_up("2030-03-05", noon).await;
    is(&refused, "ALREADY_SIGNED_IN", "2030-03-05", 0);
    let made = make_up("2030-03-03", noon).await;
    assert_eq!(made.detail, Some(json!({ "day": "2030-03-03", "streak": 5 })));
    assert_eq!((made.points, made.entry.unwrap().available_delta), (Some(3), -3));
    is(&make_up("2030-03-03", "2030-03-06T13:00:00Z").await, "ALREADY_SIGNED_IN", "2030-03-03", 0);
    is(&sign_in(&client, "zoe", "2030-03-06T14:00:00Z").await, "5", "2030-03-06", 6);
    is(&sign_in(&client, "zoe", "2030-03-07T14:00:00Z").await, "15", "2030-03-07", 7);
    // twice a month, by the day on which it is done
    sign_in(&client, "zoe", "2030-03-10T12:00:00Z").await;
    assert_eq!(make_up("2030-03-09", "2030-03-10T12:00:00Z").await.refusal, None);
    let refused = make_up("2030-03-08", "2030-03-10T12:00:00Z").await;
    assert_eq!(
        (refused.refusal.as_deref(), refused.detail),
        (Some("LIMIT_REACHED"), Some(json!({ "limit": "days made up a month", "maximum": 2 })))
    );
    assert_eq!(make_up("2030-03-31", "2030-04-02T12:00:00Z").await.refusal, None);
    // without the points for it, nothing is made up
    make_ups(&client, 4, 9, 1_000).await;
    assert_eq!(make_up("2030-04-01", "2030-04-02T12:00:00Z").await.refusal.as_deref(), Some("INSUFFICIENT_POINTS"));
    make_ups(&client, 4, 9, 0).await;
    let free = make_up("2030-04-01", "2030-04-02T13:00:00Z").await;
    assert_eq!((free.refusal, free.points, free.entry), (None, Some(0), None));
    assert_laws(&client).await;
}

#[tokio::test]
async fn no_day_before_the_account_was_there_can_be_made_up() {
    let database = Database::new().await;
    let client = database.client().await;
    make_ups(&client, 30, 30, 0).await;
    let at = Some(instant("2030-03-06T12:00:00Z"));
    let refused = one(&client, Request::make_up("new", "2030-03-05", "1"), at).await;
    assert_eq!(refused.refusal.as_deref(), Some("DAY_OUT_OF_RANGE"));
    let refused = one(&client, Request::make_up("new", "2030-03-05", "2"), at).await;
    assert_eq!(refused.detail.unwrap()["first"], "2030-03-06");
}

#[tokio::test]
async fn a_reversal_claws_the_points_back_and_leaves_the_day_signed() {
    let database = Database::new().await;
    let client = database.client().await;
    make_ups(&client, 9, 9, 2).await;
    for day in 1..=3 {
        sign_in(&client, "zoe", &format!("2030-03-{day:02}T12:00:00Z")).await;
    }
    let now = Some(instant("2030-03-03T13:00:00Z"));
    let undone = one(&client, Request::undo(Kind::Reverse, "zoe", "2030-03-03T12:00:00Z", "undo"), now).await;
    assert_eq!((undone.refusal.as_deref(), undone.points), (None, Some(-5)));
    assert_eq!(undone.entry.unwrap().available_delta, -5);
    // nobody signs in again to get them back, and the streak goes on
    is(&one(&client, Request::sign_in("zoe", "again"), now).await, "ALREADY_SIGNED_IN", "2030-03-03", 0);
    is(&sign_in(&client, "zoe", "2030-03-04T12:00:00Z").await, "5", "2030-03-04", 4);
    let twice = one(&client, Request::undo(Kind::Reverse, "zoe", "2030-03-03T12:00:00Z", "undo 2"), now).await;
    assert_eq!(twice.refusal.as_deref(), Some("ALREADY_REVERSED"));
    // what a day made up cost comes back, and it stays made up
    let at = Some(instant("2030-03-06T12:00:00Z"));
    one(&client, Request::make_up("zoe", "2030-03-05", "made"), at).await;
    let undone = one(&client, Request::undo(Kind::Reverse, "zoe", "made", "unmade"), at).await;
    assert_eq!((undone.refusal.as_deref(), undone.points), (None, Some(2)));
    is(&one(&client, Request::sign_in("zoe", "6th"), at).await, "5", "2030-03-06", 6);
    // what is spent becomes a debt, which the next sign-in pays
    one(&client, Request::spend("zoe", 20, "spend"), at).await;
    let undone = one(&client, Request::undo(Kind::Reverse, "zoe", "6th", "undo 6th"), at).await;
    assert_eq!(undone.entry.unwrap().debt_delta, 5);
    is(&sign_in(&client, "zoe", "2030-03-07T12:00:00Z").await, "15", "2030-03-07", 7);
    assert_eq!(number(&client, "select available from api.account where user_id = 'zoe'").await, 10);
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_refused_sign_in_signs_no_day() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("update points.program set frozen_earns = false").await.unwrap();
    sign_in(&client, "zoe", "2030-03-01T12:00:00Z").await;
    let at = Some(instant("2030-03-02T12:00:00Z"));
    one(&client, Request::freeze(Kind::Freeze, "zoe", "freeze"), at).await;
    let refused = one(&client, Request::sign_in("zoe", "frozen"), at).await;
    assert_eq!((refused.refusal.as_deref(), refused.detail), (Some("ACCOUNT_FROZEN"), None));
    one(&client, Request::freeze(Kind::Unfreeze, "zoe", "unfreeze"), at).await;
    is(&one(&client, Request::sign_in("zoe", "free"), at).await, "5", "2030-03-02", 2);
    // by rights, too
    client
        .batch_execute(
            "select api.create_client('shop', null, '{earn}', '{ORDER}'), api.create_client('till', null, '{spend}')",
        )
        .await
        .unwrap();
    for name in ["shop", "till"] {
        let error = client.query("select api.sign_in('rosa', '1', p_client => $1)", &[&name]).await;
        assert_eq!(sqlstate(error), "LP003", "{name}");
    }
    assert_eq!(
        number(&client, "select count(*) from points.sign_in").await,
        3,
        "alice's of the demonstration among them"
    );
}

#[tokio::test]
async fn of_two_at_once_one_is_paid() {
    let database = Database::new().await;
    let client = database.client().await;
    for round in 0..15 {
        let user = format!("member-{round}");
        // half of them meet an account that is there
        if round % 2 == 0 {
            one(&client, Request::adjust(&user, 1, "open"), None).await;
        }
        let barrier = Arc::new(Barrier::new(8));
        let tasks: Vec<_> = (0..8)
            .map(|number| {
                let (url, barrier, user) = (database.url(), barrier.clone(), user.clone());
                tokio::spawn(async move {
                    let client = jifen::database::connect(&jifen::database::parse_url(&url).unwrap()).await.unwrap();
                    barrier.wait().await;
                    // two of each key
                    one(
                        &client,
                        Request::sign_in(&user, &format!("key {}", number / 2)),
                        Some(instant("2030-03-01T12:00:00Z")),
                    )
                    .await
                })
            })
            .collect();
        let (mut paid, mut replayed, mut refused) = (0, 0, 0);
        for task in tasks {
            let outcome = task.await.unwrap();
            match outcome.refusal.as_deref() {
                None if outcome.replayed => replayed += 1,
                None => paid += 1,
                Some("ALREADY_SIGNED_IN") => refused += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((paid, replayed, refused), (1, 1, 6));
    }
    assert_eq!(
        number(&client, "select count(*) from points.entry where kind = 'earn' and available_delta = 5").await,
        16
    );
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_batch_gives_what_one_by_one_gives() {
    let (together, apart) = (Database::new().await, Database::new().await);
    let (together, apart) = (together.client().await, apart.client().await);
    let mut random = Random::new(20_300_301);
    for client in [&together, &apart] {
        make_ups(client, 5, 3, 2).await;
    }
    let mut now = instant("2030-03-01T00:00:00Z");
    let users = ["ann", "ben", "cat"];
    for step in 0..25 {
        now += Duration::minutes(random.of(0..1_500));
        let batch: Vec<Request> = (0..random.of(1..9))
            .map(|place| {
                let (user, key) = (random.pick(&users), format!("{step} {}", random.of(0..place + 1)));
                match random.of(0..9) {
                    0..=3 => Request::sign_in(user, &key),
                    4 | 5 => {
                        Request::make_up(user, &(now - Duration::days(random.of(-1..7))).date_naive().to_string(), &key)
                    }
                    6 => Request::earn(user, "REGISTER", &key),
                    7 => Request::set_time_zone(user, random.pick(&["Asia/Tokyo", "America/Lima", "Mars"]), &key),
                    _ => Request::spend(user, random.of(1..30), &key),
                }
            })
            .collect();
        let whole = execute(&together, &batch, Some(now)).await;
        for (place, outcome) in whole.into_iter().enumerate() {
            let single = one(&apart, batch[place].clone(), Some(now)).await;
            assert_eq!(outcome.without_account(), single.without_account(), "step {step}, {:?}", batch[place]);
        }
    }
    let dump = "select string_agg(t::text, ' ' order by t) from (
        select a.user_id, s.day, s.made_on from points.sign_in s join points.account a on a.bucket = s.bucket and a.id = s.account_id
        where a.user_id <> 'alice') t";
    let [left, right] = [&together, &apart].map(|client| client.query_one(dump, &[]));
    assert_eq!(left.await.unwrap().get::<_, String>(0), right.await.unwrap().get::<_, String>(0));
    for client in [&together, &apart] {
        assert_laws(client).await;
    }
}

/// A member as told by sets of days alone.
#[derive(Default)]
struct Member {
    signed: BTreeSet<NaiveDate>,
    made: Vec<NaiveDate>,
    joined: Option<NaiveDate>,
    points: i64,
}

impl Member {
    fn streak_to(&self, day: NaiveDate) -> i64 {
        (0..).take_while(|back| self.signed.contains(&(day - Duration::days(*back)))).count() as i64
    }

    fn sign_in(&mut self, today: NaiveDate) -> (String, Value) {
        self.joined.get_or_insert(today);
        if !self.signed.insert(today) {
            return ("ALREADY_SIGNED_IN".into(), json!({ "day": today }));
        }
        let streak = self.streak_to(today);
        let bonus = if streak % 7 == 0 { 10 } else { 0 };
        self.points += 5 + bonus;
        ("done".into(), json!({ "day": today, "streak": streak, "bonus": bonus }))
    }

    fn make_up(&mut self, day: NaiveDate, today: NaiveDate, days: i64, times: usize, price: i64) -> (String, Value) {
        let first = *self.joined.get_or_insert(today).max(&mut (today - Duration::days(days)));
        let month = |day: NaiveDate| day.format("%Y-%m").to_string();
        if day < first || day >= today {
            ("DAY_OUT_OF_RANGE".into(), json!({ "day": day, "first": first, "last": today - Duration::days(1) }))
        } else if self.signed.contains(&day) {
            ("ALREADY_SIGNED_IN".into(), json!({ "day": day }))
        } else if self.made.iter().filter(|made| month(**made) == month(today)).count() >= times {
            ("LIMIT_REACHED".into(), json!({ "limit": "days made up a month", "maximum": times }))
        } else if self.points < price {
            ("INSUFFICIENT_POINTS".into(), json!({ "available": self.points, "requested": price }))
        } else {
            self.signed.insert(day);
            self.made.push(today);
            self.points -= price;
            let now = self.streak_to(today).max(self.streak_to(today - Duration::days(1)));
            ("done".into(), json!({ "day": day, "streak": now }))
        }
    }
}

async fn lives(otherwise: u32) {
    let database = Database::new().await;
    let client = database.client().await;
    for seed in seeds(otherwise) {
        let mut random = Random::new(seed);
        let (days, times, price) = (random.of(1..12), random.of(1..6), random.of(0..9));
        make_ups(&client, days as i32, times as i32, price).await;
        let (user, mut member) = (format!("member-{seed}"), Member::default());
        let mut now = instant("2030-01-20T00:00:00Z");
        for step in 0..100 {
            now += Duration::hours(random.of(0..30));
            let (today, key) = (now.date_naive(), format!("{step}"));
            let (request, (what, facts)) = if random.of(0..2) == 0 || step == 0 {
                (Request::sign_in(&user, &key), member.sign_in(today))
            } else {
                let day = today - Duration::days(random.of(-1..days + 2));
                let answer = member.make_up(day, today, days, times as usize, price);
                (Request::make_up(&user, &day.to_string(), &key), answer)
            };
            let outcome = one(&client, request, Some(now)).await;
            assert_eq!(outcome.refusal.as_deref().unwrap_or("done"), what, "seed {seed}, step {step}");
            let mut detail = outcome.detail.unwrap();
            for only_there in ["operation_id", "made_up"] {
                detail.as_object_mut().unwrap().remove(only_there);
            }
            assert_eq!(detail, facts, "seed {seed}, step {step}");
            let streaks = "select points.streak_now(a.bucket, a.id, $2) as streak, b.available
                from points.account a join points.balance b on b.bucket = a.bucket and b.account_id = a.id where a.user_id = $1";
            let row = client.query_one(streaks, &[&user, &today]).await.unwrap();
            let streak = member.streak_to(today).max(member.streak_to(today - Duration::days(1)));
            assert_eq!((i64::from(row.get::<_, i32>(0)), row.get::<_, i64>(1)), (streak, member.points));
        }
    }
    assert_laws(&client).await;
}

#[tokio::test]
async fn streaks_and_days_made_up_are_as_an_independent_model_says() {
    lives(4).await;
}

/// As many histories as JIFEN_HISTORIES says.
#[tokio::test]
#[ignore = "long"]
async fn streaks_are_as_an_independent_model_says_at_length() {
    lives(MANY).await;
}

#[tokio::test]
async fn the_calendar_says_what_today_and_tomorrow_bring() {
    let database = Database::new().await;
    let client = database.client().await;
    make_ups(&client, 4, 3, 2).await;
    for day in [25, 26, 27, 28] {
        sign_in(&client, "zoe", &format!("2030-02-{day}T12:00:00Z")).await;
    }
    one(&client, Request::set_time_zone("zoe", "Asia/Shanghai", "zone"), Some(instant("2030-03-01T00:00:00Z"))).await;
    sign_in(&client, "zoe", "2030-03-02T12:00:00Z").await;
    one(&client, Request::make_up("zoe", "2030-03-01", "made"), Some(instant("2030-03-02T12:00:00Z"))).await;
    let calendar = async |month: &str, at: &str| {
        let row = client
            .query_one(
                "select to_jsonb(c) from points.read_sign_ins(api.bucket('zoe'), 'zoe', $1, 'points', $2) c",
                &[&month.parse::<NaiveDate>().unwrap(), &instant(at)],
            )
            .await
            .unwrap();
        row.get::<_, Value>(0)
    };
    assert_eq!(
        calendar("2030-03-15", "2030-03-02T12:30:00Z").await,
        json!({
            "time_zone": "Asia/Shanghai", "days": ["2030-03-01", "2030-03-02"], "made_up": ["2030-03-01"], "streak": 6,
            "today": "2030-03-02", "signed_today": true, "today_streak": 6, "today_points": 5, "today_bonus": 0,
            "tomorrow": "2030-03-03", "tomorrow_streak": 7, "tomorrow_points": 15, "tomorrow_bonus": 10,
            "make_up_from": "2030-02-26", "make_up_left": 2, "make_up_price": 2,
        })
    );
    // it is the 3rd in Shanghai, and not signed yet
    let next = calendar("2030-02-01", "2030-03-02T16:00:00Z").await;
    assert_eq!(next["days"], json!(["2030-02-25", "2030-02-26", "2030-02-27", "2030-02-28"]));
    assert_eq!(
        (&next["today"], &next["signed_today"], &next["streak"]),
        (&json!("2030-03-03"), &json!(false), &json!(6))
    );
    assert_eq!(
        (&next["today_streak"], &next["today_points"], &next["tomorrow_points"]),
        (&json!(7), &json!(15), &json!(5))
    );
    let missed = calendar("2030-03-01", "2030-03-03T16:00:00Z").await;
    assert_eq!(
        (&missed["streak"], &missed["today_streak"], &missed["today_points"]),
        (&json!(0), &json!(1), &json!(5))
    );
}

#[tokio::test]
async fn terms_that_make_no_sense_are_inputs_at_fault() {
    let database = Database::new().await;
    let client = database.client().await;
    for (arguments, path) in [
        ("p_rule => 'NONE', p_idempotency_key => 'k'", "rule"),
        ("p_rule => 'ORDER', p_idempotency_key => 'k'", "rule"),
        ("p_rule => 'SIGN_IN', p_idempotency_key => ''", "idempotency_key"),
        ("'SIGN_IN', 'k', p_wallet => 'none'", "wallet"),
        ("'SIGN_IN', 'k', p_bonus_every => 7", "bonus_points"),
        ("'SIGN_IN', 'k', p_bonus_every => 0, p_bonus_points => 1", "bonus_every"),
        ("'SIGN_IN', 'k', p_bonus_every => 7, p_bonus_points => 0", "bonus_points"),
        ("'SIGN_IN', 'k', p_make_up_days => -1, p_make_up_times => 1", "make_up_days"),
        ("'SIGN_IN', 'k', p_make_up_days => 3", "make_up_times"),
        ("'SIGN_IN', 'k', p_make_up_days => 3, p_make_up_times => 367", "make_up_times"),
        ("'SIGN_IN', 'k', p_make_up_price => -1", "make_up_price"),
    ] {
        let error = client.batch_execute(&format!("select api.set_sign_in({arguments})")).await.unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!((error.code().code(), error.message()), ("LP001", "INVALID_INPUT"), "{arguments}");
        let detail: Value = serde_json::from_str(error.detail().unwrap()).unwrap();
        assert_eq!(detail["path"], path, "{arguments}");
    }
}

#[tokio::test]
async fn limits_and_campaigns_concern_what_a_sign_in_brings() {
    let database = Database::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "select api.set_sign_in('SIGN_IN', 's', 2, 10);
             select api.create_campaign('DOUBLE', 'Double', 'multiplier', '{SIGN_IN}', 'c', p_multiplier => 2, p_starts_at => '2030-03-01Z', p_ends_at => '2030-03-04Z');
             select api.create_limit('MONTHLY', 'Monthly', '{SIGN_IN,TASK}', 'month', 'l', p_max_points => 48, p_excess => 'cut')",
        )
        .await
        .unwrap();
    for (day, points, streak, bonus) in [(1, 10, 1, 0), (2, 30, 2, 10), (3, 8, 3, 0), (4, 0, 4, 10)] {
        let signed = sign_in(&client, "zoe", &format!("2030-03-{day:02}T12:00:00Z")).await;
        assert_eq!((signed.refusal.as_deref(), signed.points), (None, Some(points)), "{day}");
        let detail = signed.detail.unwrap();
        assert_eq!((&detail["streak"], &detail["bonus"]), (&json!(streak), &json!(bonus)), "{day}");
        assert_eq!(detail["cut"].is_null(), day < 3, "{detail}");
    }
    // a claim meets the same limit
    client.batch_execute("select api.create_task('ONE', 'One', 'TASK', 'ever', 'one', p_points => 5)").await.unwrap();
    let at = Some(instant("2030-03-05T12:00:00Z"));
    one(&client, Request::progress("zoe", "ONE", 1, "p"), at).await;
    assert_eq!(one(&client, Request::claim("zoe", "ONE", "c"), at).await.points, Some(0));
    // and what is clawed back makes room
    one(&client, Request::undo(Kind::Reverse, "zoe", "2030-03-02T12:00:00Z", "undo"), at).await;
    is(&sign_in(&client, "zoe", "2030-03-05T13:00:00Z").await, "5", "2030-03-05", 5);
    assert_laws(&client).await;
}
