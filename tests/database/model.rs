//! The engine against the model: laws 1 to 4 and 13, on random histories.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU32, Ordering},
};

use chrono::{DateTime, Utc};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tokio_postgres::Client;

use super::{
    history::{Call, history, requests, set_up},
    laws::{assert_laws, tell_everything},
    ledger_model::{Ledger, Program, days_after},
};
use crate::common::{Database, Request, execute, instant};

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
        from points.entry
        union all
        select bucket, account_id, concat_ws(' ', 'lot', seq, granted, remaining, pending::text, source,
            micros(available_at), micros(expires_at))
        from points.lot
        union all
        select bucket, account_id, concat_ws(' ', 'use', seq, lot_seq, points) from points.lot_use
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
    seen: &RefCell<BTreeSet<String>>,
) -> Result<(), TestCaseError> {
    let mut ledger = Ledger::new(program);
    for (place, (now, requests)) in calls.iter().enumerate() {
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
            seen.borrow_mut().extend(outcome.refusal.clone());
            seen.borrow_mut().extend(outcome.replayed.then(|| "replayed".to_owned()));
            prop_assert_eq!(outcome, ledger.execute(request, *now), "{:?} at {}", request, now);
        }
        let rows = client.query(POCKETS, &[&prefix, now]).await.unwrap();
        let pockets: BTreeMap<_, _> =
            rows.iter().map(|row| ((row.get(0), row.get(1)), row.get::<_, Vec<i64>>(2).try_into().unwrap())).collect();
        prop_assert_eq!(pockets, ledger.pockets(*now), "at {}", now);
    }
    let mut rows: Vec<String> = client.query(ROWS, &[&prefix]).await.unwrap().iter().map(|row| row.get(0)).collect();
    rows.sort();
    for &kind in KINDS {
        let word = format!(" {kind} ");
        seen.borrow_mut().extend(rows.iter().any(|row| row.contains(&word)).then(|| kind.to_owned()));
    }
    prop_assert_eq!(rows, ledger.rows());
    Ok(())
}

fn run(config: Config, program: Program) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    let database = runtime.block_on(Database::new());
    let client = runtime.block_on(prepare(&database, program));
    let case = AtomicU32::new(0);
    let cases = config.cases;
    let seen = RefCell::new(BTreeSet::new());
    let mut runner = TestRunner::new(Config { failure_persistence: None, max_shrink_iters: 1_000, ..config });
    let result = runner.run(&history(5..=15, 10), |history: Vec<Call>| {
        let prefix = format!("case{}", case.fetch_add(1, Ordering::Relaxed));
        runtime.block_on(compare(&client, &requests(&history, &prefix), &prefix, program, &seen))
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    runtime.block_on(assert_laws(&client));
    // histories in which nothing happens would prove nothing
    let policy = if program.clamps { "write_off" } else { "repay" };
    let kinds = KINDS.iter().filter(|kind| !matches!(**kind, "write_off" | "repay")).chain([&policy]);
    let expected: BTreeSet<String> = REFUSALS.iter().chain(kinds).map(|&word| word.to_owned()).collect();
    let seen = seen.into_inner();
    // What is rare may not come up in a short run; it has tests of its own.
    let rare = |word: &str| cases < 200 && matches!(word, "ALREADY_REVERSED" | "LIMIT_REACHED" | "reinstate" | "repay");
    let missing: Vec<_> = expected.difference(&seen).filter(|word| !rare(word)).collect();
    assert!(missing.is_empty(), "not seen: {missing:?}");
}

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
    run(Config::with_cases(60), Program { clamps: false, frozen_earns: true });
}

#[test]
fn the_engine_does_what_the_model_does_where_debts_are_forgiven() {
    run(Config::with_cases(60), Program { clamps: true, frozen_earns: false });
}

/// As many histories as PROPTEST_CASES says.
#[test]
#[ignore = "long"]
fn the_engine_does_what_the_model_does_at_length() {
    run(Config::default(), Program { clamps: false, frozen_earns: true });
    run(Config::default(), Program { clamps: true, frozen_earns: false });
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
        }
    }
}
