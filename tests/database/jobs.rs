//! Jobs: their schedule, steps and failures, with a clock that the test sets; and who drives them.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tokio_postgres::Client;

use super::{number, sqlstate};
use crate::common::{Database, instant};

/// Makes a job of these statements, which may use p_limit and p_now and set done, due_since and failure.
async fn make_job(client: &Client, name: &str, schedule: &str, statements: &str) {
    client
        .batch_execute(&format!(
            "create table if not exists public.effect (job text, at timestamptz);
             grant all on public.effect to jifen_owner;
             create function points.{name}_step(p_limit int, p_now timestamptz, out done int, out due_since timestamptz, out failure text)
             language plpgsql as $$ begin done := 0; {statements} end $$;
             insert into points.job (name, schedule, step_limit, timeout_seconds, description) values ('{name}', '{schedule}', 10, 5, 'X');
             update points.job set enabled = name = '{name}'"
        ))
        .await
        .unwrap();
}

#[derive(Debug, PartialEq)]
struct Step {
    done: i32,
    more: bool,
    failure: Option<String>,
    failures: i32,
}

async fn drive(client: &Client, name: &str, next: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Step {
    let row = client.query_one("select * from points.drive_job($1, $2, $3)", &[&name, &next, &now]).await.unwrap();
    Step { done: row.get("done"), more: row.get("more"), failure: row.get("failure"), failures: row.get("failures") }
}

/// The job that is due, and whether its next run has been planned.
async fn due(client: &Client, now: DateTime<Utc>) -> Option<(String, Option<bool>)> {
    let row = client.query_opt("select * from points.due_job($1)", &[&now]).await.unwrap();
    row.map(|row| (row.get("name"), row.get("planned")))
}

async fn next_run(client: &Client, name: &str) -> DateTime<Utc> {
    client.query_one("select next_run_at from points.job where name = $1", &[&name]).await.unwrap().get(0)
}

const EFFECT: &str = "insert into public.effect values ('x', p_now); done := 1;";
const EFFECTS: &str = "select count(*) from public.effect";

#[tokio::test]
async fn a_job_runs_when_it_is_due_and_once_for_all_that_was_missed() {
    let database = Database::new().await;
    let client = database.client().await;
    make_job(&client, "x", "PT10S", EFFECT).await;
    let now = instant("2030-01-31T23:59:55Z");
    assert_eq!(due(&client, now).await, Some(("x".to_owned(), None)), "it has never run");
    assert_eq!(drive(&client, "x", None, now).await, Step { done: 1, more: false, failure: None, failures: 0 });
    assert_eq!(due(&client, now + TimeDelta::microseconds(9_999_999)).await, None);
    assert_eq!(due(&client, now + TimeDelta::seconds(10)).await, Some(("x".to_owned(), Some(true))));

    // a clock that jumps ahead, or a night in which nobody drove it
    let later = now + TimeDelta::days(400);
    drive(&client, "x", None, later).await;
    assert_eq!(due(&client, later).await, None);
    assert_eq!(next_run(&client, "x").await, later + TimeDelta::seconds(10));
    assert_eq!(number(&client, EFFECTS).await, 2);

    // a clock that is set back: what was planned means nothing
    assert_eq!(due(&client, now).await, Some(("x".to_owned(), Some(false))));
    drive(&client, "x", None, now).await;
    assert_eq!(due(&client, now).await, None);
    assert_eq!(due(&client, now + TimeDelta::seconds(10)).await, Some(("x".to_owned(), Some(true))));
}

#[tokio::test]
async fn a_cron_job_is_planned_before_it_runs() {
    let database = Database::new().await;
    let client = database.client().await;
    make_job(&client, "x", "0 8 * * *", EFFECT).await;
    let (now, eight) = (instant("2030-05-01T12:00:00Z"), instant("2030-05-02T08:00:00Z"));
    assert_eq!(due(&client, now).await, Some(("x".to_owned(), None)));
    let plan = "select points.plan_job('x', $1, null, $2)";
    client.execute(plan, &[&eight, &now]).await.unwrap();
    assert_eq!(due(&client, eight - TimeDelta::microseconds(1)).await, None);
    assert_eq!(due(&client, eight).await, Some(("x".to_owned(), Some(true))));
    drive(&client, "x", Some(eight + TimeDelta::days(1)), eight).await;
    assert_eq!(next_run(&client, "x").await, eight + TimeDelta::days(1));
    // planned by a clock that went wrong, and never run
    client.execute(plan, &[&instant("2090-01-01T08:00:00Z"), &instant("2089-12-31T12:00:00Z")]).await.unwrap();
    assert_eq!(due(&client, now).await, Some(("x".to_owned(), Some(false))));
}

#[tokio::test]
async fn steps_follow_at_once_while_there_is_more() {
    let database = Database::new().await;
    let client = database.client().await;
    make_job(
        &client,
        "x",
        "PT1H",
        "insert into public.effect select 'x', p_now from generate_series(1, p_limit); done := p_limit;
         if (select count(*) from public.effect) < 30 then due_since := now() - interval '1 minute'; end if;",
    )
    .await;
    let now = instant("2030-05-01T12:00:00Z");
    for more in [true, true, false] {
        assert_eq!(due(&client, now).await.unwrap().0, "x");
        assert_eq!(drive(&client, "x", None, now).await, Step { done: 10, more, failure: None, failures: 0 });
        let sql = "select done, ended_at is null, started_at = $1, due_since from points.job where name = 'x'";
        let row = client.query_one(sql, &[&now]).await.unwrap();
        assert_eq!((row.get::<_, bool>(1), row.get::<_, bool>(2)), (more, true));
        assert_eq!(row.get::<_, Option<DateTime<Utc>>>(3).is_some(), more);
    }
    assert_eq!(due(&client, now).await, None);
    let row = client.query_one("select done from points.job where name = 'x'", &[]).await.unwrap();
    assert_eq!(row.get::<_, i32>(0), 30, "one run");

    client.batch_execute("delete from public.effect").await.unwrap();
    let sql = "select steps, done, more from api.run_job('x', 2)";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get::<_, i32>(0), row.get::<_, i32>(1), row.get::<_, bool>(2)), (2, 20, true));
    let row = client.query_one("select steps, done, more from api.run_job('x', 100)", &[]).await.unwrap();
    assert_eq!((row.get::<_, i32>(0), row.get::<_, i32>(1), row.get::<_, bool>(2)), (1, 10, false));
}

/// A step whose done is null waits for others; one that has done nothing leaves the rest to its next run.
#[tokio::test]
async fn what_others_are_about_is_looked_at_again_a_second_later() {
    let database = Database::new().await;
    let client = database.client().await;
    client
        .batch_execute("create table public.knob as select null::int as x; grant select on public.knob to jifen_owner")
        .await
        .unwrap();
    let step = "due_since := coalesce(p_now, now()); done := (select x from public.knob);";
    make_job(&client, "x", "PT1H", step).await;
    let now = instant("2030-05-01T12:00:00Z");
    assert_eq!(drive(&client, "x", None, now).await, Step { done: 0, more: true, failure: None, failures: 0 });
    assert_eq!(next_run(&client, "x").await, now + TimeDelta::seconds(1));
    let going = "select count(*) from points.job where name = 'x' and ended_at is null";
    assert_eq!(number(&client, going).await, 1);
    let row = client.query_one("select steps, done, more from api.run_job('x', 100)", &[]).await.unwrap();
    assert_eq!((row.get::<_, i32>(0), row.get::<_, i32>(1), row.get::<_, bool>(2)), (1, 0, true));
    client.batch_execute("update public.knob set x = 1").await.unwrap();
    assert_eq!(drive(&client, "x", None, now).await, Step { done: 1, more: true, failure: None, failures: 0 });
    assert_eq!(next_run(&client, "x").await, now);
    client.batch_execute("update public.knob set x = 0").await.unwrap();
    assert_eq!(drive(&client, "x", None, now).await, Step { done: 0, more: false, failure: None, failures: 0 });
    assert_eq!(next_run(&client, "x").await, now + TimeDelta::hours(1));
    assert_eq!(number(&client, going).await, 0);
}

#[tokio::test]
async fn a_failure_undoes_the_step_is_visible_and_waits_longer_each_time() {
    let database = Database::new().await;
    let client = database.client().await;
    make_job(&client, "x", "PT1S", &format!("{EFFECT} perform 1 / (select x from public.knob);")).await;
    client.batch_execute("create table public.knob as select 0 as x").await.unwrap();
    let mut now = instant("2030-05-01T12:00:00Z");
    for (failures, seconds) in (1..).zip([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]) {
        let step = drive(&client, "x", None, now).await;
        assert_eq!(step.failure.as_deref(), Some("division by zero (22012)"));
        assert_eq!((step.done, step.more, step.failures), (0, false, failures));
        assert_eq!(next_run(&client, "x").await, now + TimeDelta::seconds(seconds));
        now += TimeDelta::seconds(seconds);
    }
    assert_eq!(number(&client, EFFECTS).await, 0);
    client.batch_execute("update public.knob set x = 1").await.unwrap();
    assert_eq!(drive(&client, "x", None, now).await, Step { done: 1, more: false, failure: None, failures: 0 });
    let sql = "select failure, failed_at, failures from api.job where name = 'x'";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "division by zero (22012)", "the last one stays readable");
    assert_eq!(row.get::<_, DateTime<Utc>>(1), now - TimeDelta::seconds(600));
    assert_eq!(row.get::<_, i32>(2), 0);
}

#[tokio::test]
async fn a_failure_that_the_step_survives_does_not_hold_up_the_job() {
    let database = Database::new().await;
    let client = database.client().await;
    make_job(&client, "x", "PT1S", &format!("{EFFECT} failure := 'account 7: broken';")).await;
    let now = instant("2030-05-01T12:00:00Z");
    for failures in [1, 2, 3] {
        let failure = Some("account 7: broken".to_owned());
        assert_eq!(drive(&client, "x", None, now).await, Step { done: 1, more: false, failure, failures });
        assert_eq!(next_run(&client, "x").await, now + TimeDelta::seconds(1));
    }
    assert_eq!(number(&client, EFFECTS).await, 3);
}

#[tokio::test]
async fn a_step_that_takes_too_long_fails() {
    let database = Database::new().await;
    let client = database.client().await;
    make_job(&client, "x", "PT1S", &format!("{EFFECT} perform pg_sleep(20);")).await;
    client.batch_execute("set statement_timeout = '50ms'").await.unwrap();
    let step = drive(&client, "x", None, instant("2030-05-01T12:00:00Z")).await;
    assert_eq!(step.failure.as_deref(), Some("canceling statement due to statement timeout (57014)"));
    assert_eq!(number(&client, EFFECTS).await, 0);
}

#[tokio::test]
async fn a_job_runs_one_step_at_a_time() {
    let database = Database::new().await;
    let (first, second) = (database.client().await, database.client().await);
    make_job(&first, "x", "PT1S", EFFECT).await;
    let now = instant("2030-05-01T12:00:00Z");
    first.batch_execute("begin").await.unwrap();
    drive(&first, "x", None, now).await;
    // whoever else wants to does not wait, and finds other jobs due
    let busy = second.query_opt("select * from points.drive_job('x', null, $1)", &[&now]).await.unwrap();
    assert!(busy.is_none());
    let due = second.query_opt("select name from points.due_job($1)", &[&now]).await.unwrap();
    assert_ne!(due.map(|row| row.get::<_, String>(0)).as_deref(), Some("x"));
    first.batch_execute("commit").await.unwrap();
    assert_eq!(number(&first, EFFECTS).await, 1);
}

#[tokio::test]
async fn operators_set_and_run_jobs_each_once_under_a_key() {
    let database = Database::new().await;
    let client = database.client_as("jifen_operator").await;
    let set = "select replayed, (job).schedule, (job).enabled, (job).next_run_at from api.set_job('sweep', $1, $2, $3)";
    for replayed in [false, true] {
        let row = client.query_one(set, &[&"30 4 * * 1-5", &false, &"a"]).await.unwrap();
        assert_eq!(
            (row.get::<_, bool>(0), row.get::<_, &str>(1), row.get::<_, bool>(2)),
            (replayed, "30 4 * * 1-5", false)
        );
        assert_eq!(row.get::<_, Option<DateTime<Utc>>>(3), None, "to be planned anew");
    }
    assert_eq!(sqlstate(client.query_one(set, &[&"PT1M", &false, &"a"]).await), "LP004");
    for schedule in ["", "PT0S", "P1D", "PT10X", "* * * *", "* * * * * *", "a * * * *", "@daily"] {
        let error = client.query_one(set, &[&schedule, &true, &"b"]).await.unwrap_err();
        let detail: Value = serde_json::from_str(error.as_db_error().unwrap().detail().unwrap()).unwrap();
        assert_eq!(detail["path"], "schedule", "{schedule}");
    }
    let run = "select replayed, steps from api.run_job('create_partitions', 1, $1)";
    for (key, replayed, steps) in [(Some("r"), false, 1), (Some("r"), true, 0), (None, false, 1), (None, false, 1)] {
        let row = client.query_one(run, &[&key]).await.unwrap();
        assert_eq!((row.get::<_, bool>(0), row.get::<_, i32>(1)), (replayed, steps), "{key:?}");
    }
    for sql in [
        "select api.run_job('none')",
        "select api.run_job('sweep', 0)",
        "select api.set_job('none', 'PT1S', true, 'c')",
    ] {
        assert_eq!(sqlstate(client.query(sql, &[]).await), "LP001", "{sql}");
    }
    assert_eq!(sqlstate(client.query("select api.run_job('sweep', 1, 'd', 'jifen')", &[]).await), "LP003");
}

async fn until(what: &str, client: &Client, sql: &str) {
    let begun = Instant::now();
    while !client.query_one(sql, &[]).await.unwrap().get::<_, bool>(0) {
        assert!(begun.elapsed() < Duration::from_secs(30), "not within 30 s: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Two drivers, and the one that drives is killed in the middle of a step: the other one does it, once.
#[tokio::test]
async fn another_gateway_takes_over_in_the_middle_of_a_step() {
    let database = Database::new().await;
    let client = database.client().await;
    make_job(&client, "x", "PT99999H", &format!("{EFFECT} perform pg_advisory_xact_lock(77);")).await;
    client.batch_execute("select pg_advisory_lock(77)").await.unwrap();
    let config = jifen::database::parse_url(&database.url()).unwrap();
    let drivers = [0, 1].map(|_| tokio::spawn(jifen::jobs::run(config.clone())));
    let stuck = "select count(*) = 1 from pg_stat_activity
        where datname = current_database() and wait_event = 'advisory' and query ~ 'take_step'";
    until("one driver is in the step", &client, stuck).await;
    let holders = format!(
        "select count(*) from pg_locks where locktype = 'advisory' and granted
        and database = (select oid from pg_database where datname = current_database())
        and (classid::bigint << 32 | objid::bigint) = {}",
        jifen::jobs::JOB_LOCK
    );
    assert_eq!(number(&client, &holders).await, 1);

    let killed = "select pid from pg_stat_activity where datname = current_database() and query ~ 'take_step' and pid <> pg_backend_pid()";
    let pid: i32 = client.query_one(killed, &[]).await.unwrap().get(0);
    client.query_one("select pg_terminate_backend($1)", &[&pid]).await.unwrap();
    until("another driver is in the step", &client, &format!("{stuck} and pid <> {pid}")).await;
    assert_eq!(number(&client, EFFECTS).await, 0, "what was killed did nothing");
    client.batch_execute("select pg_advisory_unlock(77)").await.unwrap();
    until("the step is done", &client, "select done = 1 and ended_at is not null from points.job where name = 'x'")
        .await;
    assert_eq!(number(&client, EFFECTS).await, 1);
    assert_eq!(number(&client, &holders).await, 1);
    drivers.iter().for_each(|driver| driver.abort());
}

/// A slow job is in the middle of a step, and the others run.
#[tokio::test]
async fn a_slow_job_holds_up_no_other_one() {
    let database = Database::new().await;
    let client = database.client().await;
    make_job(&client, "slow", "PT99999H", &format!("{EFFECT} perform pg_advisory_xact_lock(78);")).await;
    make_job(&client, "x", "PT1S", EFFECT).await;
    client.batch_execute("update points.job set enabled = name in ('x', 'slow'), slow = name = 'slow'").await.unwrap();
    client.batch_execute("update points.job set enabled = false where name = 'x'").await.unwrap();
    client.batch_execute("select pg_advisory_lock(78)").await.unwrap();
    let config = jifen::database::parse_url(&database.url()).unwrap();
    let driver = tokio::spawn(jifen::jobs::run(config));
    let stuck = "select count(*) = 1 from pg_stat_activity
        where datname = current_database() and wait_event = 'advisory' and query ~ 'take_step'";
    until("the slow job is in its step", &client, stuck).await;
    client.batch_execute("update points.job set enabled = true where name = 'x'").await.unwrap();
    until("the other one runs twice", &client, "select count(*) >= 2 from public.effect").await;
    assert!(client.query_one(stuck, &[]).await.unwrap().get::<_, bool>(0), "the slow one still is in its step");
    client.batch_execute("select pg_advisory_unlock(78)").await.unwrap();
    until("the slow job ends", &client, "select ended_at is not null from points.job where name = 'slow'").await;
    driver.abort();
}

/// The driver by itself: it plans cron jobs, runs intervals, and tells what cannot be planned.
#[tokio::test]
async fn a_driver_plans_runs_and_reports() {
    let database = Database::new().await;
    let client = database.client().await;
    make_job(&client, "x", "0 8 29 2 *", EFFECT).await;
    client
        .batch_execute(
            "insert into points.job (name, schedule, step_limit, timeout_seconds, description) values ('never', '0 0 31 2 *', 1, 1, 'X');
             update points.program set time_zone = 'Asia/Shanghai'",
        )
        .await
        .unwrap();
    let config = jifen::database::parse_url(&database.url()).unwrap();
    let driver = tokio::spawn(jifen::jobs::run(config));
    until("both are planned", &client, "select count(*) = 2 from points.job where planned_at is not null").await;
    let row =
        client.query_one("select next_run_at at time zone 'Asia/Shanghai' from points.job where name = 'x'", &[]).await;
    let next: chrono::NaiveDateTime = row.unwrap().get(0);
    assert_eq!(next.format("%m-%d %H:%M:%S").to_string(), "02-29 08:00:00");
    let sql = "select failure, failures from points.job where name = 'never'";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert!(row.get::<_, &str>(0).contains("never comes"), "{row:?}");
    assert_eq!(number(&client, EFFECTS).await, 0);
    client
        .batch_execute("update points.job set schedule = 'PT99999H', next_run_at = null where name = 'x'")
        .await
        .unwrap();
    until("the interval runs", &client, "select count(*) = 1 from public.effect").await;
    driver.abort();
}
