//! What undoes: holds that end, reversals, returns.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{
    Program,
    account::{Account, Deltas, Grant, Lot, Returned, Use},
};
use crate::common::{Entry, Kind, Request};

type Instant = DateTime<Utc>;
type Booked = Result<(i64, Option<Entry>), &'static str>;

/// An operation of an order: its id, its points, and whether they come back to the member.
struct Part {
    id: Uuid,
    points: i64,
    refunds: bool,
    amount: Option<Decimal>,
}

impl Account {
    /// Gives back what an entry took, from the last lot on, after `passed` points that went back before.
    fn refill(&mut self, source: i64, passed: i64, points: i64) {
        let seq = self.next_seq();
        let mut taken: Vec<(Grant, i64)> = self
            .uses
            .iter()
            .filter(|used| used.seq == source && used.points > 0)
            .map(|used| (used.grant.clone(), used.points))
            .collect();
        taken.sort_by_key(|(grant, _)| std::cmp::Reverse((grant.expires_at.is_none(), grant.expires_at, grant.seq)));
        let (mut skip, mut rest) = (passed, points);
        for (grant, used) in taken {
            let skipped = skip.min(used);
            skip -= skipped;
            let given = rest.min(used - skipped);
            rest -= given;
            if given > 0 {
                let idle = self.idle.get(&grant.seq);
                let expires_at = idle.map_or(grant.expires_at, |(_, expires_at)| Some(*expires_at));
                self.give(seq, Grant { expires_at, ..grant }, given);
            }
        }
        assert_eq!(rest, 0);
    }

    fn give(&mut self, seq: i64, grant: Grant, points: i64) {
        match self.lots.iter_mut().find(|lot| lot.grant.seq == grant.seq) {
            Some(lot) => lot.remaining += points,
            None => self.lots.push(Lot { grant: grant.clone(), remaining: points, pending: false }),
        }
        self.uses.push(Use { seq, grant, points: -points });
    }

    /// Releases what has ended, soonest first.
    pub fn release_due(&mut self, until: Instant, now: Instant) {
        loop {
            let open = self.holds.iter_mut().filter(|hold| hold.captured.is_none());
            let due = open.filter(|hold| hold.deadline.is_some_and(|at| at <= until));
            let Some(hold) = due.min_by_key(|hold| (hold.deadline, hold.seq)) else { return };
            hold.captured = Some(0);
            let (seq, points, deadline) = (hold.seq, hold.points, hold.deadline.unwrap());
            self.refill(seq, 0, points);
            self.book("release", Deltas { held: -points, ..Deltas::available(points) }, (deadline, now));
        }
    }

    pub fn close_hold(&mut self, request: &Request, id: Uuid, times: (Instant, Instant), program: Program) -> Booked {
        let original = request.original.unwrap();
        let known = self.operations.iter().any(|stored| stored.id == original);
        let place = self.holds.iter().position(|hold| hold.id == original).filter(|_| known);
        let hold = &self.holds[place.ok_or("UNKNOWN_OPERATION")?];
        let (seq, held) = (hold.seq, hold.points);
        let captures = request.kind == Some(Kind::Capture);
        let points = if captures { request.points.unwrap_or(held) } else { 0 };
        if hold.captured.is_some() {
            return Err("HOLD_CLOSED");
        }
        if points > held {
            return Err("INSUFFICIENT_POINTS");
        }
        let kind = if captures { "capture" } else { "release" };
        let deltas = Deltas { held: -held, ..Deltas::available(held - points) };
        if let Some(refusal) = self.refusal(kind, deltas, program) {
            return Err(refusal);
        }
        let hold = self.holds.iter_mut().find(|hold| hold.id == original).unwrap();
        (hold.captured, hold.closed_by) = (Some(points), Some(id));
        self.refill(seq, 0, held - points);
        let moved = if captures { points } else { held };
        Ok((moved, Some(self.book(kind, deltas, times))))
    }

    /// Undoes an operation, all of it or so many points. By a return if it has no id of its own.
    pub fn reverse(
        &mut self,
        original: Uuid,
        points: Option<i64>,
        id: Option<Uuid>,
        times: (Instant, Instant),
        program: Program,
    ) -> Booked {
        let place = self.operations.iter().position(|stored| stored.id == original).ok_or("UNKNOWN_OPERATION")?;
        let of = &self.operations[place];
        let (kind, seq) = (of.request.kind.unwrap(), of.outcome.entry.as_ref().map(|entry| entry.seq));
        if kind == Kind::Hold && seq.is_some() {
            let request = Request { kind: Some(Kind::Release), original: Some(original), ..of.request.clone() };
            return self.close_hold(&request, id.unwrap(), times, program);
        }
        let (moved, undone) = (of.outcome.points.unwrap(), of.undone);
        let rest = moved.abs() - undone;
        let seq = match (kind, seq) {
            (Kind::Earn | Kind::Spend | Kind::Adjust | Kind::Capture, Some(seq)) => seq,
            _ => return Err("NOT_REVERSIBLE"),
        };
        if rest == 0 {
            return Err("ALREADY_REVERSED");
        }
        let points = points.unwrap_or(rest).min(rest);
        let booked = if kind == Kind::Earn || kind == Kind::Adjust && moved > 0 {
            self.claw_back(if kind == Kind::Earn { "clawback" } else { "adjust" }, seq, points, times, program)?
        } else {
            let name = if kind == Kind::Adjust { "adjust" } else { "refund" };
            let (source, passed) = match self.holds.iter().find(|hold| hold.closed_by == Some(original)) {
                Some(hold) => (hold.seq, hold.points - hold.captured.unwrap()),
                None => (seq, 0),
            };
            if let Some(refusal) = self.refusal(name, Deltas::available(points), program) {
                return Err(refusal);
            }
            self.refill(source, passed + undone, points);
            (points, Some(self.book(name, Deltas::available(points), times)))
        };
        self.operations[place].undone += points;
        let debt = booked.1.as_ref().map_or(0, |entry| entry.debt_delta);
        if debt > 0 && program.clamps {
            self.book("write_off", Deltas { debt: -debt, ..Deltas::default() }, (times.1, times.1));
        }
        Ok(booked)
    }

    fn claw_back(
        &mut self,
        kind: &'static str,
        seq: i64,
        points: i64,
        times: (Instant, Instant),
        program: Program,
    ) -> Booked {
        let own = |account: &Account, pending| {
            let own = account.lots.iter().filter(|lot| lot.grant.seq == seq && lot.pending == pending);
            own.map(|lot| lot.remaining).sum::<i64>()
        };
        let ends = |used: &&Use| {
            let kind = self.entries[used.seq as usize - 1].kind;
            used.grant.seq == seq && matches!(kind, "expire" | "reinstate")
        };
        let expired: Vec<&Use> = self.uses.iter().filter(ends).collect();
        let back = expired.iter().map(|used| used.points).sum::<i64>().min(points - own(self, true) - own(self, false));
        if back > 0 {
            let grant = expired[0].grant.clone();
            self.give(self.next_seq(), grant, back);
            self.book("reinstate", Deltas::available(back), (times.1, times.1));
        }
        let pending = points.min(own(self, true));
        let available = (points - pending).min(self.pocket(false));
        let deltas = Deltas { pending: -pending, debt: points - pending - available, ..Deltas::available(-available) };
        if let Some(refusal) = self.refusal(kind, deltas, program) {
            return Err(refusal);
        }
        self.take(pending + available, Some(seq));
        Ok((-points, Some(self.book(kind, deltas, times))))
    }

    /// The order that an operation is about.
    pub fn order_of(&self, request: &Request) -> Option<String> {
        match request.kind? {
            Kind::Earn if request.order_key.is_none() && request.amount.is_some() => request.idempotency_key.clone(),
            Kind::Capture => {
                let hold = self.operations.iter().find(|stored| Some(stored.id) == request.original)?;
                hold.request.order_key.clone()
            }
            _ => request.order_key.clone(),
        }
    }

    fn parts(&self, order: &str) -> Vec<Part> {
        let mut parts = Vec::new();
        for stored in self.operations.iter().filter(|stored| stored.outcome.refusal.is_none()) {
            let (request, kind) = (&stored.request, stored.request.kind.unwrap());
            if matches!(kind, Kind::Earn | Kind::Spend | Kind::Hold) && self.order_of(request).as_deref() == Some(order)
            {
                let hold = self.holds.iter().find(|hold| hold.id == stored.id);
                parts.push(Part {
                    id: hold.map_or(Some(stored.id), |hold| hold.closed_by).unwrap_or_default(),
                    points: hold.map_or(stored.outcome.points, |hold| hold.captured).unwrap_or(0),
                    refunds: kind != Kind::Earn,
                    amount: request.amount,
                });
            }
        }
        parts
    }

    fn order_amount(&self, order: &str) -> Option<Decimal> {
        let parts = self.parts(order);
        let refunds = parts.iter().filter(|part| part.refunds).filter_map(|part| part.amount).max();
        refunds.or(parts.iter().filter_map(|part| part.amount).max())
    }

    pub fn take_return(&mut self, request: &Request) -> Result<(), &'static str> {
        let order = request.order_key.clone().unwrap();
        let amount = self.order_amount(&order);
        let known = !self.parts(&order).is_empty();
        let returned = self.returned.get(&order);
        if let Some(now) = request.amount {
            let before = returned.map_or(Decimal::ZERO, |returned| returned.amount);
            let whole = returned.is_some_and(|returned| returned.whole);
            if whole || amount.is_some_and(|amount| before + now > amount) || amount.is_none() && known {
                return Err("RETURN_TOO_LARGE");
            }
        }
        let Returned { amount, whole } = self.returned.entry(order).or_default();
        *amount += request.amount.unwrap_or_default();
        *whole |= request.amount.is_none();
        Ok(())
    }

    /// Undoes of an order what its returns have not undone yet.
    pub fn undo_returned(&mut self, order: &str, now: Instant, program: Program) {
        let Some(Returned { amount: returned, whole }) = self.returned.get(order) else { return };
        let (returned, whole, amount) = (*returned, *whole, self.order_amount(order));
        let target = |points: i64| match amount {
            _ if whole => points,
            Some(amount) if !amount.is_zero() => {
                let (part, all) = (units(returned.min(amount)), units(amount));
                (i128::from(points) * part / all) as i64
            }
            _ => 0,
        };
        let mut parts = self.parts(order);
        parts.sort_by_key(|part| (!part.refunds, part.id));
        let undone = |account: &Account, id| {
            account.operations.iter().find(|stored| stored.id == id).map_or(0, |stored| stored.undone)
        };
        let due: Vec<(Uuid, i64)> =
            parts.iter().map(|part| (part.id, target(part.points) - undone(self, part.id))).collect();
        for (id, points) in due.into_iter().filter(|(_, points)| *points > 0) {
            // What passes the limits of an account is left for the next return.
            let _refused = self.reverse(id, Some(points), None, (now, now), program);
            self.settle(now);
        }
    }
}

/// Hundred-millionths: amounts have 8 decimals at most.
fn units(amount: Decimal) -> i128 {
    amount.mantissa() * 10i128.pow(8 - amount.scale())
}
