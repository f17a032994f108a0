//! One account of the model.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{
    LEVELS, Program,
    calendar::{days_after, end_of_day_after},
    check::award,
    refused,
};
use crate::{
    common::{Entry, Kind, Outcome, Request, operation_id},
    database::history::{MOST, Version},
};

type Instant = DateTime<Utc>;

#[derive(Clone, Default)]
pub struct Account {
    pub lots: Vec<Lot>,
    pub entries: Vec<Booking>,
    pub uses: Vec<Use>,
    pub holds: Vec<Held>,
    pub operations: Vec<Stored>,
    pub returned: BTreeMap<String, Returned>,
    /// Days without activity that points of a grant live, by its seq, and when they expire: all of them, wherever they are.
    pub idle: BTreeMap<i64, (i32, Instant)>,
    pub level_changes: Vec<String>,
    pub level: Option<&'static str>,
    pub frozen: bool,
    pub has_levels: bool,
}

/// Points granted together. What they are never changes.
#[derive(Clone)]
pub struct Grant {
    pub seq: i64,
    pub granted: i64,
    pub available_at: Instant,
    pub expires_at: Option<Instant>,
    pub source: String,
}

#[derive(Clone)]
pub struct Lot {
    pub grant: Grant,
    pub remaining: i64,
    pub pending: bool,
}

/// What an entry took from a lot, or, below 0, gave back.
#[derive(Clone)]
pub struct Use {
    pub seq: i64,
    pub grant: Grant,
    pub points: i64,
}

#[derive(Clone)]
pub struct Held {
    pub id: Uuid,
    pub seq: i64,
    pub points: i64,
    pub deadline: Option<Instant>,
    pub captured: Option<i64>,
    pub closed_by: Option<Uuid>,
}

#[derive(Clone, Default)]
pub struct Returned {
    pub amount: Decimal,
    pub whole: bool,
}

#[derive(Clone)]
pub struct Booking {
    pub kind: &'static str,
    pub occurred_at: Instant,
    pub recorded_at: Instant,
    pub entry: Entry,
}

#[derive(Clone)]
pub struct Stored {
    pub id: Uuid,
    pub request: Request,
    pub outcome: Outcome,
    pub recorded_at: Instant,
    pub grant: Option<(Instant, Option<Instant>)>,
    pub undone: i64,
}

/// Changes of pending, available, held and debt.
#[derive(Clone, Copy, Default)]
pub struct Deltas {
    pub pending: i64,
    pub available: i64,
    pub held: i64,
    pub debt: i64,
}

impl Deltas {
    pub fn available(available: i64) -> Deltas {
        Deltas { available, ..Deltas::default() }
    }

    fn net(self) -> i128 {
        i128::from(self.pending) + i128::from(self.available) + i128::from(self.held) - i128::from(self.debt)
    }
}

impl Account {
    pub fn stored(&self, request: &Request) -> Option<&Stored> {
        self.operations.iter().find(|stored| {
            stored.request.client_id == request.client_id && stored.request.idempotency_key == request.idempotency_key
        })
    }

    pub fn pocket(&self, pending: bool) -> i64 {
        self.lots.iter().filter(|lot| lot.pending == pending).map(|lot| lot.remaining).sum()
    }

    pub fn held(&self) -> i64 {
        self.holds.iter().filter(|hold| hold.captured.is_none()).map(|hold| hold.points).sum()
    }

    pub fn debt(&self) -> i64 {
        self.entries.iter().map(|booking| booking.entry.debt_delta).sum()
    }

    /// The net of all entries of some kinds.
    pub fn moved(&self, kinds: &[&str]) -> i128 {
        let of_kind = self.entries.iter().filter(|booking| kinds.contains(&booking.kind));
        let net = |entry: &Entry| {
            let Entry { pending_delta: pending, available_delta: available, .. } = *entry;
            Deltas { pending, available, held: entry.held_delta, debt: entry.debt_delta }.net()
        };
        of_kind.map(|booking| net(&booking.entry)).sum()
    }

    pub fn next_seq(&self) -> i64 {
        self.entries.len() as i64 + 1
    }

    /// Books what has been done to lots and holds.
    pub fn book(&mut self, kind: &'static str, deltas: Deltas, times: (Instant, Instant)) -> Entry {
        let entry = Entry {
            seq: self.next_seq(),
            pending_delta: deltas.pending,
            available_delta: deltas.available,
            held_delta: deltas.held,
            debt_delta: deltas.debt,
            pending_after: self.pocket(true),
            available_after: self.pocket(false),
            held_after: self.held(),
            debt_after: self.debt() + deltas.debt,
        };
        self.entries.push(Booking { kind, occurred_at: times.0, recorded_at: times.1, entry: entry.clone() });
        if matches!(kind, "earn" | "clawback") {
            self.change_level(entry.seq);
        }
        entry
    }

    /// Lets time pass. What comes in pays a debt at its instant, before anything of it can expire.
    pub fn settle(&mut self, now: Instant) {
        while self.debt() > 0
            && let Some(at) = self.next_change().filter(|at| *at < now)
        {
            self.settle_until(at, now);
        }
        self.settle_until(now, now);
    }

    fn next_change(&self) -> Option<Instant> {
        let lots = self.lots.iter().filter_map(|lot| match lot.pending {
            true => Some(lot.grant.available_at),
            false => lot.grant.expires_at,
        });
        let holds = self.holds.iter().filter(|hold| hold.captured.is_none()).filter_map(|hold| hold.deadline);
        lots.chain(holds).min()
    }

    /// Lets holds end, and then lots change, instant by instant.
    fn settle_until(&mut self, until: Instant, now: Instant) {
        self.release_due(until, now);
        loop {
            let next = self.lots.iter().map(|lot| match lot.pending {
                true => (lot.grant.available_at, 0),
                false => (lot.grant.expires_at.unwrap_or(Instant::MAX_UTC), 1),
            });
            let Some((at, kind)) = next.min().filter(|(at, _)| *at <= until) else { break };
            let seq = self.next_seq();
            let mut points = 0;
            if kind == 0 {
                for lot in self.lots.iter_mut().filter(|lot| lot.pending && lot.grant.available_at == at) {
                    lot.pending = false;
                    points += lot.remaining;
                }
                self.book("activate", Deltas { pending: -points, ..Deltas::available(points) }, (at, now));
            } else {
                for lot in self.lots.extract_if(.., |lot| !lot.pending && lot.grant.expires_at == Some(at)) {
                    self.uses.push(Use { seq, grant: lot.grant, points: lot.remaining });
                    points += lot.remaining;
                }
                self.book("expire", Deltas::available(-points), (at, now));
            }
        }
        self.repay(now);
    }

    fn repay(&mut self, now: Instant) {
        let points = self.debt().min(self.pocket(false));
        if points > 0 {
            self.take(points, None);
            self.book("repay", Deltas { debt: -points, ..Deltas::available(-points) }, (now, now));
        }
    }

    pub fn carry_out(
        &mut self,
        request: &Request,
        version: Option<&Version>,
        now: Instant,
        program: Program,
    ) -> Outcome {
        let happened = request.occurred_at.unwrap_or(now);
        let id = operation_id(request.client_id.unwrap(), request.idempotency_key.as_deref().unwrap());
        let kind = request.kind.unwrap();
        let mut grant = None;
        let booked: Result<(i64, Option<Entry>), &'static str> = match kind {
            Kind::Earn => {
                let version = version.unwrap();
                let points = award(request, version);
                let available_at = days_after(happened, version.pending_days);
                let expires_at = version.valid_days.map(|days| match version.idle {
                    true => end_of_day_after(now, days),
                    false => days_after(happened, days),
                });
                let source = request.rule.clone().unwrap();
                let given = Grant { seq: self.next_seq(), granted: capped(points), available_at, expires_at, source };
                let seq = given.seq;
                let booked = self.grant("earn", given, (happened, now), program, &mut grant);
                if grant.is_some() && version.idle {
                    self.idle.insert(seq, (version.valid_days.unwrap(), expires_at.unwrap()));
                }
                booked
            }
            Kind::Adjust if request.points > Some(0) => {
                let (granted, available_at) = (request.points.unwrap(), happened.min(now));
                let (expires_at, source) = (request.expires_at, "adjust".to_owned());
                let given = Grant { seq: self.next_seq(), granted, available_at, expires_at, source };
                self.grant("adjust", given, (happened, now), program, &mut grant)
            }
            Kind::Spend | Kind::Adjust => {
                let points = request.points.unwrap().abs();
                let name = if kind == Kind::Spend { "spend" } else { "adjust" };
                let deltas = Deltas::available(-points);
                self.refusal(name, deltas, program).map_or(Ok(()), Err).map(|()| {
                    self.take(points, None);
                    let moved = if kind == Kind::Spend { points } else { -points };
                    (moved, Some(self.book(name, deltas, (happened, now))))
                })
            }
            Kind::Hold => {
                let points = request.points.unwrap();
                let deltas = Deltas { held: points, ..Deltas::available(-points) };
                self.refusal("hold", deltas, program).map_or(Ok(()), Err).map(|()| {
                    self.take(points, None);
                    let (seq, deadline) = (self.next_seq(), request.expires_at);
                    self.holds.push(Held { id, seq, points, deadline, captured: None, closed_by: None });
                    (points, Some(self.book("hold", deltas, (happened, now))))
                })
            }
            Kind::Capture | Kind::Release => self.close_hold(request, id, (happened, now), program),
            Kind::Reverse => self.reverse(request.original.unwrap(), None, Some(id), (happened, now), program),
            Kind::Return => self.take_return(request).map(|()| (0, None)),
            Kind::Freeze | Kind::Unfreeze => {
                self.frozen = kind == Kind::Freeze;
                Ok((0, None))
            }
            _ => unreachable!("refused before"),
        };
        let version = version.map(|version| version.version);
        let outcome = match booked {
            Ok((points, entry)) => {
                Outcome { refusal: None, points: Some(points), rule_version: version, entry, ..refused("") }
            }
            Err(code) => Outcome { points: Some(0), rule_version: version, ..refused(code) },
        };
        let (request, done) = (request.clone(), outcome.refusal.is_none());
        let order = self.order_of(&request);
        self.operations.push(Stored { id, request, outcome: outcome.clone(), recorded_at: now, grant, undone: 0 });
        // What was granted or given back too late expires before anything else happens.
        if kind == Kind::Earn || kind == Kind::Adjust {
            self.expire_lapsed(now);
        }
        if let Some(order) = order.filter(|_| done) {
            self.undo_returned(&order, now, program);
        }
        self.settle(now);
        if done && matches!(kind, Kind::Earn | Kind::Spend) {
            self.put_off(now);
        }
        outcome
    }

    /// Activity: whatever is idle and has not expired lives on.
    fn put_off(&mut self, now: Instant) {
        for (seq, (days, expires_at)) in self.idle.iter_mut().filter(|(_, (_, expires_at))| *expires_at > now) {
            *expires_at = end_of_day_after(now, *days).max(*expires_at);
            for lot in self.lots.iter_mut().filter(|lot| lot.grant.seq == *seq) {
                lot.grant.expires_at = Some(*expires_at);
            }
        }
    }

    /// The settling of a grant, without the repayment, which comes later.
    fn expire_lapsed(&mut self, now: Instant) {
        let lapsed = self.lots.extract_if(.., |lot| lot.grant.expires_at.is_some_and(|at| at <= now));
        if let Some(lot) = lapsed.last() {
            let at = lot.grant.expires_at.unwrap();
            self.uses.push(Use { seq: self.next_seq(), grant: lot.grant, points: lot.remaining });
            self.book("expire", Deltas::available(-lot.remaining), (at, now));
        }
    }

    pub fn refusal(&self, kind: &str, deltas: Deltas, program: Program) -> Option<&'static str> {
        let spends = matches!(kind, "spend" | "hold" | "capture");
        let inside = i128::from(self.pocket(true)) + i128::from(self.pocket(false)) + i128::from(self.held());
        let expired = -self.moved(&["expire", "reinstate"]);
        let adjusted = self.moved(&["adjust", "write_off"]);
        let most = i128::from(MOST);
        let counter = match kind {
            "earn" => self.moved(&["earn", "clawback"]) + deltas.net(),
            "spend" | "capture" => -self.moved(&["spend", "capture", "refund"]) - deltas.net(),
            "adjust" => (adjusted + deltas.net()).abs(),
            _ => 0,
        };
        if self.frozen && (spends || kind == "earn" && !program.frozen_earns) {
            Some("ACCOUNT_FROZEN")
        } else if deltas.available < 0 && self.pocket(false) + deltas.available < 0 {
            Some("INSUFFICIENT_POINTS")
        } else if counter > most
            || inside + deltas.net() + expired > most
            || deltas.debt > 0 && adjusted.max(self.debt().into()) + i128::from(deltas.debt) > most
        {
            Some("LIMIT_REACHED")
        } else {
            None
        }
    }

    fn grant(
        &mut self,
        kind: &'static str,
        grant: Grant,
        times: (Instant, Instant),
        program: Program,
        granted: &mut Option<(Instant, Option<Instant>)>,
    ) -> Result<(i64, Option<Entry>), &'static str> {
        let (pending, points) = (grant.available_at > times.1, grant.granted);
        let deltas = match pending {
            true => Deltas { pending: points, ..Deltas::default() },
            false => Deltas::available(points),
        };
        if let Some(refusal) = self.refusal(kind, deltas, program) {
            return Err(refusal);
        }
        if points == 0 {
            return Ok((0, None));
        }
        *granted = Some((grant.available_at, grant.expires_at));
        self.lots.push(Lot { grant, remaining: points, pending });
        Ok((points, Some(self.book(kind, deltas, times))))
    }

    /// Takes points one lot after another, from `first` before all others, even if it is pending.
    pub fn take(&mut self, mut points: i64, first: Option<i64>) {
        let seq = self.next_seq();
        self.lots.sort_by_key(|Lot { grant, .. }| {
            (Some(grant.seq) != first, grant.expires_at.is_none(), grant.expires_at, grant.seq)
        });
        for lot in self.lots.iter_mut().filter(|lot| !lot.pending || Some(lot.grant.seq) == first) {
            let taken = points.min(lot.remaining);
            if taken > 0 {
                lot.remaining -= taken;
                points -= taken;
                self.uses.push(Use { seq, grant: lot.grant.clone(), points: taken });
            }
        }
        assert_eq!(points, 0);
        self.lots.retain(|lot| lot.remaining > 0);
    }

    fn change_level(&mut self, seq: i64) {
        let earned = self.moved(&["earn", "clawback"]);
        let level = LEVELS.iter().rfind(|(threshold, _)| i128::from(*threshold) <= earned).map(|(_, code)| *code);
        if self.has_levels && level != self.level {
            self.level_changes.push(format!("level {seq} {} to {}", self.level.unwrap(), level.unwrap()));
            self.level = level;
        }
    }
}

/// More than an account can hold is refused, whatever it is.
fn capped(points: i128) -> i64 {
    i64::try_from(points.min(i128::from(MOST) + 1)).unwrap()
}
