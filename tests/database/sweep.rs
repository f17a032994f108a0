//! The sweeper: what is due on accounts that nobody touches.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tokio_postgres::Client;

use super::{
    assert_laws,
    history::{Call, history, requests, set_up},
    make_rule, number, one,
};
use crate::common::{Database, Kind, MANY, Request, bucket, check_histories, execute, instant};

/// Sweeps until nothing is left or nothing moves; how many accounts it settled.
async fn sweep(client: &Client, limit: i32, now: DateTime<Utc>) -> i32 {
    let mut settled = 0;
    loop {
        let row = client.query_one("select * from points.sweep_step($1, $2)", &[&limit, &now]).await.unwrap();
        assert_eq!(row.get::<_, Option<&str>>("failure"), None);
        settled += row.get::<_, i32>("done");
        if row.get::<_, i32>("done") == 0 || row.get::<_, Option<DateTime<Utc>>>("due_since").is_none() {
            return settled;
        }
    }
}

/// Kind, the four deltas, and when it happened, of each entry.
async fn entries(client: &Client, user: &str) -> Vec<String> {
    let sql =
        "select format('%s %s %s %s %s %s', e.kind, e.pending_delta, e.available_delta, e.held_delta, e.debt_delta,
            to_char(e.occurred_at at time zone 'UTC', 'MM-DD HH24'))
        from points.entry e join points.account a on a.bucket = e.bucket and a.id = e.account_id
        where a.user_id = $1 order by e.seq";
    client.query(sql, &[&user]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Members of one bucket.
fn neighbours(count: usize) -> Vec<String> {
    (0..).map(|number| format!("n{number}")).filter(|name| bucket(name, "points") == 3).take(count).collect()
}

#[tokio::test]
async fn what_nobody_touches_is_booked_as_if_somebody_had() {
    let database = Database::new().await;
    let client = database.client().await;
    make_rule(&client, "SLOW", "basis, fixed_points, rounding, pending_days, valid_days", "'fixed', 50, 'down', 7, 30")
        .await;
    let now = instant("2024-05-01T12:00:00Z");
    for user in ["swept", "touched"] {
        one(&client, Request::earn(user, "SLOW", "a"), Some(now)).await;
        one(&client, Request::adjust(user, 40, "b").expires_at(now + TimeDelta::days(3)), Some(now)).await;
        one(&client, Request::hold(user, 30, "c").expires_at(now + TimeDelta::days(2)), Some(now)).await;
    }
    let late = now + TimeDelta::days(10);
    assert!(sweep(&client, 100, late).await >= 2);
    one(&client, Request::adjust("touched", 1, "d"), Some(late)).await;
    let swept = entries(&client, "swept").await;
    assert_eq!(
        swept[3..],
        ["release 0 30 -30 0 05-03 12", "expire 0 -40 0 0 05-04 12", "activate -50 50 0 0 05-08 12"]
    );
    assert_eq!(entries(&client, "touched").await[..6], swept);
    assert_eq!(sweep(&client, 100, late).await, 0, "a second time there is nothing to do");
    assert_eq!(entries(&client, "swept").await, swept);
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_step_is_bounded_and_waits_for_nobody() {
    let database = Database::new().await;
    let (client, other) = (database.client().await, database.client().await);
    let now = instant("2024-05-01T12:00:00Z");
    let users = neighbours(5);
    for (day, user) in (1..).zip(&users) {
        one(&client, Request::adjust(user, 10, "a").expires_at(now + TimeDelta::days(day)), Some(now)).await;
    }
    let late = now + TimeDelta::days(30);
    other
        .batch_execute(&format!(
            "begin; select from points.balance b join points.account a on a.bucket = b.bucket and a.id = b.account_id
             where a.user_id = '{}' for no key update of b",
            users[0]
        ))
        .await
        .unwrap();
    client.batch_execute("set lock_timeout = '100ms'").await.unwrap();
    let mut steps = Vec::new();
    for _ in 0..3 {
        let row = client.query_one("select * from points.sweep_step(2, $1)", &[&late]).await.unwrap();
        steps.push((row.get::<_, i32>("done"), row.get::<_, Option<DateTime<Utc>>>("due_since")));
    }
    let locked = Some(now + TimeDelta::days(1));
    assert_eq!(steps, [(2, locked), (2, locked), (0, locked)], "the locked one stays due");
    other.batch_execute("rollback").await.unwrap();
    assert_eq!(sweep(&client, 2, late).await, 1);
    assert_laws(&client).await;
}

#[tokio::test]
async fn one_account_that_cannot_be_settled_holds_up_no_other() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant("2024-05-01T12:00:00Z");
    let users = neighbours(3);
    for user in &users {
        one(&client, Request::adjust(user, 10, "a").expires_at(now + TimeDelta::days(1)), Some(now)).await;
    }
    // more in the lot than on the account: no operation can bring that about
    client
        .execute(
            "update points.lot l set granted = 11, remaining = 11 from points.account a
             where a.user_id = $1 and l.bucket = a.bucket and l.account_id = a.id",
            &[&users[0]],
        )
        .await
        .unwrap();
    let late = now + TimeDelta::days(2);
    let row = client.query_one("select * from points.sweep_step(100, $1)", &[&late]).await.unwrap();
    assert_eq!(row.get::<_, i32>("done"), 2);
    let failure: String = row.get("failure");
    assert!(failure.contains("in bucket 3") && failure.contains("(23514)"), "{failure}");
    assert_eq!(entries(&client, &users[1]).await.len(), 2);
    assert_eq!(entries(&client, &users[0]).await.len(), 1);
}

#[tokio::test]
async fn a_hold_of_a_merged_account_goes_on_to_its_heir_by_itself() {
    let database = Database::new().await;
    let (client, other) = (database.client().await, database.client().await);
    let now = instant("2024-05-01T12:00:00Z");
    one(&client, Request::adjust("old", 40, "a"), Some(now)).await;
    one(&client, Request::hold("old", 30, "b").expires_at(now + TimeDelta::days(2)), Some(now)).await;
    one(&client, Request::adjust("new", 5, "c"), Some(now)).await;
    super::merge::run(&client, &super::merge::merge("old", "new", "m"), Some(now)).await;
    let late = now + TimeDelta::days(3);
    other
        .batch_execute(
            "begin; select from points.balance b join points.account a on a.bucket = b.bucket and a.id = b.account_id
             where a.user_id = 'new' for no key update of b",
        )
        .await
        .unwrap();
    assert_eq!(sweep(&client, 100, late).await, 0, "not while somebody works on the heir");
    other.batch_execute("rollback").await.unwrap();
    // once for the hold, and once more, when nothing is left
    assert_eq!(sweep(&client, 100, late).await, 2);
    let available = "select available from api.account where user_id = ";
    assert_eq!(number(&client, &format!("{available} 'new'")).await, 45);
    assert_eq!(number(&client, &format!("{available} 'old'")).await, 0);
    assert_laws(&client).await;
}

/// Points that come in pay a debt at their instant; had they waited to be booked, they would have expired first.
#[tokio::test]
async fn a_debt_is_paid_before_what_pays_it_expires_however_late_that_is_booked() {
    let database = Database::new().await;
    let client = database.client().await;
    make_rule(&client, "BRIEF", "basis, fixed_points, rounding, pending_days, valid_days", "'fixed', 5, 'down', 1, 2")
        .await;
    make_rule(&client, "SLOW", "basis, fixed_points, rounding, pending_days", "'fixed', 10, 'down', 4").await;
    let now = instant("2024-05-01T12:00:00Z");
    for user in ["late", "read", "punctual"] {
        one(&client, Request::earn(user, "SIGN_IN", "a"), Some(now)).await;
        one(&client, Request::adjust(user, 3, "b"), Some(now)).await;
        one(&client, Request::spend(user, 8, "c"), Some(now)).await;
        one(&client, Request::undo(Kind::Reverse, user, "a", "d"), Some(now)).await;
        one(&client, Request::earn(user, "BRIEF", "e"), Some(now)).await;
        one(&client, Request::earn(user, "SLOW", "f"), Some(now)).await;
    }
    let pockets =
        "select array[b.pending + d.pending, b.available + d.available, b.debt + d.debt, b.expired + d.expired]
        from points.account a join points.balance b on b.bucket = a.bucket and b.account_id = a.id
        cross join points.due(a.bucket, a.id, $2) d where a.user_id = $1";
    // 5 owed; 5 come and go within a day, if nothing pays with them; then 10 come.
    for (hours, expected) in [(0, [15, 0, 5, 0]), (24, [10, 0, 0, 0]), (48, [10, 0, 0, 0]), (96, [0, 10, 0, 0])] {
        let at = now + TimeDelta::hours(hours);
        let punctual = client
            .query_one(
                "select points.settle(a.bucket, array[a.id], $1) from points.account a where a.user_id = 'punctual'",
                &[&at],
            )
            .await;
        punctual.unwrap();
        for user in ["read", "punctual"] {
            let row = client.query_one(pockets, &[&user, &at]).await.unwrap();
            assert_eq!(row.get::<_, Vec<i64>>(0), expected, "{user} after {hours} hours");
        }
    }
    sweep(&client, 100, now + TimeDelta::hours(96)).await;
    let late = entries(&client, "late").await;
    assert_eq!(late.len(), 9, "{late:?}");
    assert_eq!(late[6..8], ["activate -5 5 0 0 05-02 12".to_owned(), late[7].clone()]);
    assert!(late[7].starts_with("repay 0 -5 0 -5"), "{late:?}");
    assert_laws(&client).await;
}

/// What is compared of a history: everything but when it was booked, and in how many entries. Of a lot that expires while
/// part of it is held, a punctual sweeper books the free part before the hold ends, and a late one all of it after that.
const ROWS: &str = "
    with account as (select * from points.account where starts_with(user_id, $1)),
    row as (
        select bucket, account_id, concat_ws(' ', 'account', pending, available, held, debt, earned, spent, expired, adjusted,
            coalesce(level, 'none'), frozen::text) as row
        from points.balance
        union all
        select bucket, account_id, concat_ws(' ', 'entry', kind, sum(pending_delta), sum(available_delta), sum(held_delta),
            sum(debt_delta), case when kind <> 'repay' then occurred_at end)
        from points.entry
        group by bucket, account_id, kind, case when kind <> 'repay' then occurred_at end
        union all
        select bucket, account_id, concat_ws(' ', 'lot', granted, remaining, pending, available_at, expires_at) from points.lot
        union all
        select bucket, account_id, concat_ws(' ', 'use', sum(points), available_at, expires_at) from points.lot_use
        group by bucket, account_id, available_at, expires_at
        union all
        select bucket, account_id, concat_ws(' ', 'hold', points, captured, deadline) from points.hold
        union all
        select bucket, account_id, concat_ws(' ', 'level', previous, 'to', level) from points.level_change
    )
    select substr(user_id, length($1) + 1) || ' ' || wallet || ' ' || row
    from account join row on row.bucket = account.bucket and row.account_id = account.id
    order by 1";

#[derive(Clone, Copy, Debug)]
enum Sweeper {
    Never,
    Sometimes,
    Punctual,
}

/// Plays a history, and answers what is left of it a year later.
async fn play(client: &Client, calls: &[Call], prefix: &str, sweeper: Sweeper) -> Vec<String> {
    let mut end = DateTime::UNIX_EPOCH;
    for (place, (now, requests)) in requests(calls, prefix).iter().enumerate() {
        match sweeper {
            Sweeper::Never => {}
            Sweeper::Sometimes if place % 3 == 1 => {
                sweep(client, 3, *now).await;
            }
            Sweeper::Sometimes => {}
            Sweeper::Punctual => punctual(client, *now).await,
        }
        execute(client, requests, Some(*now)).await;
        end = *now + TimeDelta::days(366);
    }
    if let Sweeper::Punctual = sweeper {
        punctual(client, end).await;
    }
    sweep(client, 1000, end).await;
    client.query(ROWS, &[&prefix]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Sweeps at each instant at which something changes.
async fn punctual(client: &Client, now: DateTime<Utc>) {
    let next = "select min(next_change_at) from points.balance where next_change_at < $1";
    while let Some(at) = client.query_one(next, &[&now]).await.unwrap().get::<_, Option<DateTime<Utc>>>(0) {
        sweep(client, 1000, at).await;
    }
}

/// Laws 2, 6 and 7 do not depend on when the sweeper comes.
#[test]
fn a_late_sweeper_and_a_punctual_one_end_equal() {
    run(7);
}

/// As many histories as JIFEN_HISTORIES says.
#[test]
#[ignore = "long"]
fn a_late_sweeper_and_a_punctual_one_end_equal_at_length() {
    run(MANY);
}

fn run(cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    let database = runtime.block_on(Database::new());
    let client = runtime.block_on(database.client());
    runtime.block_on(set_up(&client));
    check_histories(cases, &history(5..=15, 10), &["activate", "expire", "release"], |case, calls: Vec<Call>| {
        let ends = [Sweeper::Never, Sweeper::Sometimes, Sweeper::Punctual]
            .map(|sweeper| runtime.block_on(play(&client, &calls, &format!("case{case}{sweeper:?}"), sweeper)));
        prop_assert_eq!(&ends[0], &ends[1]);
        prop_assert_eq!(&ends[0], &ends[2]);
        Ok(ends[0].iter().map(|row| row.split(' ').nth(3).unwrap_or_default().to_owned()).collect())
    });
    runtime.block_on(assert_laws(&client));
}
