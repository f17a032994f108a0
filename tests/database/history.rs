//! Random histories: what members might do over some years, mistakes and repeats included.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::{collection::vec, option, prelude::*};
use rust_decimal::Decimal;
use serde_json::json;
use tokio_postgres::Client;

use crate::common::{Kind, Request, instant, operation_id};

/// `2^53 - 1`, the most that an account can hold.
pub const MOST: i64 = 9_007_199_254_740_991;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    Fixed(i64),
    /// Millionths of a point for each unit of currency.
    Amount(i64, Rounding),
    Given(Option<i64>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    Down,
    HalfUp,
    Up,
}

#[derive(Clone, Copy, Debug)]
pub struct Version {
    pub rule: &'static str,
    pub version: i32,
    pub starts_at: &'static str,
    pub basis: Basis,
    pub cap: Option<i64>,
    pub valid_days: Option<i32>,
    pub pending_days: i32,
    /// Whether valid_days count from the last activity.
    pub idle: bool,
}

const ALWAYS: &str = "1900-01-01T00:00:00Z";
/// In the middle of most histories.
const LATER: &str = "2024-06-01T00:00:00Z";

const fn version(rule: &'static str, version: i32, basis: Basis, days: (i32, Option<i32>)) -> Version {
    let starts_at = if version == 1 { ALWAYS } else { LATER };
    Version { rule, version, starts_at, basis, cap: None, valid_days: days.1, pending_days: days.0, idle: false }
}

pub const VERSIONS: &[Version] = &[
    version("VISIT", 1, Basis::Fixed(25), (0, Some(30))),
    Version { cap: Some(30), ..version("VISIT", 2, Basis::Fixed(40), (7, Some(400))) },
    Version { cap: Some(5_000), ..version("DOWN", 1, Basis::Amount(1_500_000, Rounding::Down), (0, Some(365))) },
    version("HALF", 1, Basis::Amount(500_000, Rounding::HalfUp), (0, None)),
    version("HALF", 2, Basis::Fixed(10), (0, Some(1))),
    version("UP", 1, Basis::Amount(12_345_678, Rounding::Up), (14, Some(90))),
    Version { cap: Some(1_000), ..version("GIVEN", 1, Basis::Given(Some(10)), (1, Some(2))) },
    version("BARE", 1, Basis::Given(None), (0, Some(3))),
    version("FOREVER", 1, Basis::Given(None), (0, None)),
    Version { idle: true, ..version("IDLE", 1, Basis::Fixed(60), (0, Some(10))) },
    Version { idle: true, ..version("IDLE", 2, Basis::Given(Some(90)), (2, Some(40))) },
    Version { idle: true, ..version("ACTIVE", 1, Basis::Amount(2_000_000, Rounding::Down), (0, Some(1))) },
    Version { starts_at: LATER, ..version("LATER", 1, Basis::Fixed(7), (0, Some(30))) },
];

const RULES: &[&str] =
    &["VISIT", "DOWN", "HALF", "UP", "GIVEN", "BARE", "FOREVER", "LATER", "NONE", "IDLE", "IDLE", "ACTIVE"];

#[derive(Clone, Copy, Debug)]
pub struct Partner {
    pub id: i32,
    pub scopes: &'static [&'static str],
    pub rules: Option<&'static [&'static str]>,
    pub revoked_at: Option<&'static str>,
}

/// Who asks, besides psql.
pub const PARTNERS: &[Partner] = &[
    Partner { id: 1, scopes: &["earn", "spend", "reverse", "adjust", "read"], rules: None, revoked_at: None },
    Partner { id: 10, scopes: &["earn", "spend"], rules: Some(&["VISIT", "DOWN"]), revoked_at: None },
    Partner { id: 11, scopes: &["earn", "spend", "adjust"], rules: None, revoked_at: Some(LATER) },
];

/// Makes the program that the histories are about.
pub async fn set_up(client: &Client) {
    client
        .batch_execute(
            "update points.program set time_zone = 'Europe/Berlin';
             insert into points.wallet values ('coins', 'Coins');
             insert into points.client (id, name, scopes, rules, revoked_at) values
                 (10, 'shop', '{earn,spend}', '{VISIT,DOWN}', null),
                 (11, 'old shop', '{earn,spend,adjust}', null, '2024-06-01T00:00:00Z')",
        )
        .await
        .unwrap();
    for version in VERSIONS {
        let (basis, fixed, per_unit, rounding) = match version.basis {
            Basis::Fixed(points) => ("fixed", Some(points), None, "down"),
            Basis::Amount(millionths, rounding) => (
                "amount",
                None,
                Some(Decimal::new(millionths, 6)),
                match rounding {
                    Rounding::Down => "down",
                    Rounding::HalfUp => "half_up",
                    Rounding::Up => "up",
                },
            ),
            Basis::Given(points) => ("given", points, None, "down"),
        };
        client
            .execute("insert into points.rule (code, name) values ($1, $1) on conflict do nothing", &[&version.rule])
            .await
            .unwrap();
        client
            .execute(
                "insert into points.rule_version (rule, version, starts_at, basis, fixed_points, points_per_unit,
                     rounding, cap_points, valid_days, pending_days, idle)
                 values ($1, $2, $3, $4::text::points.rule_basis, $5, $6, $7::text::points.rounding, $8, $9, $10, $11)",
                &[
                    &version.rule,
                    &version.version,
                    &instant(version.starts_at),
                    &basis,
                    &fixed,
                    &per_unit,
                    &rounding,
                    &version.cap,
                    &version.valid_days,
                    &version.pending_days,
                    &version.idle,
                ],
            )
            .await
            .unwrap();
    }
}

/// One request, before members have names and the clock a value.
#[derive(Clone, Debug)]
pub struct Action {
    member: u8,
    coins: bool,
    key: u16,
    partner: usize,
    what: What,
    /// The order that it belongs to, and what that amounts to.
    order: Option<(u8, Option<i64>)>,
    /// Minutes before now that it happened.
    back: Option<i64>,
    fault: Option<u8>,
}

#[derive(Clone, Debug)]
enum What {
    Earn {
        rule: usize,
        fits: bool,
        cents: i64,
        points: i64,
    },
    Spend(i64),
    Adjust {
        points: i64,
        valid_minutes: Option<i64>,
    },
    Hold {
        points: i64,
        valid_minutes: Option<i64>,
    },
    /// Of the holds asked for so far, counted from the last; points to capture.
    Capture(usize, Option<i64>),
    Release(usize),
    /// What was asked so many requests ago, or the last original once more.
    Reverse(usize),
    /// One of few orders, or the order of an earlier earn; cents.
    Return {
        order: u8,
        ago: Option<usize>,
        cents: Option<i64>,
    },
    Freeze,
    Unfreeze,
    /// What was asked before, so many requests ago, perhaps changed.
    Again {
        ago: usize,
        change: Option<u8>,
    },
}

/// Requests that reach the database together.
#[derive(Clone, Debug)]
pub struct Call {
    /// Minutes since the last one.
    wait: i64,
    actions: Vec<Action>,
}

/// Orders that requests name, besides those that keys name.
const ORDERS: u8 = 5;

const DAY: i64 = 24 * 60;

fn points() -> impl Strategy<Value = i64> {
    prop_oneof![80 => 1..200i64, 40 => 1..2_000i64, 3 => Just(MOST), 2 => Just(MOST / 2), 2 => Just(MOST - 500)]
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        8 => (0..RULES.len(), prop::bool::weighted(0.95), 0..50_000i64, points())
            .prop_map(|(rule, fits, cents, points)| What::Earn { rule, fits, cents, points }),
        8 => points().prop_map(What::Spend),
        3 => (points(), any::<bool>(), option::of(prop_oneof![1..3 * DAY, Just(DAY), Just(30 * DAY)])).prop_map(
            |(points, grants, valid_minutes)| What::Adjust {
                points: if grants { points } else { -points },
                valid_minutes: valid_minutes.filter(|_| grants),
            }
        ),
        3 => (points(), option::of(prop_oneof![1..3 * DAY, Just(DAY), Just(30 * DAY)]))
            .prop_map(|(points, valid_minutes)| What::Hold { points, valid_minutes }),
        2 => (1..4usize, option::of(1..150i64)).prop_map(|(ago, points)| What::Capture(ago, points)),
        1 => (1..4usize).prop_map(What::Release),
        4 => (1..20usize).prop_map(What::Reverse),
        4 => (0..ORDERS, option::of(1..12usize), option::weighted(0.8, prop_oneof![1..5_000i64, 1..30_000i64]))
            .prop_map(|(order, ago, cents)| What::Return { order, ago, cents }),
        1 => Just(What::Freeze),
        6 => Just(What::Unfreeze),
        3 => (1..40usize, option::weighted(0.3, 0..8u8)).prop_map(|(ago, change)| What::Again { ago, change }),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    let back = prop_oneof![-5..0i64, 0..3 * DAY, Just(DAY), Just(30 * DAY), 0..800 * DAY];
    let partner = prop_oneof![8 => Just(0usize), 1 => Just(1), 1 => Just(2)];
    (
        0..3u8,
        prop::bool::weighted(0.1),
        0..400u16,
        partner,
        what(),
        option::weighted(0.4, (0..ORDERS, option::weighted(0.7, 0..50_000i64))),
        option::weighted(0.4, back),
        option::weighted(0.08, 0..FAULTS),
    )
        .prop_map(|(member, coins, key, partner, what, order, back, fault)| Action {
            member,
            coins,
            key,
            partner,
            what,
            order,
            back,
            fault,
        })
}

/// Calls of up to `most_actions`, with time passing in between.
pub fn history(calls: std::ops::RangeInclusive<usize>, most_actions: usize) -> impl Strategy<Value = Vec<Call>> {
    let wait = prop_oneof![
        3 => Just(0i64),
        4 => 1..120i64,
        4 => prop_oneof![Just(1i64), Just(2), Just(7), Just(14), Just(30), Just(90), Just(365)].prop_map(|days| days * DAY),
        2 => 0..60 * DAY,
        1 => Just(3 * 365 * DAY),
    ];
    let call = (wait, vec(action(), 1..=most_actions)).prop_map(|(wait, actions)| Call { wait, actions });
    vec(call, calls)
}

/// The requests of each call, with its time. Members' names begin with `prefix`.
pub fn requests(history: &[Call], prefix: &str) -> Vec<(DateTime<Utc>, Vec<Request>)> {
    let mut now = instant("2024-01-15T10:20:30Z");
    let mut asked: Vec<Request> = Vec::new();
    let mut calls = Vec::new();
    for call in history {
        now += TimeDelta::minutes(call.wait);
        let begin = asked.len();
        for action in &call.actions {
            let request = action.request(&asked, prefix, now);
            asked.push(request);
        }
        calls.push((now, asked[begin..].to_vec()));
    }
    calls
}

fn hold(asked: &[Request], ago: usize) -> Option<&Request> {
    asked.iter().rev().filter(|request| request.kind == Some(Kind::Hold)).take(ago).last()
}

/// Undoes what was asked for, in its account, or else nothing that there is.
fn undo(kind: Kind, of: Option<&Request>, member: &str, key: &str) -> Request {
    let request = Request::undo(kind, member, "nothing", key);
    match of {
        Some(Request { user_id, wallet, client_id: Some(client_id), idempotency_key: Some(original), .. }) => Request {
            user_id: user_id.clone(),
            wallet: wallet.clone(),
            original: Some(operation_id(*client_id, original)),
            ..request
        },
        _ => request,
    }
}

impl Action {
    fn request(&self, asked: &[Request], prefix: &str, now: DateTime<Utc>) -> Request {
        let (member, key) = (format!("{prefix}-{}", self.member), format!("k{}", self.key));
        let mut request = match &self.what {
            What::Earn { rule, fits, cents, points } => {
                let request = Request::earn(&member, RULES[*rule], &key);
                let basis = VERSIONS.iter().rfind(|version| version.rule == RULES[*rule]).map(|version| version.basis);
                let amount = Decimal::new(*cents, 2);
                match (basis, fits) {
                    // in the early years this rule takes an amount
                    (Some(Basis::Fixed(_)), true) if RULES[*rule] == "HALF" && now < instant(LATER) => {
                        Request { amount: Some(amount), ..request }
                    }
                    (Some(Basis::Amount(..)), true) | (Some(Basis::Given(_)), false) => {
                        Request { amount: Some(amount), ..request }
                    }
                    (Some(Basis::Given(Some(_))), true) if cents % 2 == 0 => request,
                    (Some(Basis::Given(_)), true) | (Some(Basis::Amount(..) | Basis::Fixed(_)), false) => {
                        request.points(*points)
                    }
                    (Some(Basis::Fixed(_)) | None, _) => request,
                }
            }
            What::Spend(points) => Request::spend(&member, *points, &key),
            What::Adjust { points, valid_minutes } => {
                let request = Request::adjust(&member, *points, &key);
                Request { expires_at: valid_minutes.map(|minutes| now + TimeDelta::minutes(minutes)), ..request }
            }
            What::Hold { points, valid_minutes } => {
                let request = Request::hold(&member, *points, &key);
                Request { expires_at: valid_minutes.map(|minutes| now + TimeDelta::minutes(minutes)), ..request }
            }
            What::Capture(ago, points) => {
                Request { points: *points, ..undo(Kind::Capture, hold(asked, *ago), &member, &key) }
            }
            What::Release(ago) => undo(Kind::Release, hold(asked, *ago), &member, &key),
            What::Reverse(ago) if *ago > 14 => {
                let again = asked.iter().rfind(|request| request.kind == Some(Kind::Reverse));
                let request = again.cloned().unwrap_or(undo(Kind::Reverse, None, &member, &key));
                Request { idempotency_key: Some(key), ..request }
            }
            What::Reverse(ago) => {
                undo(Kind::Reverse, asked.len().checked_sub(*ago).map(|place| &asked[place]), &member, &key)
            }
            What::Return { order, ago, cents } => {
                let earned =
                    asked.iter().rev().filter(|request| request.kind == Some(Kind::Earn) && request.amount.is_some());
                let of = ago.and_then(|ago| earned.take(ago).last());
                let order_key = of.and_then(|of| of.order_key.clone().or(of.idempotency_key.clone()));
                let amount = cents.map(|cents| Decimal::new(cents, 2));
                let request = Request::return_order(&member, &order_key.unwrap_or(format!("o{order}")), &key);
                let user_id = of.and_then(|of| of.user_id.clone()).or(request.user_id.clone());
                Request { amount, user_id, ..request }
            }
            What::Freeze => Request::freeze(Kind::Freeze, &member, &key),
            What::Unfreeze => Request::freeze(Kind::Unfreeze, &member, &key),
            What::Again { ago, change } => {
                let Some(place) = asked.len().checked_sub(*ago) else {
                    return Request::spend(&member, 1, &key);
                };
                return change.map_or(asked[place].clone(), |change| changed(asked[place].clone(), change));
            }
        };
        if let Some((order, cents)) = self.order
            && matches!(self.what, What::Earn { .. } | What::Spend(_) | What::Hold { .. })
        {
            request.order_key = Some(format!("o{order}"));
            if !matches!(self.what, What::Earn { .. }) {
                request.amount = cents.map(|cents| Decimal::new(cents, 2));
            }
        }
        request.client_id = Some(PARTNERS[self.partner].id);
        request.occurred_at = self.back.map(|minutes| now - TimeDelta::minutes(minutes));
        if self.coins && request.original.is_none() {
            request.wallet = Some("coins".to_owned());
        }
        match self.fault {
            Some(fault) => spoilt(request, fault, now),
            None => request,
        }
    }
}

/// The same key, another request.
fn changed(mut request: Request, change: u8) -> Request {
    match change {
        0 => request.points = request.points.map_or(Some(1), |points| points.checked_add(1)),
        1 => request.amount = Some(request.amount.unwrap_or_default() + Decimal::new(1, 2)),
        2 => request.metadata = Some(json!({ "changed": true })),
        3 => request.reason = Some("another".to_owned()),
        4 => request.kind = Some(if request.kind == Some(Kind::Spend) { Kind::Adjust } else { Kind::Spend }),
        5 => request.order_key = Some("another".to_owned()),
        6 => request.original = request.original.map(|_| operation_id(1, "another")),
        _ => request.occurred_at = request.occurred_at.map(|at| at - TimeDelta::minutes(1)),
    }
    request
}

const FAULTS: u8 = 31;

/// Something wrong with it, mostly enough to be refused.
fn spoilt(mut request: Request, fault: u8, now: DateTime<Utc>) -> Request {
    let text = |text: &str| Some(text.to_owned());
    match fault {
        0 => request.kind = None,
        1 => request.kind = Some(Kind::Expire),
        2 => request.user_id = None,
        3 => request.user_id = text(""),
        4 => request.user_id = Some("u".repeat(65)),
        5 => request.idempotency_key = None,
        6 => request.idempotency_key = Some("k".repeat(129)),
        7 => request.wallet = text("shells"),
        8 => request.rule = request.rule.xor(text("VISIT")),
        9 => request.amount = Some(Decimal::from(-100_000_000_000_000_000_000i128)),
        10 => request.amount = Some(Decimal::new(1_000_000_000_000, 0)),
        11 => request.amount = Some(Decimal::new(1_000_000_000, 9)),
        12 => request.points = Some(0),
        13 => request.points = Some(i64::MIN),
        14 => request.points = Some(i64::MAX),
        15 => request.points = request.points.map(|points| -points),
        16 => request.occurred_at = Some(now + TimeDelta::minutes(6)),
        17 => request.occurred_at = Some(instant("1969-12-31T23:59:59Z")),
        18 => request.expires_at = Some(now),
        19 => request.reason = None,
        20 => request.actor = text(""),
        21 => request.metadata = Some(json!([1])),
        22 => request.client_id = None,
        23 => request.order_key = text(""),
        24 => request.original = request.original.xor(Some(operation_id(1, "k1"))),
        25 => request.counterparty = text("somebody"),
        26 => request.reward = text("KETTLE"),
        27 => request.order_key = None,
        28 => request.amount = request.amount.xor(Some(Decimal::ONE)),
        29 => request.amount = Some(Decimal::ZERO),
        _ => request.client_id = Some(99),
    }
    request
}
