//! Alerts: each kind is raised when it should be, is not when it should not, and is resolved; with a clock that is moved.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio_postgres::Client;

use super::{make_rule, number, sqlstate};
use crate::common::{Database, instant};

const NOON: &str = "2030-03-06T12:20:00Z";
const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// Rules that look at the machine's own clock are off.
async fn open() -> (Database, Client) {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("update points.alert_rule set enabled = false").await.unwrap();
    (database, client)
}

async fn enable(client: &Client, rule: &str) {
    client.execute("update points.alert_rule set enabled = true where name = $1", &[&rule]).await.unwrap();
}

async fn look(client: &Client, now: DateTime<Utc>) -> i32 {
    let row = client.query_one("select done, failure from points.alerts_step(10000, $1)", &[&now]).await.unwrap();
    assert_eq!(row.get::<_, Option<String>>("failure"), None);
    row.get("done")
}

/// Alerts that are there and not over, by rule and subject, with their states.
async fn there(client: &Client) -> Vec<String> {
    let sql = "select format('%s %s %s', rule, subject, state) from points.alert where state <> 'resolved' order by 1";
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn resolved(client: &Client) -> i64 {
    number(client, "select count(*) from points.alert where state = 'resolved'").await
}

/// What was counted for an hour.
async fn flow(client: &Client, hour: &str, kind: &str, points: i64) {
    client
        .execute(
            &format!(
                "insert into points.hourly_flow values ('{hour}', 'points', '{kind}', '', 1, $1)
                on conflict (hour, wallet, kind, rule) do update set points = excluded.points"
            ),
            &[&points],
        )
        .await
        .unwrap();
}

/// Looks while `calm` holds, then while `wrong` does, and again: no alert, one, and none.
async fn goes_and_comes(client: &Client, rule: &str, subject: &str, now: DateTime<Utc>, wrong: &str, calm: &str) {
    client.batch_execute(calm).await.unwrap();
    assert_eq!((look(client, now).await, there(client).await), (0, vec![]), "{rule} before");
    client.batch_execute(wrong).await.unwrap();
    assert_eq!(look(client, now).await, 1, "{rule}");
    assert_eq!(there(client).await, [format!("{rule} {subject} open")]);
    assert_eq!(look(client, now + MINUTE).await, 0, "{rule}: the same is raised once");
    client.batch_execute(calm).await.unwrap();
    assert_eq!(look(client, now + MINUTE * 2).await, 1, "{rule} after");
    assert_eq!((there(client).await, resolved(client).await), (vec![], 1));
    // and again it is another one
    client.batch_execute(wrong).await.unwrap();
    assert_eq!(look(client, now + MINUTE * 3).await, 1, "{rule} again");
    assert_eq!(there(client).await, [format!("{rule} {subject} open")]);
    client.batch_execute("update points.alert_rule set enabled = false").await.unwrap();
    assert_eq!(look(client, now + MINUTE * 4).await, 1, "{rule} is looked at no more");
    assert_eq!(resolved(client).await, 2);
}

#[tokio::test]
async fn many_points_in_an_hour() {
    let (_database, client) = open().await;
    let now = instant(NOON);
    enable(&client, "hourly_issue").await;
    flow(&client, "2030-03-06 12:00Z", "earn", 100_000).await;
    flow(&client, "2030-03-06 11:00Z", "earn", 99_999).await;
    flow(&client, "2030-03-06 10:00Z", "earn", 500_000).await;
    flow(&client, "2030-03-06 12:00Z", "spend", -500_000).await;
    assert_eq!(look(&client, now).await, 0, "at the threshold, or long ago, or another flow");
    flow(&client, "2030-03-06 12:00Z", "earn", 100_001).await;
    assert_eq!(look(&client, now).await, 1);
    assert_eq!(there(&client).await, ["hourly_issue points open"]);
    let sql = "select message, value::bigint, wallet from points.alert";
    let row = client.query_one(sql, &[]).await.unwrap();
    let message = "100001 points (issued) of wallet points in the hour from 2030-03-06T12:00:00.000000Z on";
    assert_eq!((row.get::<_, &str>(0), row.get::<_, i64>(1), row.get::<_, &str>(2)), (message, 100_001, "points"));
    // it goes on through the next hour, and ends after that
    assert_eq!(look(&client, now + TimeDelta::hours(1)).await, 0);
    assert_eq!(look(&client, now + TimeDelta::hours(2)).await, 1);
    assert_eq!(there(&client).await, [""; 0]);
    // a rule for another wallet does not see it
    client
        .batch_execute(
            "insert into points.wallet (code, name) values ('coins', 'Coins');
             select api.set_alert_rule('hourly_issue', 'x', 'hourly_flow', 10, 'k', 'issued', 'coins')",
        )
        .await
        .unwrap();
    assert_eq!(look(&client, now).await, 0);
}

#[tokio::test]
async fn what_all_have_changes_by_much_either_way() {
    let (_database, client) = open().await;
    enable(&client, "hourly_change").await;
    flow(&client, "2030-03-06 12:00Z", "earn", 300_000).await;
    flow(&client, "2030-03-06 12:00Z", "expire", -200_000).await;
    assert_eq!(look(&client, instant(NOON)).await, 0);
    flow(&client, "2030-03-06 12:00Z", "spend", -200_001).await;
    assert_eq!(look(&client, instant(NOON)).await, 1, "100,001 less than before");
}

#[tokio::test]
async fn many_times_what_the_same_hour_of_the_weeks_before_had() {
    let (_database, client) = open().await;
    let now = instant(NOON);
    enable(&client, "issue_jump").await;
    let counted = "update points.flow_count set counted_until = '2030-03-06 12:10Z'";
    client.batch_execute(counted).await.unwrap();
    flow(&client, "2030-03-06 11:00Z", "earn", 60_000).await;
    assert_eq!(look(&client, now).await, 0, "there is nothing to compare with");
    for (hour, points) in [("2030-02-27 11:00Z", 10_000), ("2030-02-20 11:00Z", 12_000), ("2030-02-13 11:00Z", 14_000)]
    {
        flow(&client, hour, "earn", points).await;
    }
    // of three weeks only; other hours are no matter
    flow(&client, "2030-02-27 12:00Z", "earn", 1).await;
    assert_eq!(look(&client, now).await, 0, "five times the mean is not above it");
    flow(&client, "2030-03-06 11:00Z", "earn", 60_240).await;
    assert_eq!(look(&client, now).await, 1, "5.02 times the mean");
    // it ends at three times, not before
    flow(&client, "2030-03-06 11:00Z", "earn", 37_000).await;
    assert_eq!(look(&client, now).await, 0);
    flow(&client, "2030-03-06 11:00Z", "earn", 36_000).await;
    assert_eq!(look(&client, now).await, 1);
    assert_eq!(there(&client).await, [""; 0]);
    // a quiet week counts as nothing, and few points are no jump
    flow(&client, "2030-02-06 10:00Z", "earn", 1).await;
    flow(&client, "2030-03-06 11:00Z", "earn", 50_000).await;
    assert_eq!(look(&client, now).await, 1, "(10,000 + 12,000 + 14,000 + 0) / 4 = 9,000");
    for hour in ["2030-02-27 11:00Z", "2030-02-20 11:00Z", "2030-02-13 11:00Z"] {
        flow(&client, hour, "earn", 1).await;
    }
    flow(&client, "2030-03-06 11:00Z", "earn", 999).await;
    assert_eq!(look(&client, now).await, 1, "999 times, but less than the minimum");
    assert_eq!(there(&client).await, [""; 0]);
    // the hour is compared once it is whole
    client.batch_execute("update points.flow_count set counted_until = '2030-03-06 11:59Z'").await.unwrap();
    flow(&client, "2030-03-06 11:00Z", "earn", 1_000_000).await;
    assert_eq!(look(&client, now).await, 0);
}

#[tokio::test]
async fn the_total_differs() {
    let (_database, client) = open().await;
    let now = instant(NOON);
    enable(&client, "total_difference").await;
    goes_and_comes(
        &client,
        "total_difference",
        "points",
        now,
        "insert into points.total_check values ('points', now(), 1000, 1001)
            on conflict (wallet) do update set expected = 1000, actual = 1001",
        "insert into points.total_check values ('points', now(), 1000, 1000)
            on conflict (wallet) do update set expected = 1000, actual = 1000",
    )
    .await;
}

#[tokio::test]
async fn a_balance_that_was_tampered_with_makes_the_total_differ() {
    let (_database, client) = open().await;
    enable(&client, "total_difference").await;
    let check = "select points.check_totals_step(1000, null)";
    client.batch_execute(check).await.unwrap();
    assert_eq!(look(&client, Utc::now()).await, 0);
    client
        .batch_execute(
            "update points.balance set available = available + 5, adjusted = adjusted + 5
             where (bucket, account_id) = (select bucket, id from points.account where user_id = 'alice')",
        )
        .await
        .unwrap();
    client.batch_execute(check).await.unwrap();
    assert_eq!(look(&client, Utc::now()).await, 1);
    assert_eq!(number(&client, "select value::bigint from points.alert").await, 5);
}

#[tokio::test]
async fn reconciliation_is_overdue_and_finds_something() {
    let (_database, client) = open().await;
    let now = instant(NOON);
    let state = |full: &str, open: i64| {
        format!(
            "create or replace view points.reconciliation_state as
             select {full}::timestamptz as last_full_at, null::timestamptz as last_incremental_at,
                null::timestamptz as proven_up_to, {open}::bigint as open_discrepancies"
        )
    };
    enable(&client, "reconciliation_overdue").await;
    let (late, fresh) = (state("'2030-03-04 12:19Z'", 0), state("'2030-03-04 12:25Z'", 0));
    goes_and_comes(&client, "reconciliation_overdue", "", now, &late, &fresh).await;

    let (_database, client) = open().await;
    client.batch_execute("update points.alert_rule set changed_at = '2030-03-04 12:00Z'").await.unwrap();
    enable(&client, "reconciliation_overdue").await;
    assert_eq!(look(&client, instant("2030-03-06T12:00:00Z")).await, 0, "never, but it is not two days");
    assert_eq!(look(&client, instant("2030-03-06T12:00:01Z")).await, 1);

    let (_database, client) = open().await;
    enable(&client, "discrepancies").await;
    goes_and_comes(&client, "discrepancies", "", now, &state("now()", 3), &state("now()", 0)).await;
}

#[tokio::test]
async fn the_queue_is_late() {
    let (_database, client) = open().await;
    enable(&client, "queue_lag").await;
    let state = |oldest: &str| {
        format!(
            "create or replace view points.queue_state as select 5::bigint as waiting, {oldest}::timestamptz as oldest_at"
        )
    };
    let (late, fresh) = (state("'2030-03-06 12:18:59Z'"), state("null"));
    goes_and_comes(&client, "queue_lag", "", instant(NOON), &late, &fresh).await;
}

#[tokio::test]
async fn what_was_resolved_ninety_days_ago_is_deleted() {
    let (_database, client) = open().await;
    client
        .batch_execute(
            "insert into points.alert (rule, subject, state, severity, value, message, since, raised_at, resolved_at, version)
             select 'job_lag', n::text, 'resolved', 'info', 1, 'm', t, t, t, 1
             from (values (1, '2029-12-06 12:20Z'::timestamptz), (2, '2029-12-06 12:21Z')) q(n, t);
             insert into points.alert (rule, subject, state, severity, value, message, since, raised_at, version)
             values ('discrepancies', '', 'open', 'info', 1, 'm', '2029-01-01Z', '2029-01-01Z', 1);
             update points.alert_rule set kind = 'raised', enabled = true where name = 'discrepancies'",
        )
        .await
        .unwrap();
    look(&client, instant(NOON)).await;
    assert_eq!(number(&client, "select sum(subject::bigint)::bigint from points.alert where subject <> ''").await, 2);
    assert_eq!(there(&client).await, ["discrepancies  open"]);
}

#[tokio::test]
async fn a_job_is_late_or_fails() {
    let (_database, client) = open().await;
    enable(&client, "job_lag").await;
    let late = "update points.job set next_run_at = '2030-03-06 12:09:59Z' where name = 'sweep'";
    let fresh = "update points.job set next_run_at = '2030-03-07Z' where name = 'sweep'";
    goes_and_comes(&client, "job_lag", "sweep", instant(NOON), late, fresh).await;

    let (_database, client) = open().await;
    enable(&client, "job_lag").await;
    let late = "update points.job set due_since = '2030-03-06 12:09:59Z' where name = 'sweep'";
    let fresh = "update points.job set due_since = '2030-03-06 12:21:30Z' where name = 'sweep'";
    goes_and_comes(&client, "job_lag", "sweep", instant(NOON), late, fresh).await;
    enable(&client, "job_lag").await;
    client.batch_execute(&format!("{late}; update points.job set enabled = false")).await.unwrap();
    assert_eq!(look(&client, instant(NOON)).await, 0, "who switched it off knows");

    let (_database, client) = open().await;
    enable(&client, "job_failing").await;
    let fails = "update points.job set failures = 3, failure = 'x', failed_at = now() where name = 'sweep'";
    let works = "update points.job set failures = 0 where name = 'sweep'";
    goes_and_comes(&client, "job_failing", "sweep", instant(NOON), fails, works).await;
}

#[tokio::test]
async fn expiry_is_booked_late() {
    let (_database, client) = open().await;
    enable(&client, "expiry_lag").await;
    client.batch_execute("update points.balance set next_change_at = 'infinity'").await.unwrap();
    let at = |at: &str| {
        format!(
            "update points.balance set next_change_at = '{at}'
             where (bucket, account_id) = (select bucket, id from points.account where user_id = 'alice')"
        )
    };
    goes_and_comes(&client, "expiry_lag", "", instant(NOON), &at("2030-03-06 12:04Z"), &at("2030-03-07Z")).await;
}

#[tokio::test]
async fn a_receiver_takes_nothing() {
    let (_database, client) = open().await;
    enable(&client, "webhook_lag").await;
    client
        .batch_execute("select api.create_webhook('shop', 'https://shop.example/', '{entry.booked}', 'c')")
        .await
        .unwrap();
    let late =
        "insert into points.webhook_delivery (bucket, event, webhook, kind, facts, happened_at, queued_at, due_at)
        select 0, 1, id, 'webhook.ping', '{}', '2030-03-06 11:19:59Z', now(), now() from points.webhook";
    goes_and_comes(&client, "webhook_lag", "shop", instant(NOON), late, "delete from points.webhook_delivery").await;
}

#[tokio::test]
async fn partitions_are_missing() {
    let (_database, client) = open().await;
    let now = Utc::now();
    enable(&client, "partitions_missing").await;
    assert_eq!(look(&client, now).await, 0);
    assert_eq!(look(&client, now + TimeDelta::days(70)).await, 1, "those of the fourth month on are not there");
    let fault: String = client.query_one("select message from points.alert", &[]).await.unwrap().get(0);
    assert!(fault.contains("points.entry has no partition for"), "{fault}");
    client.execute("select points.make_partitions(3, $1)", &[&(now + TimeDelta::days(70))]).await.unwrap();
    assert_eq!(look(&client, now + TimeDelta::days(70)).await, 1);
    assert_eq!(there(&client).await, [""; 0]);
}

#[tokio::test]
async fn a_budget_is_used_up() {
    let (_database, client) = open().await;
    let now = Utc::now();
    make_rule(&client, "GIVE", "basis, rounding, pending_days", "'given', 'down', 0").await;
    enable(&client, "budget_used").await;
    client
        .batch_execute(
            "select api.create_campaign('SPRING', 's', 'multiplier', '{GIVE}', 'c', p_multiplier => 2, p_budget => 60);
             select api.add_budget('SPRING', 40, 'more');
             select api.create_campaign('ENDLESS', 'e', 'bonus', '{GIVE}', 'e', p_bonus => 1);
             select api.earn_points('ann', 'GIVE', '1', p_points => 80)",
        )
        .await
        .unwrap();
    let now = now + MINUTE;
    assert_eq!(look(&client, now).await, 0, "80 percent are not more");
    client.batch_execute("select api.earn_points('ann', 'GIVE', '2', p_points => 1)").await.unwrap();
    assert_eq!(look(&client, now).await, 1);
    assert_eq!(there(&client).await, ["budget_used SPRING open"]);
    let message: String = client.query_one("select message from points.alert", &[]).await.unwrap().get(0);
    assert_eq!(message, "campaign SPRING has 19 points left of its budget of 100");
    client.batch_execute("select api.add_budget('SPRING', 100, 'again')").await.unwrap();
    assert_eq!(look(&client, now).await, 1);
    assert_eq!(there(&client).await, [""; 0]);
    client.batch_execute("select api.earn_points('ann', 'GIVE', '3', p_points => 100)").await.unwrap();
    assert_eq!(look(&client, now).await, 1);
    client.batch_execute("select api.change_campaign('SPRING', 's', 'ended', 'end')").await.unwrap();
    assert_eq!(look(&client, now).await, 1, "one that has ended needs no budget");
    assert_eq!(there(&client).await, [""; 0]);
}

#[tokio::test]
async fn what_does_not_hold_long_enough_is_not_raised() {
    let (_database, client) = open().await;
    let now = instant(NOON);
    client
        .batch_execute("select api.set_alert_rule('job_failing', 'x', 'job_failing', 2, 'k', p_clear_at => 0, p_hold_seconds => 120)")
        .await
        .unwrap();
    let fail = async |failures: i32| {
        client
            .execute(
                "update points.job set failures = $1, failure = 'x', failed_at = now() where name = 'sweep'",
                &[&failures],
            )
            .await
            .unwrap();
    };
    fail(3).await;
    assert_eq!(look(&client, now).await, 0);
    assert_eq!(there(&client).await, ["job_failing sweep pending"]);
    assert_eq!(number(&client, "select count(*) from api.alert").await, 0, "nobody sees it");
    fail(2).await;
    assert_eq!(look(&client, now + MINUTE).await, 0);
    assert_eq!(there(&client).await, [""; 0]);
    fail(3).await;
    look(&client, now + MINUTE * 2).await;
    assert_eq!(look(&client, now + MINUTE * 4 - TimeDelta::seconds(1)).await, 0);
    assert_eq!(look(&client, now + MINUTE * 4).await, 1);
    assert_eq!(there(&client).await, ["job_failing sweep open"]);
    // raised above 2, over at 0
    fail(1).await;
    assert_eq!(look(&client, now + MINUTE * 5).await, 0);
    fail(0).await;
    assert_eq!(look(&client, now + MINUTE * 6).await, 1);
    assert_eq!(there(&client).await, [""; 0]);
    assert_eq!(resolved(&client).await, 1);
}

#[tokio::test]
async fn operators_acknowledge_silence_and_resolve() {
    let (_database, client) = open().await;
    let now = Utc::now();
    enable(&client, "job_failing").await;
    client
        .batch_execute("update points.job set failures = 3, failure = 'x', failed_at = now() where name = 'sweep'")
        .await
        .unwrap();
    look(&client, now).await;
    let id = number(&client, "select id from api.alert").await;
    let state = async || -> String {
        client.query_one("select state::text from api.alert where id = $1", &[&id]).await.unwrap().get(0)
    };
    let acknowledge = format!("select replayed from api.acknowledge_alert({id}, 'sue', 'a', 'I look')");
    for replayed in [false, true] {
        assert_eq!(client.query_one(&acknowledge, &[]).await.unwrap().get::<_, bool>(0), replayed);
    }
    look(&client, now).await;
    assert_eq!(state().await, "acknowledged");
    let silence = format!("select api.silence_alert({id}, clock_timestamp() + interval '1 hour', 'known', 'sue', 's')");
    client.batch_execute(&silence).await.unwrap();
    assert_eq!((look(&client, now).await, state().await), (0, "silenced".to_owned()));
    assert_eq!((look(&client, now + TimeDelta::hours(2)).await, state().await), (1, "open".to_owned()));
    let until = number(&client, "select count(*) from api.alert where silenced_until is not null").await;
    assert_eq!(until, 0);
    client.batch_execute(&format!("select api.resolve_alert({id}, 'sue', 'r')")).await.unwrap();
    assert_eq!(state().await, "resolved");
    assert_eq!(there(&client).await, [""; 0]);
    assert_eq!(look(&client, now + TimeDelta::hours(3)).await, 1, "it is still wrong: another alert");
    // one that is over while it is silenced is over
    let second = number(&client, "select max(id) from api.alert").await;
    client
        .batch_execute(&silence.replace(&id.to_string(), &second.to_string()).replace("'s')", "'s2')"))
        .await
        .unwrap();
    client.batch_execute("update points.job set failures = 0").await.unwrap();
    assert_eq!(look(&client, now).await, 1);
    assert_eq!(there(&client).await, [""; 0]);

    for (call, expected) in [
        (format!("acknowledge_alert({id}, 'sue', 'x')"), "LP001"),
        ("acknowledge_alert(0, 'sue', 'x')".to_owned(), "LP001"),
        (format!("acknowledge_alert({id}, '', 'x')"), "LP001"),
        (format!("acknowledge_alert({id}, 'sue', '')"), "LP001"),
        (format!("acknowledge_alert({id}, 'sam', 'a')"), "LP004"),
        (format!("acknowledge_alert({id}, 'sue', 'x', '')"), "LP001"),
        (format!("resolve_alert({id}, 'sue', 'x', p_client => 'members')"), "LP003"),
    ] {
        assert_eq!(sqlstate(client.batch_execute(&format!("select api.{call}")).await), expected, "{call}");
    }
    look(&client, now).await;
    client.batch_execute("update points.job set failures = 3 where name = 'sweep'").await.unwrap();
    look(&client, now).await;
    let third = number(&client, "select max(id) from api.alert").await;
    for (until, reason) in [
        ("now() - interval '1 s'", "'x'"),
        ("now() + interval '400 days'", "'x'"),
        ("null", "'x'"),
        ("now() + interval '1 h'", "null"),
    ] {
        let call = format!("select api.silence_alert({third}, {until}, {reason}, 'sue', 'y')");
        assert_eq!(sqlstate(client.batch_execute(&call).await), "LP001", "{call}");
    }
}

#[tokio::test]
async fn functions_raise_and_resolve_by_themselves() {
    let (_database, client) = open().await;
    let now = instant(NOON);
    client
        .batch_execute(
            "select api.set_alert_rule('odd', 'Something is odd.', 'raised', 0, 'k', p_severity => 'critical')",
        )
        .await
        .unwrap();
    let raise = async |value: i32| {
        client
            .batch_execute(&format!(
                "select points.raise_alert('odd', 'x', {value}, 'odd by {value}', p_now => '{NOON}')"
            ))
            .await
            .unwrap();
    };
    raise(0).await;
    assert_eq!(there(&client).await, [""; 0]);
    raise(1).await;
    raise(2).await;
    assert_eq!(there(&client).await, ["odd x open"]);
    assert_eq!(number(&client, "select value::bigint from api.alert").await, 2);
    assert_eq!((look(&client, now).await, there(&client).await.len()), (0, 1), "the job knows nothing of it");
    raise(0).await;
    assert_eq!((there(&client).await.len(), resolved(&client).await), (0, 1));
    assert_eq!(sqlstate(client.batch_execute("select points.raise_alert('none', 'x', 1, 'x')").await), "LP001");
    assert_eq!(sqlstate(client.batch_execute("select points.raise_alert('job_lag', 'x', 1, 'x')").await), "LP001");
}

#[tokio::test]
async fn rules_are_checked() {
    let (_database, client) = open().await;
    let set = async |arguments: &str| client.batch_execute(&format!("select api.set_alert_rule({arguments})")).await;
    set("'a', 'x', 'hourly_jump', 5, 'k1', 'used', 'points', 2.5, 10, 60, 'critical'").await.unwrap();
    for arguments in [
        "'A', 'x', 'job_lag', 5, 'k'",
        "'b', '', 'job_lag', 5, 'k'",
        "'b', 'x', null, 5, 'k'",
        "'b', 'x', 'job_lag', -1, 'k'",
        "'b', 'x', 'job_lag', 'NaN', 'k'",
        "'b', 'x', 'job_lag', 1.0000001, 'k'",
        "'b', 'x', 'job_lag', 5, 'k', p_clear_at => 6",
        "'b', 'x', 'job_lag', 5, 'k', p_flow => 'issued'",
        "'b', 'x', 'job_lag', 5, 'k', p_wallet => 'points'",
        "'b', 'x', 'job_lag', 5, 'k', p_minimum => 5",
        "'b', 'x', 'job_lag', 5, 'k', p_hold_seconds => 86401",
        "'b', 'x', 'job_lag', 5, 'k', p_severity => null",
        "'b', 'x', 'job_lag', 5, 'k', p_enabled => null",
        "'b', 'x', 'hourly_flow', 5, 'k'",
        "'b', 'x', 'hourly_flow', 5, 'k', 'issued', 'nothing'",
        "'b', 'x', 'hourly_jump', 5, 'k', 'issued'",
        "'b', 'x', 'hourly_jump', 5, 'k', 'issued', p_minimum => 0",
        "'a', 'x', 'job_lag', 5, 'k'",
    ] {
        assert_eq!(sqlstate(set(arguments).await), "LP001", "{arguments}");
    }
    assert_eq!(sqlstate(set("'b', 'x', 'job_lag', 5, 'k', p_client => 'members'").await), "LP003");
    assert_eq!(sqlstate(set("'b', 'x', 'job_lag', 5, 'k1'").await), "LP004");
}

#[tokio::test]
async fn what_is_raised_and_resolved_is_told_to_webhooks_that_want_it() {
    let (_database, client) = open().await;
    let now = Utc::now();
    enable(&client, "job_failing").await;
    client
        .batch_execute(
            "insert into points.wallet (code, name) values ('coins', 'Coins');
             select api.create_webhook('ops', 'https://ops.example/', '{alert.raised,alert.resolved}', 'c');
             select api.create_webhook('shop', 'https://shop.example/', '{entry.booked}', 'd');
             select api.create_webhook('coins', 'https://c.example/', '{alert.raised}', 'e', '{coins}');
             update points.job set failures = 3, failure = 'x', failed_at = now() where name = 'sweep'",
        )
        .await
        .unwrap();
    look(&client, now).await;
    let id = number(&client, "select id from api.alert").await;
    client.batch_execute(&format!("select api.acknowledge_alert({id}, 'sue', 'a')")).await.unwrap();
    client.batch_execute("update points.job set failures = 0 where name = 'sweep'").await.unwrap();
    look(&client, now + MINUTE).await;
    let now = Utc::now() + MINUTE;
    client.execute("select points.queue_deliveries(1000, $1)", &[&now]).await.unwrap();
    let rows = client.query("select body, url from points.claim_deliveries($1) order by event", &[&now]).await.unwrap();
    let bodies: Vec<Value> = rows.iter().map(|row| serde_json::from_str(row.get(0)).unwrap()).collect();
    assert_eq!(rows.iter().map(|row| row.get::<_, &str>(1)).collect::<Vec<_>>(), ["https://ops.example/"; 2]);
    assert_eq!((&bodies[0]["type"], &bodies[1]["type"]), (&json!("alert.raised"), &json!("alert.resolved")));
    let data = &bodies[0]["data"];
    assert_eq!((&data["rule"], &data["subject"], &data["value"]), (&json!("job_failing"), &json!("sweep"), &json!(3)));
    assert_eq!(data["message"], "job sweep failed 3 times in a row: x");
    assert_eq!(
        (&data["severity"], &data["resolvedAt"], &data["userId"]),
        (&json!("warning"), &Value::Null, &Value::Null)
    );
    assert!(bodies[1]["data"]["resolvedAt"].is_string() && bodies[1]["data"]["id"] == data["id"]);
    assert!(bodies[1]["data"]["version"].as_i64() > data["version"].as_i64());
}

/// Whoever reads versions in order misses none, since they are committed in order.
#[tokio::test]
async fn versions_rise_in_the_order_of_the_commits() {
    let (database, client) = open().await;
    client.batch_execute("select api.set_alert_rule('odd', 'x', 'raised', 0, 'k')").await.unwrap();
    let tasks = (0..4).map(|writer| {
        let database = database.client();
        async move {
            let client = database.await;
            for round in 0..20 {
                let call = format!("select points.raise_alert('odd', 'w{writer}', {}, 'x')", 1 - round % 2);
                client.batch_execute(&call).await.unwrap();
            }
        }
    });
    let writers = futures_util::future::join_all(tasks);
    let reader = async {
        let (mut seen, mut last) = (0, 0_i64);
        while last < 80 {
            let rows = client
                .query("select version from api.alert where version > $1 order by version, id", &[&last])
                .await
                .unwrap();
            for row in rows {
                last = row.get(0);
                seen += 1;
            }
        }
        seen
    };
    let (_, seen) = tokio::join!(writers, reader);
    assert!(seen >= 40, "{seen}");
    let sql = "select count(*) from points.alert where state = 'resolved'";
    assert_eq!(number(&client, sql).await, 40);
    assert_eq!(number(&client, "select version from points.alert_clock").await, 80);
}
