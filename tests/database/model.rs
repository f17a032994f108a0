//! The engine against the model: laws 1 to 4 and 13, on random histories.

use std::{collections::BTreeMap, ops::RangeInclusive};

use chrono::{DateTime, NaiveDate, Utc};
use proptest::prelude::*;
use tokio_postgres::Client;

use super::{
    history::{Call, history, requests, set_up},
    laws::{assert_laws, tell_everything},
    ledger_model::{Ledger, Program, calendar::end_of_day_after, days_after},
};
use crate::common::{Database, MANY, Renewed, Request, check_histories, count, execute, instant};

/// All rows of the members whose names begin with a prefix, as [`Ledger::rows`] writes them.
const ROWS: &str = "
    with account as (select * from points.account where starts_with(user_id, $1)),
    row as (
        select bucket, account_id, concat_ws(' ', 'account', pending, available, held, debt, earned, spent, expired, adjusted,
            version, coalesce(level, 'none'), frozen::text) as row
        from points.balance
        union all
        select bucket, account_id, concat_ws(' ', 'entry', seq, kind, pending_delta, available_delta, held_delta, debt_delta,
            pending_after, available_after, held_after, debt_after, micros(occurred_at), micros(recorded_at))
        from points.entry_history
        union all
        select bucket, account_id, concat_ws(' ', 'lot', seq, granted, remaining, pending::text, source,
            micros(available_at), micros(expires_at))
        from points.lot
        union all
        select bucket, account_id, concat_ws(' ', 'use', seq, lot_seq, points, micros(expires_at)) from points.lot_use_history
        union all
        select bucket, account_id, concat_ws(' ', 'hold', id, seq, points, coalesce(captured::text, 'open'), micros(deadline))
        from points.hold
        union all
        select bucket, account_id, concat_ws(' ', 'reversal', operation_id, points, reversed) from points.reversal
        union all
        select bucket, account_id, concat_ws(' ', 'return', order_key, trim_scale(amount), whole::text)
        from points.order_return
        union all
        select bucket, account_id, concat_ws(' ', 'operation', client_id, idempotency_key, coalesce(refusal, 'done'),
            points, coalesce(seq::text, 'none'), micros(recorded_at), micros(available_at), micros(expires_at))
        from points.operation
        where client_id > 0
        union all
        select bucket, account_id, concat_ws(' ', 'level', seq, previous, 'to', level) from points.level_change
    )
    select concat_ws(' ', user_id, wallet, row)
    from account join row on row.bucket = account.bucket and row.account_id = account.id";

/// The pockets as they are at an instant, whatever is booked.
const POCKETS: &str = "
    select a.user_id, a.wallet,
        array[b.pending + d.pending, b.available + d.available, b.held + d.held, b.debt + d.debt]
    from points.account a
    join points.balance b on b.bucket = a.bucket and b.account_id = a.id
    cross join points.due(a.bucket, a.id, $2) d
    where starts_with(a.user_id, $1)";

async fn prepare(database: &Database, program: Program) -> Client {
    let client = database.client().await;
    set_up(&client).await;
    tell_everything(&client).await;
    let policy = if program.clamps { "clamp" } else { "debt" };
    client
        .execute("update points.program set debt_policy = $1, frozen_earns = $2", &[&policy, &program.frozen_earns])
        .await
        .unwrap();
    client
        .batch_execute(
            "create function public.micros(timestamptz) returns text language sql immutable
             return case when isfinite($1) then (extract(epoch from $1) * 1000000)::bigint::text else 'none' end;
             create function public.micros(interval) returns text language sql immutable return 'none'",
        )
        .await
        .unwrap();
    client
}

async fn compare(
    client: &Client,
    calls: &[(DateTime<Utc>, Vec<Request>)],
    prefix: &str,
    program: Program,
    archives: bool,
) -> Result<Vec<String>, TestCaseError> {
    let mut ledger = Ledger::new(program);
    let mut seen = Vec::new();
    for (place, (now, requests)) in calls.iter().enumerate() {
        if archives {
            let archived = archive(client, *now).await;
            seen.extend((archived > 0).then(|| "archived".to_owned()));
        }
        // Nobody is there at night but the sweeper, which is often late.
        if place % 3 == 1 {
            while client
                .query_one("select done from points.sweep_step(1000, $1)", &[now])
                .await
                .unwrap()
                .get::<_, i32>(0)
                > 0
            {}
            ledger.settle(*now);
        }
        let outcomes = execute(client, requests, Some(*now)).await;
        for (request, outcome) in requests.iter().zip(outcomes) {
            let mut outcome = outcome.without_account();
            outcome.detail = None;
            seen.extend(outcome.refusal.clone());
            seen.extend(outcome.replayed.then(|| "replayed".to_owned()));
            prop_assert_eq!(outcome, ledger.execute(request, *now), "{:?} at {}", request, now);
        }
        let rows = client.query(POCKETS, &[&prefix, now]).await.unwrap();
        let pockets: BTreeMap<_, _> =
            rows.iter().map(|row| ((row.get(0), row.get(1)), row.get::<_, Vec<i64>>(2).try_into().unwrap())).collect();
        prop_assert_eq!(pockets, ledger.pockets(*now), "at {}", now);
    }
    let rows = all_rows(client, prefix).await;
    for &kind in KINDS {
        let word = format!(" {kind} ");
        seen.extend(rows.iter().any(|row| row.contains(&word)).then(|| kind.to_owned()));
    }
    prop_assert_eq!(rows, ledger.rows());
    if archives {
        assert_laws(client).await;
        restore(client).await;
        assert_laws(client).await;
        prop_assert_eq!(all_rows(client, prefix).await, ledger.rows(), "restored");
    }
    Ok(seen)
}

async fn all_rows(client: &Client, prefix: &str) -> Vec<String> {
    let mut rows: Vec<String> = client.query(ROWS, &[&prefix]).await.unwrap().iter().map(|row| row.get(0)).collect();
    rows.sort();
    rows
}

/// Archives every month before this one, whether its lots are closed or not: so what is done to them later has to read the
/// archive more often than it ever would. How many.
async fn archive(client: &Client, now: DateTime<Utc>) -> usize {
    client.batch_execute("set role jifen_owner").await.unwrap();
    client.execute("select points.make_partitions(1, $1)", &[&now]).await.unwrap();
    let next = "select m.month from (select points.oldest_month() as month) m
        where points.month_start(m.month, 1) <= date_trunc('month', $1::timestamptz, 'UTC') and (points.month_waits(m.month)).holds = 0";
    let mut archived = 0;
    while let Some(row) = client.query_opt(next, &[&now]).await.unwrap() {
        let month: NaiveDate = row.get(0);
        client.execute("select points.seal_month($1)", &[&month]).await.unwrap();
        client.execute("select points.archive_month($1, $2)", &[&month, &now]).await.unwrap();
        archived += 1;
    }
    client.batch_execute("reset role").await.unwrap();
    archived
}

/// Brings all of the archive back.
async fn restore(client: &Client) {
    let last = "select max(month) from points.ledger_month where archived_at is not null";
    while let Some(month) = client.query_one(last, &[]).await.unwrap().get::<_, Option<NaiveDate>>(0) {
        client.execute("select api.restore_month($1)", &[&month]).await.unwrap();
    }
}

/// Histories of so many calls, each of 1 to 10 operations.
fn run(cases: u32, calls: RangeInclusive<usize>, program: Program, archives: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    let make = || {
        let database = runtime.block_on(Database::new());
        let client = runtime.block_on(prepare(&database, program));
        (database, client)
    };
    let worlds = Renewed::new(make, |(_, client)| runtime.block_on(assert_laws(client)));
    let policy = if program.clamps { "write_off" } else { "repay" };
    let kinds = KINDS.iter().filter(|kind| !matches!(**kind, "write_off" | "repay")).chain([&policy]);
    // What is rare has tests of its own; a short run would become a long one by it.
    let rare =
        |word: &str| count(cases) < 200 && matches!(word, "ALREADY_REVERSED" | "LIMIT_REACHED" | "reinstate" | "repay");
    let all = REFUSALS.iter().chain(kinds).copied().filter(|word| !rare(word)).collect();
    let words = if archives { vec!["archived", "replayed", "refund", "clawback", "expire"] } else { all };
    check_histories(cases, &history(calls, 10), &words, |case, history: Vec<Call>| {
        let prefix = format!("case{case}");
        let calls = requests(&history, &prefix);
        if archives {
            // A database each: the holds of one history would keep the months of the next.
            let (_database, client) = make();
            return runtime.block_on(compare(&client, &calls, &prefix, program, true));
        }
        worlds.with(|(_, client)| runtime.block_on(compare(client, &calls, &prefix, program, false)))
    });
    worlds.end();
}

/// Calls of histories of 100 operations, on average.
const LONG: RangeInclusive<usize> = 14..=22;

const REFUSALS: &[&str] = &[
    "ACCOUNT_FROZEN",
    "ALREADY_REVERSED",
    "FORBIDDEN",
    "HOLD_CLOSED",
    "IDEMPOTENCY_CONFLICT",
    "INSUFFICIENT_POINTS",
    "INVALID_INPUT",
    "LIMIT_REACHED",
    "NOT_REVERSIBLE",
    "RETURN_TOO_LARGE",
    "UNKNOWN_OPERATION",
    "UNKNOWN_RULE",
    "replayed",
];

const KINDS: &[&str] = &[
    "activate",
    "capture",
    "clawback",
    "expire",
    "hold",
    "level",
    "refund",
    "reinstate",
    "release",
    "repay",
    "write_off",
];

#[test]
fn the_engine_does_what_the_model_does() {
    run(20, 5..=15, Program { clamps: false, frozen_earns: true }, false);
}

#[test]
fn the_engine_does_what_the_model_does_where_debts_are_forgiven() {
    run(15, 5..=15, Program { clamps: true, frozen_earns: false }, false);
}

/// With each month archived as soon as it is over, and all of them restored in the end.
#[test]
fn the_engine_does_what_the_model_does_while_months_are_archived() {
    run(3, 5..=15, Program { clamps: false, frozen_earns: true }, true);
}

/// As many histories as JIFEN_HISTORIES says.
#[test]
#[ignore = "long"]
fn the_engine_does_what_the_model_does_at_length() {
    run(MANY, LONG, Program { clamps: false, frozen_earns: true }, false);
    run(MANY, LONG, Program { clamps: true, frozen_earns: false }, false);
}

/// As many histories as JIFEN_HISTORIES says.
#[test]
#[ignore = "long"]
fn the_engine_does_what_the_model_does_while_months_are_archived_at_length() {
    run(MANY, 5..=15, Program { clamps: true, frozen_earns: true }, true);
}

/// The model's idea of Berlin must be right, or it proves nothing.
#[tokio::test]
async fn the_model_counts_days_as_postgres_does() {
    let database = Database::new().await;
    let client = database.client().await;
    for start in ["2024-03-28T01:30:00Z", "2024-10-25T00:30:00Z", "2024-10-25T01:30:00Z", "1999-12-31T23:30:00Z"] {
        for days in 0..400 {
            let row = client
                .query_one("select points.days_after($1, $2, 'Europe/Berlin')", &[&instant(start), &days])
                .await
                .unwrap();
            assert_eq!(row.get::<_, DateTime<Utc>>(0), days_after(instant(start), days), "{start} and {days} days");
            let sql = "select points.idle_expiry(make_interval(days => $2), $1, 'Europe/Berlin')";
            let row = client.query_one(sql, &[&instant(start), &days]).await.unwrap();
            assert_eq!(row.get::<_, DateTime<Utc>>(0), end_of_day_after(instant(start), days), "{start}, {days} days");
        }
    }
}
