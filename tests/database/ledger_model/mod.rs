//! The ledger once more: single-threaded, one operation after another, in plain Rust. It keeps no balances: they are
//! summed from lots and entries whenever they are asked for.

mod account;
pub mod calendar;
mod check;
mod undo;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

pub use self::calendar::days_after;
use self::{
    account::{Account, Booking, Stored},
    check::check,
};
use crate::common::{Outcome, Request};

const LEVELS: &[(i64, &str)] = &[(0, "NORMAL"), (1_000, "VIP1"), (5_000, "VIP2"), (10_000, "VIP3")];

/// Settings of the program that bear on operations.
#[derive(Clone, Copy)]
pub struct Program {
    /// Debt policy clamp: what is owed is forgiven.
    pub clamps: bool,
    pub frozen_earns: bool,
}

pub struct Ledger {
    program: Program,
    accounts: BTreeMap<(String, String), Account>,
}

impl Ledger {
    pub fn new(program: Program) -> Ledger {
        Ledger { program, accounts: BTreeMap::new() }
    }

    /// What the engine must answer. Accounts are compared apart, so there is none in it.
    pub fn execute(&mut self, request: &Request, now: DateTime<Utc>) -> Outcome {
        let name = (
            request.user_id.clone().unwrap_or_default(),
            request.wallet.clone().unwrap_or_else(|| "points".to_owned()),
        );
        if let Some(stored) = self.accounts.get(&name).and_then(|account| account.stored(request)) {
            return match same_payload(&stored.request, request) {
                true => Outcome { replayed: true, ..stored.outcome.clone() },
                false => refused("IDEMPOTENCY_CONFLICT"),
            };
        }
        let version = match check(request, now) {
            Ok(version) => version,
            Err(refusal) => return refused(refusal),
        };
        let has_levels = name.1 == "points";
        let new = || Account { level: has_levels.then_some(LEVELS[0].1), has_levels, ..Account::default() };
        let account = self.accounts.entry(name).or_insert_with(new);
        account.settle(now);
        account.carry_out(request, version, now, self.program)
    }

    /// Books what is due on all accounts.
    pub fn settle(&mut self, now: DateTime<Utc>) {
        self.accounts.values_mut().for_each(|account| account.settle(now));
    }

    /// Pending, available, held and debt at an instant, booked or not.
    pub fn pockets(&mut self, now: DateTime<Utc>) -> BTreeMap<(String, String), [i64; 4]> {
        let pockets = |account: &Account| {
            let mut account = account.clone();
            account.settle(now);
            [account.pocket(true), account.pocket(false), account.held(), account.debt()]
        };
        self.accounts.iter().map(|(name, account)| (name.clone(), pockets(account))).collect()
    }

    /// All rows, as `model.rs` reads them from the tables.
    pub fn rows(&self) -> Vec<String> {
        let mut rows = Vec::new();
        for ((user, wallet), account) in &self.accounts {
            for row in account.rows() {
                rows.push(format!("{user} {wallet} {row}"));
            }
        }
        rows.sort();
        rows
    }
}

fn refused(code: &str) -> Outcome {
    Outcome {
        refusal: Some(code.to_owned()),
        detail: None,
        replayed: false,
        points: None,
        rule_version: None,
        entry: None,
        account: None,
    }
}

/// Everything but who, under which key and in which account, which is the same by then.
fn same_payload(one: &Request, other: &Request) -> bool {
    Request { wallet: None, ..one.clone() } == Request { wallet: None, ..other.clone() }
}

impl Account {
    fn rows(&self) -> Vec<String> {
        let micros = |at: DateTime<Utc>| at.timestamp_micros();
        let or_none = |at: Option<DateTime<Utc>>| at.map_or("none".to_owned(), |at| micros(at).to_string());
        let mut rows = vec![format!(
            "account {} {} {} {} {} {} {} {} {} {} {}",
            self.pocket(true),
            self.pocket(false),
            self.held(),
            self.debt(),
            self.moved(&["earn", "clawback"]),
            -self.moved(&["spend", "capture", "refund"]),
            -self.moved(&["expire", "reinstate"]),
            self.moved(&["adjust", "write_off"]),
            self.entries.len(),
            self.level.unwrap_or("none"),
            self.frozen,
        )];
        rows.extend(self.entries.iter().map(|Booking { kind, occurred_at, recorded_at, entry }| {
            format!(
                "entry {} {kind} {} {} {} {} {} {} {} {} {} {}",
                entry.seq,
                entry.pending_delta,
                entry.available_delta,
                entry.held_delta,
                entry.debt_delta,
                entry.pending_after,
                entry.available_after,
                entry.held_after,
                entry.debt_after,
                micros(*occurred_at),
                micros(*recorded_at)
            )
        }));
        rows.extend(self.lots.iter().map(|lot| {
            format!(
                "lot {} {} {} {} {} {} {}",
                lot.grant.seq,
                lot.grant.granted,
                lot.remaining,
                lot.pending,
                lot.grant.source,
                micros(lot.grant.available_at),
                or_none(lot.grant.expires_at)
            )
        }));
        rows.extend(self.uses.iter().map(|used| {
            format!("use {} {} {} {}", used.seq, used.grant.seq, used.points, or_none(used.grant.expires_at))
        }));
        rows.extend(self.holds.iter().map(|hold| {
            let captured = hold.captured.map_or("open".to_owned(), |captured| captured.to_string());
            format!("hold {} {} {} {captured} {}", hold.id, hold.seq, hold.points, or_none(hold.deadline))
        }));
        let undone = self.operations.iter().filter(|stored| stored.undone > 0);
        rows.extend(undone.map(|stored| {
            format!("reversal {} {} {}", stored.id, stored.outcome.points.unwrap().abs(), stored.undone)
        }));
        rows.extend(
            self.returned
                .iter()
                .map(|(order, returned)| format!("return {order} {} {}", returned.amount.normalize(), returned.whole)),
        );
        rows.extend(self.operations.iter().map(|Stored { request, outcome, recorded_at, grant, .. }| {
            format!(
                "operation {} {} {} {} {} {} {} {}",
                request.client_id.unwrap(),
                request.idempotency_key.as_deref().unwrap(),
                outcome.refusal.as_deref().unwrap_or("done"),
                outcome.points.unwrap(),
                outcome.entry.as_ref().map_or("none".to_owned(), |entry| entry.seq.to_string()),
                micros(*recorded_at),
                or_none(grant.map(|(available_at, _)| available_at)),
                or_none(grant.and_then(|(_, expires_at)| expires_at).or(request.expires_at)),
            )
        }));
        rows.extend(self.level_changes.iter().cloned());
        rows
    }
}
