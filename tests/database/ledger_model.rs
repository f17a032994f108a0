//! The ledger once more: single-threaded, one operation after another, in plain Rust. It keeps no balances: they are
//! summed from lots and entries whenever they are asked for.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Utc, Weekday};

use super::history::{Basis, MOST, PARTNERS, Rounding, VERSIONS, Version};
use crate::common::{Entry, Kind, Outcome, Request, instant};

const LEVELS: &[(i64, &str)] = &[(0, "NORMAL"), (1_000, "VIP1"), (5_000, "VIP2"), (10_000, "VIP3")];

#[derive(Default)]
pub struct Ledger {
    accounts: BTreeMap<(String, String), Account>,
}

#[derive(Default)]
struct Account {
    lots: Vec<Lot>,
    entries: Vec<Booking>,
    uses: Vec<Use>,
    operations: Vec<Stored>,
    level_changes: Vec<String>,
    level: Option<&'static str>,
}

struct Lot {
    seq: i64,
    granted: i64,
    remaining: i64,
    available_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    pending: bool,
    source: String,
}

struct Use {
    seq: i64,
    lot_seq: i64,
    points: i64,
}

struct Booking {
    kind: &'static str,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    entry: Entry,
}

struct Stored {
    request: Request,
    outcome: Outcome,
    recorded_at: DateTime<Utc>,
    grant: Option<(DateTime<Utc>, Option<DateTime<Utc>>)>,
}

impl Ledger {
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
        let account = self
            .accounts
            .entry(name.clone())
            .or_insert_with(|| Account { level: (name.1 == "points").then_some(LEVELS[0].1), ..Account::default() });
        account.settle(now);
        let outcome = account.carry_out(request, version, now, name.1 == "points");
        // What it granted may have expired long ago.
        account.settle(now);
        outcome
    }

    /// Pending and available at an instant, booked or not.
    pub fn pockets(&self, now: DateTime<Utc>) -> BTreeMap<(String, String), (i64, i64)> {
        let pockets = |account: &Account| {
            let open = || account.lots.iter().filter(|lot| lot.expires_at.is_none_or(|at| at > now));
            let pending = open().filter(|lot| lot.available_at > now).map(|lot| lot.remaining).sum();
            let available = open().filter(|lot| lot.available_at <= now).map(|lot| lot.remaining).sum();
            (pending, available)
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

/// Refusals that are not stored; otherwise the version of the rule.
fn check(request: &Request, now: DateTime<Utc>) -> Result<Option<&'static Version>, &'static str> {
    let kind = request.kind.ok_or("INVALID_INPUT")?;
    let (earn, adjust) = (kind == Kind::Earn, kind == Kind::Adjust);
    let length = |text: &Option<String>| text.as_ref().map_or(0, |text| text.chars().count());
    let points_given = request.points.is_some_and(|points| points != 0);
    let valid = matches!(kind, Kind::Earn | Kind::Spend | Kind::Adjust)
        && (1..=64).contains(&length(&request.user_id))
        && (1..=128).contains(&length(&request.idempotency_key))
        && matches!(request.wallet.as_deref(), None | Some("points" | "coins"))
        && earn == request.rule.is_some()
        && (earn || request.amount.is_none())
        && request.amount.is_none_or(|amount| {
            !amount.is_sign_negative() && amount.trunc().mantissa() < 1_000_000_000_000 && amount.scale() <= 8
        })
        && (earn || points_given)
        && request.points.is_none_or(|points| (adjust || points > 0) && (-MOST..=MOST).contains(&points))
        && request.occurred_at.is_none_or(|at| at <= now + TimeDelta::minutes(5) && at >= DateTime::UNIX_EPOCH)
        && request.expires_at.is_none_or(|at| adjust && request.points > Some(0) && at > now)
        && (!adjust || length(&request.reason) > 0 && length(&request.actor) > 0)
        && request.metadata.as_ref().is_none_or(|metadata| metadata.is_object());
    if !valid {
        return Err("INVALID_INPUT");
    }
    let partner = PARTNERS.iter().find(|partner| Some(partner.id) == request.client_id).ok_or("FORBIDDEN")?;
    let scope = if earn {
        "earn"
    } else if adjust {
        "adjust"
    } else {
        "spend"
    };
    let forbidden_rule = |rules: &[&str]| request.rule.as_deref().is_some_and(|rule| !rules.contains(&rule));
    if !partner.scopes.contains(&scope)
        || partner.rules.is_some_and(forbidden_rule)
        || partner.revoked_at.is_some_and(|at| instant(at) <= now)
    {
        return Err("FORBIDDEN");
    }
    if !earn {
        return Ok(None);
    }
    let version = VERSIONS
        .iter()
        .filter(|version| request.rule.as_deref() == Some(version.rule) && instant(version.starts_at) <= now)
        .max_by_key(|version| version.version)
        .ok_or("UNKNOWN_RULE")?;
    let fits = match version.basis {
        Basis::Fixed(_) => request.amount.is_none() && request.points.is_none(),
        Basis::Amount(..) => request.amount.is_some() && request.points.is_none(),
        Basis::Given(default) => request.amount.is_none() && request.points.or(default).is_some(),
    };
    if fits { Ok(Some(version)) } else { Err("INVALID_INPUT") }
}

fn award(request: &Request, version: &Version) -> i128 {
    let points = match version.basis {
        Basis::Fixed(points) => points.into(),
        Basis::Given(default) => request.points.or(default).unwrap().into(),
        Basis::Amount(millionths, rounding) => {
            let amount = request.amount.unwrap();
            let product = amount.mantissa() * i128::from(millionths);
            let unit = 10i128.pow(amount.scale() + 6);
            match rounding {
                Rounding::Down => product / unit,
                Rounding::HalfUp => (2 * product + unit) / (2 * unit),
                Rounding::Up => (product + unit - 1) / unit,
            }
        }
    };
    version.cap.map_or(points, |cap| points.min(cap.into()))
}

impl Account {
    fn stored(&self, request: &Request) -> Option<&Stored> {
        self.operations.iter().find(|stored| {
            stored.request.client_id == request.client_id && stored.request.idempotency_key == request.idempotency_key
        })
    }

    fn pocket(&self, pending: bool) -> i64 {
        self.lots.iter().filter(|lot| lot.pending == pending).map(|lot| lot.remaining).sum()
    }

    /// Points that entries of a kind have moved.
    fn moved(&self, kind: &str) -> i128 {
        let of_kind = self.entries.iter().filter(|booking| booking.kind == kind);
        of_kind.map(|booking| i128::from(booking.entry.pending_delta + booking.entry.available_delta)).sum()
    }

    fn book(&mut self, kind: &'static str, deltas: (i64, i64), times: (DateTime<Utc>, DateTime<Utc>)) -> Entry {
        let entry = Entry {
            seq: self.entries.len() as i64 + 1,
            pending_delta: deltas.0,
            available_delta: deltas.1,
            pending_after: self.pocket(true),
            available_after: self.pocket(false),
            held_after: 0,
        };
        self.entries.push(Booking { kind, occurred_at: times.0, recorded_at: times.1, entry: entry.clone() });
        entry
    }

    /// Lets time pass, instant by instant.
    fn settle(&mut self, now: DateTime<Utc>) {
        loop {
            let next = self.lots.iter().map(|lot| match lot.pending {
                true => (lot.available_at, 0),
                false => (lot.expires_at.unwrap_or(DateTime::<Utc>::MAX_UTC), 1),
            });
            let Some((at, kind)) = next.min().filter(|(at, _)| *at <= now) else { return };
            let next_seq = self.entries.len() as i64 + 1;
            let mut points = 0;
            if kind == 0 {
                for lot in self.lots.iter_mut().filter(|lot| lot.pending && lot.available_at == at) {
                    lot.pending = false;
                    points += lot.remaining;
                }
                self.book("activate", (-points, points), (at, now));
            } else {
                for lot in self.lots.extract_if(.., |lot| !lot.pending && lot.expires_at == Some(at)) {
                    self.uses.push(Use { seq: next_seq, lot_seq: lot.seq, points: lot.remaining });
                    points += lot.remaining;
                }
                self.book("expire", (0, -points), (at, now));
            }
        }
    }

    fn carry_out(
        &mut self,
        request: &Request,
        version: Option<&Version>,
        now: DateTime<Utc>,
        has_levels: bool,
    ) -> Outcome {
        let happened = request.occurred_at.unwrap_or(now);
        let (kind, moved) = match version {
            Some(version) => ("earn", award(request, version)),
            None if request.kind == Some(Kind::Spend) => ("spend", -i128::from(request.points.unwrap())),
            None => ("adjust", request.points.unwrap().into()),
        };
        let refusal = self.refusal(kind, moved);
        let mut outcome = Outcome {
            refusal: refusal.map(str::to_owned),
            points: Some(0),
            rule_version: version.map(|version| version.version),
            ..refused("")
        };
        outcome.refusal = refusal.map(str::to_owned);
        let mut grant = None;
        if refusal.is_none() && moved != 0 {
            let moved = i64::try_from(moved).unwrap();
            let earned = self.moved("earn") as i64;
            let entry = if moved > 0 {
                let (available_at, expires_at) = match version {
                    Some(version) => (
                        days_after(happened, version.pending_days),
                        version.valid_days.map(|days| days_after(happened, days)),
                    ),
                    None => (happened.min(now), request.expires_at),
                };
                grant = Some((available_at, expires_at));
                self.grant(kind, moved, request, grant.unwrap(), (happened, now))
            } else {
                self.burn(-moved);
                self.book(kind, (0, moved), (happened, now))
            };
            outcome.points = Some(if kind == "adjust" { moved } else { moved.abs() });
            if kind == "earn" && has_levels {
                self.change_level(earned + moved, entry.seq);
            }
            outcome.entry = Some(entry);
        }
        self.operations.push(Stored { request: request.clone(), outcome: outcome.clone(), recorded_at: now, grant });
        outcome
    }

    fn refusal(&self, kind: &str, moved: i128) -> Option<&'static str> {
        let available = i128::from(self.pocket(false));
        let inside = available + i128::from(self.pocket(true));
        let counter = match kind {
            "earn" | "adjust" => (self.moved(kind) + moved).abs(),
            _ => -(self.moved(kind) + moved),
        };
        if available + moved.min(0) < 0 {
            Some("INSUFFICIENT_POINTS")
        } else if counter > MOST.into() || inside + moved - self.moved("expire") > MOST.into() {
            Some("LIMIT_REACHED")
        } else {
            None
        }
    }

    fn grant(
        &mut self,
        kind: &'static str,
        points: i64,
        request: &Request,
        (available_at, expires_at): (DateTime<Utc>, Option<DateTime<Utc>>),
        times: (DateTime<Utc>, DateTime<Utc>),
    ) -> Entry {
        let pending = available_at > times.1;
        self.lots.push(Lot {
            seq: self.entries.len() as i64 + 1,
            granted: points,
            remaining: points,
            available_at,
            expires_at,
            pending,
            source: request.rule.clone().unwrap_or_else(|| "adjust".to_owned()),
        });
        self.book(kind, if pending { (points, 0) } else { (0, points) }, times)
    }

    /// Takes points one lot after another.
    fn burn(&mut self, mut points: i64) {
        let seq = self.entries.len() as i64 + 1;
        self.lots.sort_by_key(|lot| (lot.expires_at.is_none(), lot.expires_at, lot.seq));
        for lot in self.lots.iter_mut().filter(|lot| !lot.pending) {
            let taken = points.min(lot.remaining);
            if taken > 0 {
                lot.remaining -= taken;
                points -= taken;
                self.uses.push(Use { seq, lot_seq: lot.seq, points: taken });
            }
        }
        assert_eq!(points, 0);
        self.lots.retain(|lot| lot.remaining > 0);
    }

    fn change_level(&mut self, earned: i64, seq: i64) {
        let level = LEVELS.iter().rfind(|(threshold, _)| *threshold <= earned).map(|(_, code)| *code);
        if level != self.level {
            self.level_changes.push(format!("level {seq} {} to {}", self.level.unwrap(), level.unwrap()));
            self.level = level;
        }
    }

    fn rows(&self) -> Vec<String> {
        let micros = |at: DateTime<Utc>| at.timestamp_micros();
        let or_none = |at: Option<DateTime<Utc>>| at.map_or("none".to_owned(), |at| micros(at).to_string());
        let mut rows = vec![format!(
            "account {} {} {} {} {} {} {} {}",
            self.pocket(true),
            self.pocket(false),
            self.moved("earn"),
            -self.moved("spend"),
            -self.moved("expire"),
            self.moved("adjust"),
            self.entries.len(),
            self.level.unwrap_or("none"),
        )];
        rows.extend(self.entries.iter().map(|Booking { kind, occurred_at, recorded_at, entry }| {
            format!(
                "entry {} {kind} {} {} {} {} {} {}",
                entry.seq,
                entry.pending_delta,
                entry.available_delta,
                entry.pending_after,
                entry.available_after,
                micros(*occurred_at),
                micros(*recorded_at)
            )
        }));
        rows.extend(self.lots.iter().map(|lot| {
            format!(
                "lot {} {} {} {} {} {} {}",
                lot.seq,
                lot.granted,
                lot.remaining,
                lot.pending,
                lot.source,
                micros(lot.available_at),
                or_none(lot.expires_at)
            )
        }));
        rows.extend(self.uses.iter().map(|used| format!("use {} {} {}", used.seq, used.lot_seq, used.points)));
        rows.extend(self.operations.iter().map(|Stored { request, outcome, recorded_at, grant }| {
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

/// The same local time in Berlin, days later. A local time that summer time skips is read as winter time, one that
/// comes twice as the second.
pub fn days_after(at: DateTime<Utc>, days: i32) -> DateTime<Utc> {
    if days == 0 {
        return at;
    }
    let hours = |at: NaiveDateTime| if is_summer_time(at) { 2 } else { 1 };
    let utc = at.naive_utc();
    let local = utc + TimeDelta::hours(hours(utc)) + TimeDelta::days(days.into());
    let (winter, summer) = (local - TimeDelta::hours(1), local - TimeDelta::hours(2));
    let later = if is_summer_time(winter) && is_summer_time(summer) { summer } else { winter };
    later.and_utc()
}

/// From the last Sunday of March to the last of October, at 01:00 UTC, since 1996.
fn is_summer_time(utc: NaiveDateTime) -> bool {
    let last_sunday = |month: u32| {
        let last = NaiveDate::from_ymd_opt(utc.year(), month, 31).unwrap();
        let back = last.weekday().days_since(Weekday::Sun);
        (last - TimeDelta::days(back.into())).and_hms_opt(1, 0, 0).unwrap()
    };
    last_sunday(3) <= utc && utc < last_sunday(10)
}
