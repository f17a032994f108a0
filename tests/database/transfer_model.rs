//! Random histories of a few members who earn, spend, hold and give to each other, against a model in plain Rust: it
//! keeps lots, holds and what flowed, and computes pockets from them whenever it is asked.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use proptest::prelude::*;
use tokio_postgres::Client;
use uuid::Uuid;

use super::{
    assert_laws, make_rule, tell_everything,
    transfers::{accept, cancel, decline, give, offer, reverse, transfer},
};
use crate::common::{Database, Kind, MANY, Request, bucket, check_histories, execute, instant};

const MEMBERS: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Step {
    Earn {
        member: usize,
        points: i64,
        rule: usize,
    },
    Spend {
        member: usize,
        points: i64,
    },
    Hold {
        member: usize,
        points: i64,
        hours: Option<i64>,
    },
    /// Captures, or releases, a hold that was made.
    End {
        hold: usize,
        capture: bool,
    },
    Give {
        from: usize,
        to: usize,
        points: i64,
    },
    Offer {
        from: usize,
        to: usize,
        points: i64,
        hours: Option<i64>,
    },
    Answer {
        offer: usize,
        how: Answer,
    },
    Reverse {
        transfer: usize,
    },
    /// Sends an earlier transfer again.
    Again {
        transfer: usize,
    },
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    Accept,
    Decline,
    Cancel,
}

fn step() -> impl Strategy<Value = Step> {
    let member = 0..MEMBERS;
    let pair = (0..MEMBERS, 1..MEMBERS).prop_map(|(from, by)| (from, (from + by) % MEMBERS));
    let hours = || proptest::option::weighted(0.6, 1..200i64);
    prop_oneof![
        4 => (member.clone(), 20..300i64, 0..RULES.len()).prop_map(|(member, points, rule)| Step::Earn { member, points, rule }),
        2 => (member.clone(), 1..80i64).prop_map(|(member, points)| Step::Spend { member, points }),
        2 => (member, 1..60i64, hours()).prop_map(|(member, points, hours)| Step::Hold { member, points, hours }),
        3 => (0..8usize, any::<bool>()).prop_map(|(hold, capture)| Step::End { hold, capture }),
        5 => (pair.clone(), 1..150i64).prop_map(|((from, to), points)| Step::Give { from, to, points }),
        2 => (pair, 1..80i64, hours()).prop_map(|((from, to), points, hours)| Step::Offer { from, to, points, hours }),
        2 => (0..8usize, prop_oneof![3 => Just(Answer::Accept), 1 => Just(Answer::Decline), 1 => Just(Answer::Cancel)])
            .prop_map(|(offer, how)| Step::Answer { offer, how }),
        3 => (0..8usize).prop_map(|transfer| Step::Reverse { transfer }),
        1 => (0..8usize).prop_map(|transfer| Step::Again { transfer }),
    ]
}

/// Code, days until available and until expiry, and whether these count from the last activity.
const RULES: [(&str, i64, Option<i64>, bool); 6] = [
    ("SHORT", 0, Some(3), false),
    ("LONG", 0, Some(12), false),
    ("EVER", 0, None, false),
    ("LATE", 2, Some(6), false),
    ("IDLE", 0, Some(2), true),
    ("IDLE_LATE", 1, Some(4), true),
];

/// Names a lot: burn order among those that expire alike.
type LotId = (usize, i64, i64);

#[derive(Clone, Debug)]
struct Lot {
    id: LotId,
    source: &'static str,
    granted: i64,
    remaining: i64,
    available_at: DateTime<Utc>,
    /// None: never.
    expires_at: Option<DateTime<Utc>>,
    pending: bool,
}

impl Lot {
    fn order(&self) -> (bool, Option<DateTime<Utc>>, LotId) {
        (self.expires_at.is_none(), self.expires_at, self.id)
    }
}

struct Hold {
    id: Uuid,
    owner: usize,
    to: Option<usize>,
    taken: Vec<Lot>,
    deadline: Option<DateTime<Utc>>,
    open: bool,
}

struct Transfer {
    id: Uuid,
    from: usize,
    to: usize,
    taken: Vec<Lot>,
    received: Vec<LotId>,
    reversed: bool,
}

#[derive(Default)]
struct Member {
    lots: Vec<Lot>,
    /// By lot: points that have expired and not been reinstated, with what the lot is.
    lapsed: BTreeMap<LotId, (Lot, i64)>,
    /// Of lots that activity puts off: days, and when they expire, whoever has taken what of them.
    idle: BTreeMap<LotId, (i64, DateTime<Utc>)>,
    debt: i64,
    earned: i64,
    spent: i64,
    expired: i64,
    forgiven: i64,
    transferred: i64,
}

#[derive(Default)]
struct Model {
    members: [Member; MEMBERS],
    holds: Vec<Hold>,
    transfers: Vec<Transfer>,
    grants: i64,
    clamp: bool,
}

type Outcome = Result<i64, &'static str>;

fn total(lots: &[Lot]) -> i64 {
    lots.iter().map(|lot| lot.remaining).sum()
}

impl Member {
    fn pocket(&self, pending: bool) -> i64 {
        self.lots.iter().filter(|lot| lot.pending == pending).map(|lot| lot.remaining).sum()
    }

    /// Takes available points, one lot after another; first those that `first` names.
    fn take(&mut self, mut points: i64, first: &[LotId]) -> Vec<Lot> {
        self.lots.sort_by_key(|lot| (!first.contains(&lot.id), lot.order()));
        let mut taken = Vec::new();
        for lot in self.lots.iter_mut().filter(|lot| !lot.pending) {
            let part = points.min(lot.remaining);
            if part > 0 {
                lot.remaining -= part;
                points -= part;
                taken.push(Lot { remaining: part, ..lot.clone() });
            }
        }
        assert_eq!(points, 0);
        self.lots.retain(|lot| lot.remaining > 0);
        taken
    }

    /// A lot as it would be by now.
    fn by_now(&self, lot: &Lot) -> Lot {
        let idle = self.idle.get(&lot.id).map(|(_, expires_at)| *expires_at);
        Lot { expires_at: idle.or(lot.expires_at), ..lot.clone() }
    }

    fn put_off(&mut self, now: DateTime<Utc>) {
        for (days, expires_at) in self.idle.values_mut().filter(|(_, expires_at)| *expires_at > now) {
            *expires_at = end_of_day(now, *days).max(*expires_at);
        }
        self.lots = self.lots.iter().map(|lot| self.by_now(lot)).collect();
    }

    fn put(&mut self, lots: Vec<Lot>) {
        for lot in lots {
            let lot = self.by_now(&lot);
            match self.lots.iter_mut().find(|known| known.id == lot.id) {
                Some(known) => known.remaining += lot.remaining,
                None => self.lots.push(Lot { pending: false, ..lot }),
            }
        }
    }

    fn settle(&mut self, now: DateTime<Utc>) {
        let (gone, stay) = std::mem::take(&mut self.lots)
            .into_iter()
            .partition(|lot: &Lot| lot.expires_at.is_some_and(|expires_at| expires_at <= now));
        self.lots = stay;
        for lot in gone {
            self.expired += lot.remaining;
            self.lapsed.entry(lot.id).or_insert_with(|| (lot.clone(), 0)).1 += lot.remaining;
        }
        self.lots.iter_mut().for_each(|lot| lot.pending &= lot.available_at > now);
        let repaid = self.debt.min(self.pocket(false));
        self.take(repaid, &[]);
        self.debt -= repaid;
    }
}

impl Model {
    /// At each instant at which something comes in, since that pays a debt before it can expire.
    fn settle(&mut self, now: DateTime<Utc>) {
        let ends = self.holds.iter().filter(|hold| hold.open).filter_map(|hold| hold.deadline);
        let lots = self.members.iter().flat_map(|member| &member.lots);
        let come = lots.filter(|lot| lot.pending).map(|lot| lot.available_at);
        let mut instants: Vec<_> = ends.chain(come).filter(|at| *at < now).chain([now]).collect();
        instants.sort_unstable();
        instants.into_iter().for_each(|at| self.settle_at(at));
    }

    fn settle_at(&mut self, now: DateTime<Utc>) {
        for hold in &mut self.holds {
            if hold.open && hold.deadline.is_some_and(|deadline| deadline <= now) {
                hold.open = false;
                self.members[hold.owner].put(hold.taken.clone());
            }
        }
        self.members.iter_mut().for_each(|member| member.settle(now));
    }

    fn earn(&mut self, member: usize, points: i64, rule: usize, now: DateTime<Utc>) -> Outcome {
        let (source, wait, valid, idle) = RULES[rule];
        let available_at = now + TimeDelta::days(wait);
        self.grants += 1;
        let id = (member, self.grants, 0);
        if let Some(days) = valid.filter(|_| idle) {
            self.members[member].idle.insert(id, (days, end_of_day(now, days)));
        }
        let valid = valid.filter(|_| !idle);
        let lot = self.members[member].by_now(&Lot {
            id,
            source,
            granted: points,
            remaining: points,
            available_at,
            expires_at: valid.map(|days| now + TimeDelta::days(days)),
            pending: wait > 0,
        });
        self.members[member].lots.push(lot);
        self.members[member].earned += points;
        Ok(points)
    }

    fn debit(&mut self, member: usize, points: i64) -> Result<Vec<Lot>, &'static str> {
        match self.members[member].pocket(false) >= points {
            true => Ok(self.members[member].take(points, &[])),
            false => Err("INSUFFICIENT_POINTS"),
        }
    }

    fn hold(
        &mut self,
        id: Uuid,
        owner: usize,
        to: Option<usize>,
        points: i64,
        deadline: Option<DateTime<Utc>>,
    ) -> Outcome {
        let taken = self.debit(owner, points)?;
        self.holds.push(Hold { id, owner, to, taken, deadline, open: true });
        Ok(points)
    }

    fn end(&mut self, hold: usize, capture: bool) -> Outcome {
        let hold = &mut self.holds[hold];
        if !std::mem::take(&mut hold.open) {
            return Err("HOLD_CLOSED");
        }
        let points = total(&hold.taken);
        match capture {
            true => self.members[hold.owner].spent += points,
            false => self.members[hold.owner].put(hold.taken.clone()),
        }
        Ok(points)
    }

    fn hand_over(&mut self, id: Uuid, from: usize, to: usize, taken: Vec<Lot>) -> Outcome {
        self.grants += 1;
        let points = total(&taken);
        let mut received = Vec::new();
        let mut given: Vec<Lot> = taken.iter().map(|lot| self.members[from].by_now(lot)).collect();
        given.sort_by_key(Lot::order);
        for (number, lot) in given.iter().enumerate() {
            let id = (to, self.grants, number as i64);
            received.push(id);
            if let Some((days, expires_at)) = self.members[from].idle.get(&lot.id).copied() {
                self.members[to].idle.insert(id, (days, expires_at));
            }
            self.members[to].lots.push(Lot { id, granted: lot.remaining, pending: false, ..lot.clone() });
        }
        self.members[from].transferred -= points;
        self.members[to].transferred += points;
        self.transfers.push(Transfer { id, from, to, taken, received, reversed: false });
        Ok(points)
    }

    fn accept(&mut self, id: Uuid, hold: usize) -> Outcome {
        let hold = &mut self.holds[hold];
        if !std::mem::take(&mut hold.open) {
            return Err("HOLD_CLOSED");
        }
        let (owner, to, taken) = (hold.owner, hold.to.unwrap(), hold.taken.clone());
        self.hand_over(id, owner, to, taken)
    }

    fn reverse(&mut self, transfer: usize) -> Outcome {
        let Transfer { from, to, taken, received, reversed, .. } = &mut self.transfers[transfer];
        if std::mem::replace(reversed, true) {
            return Err("ALREADY_REVERSED");
        }
        let points = total(taken);
        let receiver = &mut self.members[*to];
        let own: i64 = receiver.lots.iter().filter(|lot| received.contains(&lot.id)).map(|lot| lot.remaining).sum();
        // What has expired of it comes back first.
        let mut missing = points - own;
        let mut lapsed = received.clone();
        lapsed.sort_by_key(|id| (receiver.lapsed.get(id).map(|(lot, _)| lot.expires_at), *id));
        for id in &lapsed {
            let Some((lot, lapsed)) = receiver.lapsed.get_mut(id) else { continue };
            let back = missing.min(*lapsed);
            if back > 0 {
                (missing, *lapsed) = (missing - back, *lapsed - back);
                receiver.expired -= back;
                let lot = Lot { remaining: back, ..lot.clone() };
                receiver.put(vec![lot]);
            }
        }
        let clawed = points.min(receiver.pocket(false));
        receiver.take(clawed, received);
        match self.clamp {
            true => receiver.forgiven += points - clawed,
            false => receiver.debt += points - clawed,
        }
        receiver.transferred -= points;
        let sender = &mut self.members[*from];
        sender.put(taken.clone());
        sender.transferred += points;
        Ok(points)
    }

    /// Pockets, counters and lots of a member, as [`ROWS`] writes them.
    fn row(&self, member: usize) -> String {
        let held: i64 =
            self.holds.iter().filter(|hold| hold.owner == member && hold.open).map(|hold| total(&hold.taken)).sum();
        let member = &self.members[member];
        let mut lots = member.lots.clone();
        lots.sort_by_key(Lot::order);
        let lots: Vec<String> = lots
            .iter()
            .map(|lot| {
                let expires_at = lot.expires_at.map_or("never".to_owned(), |at| at.timestamp().to_string());
                let available_at = lot.available_at.timestamp();
                format!("{} {} {} {} {available_at} {expires_at}", lot.source, lot.granted, lot.remaining, lot.pending)
            })
            .collect();
        format!(
            "pending {} available {} held {held} debt {} earned {} spent {} expired {} adjusted {} transferred {} lots {}",
            member.pocket(true),
            member.pocket(false),
            member.debt,
            member.earned,
            member.spent,
            member.expired,
            member.forgiven,
            member.transferred,
            lots.join(", ")
        )
    }
}

const ROW: &str = "
    select format('pending %s available %s held %s debt %s earned %s spent %s expired %s adjusted %s transferred %s lots %s',
        b.pending, b.available, b.held, b.debt, b.earned, b.spent, b.expired, b.adjusted, b.transferred, (
            select string_agg(concat_ws(' ', l.source, l.granted, l.remaining, l.pending::text,
                extract(epoch from l.available_at)::bigint,
                case when isfinite(l.expires_at) then extract(epoch from l.expires_at)::bigint::text else 'never' end
            ), ', ' order by l.expires_at, l.seq, l.no)
            from points.lot l where l.bucket = b.bucket and l.account_id = b.account_id
        ))
    from points.account a join points.balance b on b.bucket = a.bucket and b.account_id = a.id
    where a.bucket = $1 and a.user_id = $2";

/// The end of the day, days later, in UTC.
fn end_of_day(now: DateTime<Utc>, days: i64) -> DateTime<Utc> {
    (now + TimeDelta::days(days + 1)).duration_trunc(TimeDelta::days(1)).unwrap()
}

/// One of those there are.
fn pick<T>(items: &[T], number: usize) -> Option<&T> {
    items.get(number.checked_rem(items.len())?)
}

/// Books what is due on all members, so that the model need not know whom an operation settles.
async fn settle(client: &Client, names: &[String], now: DateTime<Utc>) {
    for name in names {
        client
            .execute(
                "select points.settle(a.bucket, array[a.id], $3) from points.account a where a.bucket = $1 and a.user_id = $2",
                &[&bucket(name, "points"), name, &now],
            )
            .await
            .unwrap();
    }
}

async fn run(client: &Client, case: u32, clamp: bool, steps: &[(Step, i64)]) -> Result<Vec<String>, TestCaseError> {
    let names: Vec<String> = (0..MEMBERS).map(|member| format!("case{case}-{clamp}-{member}")).collect();
    let mut model = Model { clamp, ..Model::default() };
    let mut now = instant("2030-06-01T00:00:00Z");
    let mut sent: Vec<(Request, Outcome)> = Vec::new();
    let mut seen = Vec::new();
    for name in &names {
        execute(client, &[Request::spend(name, 1, "opens")], Some(now)).await;
    }
    for (number, (step, hours)) in steps.iter().enumerate() {
        now += TimeDelta::hours(*hours);
        settle(client, &names, now).await;
        model.settle(now);
        let key = format!("k{number}");
        let id: Uuid = client.query_one("select api.operation_id(1, $1)", &[&key]).await.unwrap().get(0);
        let until = |hours: &Option<i64>| hours.map(|hours| now + TimeDelta::hours(hours));
        let (request, expected) = match step {
            Step::Earn { member, points, rule } => (
                Request::earn(&names[*member], RULES[*rule].0, &key).points(*points),
                model.earn(*member, *points, *rule, now),
            ),
            Step::Spend { member, points } => {
                let spent = model.debit(*member, *points).map(|_| *points);
                model.members[*member].spent += spent.unwrap_or(0);
                (Request::spend(&names[*member], *points, &key), spent)
            }
            Step::Hold { member, points, hours } => {
                let request = Request::spend(&names[*member], *points, &key);
                let deadline = until(hours);
                let request = Request { kind: Some(Kind::Hold), expires_at: deadline, ..request };
                (request, model.hold(id, *member, None, *points, deadline))
            }
            Step::End { hold, capture } => {
                let plain: Vec<usize> = (0..model.holds.len()).filter(|hold| model.holds[*hold].to.is_none()).collect();
                let Some(&hold) = pick(&plain, *hold) else { continue };
                let Hold { id, owner, .. } = model.holds[hold];
                let kind = if *capture { Kind::Capture } else { Kind::Release };
                (Request { kind: Some(kind), ..cancel(&names[owner], id, &key) }, model.end(hold, *capture))
            }
            Step::Give { from, to, points } => {
                let given = model.debit(*from, *points).and_then(|taken| model.hand_over(id, *from, *to, taken));
                (give(&names[*from], &names[*to], *points, &key), given)
            }
            Step::Offer { from, to, points, hours } => {
                let deadline = until(hours);
                let request = offer(&names[*from], &names[*to], *points, &key, deadline);
                (request, model.hold(id, *from, Some(*to), *points, deadline))
            }
            Step::Answer { offer, how } => {
                let offers: Vec<usize> =
                    (0..model.holds.len()).filter(|hold| model.holds[*hold].to.is_some()).collect();
                let Some(&offer) = pick(&offers, *offer) else { continue };
                let Hold { id: original, owner, to, .. } = model.holds[offer];
                let (from, to) = (&names[owner], &names[to.unwrap()]);
                match how {
                    Answer::Accept => (accept(from, to, original, &key), model.accept(id, offer)),
                    Answer::Decline => (decline(from, to, original, &key), model.end(offer, false)),
                    Answer::Cancel => (cancel(from, original, &key), model.end(offer, false)),
                }
            }
            Step::Reverse { transfer } => {
                let all: Vec<usize> = (0..model.transfers.len()).collect();
                let Some(&transfer) = pick(&all, *transfer) else { continue };
                let Transfer { id, from, .. } = model.transfers[transfer];
                (reverse(&names[from], id, &key), model.reverse(transfer))
            }
            Step::Again { transfer } => {
                let Some((request, outcome)) = pick(&sent, *transfer) else { continue };
                (request.clone(), *outcome)
            }
        };
        let lane = matches!(step, Step::Earn { .. } | Step::Spend { .. } | Step::Hold { .. } | Step::End { .. });
        let (refusal, points, replayed) = if lane {
            let outcome = execute(client, std::slice::from_ref(&request), Some(now)).await.remove(0);
            (outcome.refusal, outcome.points, outcome.replayed)
        } else {
            let answer = transfer(client, request.clone(), Some(now)).await;
            (answer.refusal, answer.points, answer.replayed)
        };
        let outcome = match &refusal {
            None => Ok(points.unwrap()),
            Some(refusal) => Err(refusal.as_str()),
        };
        prop_assert_eq!(outcome, expected, "{} {:?} at {}", number, step, now);
        prop_assert_eq!(replayed, matches!(step, Step::Again { .. }), "{} {:?}", number, step);
        seen.push(format!("{} {}", format!("{step:?}").split(' ').next().unwrap(), expected.err().unwrap_or("done")));
        if !lane && !replayed {
            sent.push((request, expected));
        }
        // Giving counts, accepting does not.
        if let (Step::Earn { member, .. } | Step::Spend { member, .. } | Step::Give { from: member, .. }, Ok(_)) =
            (step, expected)
        {
            model.members[*member].put_off(now);
        }
        // What came in late may be due at once.
        model.settle(now);
        for (member, name) in names.iter().enumerate() {
            let row: String = client.query_one(ROW, &[&bucket(name, "points"), name]).await.unwrap().get(0);
            prop_assert_eq!(row, model.row(member), "member {} after {} {:?} at {}", member, number, step, now);
        }
        let sum: i64 = model.members.iter().map(|member| member.transferred).sum();
        prop_assert_eq!(sum, 0);
    }
    Ok(seen)
}

async fn prepared(clamp: bool) -> (Database, Client) {
    let database = Database::new().await;
    let client = database.client().await;
    tell_everything(&client).await;
    client.batch_execute("select api.set_activity('{earn,spend,transfer}', 'a')").await.unwrap();
    for (code, wait, valid, idle) in RULES {
        let valid = valid.map_or("null".to_owned(), |days| days.to_string());
        make_rule(
            &client,
            code,
            "basis, rounding, pending_days, valid_days, idle",
            &format!("'given', 'down', {wait}, {valid}, {idle}"),
        )
        .await;
    }
    client
        .execute("update points.program set debt_policy = $1", &[&if clamp { "clamp" } else { "debt" }])
        .await
        .unwrap();
    (database, client)
}

fn check(cases: u32, clamp: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    let (_database, client) = runtime.block_on(prepared(clamp));
    let histories =
        proptest::collection::vec((step(), prop_oneof![3 => Just(0), 2 => 1..24i64, 1 => 24..100i64]), 10..40);
    let events = [
        "Give done",
        "Give INSUFFICIENT_POINTS",
        "Offer done",
        "Answer done",
        "Answer HOLD_CLOSED",
        "Reverse done",
        "Reverse ALREADY_REVERSED",
        "Again done",
        "Hold done",
        "End done",
        "Spend done",
    ];
    check_histories(cases, &histories, &events, |case, steps| runtime.block_on(run(&client, case, clamp, &steps)));
    runtime.block_on(assert_laws(&client));
}

#[test]
fn members_who_give_to_each_other_do_what_the_model_does() {
    check(20, false);
}

#[test]
fn and_so_they_do_where_debts_are_forgiven() {
    check(15, true);
}

/// As many histories as JIFEN_HISTORIES says.
#[test]
#[ignore = "long"]
fn members_who_give_to_each_other_do_what_the_model_does_at_length() {
    check(MANY, false);
    check(MANY, true);
}

/// What comes back when a hold ends would have expired before anybody looked.
#[tokio::test]
async fn what_comes_in_pays_a_debt_before_it_expires() {
    let (_database, client) = prepared(false).await;
    let steps = [
        (Step::Earn { member: 0, points: 95, rule: 1 }, 0),
        (Step::Give { from: 0, to: 2, points: 13 }, 137),
        (Step::Offer { from: 2, to: 0, points: 1, hours: Some(111) }, 0),
        (Step::Reverse { transfer: 0 }, 110),
        (Step::Earn { member: 0, points: 20, rule: 0 }, 41),
    ];
    run(&client, 1, false, &steps).await.unwrap();
    let sql = "select b.debt, b.expired from points.balance b join points.account a on a.bucket = b.bucket and a.id = b.account_id
        where a.user_id = 'case1-false-2'";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (0, 0));
}
