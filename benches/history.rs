//! Accounts with a history, written straight into the tables: rows as the engine leaves them, at many times its speed. Of
//! each account every odd entry is an award of 100 points and every even one a spend from it; the last spend takes 50.

use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::Client;

use crate::Result;
use crate::report::say;
use crate::requests::user_id;
use crate::world::World;

/// Bytes on disk with indexes, from what a small history took: of an account with one open lot, of an entry with its
/// operation and its part of a lot's use, and of a further open lot.
const BYTES_OF_ACCOUNT: u64 = 770;
const BYTES_OF_ENTRY: u64 = 520;
const BYTES_OF_LOT: u64 = 210;
/// Accounts that a transaction books on.
const CHUNK: usize = 250_000;
/// Days between the entries of an account.
const PACE: i64 = 3;

const ACCOUNTS: &str = "with made as (
        insert into points.account (bucket, user_id, wallet, created_at)
        select points.bucket(n.user_id, 'points'), n.user_id, 'points', $2 from unnest($1::text[]) as n(user_id)
        returning id
    ) select min(id), max(id) from made";

/// Of the accounts from $1 to $2, whose history begins at $3, what is booked on each in round $4 of $5, where a spend takes $6.
const BOOKED: &str = "select a.bucket, a.id, r.seq, r.rounds, r.spend, 'history-' || r.seq || '-' || a.id as key,
        r.seq % 2 = 1 as earns,
        case when r.seq % 2 = 1 then 100 when r.seq = r.rounds then 50 else r.spend end as points,
        $3::timestamptz + r.seq * interval '3 days' + (a.id - $1) * interval '100 us' as at
    from points.lane l
    join points.account a on a.bucket = l.bucket and a.id between $1 and $2
    cross join (select $4::bigint as seq, $5::bigint as rounds, $6::bigint as spend) r";

const OPERATIONS: &str = "insert into points.operation (
        bucket, account_id, id, client_id, idempotency_key, kind, points, seq, rule, rule_version, amount, recorded_at)
    select b.bucket, b.id, api.operation_id(1, b.key), 1, b.key,
        case when b.earns then 'earn' else 'spend' end::points.operation_kind,
        b.points, b.seq, case when b.earns then 'ORDER' end, case when b.earns then 1 end, case when b.earns then 100 end, b.at
    from booked b";

const ENTRIES: &str = "insert into points.entry (
        bucket, account_id, seq, operation_id, kind, pending_delta, available_delta, held_delta, debt_delta,
        pending_after, available_after, held_after, debt_after, occurred_at, recorded_at)
    select b.bucket, b.id, b.seq, api.operation_id(1, b.key),
        case when b.earns then 'earn' else 'spend' end::points.entry_kind,
        0, case when b.earns then b.points else -b.points end, 0, 0,
        0, (b.seq - 1) / 2 * (100 - b.spend) + case when b.earns then 100 else 100 - b.points end, 0, 0, b.at, b.at
    from booked b";

const USES: &str = "insert into points.lot_use (
        bucket, account_id, seq, lot_seq, lot_no, points, granted, available_at, expires_at, recorded_at, source)
    select b.bucket, b.id, b.seq, b.seq - 1, 0, b.points, 100,
        b.at - interval '3 days', b.at + interval '362 days', b.at, 'ORDER'
    from booked b where not b.earns";

const LOTS: &str = "insert into points.lot (
        bucket, account_id, seq, no, granted, remaining, available_at, expires_at, pending, source)
    select b.bucket, b.id, b.seq, 0, 100, 50, b.at, b.at + interval '365 days', false, 'ORDER'
    from booked b where b.earns and (b.spend < 100 or b.seq = b.rounds - 1)";

/// Of the round of the first lot that stays open.
const BALANCES: &str = "insert into points.balance (
        bucket, account_id, available, earned, spent, version, next_change_at, level, level_until, level_revision)
    select b.bucket, b.id, s.available, s.earned, s.earned - s.available, b.rounds, b.at + interval '365 days',
        t.codes[r.rank], coalesce(t.thresholds[r.rank + 1], 9007199254740992), t.revision
    from booked b
    join points.level_terms t on t.wallet = 'points'
    cross join lateral (
        select (b.rounds / 2 - 1) * (100 - b.spend) + 50 as available, b.rounds / 2 * 100 as earned) s
    cross join lateral (select width_bucket(s.earned, t.thresholds) as rank) r";

/// What the job count_flows has passed already.
const FLOWS: &str = "insert into points.hourly_flow as f (hour, wallet, kind, rule, entries, points)
    select date_trunc('hour', b.at, p.time_zone), 'points',
        case when b.earns then 'earn' else 'spend' end::points.entry_kind, case when b.earns then 'ORDER' else '' end,
        count(*), sum(case when b.earns then b.points else -b.points end)
    from booked b
    cross join points.program p
    where b.at <= (select c.counted_until from points.flow_count c)
    group by 1, b.earns
    on conflict (hour, wallet, kind, rule) do update
    set entries = f.entries + excluded.entries, points = f.points + excluded.points";

#[derive(Clone)]
pub struct History {
    /// Of the members, who must be new.
    pub numbers: Range<u64>,
    /// Entries of each.
    pub rounds: i64,
    pub lots: Lots,
}

/// What spends leave of the lots of an account.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lots {
    /// Half of each: all stay open.
    All,
    /// Half of the last one.
    One,
}

/// The ids of some of the accounts, and since when they have a history.
#[derive(Clone, Copy)]
struct Chunk {
    from: i64,
    to: i64,
    since: DateTime<Utc>,
    rounds: i64,
    lots: Lots,
}

impl History {
    /// So many accounts with about so many entries together.
    pub fn new(first: u64, accounts: u64, entries: u64, lots: Lots) -> Result<Self> {
        let rounds = entries / accounts / 2 * 2;
        // Within a year no lot expires.
        if !(2..=100).contains(&rounds) {
            return Err(format!("{entries} entries are not 2 to 100 for each of {accounts} accounts").into());
        }
        Ok(Self { numbers: first..first + accounts, rounds: rounds as i64, lots })
    }

    pub fn accounts(&self) -> u64 {
        self.numbers.end - self.numbers.start
    }

    pub fn entries(&self) -> u64 {
        self.accounts() * self.rounds as u64
    }

    /// What the tables and their indexes take of the disk, about.
    pub fn bytes(&self) -> u64 {
        let further = if self.lots == Lots::All { self.entries() / 2 - self.accounts() } else { 0 };
        self.accounts() * BYTES_OF_ACCOUNT + self.entries() * BYTES_OF_ENTRY + further * BYTES_OF_LOT
    }

    /// Writes it, by as many sessions as there are tables that grow.
    pub async fn make(&self, world: &World) -> Result<()> {
        say(format!("making {} entries of {} accounts", self.entries(), self.accounts()));
        let mut since = Utc::now() - TimeDelta::days(PACE * self.rounds + 5);
        let months = i32::try_from(PACE * self.rounds / 28 + 2)?;
        let (operations, entries, lots) = (world.connect().await?, world.connect().await?, world.connect().await?);
        operations.batch_execute("set role jifen_owner").await?;
        operations.query_one("select points.make_partitions($1, $2)", &[&months, &since]).await?;
        operations.batch_execute("reset role").await?;
        let mut numbers = self.numbers.clone();
        loop {
            let user_ids: Vec<String> = numbers.by_ref().take(CHUNK).map(user_id).collect();
            if user_ids.is_empty() {
                return Ok(());
            }
            let row = operations.query_one(ACCOUNTS, &[&user_ids, &since]).await?;
            let chunk = Chunk { from: row.get(0), to: row.get(1), since, rounds: self.rounds, lots: self.lots };
            let first = if self.lots == Lots::All { 1 } else { self.rounds - 1 };
            chunk.book(&operations, BALANCES, first).await?;
            tokio::try_join!(
                chunk.book_all(&operations, |_| &[OPERATIONS]),
                chunk.book_all(&entries, |_| &[ENTRIES, FLOWS]),
                chunk.book_all(&lots, |round| if round % 2 == 1 { &[LOTS] } else { &[USES] }),
            )?;
            if numbers.start == self.numbers.start + user_ids.len() as u64 {
                // Its plans are those of a table without these accounts.
                operations.batch_execute("analyze points.account").await?;
            }
            // max_wal_size may be more than the disk has room for.
            operations.batch_execute("checkpoint").await?;
            // The accounts of the next one come after those of this one.
            since += TimeDelta::microseconds(100 * user_ids.len() as i64);
            let done = self.accounts() - (numbers.end - numbers.start);
            say(format!("  {} %", done * 100 / self.accounts()));
        }
    }
}

impl Chunk {
    async fn book(self, client: &Client, statement: &str, round: i64) -> Result<()> {
        let sql = format!("with booked as ({BOOKED}) {statement}");
        let spend: i64 = if self.lots == Lots::All { 50 } else { 100 };
        client.execute(&sql, &[&self.from, &self.to, &self.since, &round, &self.rounds, &spend]).await?;
        Ok(())
    }

    async fn book_all(self, client: &Client, statements: impl Fn(i64) -> &'static [&'static str]) -> Result<()> {
        for round in 1..=self.rounds {
            for statement in statements(round) {
                self.book(client, statement, round).await?;
            }
        }
        Ok(())
    }
}
