//! The reconciler over a ledger with a history: all of it, beside one sum over the same entries, and what is new.

use std::process::Stdio;

use chrono::{DateTime, TimeDelta, Utc};
use jifen::operation::OperationKind;
use serde_json::Value;
use tokio::process::Command;
use tokio_postgres::Client;

use crate::Result;
use crate::report::{Report, Row, Target, say};
use crate::requests::user_id;
use crate::sql::Caller;
use crate::usage::Usage;
use crate::world::World;

/// Entries of each account of the history: an award of 100 points, of which 50 are spent, and again.
const ROUNDS: i64 = 10;
/// Entries that an incremental run proves.
const NEW: usize = 100_000;
/// In one call of the engine.
const BATCH: usize = 500;
/// Seconds that an incremental run may take.
const AT_MOST: f64 = 1.0;

const BASELINE: &str = "select count(*) from (
        select bucket, account_id, sum(pending_delta + available_delta + held_delta - debt_delta)
        from points.entry group by bucket, account_id
    ) s";

const ACCOUNTS: &str = "with made as (
        insert into points.account (bucket, user_id, wallet, created_at)
        select points.bucket(n.user_id, 'points'), n.user_id, 'points', $2 from unnest($1::text[]) as n(user_id)
        returning id
    ) select min(id), max(id) from made";

/// Of the accounts from $1 to $2, what is booked on each in a round.
const BOOKED: &str = "select a.bucket, a.id, r.seq, 'history-' || r.seq || '-' || a.id as key, r.seq % 2 = 1 as earns,
        $3::timestamptz + r.seq * interval '3 days' + (a.id - $1) * interval '100 us' as at
    from points.account a cross join (select $4::bigint as seq) r where a.id between $1 and $2";

const OPERATIONS: &str = "insert into points.operation (
        bucket, account_id, id, client_id, idempotency_key, kind, points, seq, rule, rule_version, amount, recorded_at)
    select b.bucket, b.id, api.operation_id(1, b.key), 1, b.key,
        case when b.earns then 'earn' else 'spend' end::points.operation_kind,
        case when b.earns then 100 else 50 end, b.seq, case when b.earns then 'ORDER' end, case when b.earns then 1 end,
        case when b.earns then 100 end, b.at
    from booked b";

const ENTRIES: &str = "insert into points.entry (
        bucket, account_id, seq, operation_id, kind, pending_delta, available_delta, held_delta, debt_delta,
        pending_after, available_after, held_after, debt_after, occurred_at, recorded_at)
    select b.bucket, b.id, b.seq, api.operation_id(1, b.key),
        case when b.earns then 'earn' else 'spend' end::points.entry_kind,
        0, case when b.earns then 100 else -50 end, 0, 0, 0, (b.seq + 1) / 2 * 100 - b.seq / 2 * 50, 0, 0, b.at, b.at
    from booked b";

const USES: &str = "insert into points.lot_use (
        bucket, account_id, seq, lot_seq, lot_no, points, granted, available_at, expires_at, recorded_at, source)
    select b.bucket, b.id, b.seq, b.seq - 1, 0, 50, 100,
        b.at - interval '3 days', b.at + interval '362 days', b.at, 'ORDER'
    from booked b where not b.earns";

const LOTS: &str = "insert into points.lot (
        bucket, account_id, seq, no, granted, remaining, available_at, expires_at, pending, source)
    select b.bucket, b.id, b.seq, 0, 100, 50, b.at, b.at + interval '365 days', false, 'ORDER'
    from booked b where b.earns";

const BALANCES: &str = "insert into points.balance (
        bucket, account_id, available, earned, spent, version, next_change_at, level, level_until, level_revision)
    select b.bucket, b.id, $5 * 25, $5 * 50, $5 * 25, $5, b.at + interval '365 days', t.codes[r.rank],
        coalesce(t.thresholds[r.rank + 1], 9007199254740992), t.revision
    from booked b
    join points.level_terms t on t.wallet = 'points'
    cross join lateral (select width_bucket($5::bigint * 50, t.thresholds) as rank) r";

/// The ids of the accounts, and since when they have a history.
#[derive(Clone, Copy)]
struct History {
    from: i64,
    to: i64,
    since: DateTime<Utc>,
}

impl History {
    async fn book(self, client: &Client, statement: &str, round: i64) -> Result<()> {
        let sql = format!("with booked as ({BOOKED}) {statement}");
        client.execute(&sql, &[&self.from, &self.to, &self.since, &round]).await?;
        Ok(())
    }
}

/// Rows as the engine leaves them, by as many sessions as there are tables that grow.
async fn make_history(world: &World, numbers: std::ops::Range<u64>) -> Result<()> {
    let since = Utc::now() - TimeDelta::days(3 * ROUNDS + 5);
    let client = world.connect().await?;
    client.batch_execute("set role jifen_owner").await?;
    client.query_one("select points.make_partitions(2, $1)", &[&since]).await?;
    client.batch_execute("reset role").await?;
    let user_ids: Vec<String> = numbers.map(user_id).collect();
    let row = client.query_one(ACCOUNTS, &[&user_ids, &since]).await?;
    let history = History { from: row.get(0), to: row.get(1), since };
    let balances = format!("with booked as ({BOOKED}) {BALANCES}");
    client.execute(&balances, &[&history.from, &history.to, &since, &1_i64, &ROUNDS]).await?;
    let (operations, lots) = (world.connect().await?, world.connect().await?);
    tokio::try_join!(
        async {
            for round in 1..=ROUNDS {
                history.book(&operations, OPERATIONS, round).await?;
                say(format!("  {} %", round * 100 / ROUNDS));
            }
            Ok::<(), crate::Error>(())
        },
        async {
            for round in 1..=ROUNDS {
                history.book(&client, ENTRIES, round).await?;
            }
            Ok(())
        },
        async {
            for round in 1..=ROUNDS {
                history.book(&lots, if round % 2 == 1 { LOTS } else { USES }, round).await?;
            }
            Ok(())
        },
    )?;
    Ok(())
}

/// `jifen reconcile`: what it says, and what it took.
async fn reconcile(world: &World, report: &mut Report, full: bool) -> Result<(Value, Usage)> {
    let before = world.sample().await?;
    let output = Command::new(env!("CARGO_BIN_EXE_jifen"))
        .args(["reconcile", "--json"])
        .args(full.then_some("--full"))
        .env("DATABASE_URL", world.database_url())
        .stdin(Stdio::null())
        .output()
        .await?;
    let usage = world.sample().await? - before;
    let said: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
    if said["discrepancies"] != 0 {
        report.problem(format!("the reconciler says that the books are wrong: {said}"));
    }
    Ok((said, usage))
}

async fn sum_up(world: &World, client: &Client) -> Result<Usage> {
    let before = world.sample().await?;
    client.query_one(BASELINE, &[]).await?;
    Ok(world.sample().await? - before)
}

pub async fn measure(world: &World, report: &mut Report) -> Result<()> {
    let client = world.connect().await?;
    let accounts = world.scale.entries / ROUNDS as u64;
    let numbers = world.scale.accounts..world.scale.accounts + accounts;
    say(format!("making {} entries of {accounts} accounts", world.scale.entries));
    make_history(world, numbers.clone()).await?;
    say("vacuum analyze, checkpoint");
    client.batch_execute("vacuum (analyze)").await?;
    client.batch_execute("checkpoint").await?;

    // The history is dated back to when a job may have looked at all keys there were.
    client.batch_execute("delete from points.key_proof").await?;
    say("reconciling all of it");
    sum_up(world, &client).await?;
    let first = sum_up(world, &client).await?;
    // The first one hashes all keys; the next ones those that are new.
    let (_, initial) = reconcile(world, report, true).await?;
    let (said, full) = reconcile(world, report, true).await?;
    let second = sum_up(world, &client).await?;
    let entries = said["entries"].as_f64().unwrap_or_default();
    let sum = (first.seconds + second.seconds) / 2.0;
    report.add(Row::new(format!("sum of {entries} entries by account (mean of 2)"), sum, "s"));
    report.add(Row::new("full reconciliation, the first one", initial.seconds, "s").against(sum));
    report.add(Row::new("full reconciliation", full.seconds, "s").against(sum).wants(Target::AtMost(3.0)));
    if let (Some(first), Some(initial), Some(full), Some(second)) = (first.cpu, initial.cpu, full.cpu, second.cpu) {
        let sum = (first.postgres + second.postgres) / 2.0;
        report.add(Row::new("full reconciliation, the first one: CPU", initial.postgres, "s").against(sum));
        report.add(Row::new("full reconciliation: CPU", full.postgres, "s").against(sum));
    }
    full.report_cpu(report, "full reconciliation", entries, "us/entry");

    // What an earlier run may have left to do is done before the new entries are there.
    reconcile(world, report, false).await?;
    say(format!("booking {NEW} entries"));
    let measurement = world.next_measurement();
    let mut members: Vec<Vec<i32>> = vec![Vec::new(); world.members.len()];
    let user_ids: Vec<String> = numbers.clone().take(NEW).map(user_id).collect();
    let buckets =
        "select points.bucket(user_id, 'points') from unnest($1::text[]) with ordinality as u(user_id, no) order by no";
    for (number, row) in numbers.zip(client.query(buckets, &[&user_ids]).await?) {
        members[usize::try_from(row.get::<_, i16>(0))?].push(i32::try_from(number)?);
    }
    for (bucket, members) in members.iter().enumerate() {
        let mut caller = Caller::connect(world, measurement, bucket).await?;
        let times = NEW / user_ids.len();
        for chunk in std::iter::repeat_n(members, times).flat_map(|members| members.chunks(BATCH)) {
            caller.send(OperationKind::Earn, chunk.iter().copied()).await?;
        }
    }
    let (said, incremental) = reconcile(world, report, false).await?;
    let entries = said["entries"].as_f64().unwrap_or_default();
    if entries < NEW as f64 {
        report.problem(format!("an incremental run read {entries} of {NEW} new entries"));
    }
    let name = format!("incremental reconciliation of {entries} entries");
    report.add(Row::new(&name, incremental.seconds, "s").against(AT_MOST).wants(Target::AtMost(1.0)));
    incremental.report_cpu(report, &name, entries, "us/entry");
    Ok(())
}
