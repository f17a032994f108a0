//! Redemptions against a model, on random histories: points, stock, quotas, codes and prizes, in batches of all sizes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use proptest::{collection::vec, option, prelude::*};
use rust_decimal::Decimal;
use tokio_postgres::Client;
use uuid::Uuid;

use super::{
    assert_laws_alone,
    rewards::{cancel, fulfil, id_of, redeem, return_order, reverse},
    tell_everything,
};
use crate::common::{Database, Kind, MANY, Outcome, Request, check_histories, execute, instant};

/// What an order amounts to, in hundredths.
const ORDER: i64 = 10_000;

#[derive(Clone, Copy, Debug)]
struct Terms {
    code: &'static str,
    price: i64,
    /// None: unlimited.
    stock: Option<i64>,
    quota: Option<(i32, &'static str)>,
    codes: bool,
    /// Stock of the prizes; None: the consolation prize.
    prizes: &'static [Option<i64>],
}

const BARE: Terms = Terms { code: "", price: 10, stock: None, quota: None, codes: false, prizes: &[] };
const REWARDS: &[Terms] = &[
    Terms { code: "FEW", stock: Some(4), ..BARE },
    Terms { code: "MANY", price: 7, quota: Some((2, "day")), ..BARE },
    Terms { code: "RARE", price: 30, stock: Some(2), quota: Some((1, "ever")), ..BARE },
    Terms { code: "CODE", price: 5, stock: Some(0), codes: true, ..BARE },
    Terms { code: "MONTHLY", price: 3, stock: Some(9), quota: Some((2, "month")), ..BARE },
    Terms { code: "DRAW", price: 4, stock: Some(12), prizes: &[Some(1), None, Some(3)], ..BARE },
];

#[derive(Clone, Debug)]
enum What {
    Grant(i64),
    Redeem {
        reward: usize,
        expected: Option<i64>,
        order: Option<u8>,
    },
    Fulfil(usize),
    Cancel(usize),
    Reverse(usize),
    Return {
        order: u8,
        hundredths: Option<i64>,
    },
    /// The request so many places before, once more.
    Again(usize),
}

#[derive(Clone, Debug)]
struct Call {
    wait: i64,
    restock: Option<(usize, i64)>,
    reprice: Option<(usize, i64)>,
    actions: Vec<(u8, u16, What)>,
}

fn what() -> impl Strategy<Value = What> {
    let expected = option::weighted(0.3, prop_oneof![4 => Just(0i64), 1 => Just(1i64)]);
    prop_oneof![
        3 => (5..60i64).prop_map(What::Grant),
        12 => (0..=REWARDS.len(), expected, option::weighted(0.3, 0..3u8))
            .prop_map(|(reward, expected, order)| What::Redeem { reward, expected, order }),
        2 => (0..30usize).prop_map(What::Fulfil),
        3 => (0..30usize).prop_map(What::Cancel),
        2 => (0..30usize).prop_map(What::Reverse),
        2 => (0..3u8, option::weighted(0.6, 1..6_000i64)).prop_map(|(order, hundredths)| What::Return { order, hundredths }),
        1 => (1..20usize).prop_map(What::Again),
    ]
}

fn histories(calls: std::ops::RangeInclusive<usize>, most: usize) -> impl Strategy<Value = Vec<Call>> {
    let wait = prop_oneof![4 => Just(0i64), 3 => 1..600i64, 3 => 600..3_000i64, 1 => Just(40 * 24 * 60)];
    let action = (0..5u8, 0..300u16, what());
    let call = (
        wait,
        option::weighted(0.3, (0..REWARDS.len(), 1..4i64)),
        option::weighted(0.1, (0..REWARDS.len(), 1..20i64)),
        vec(action, 1..=most),
    );
    vec(call.prop_map(|(wait, restock, reprice, actions)| Call { wait, restock, reprice, actions }), calls)
}

#[derive(Clone, Debug)]
struct Redemption {
    reward: usize,
    price: i64,
    undone: i64,
    status: &'static str,
    coupon: Option<String>,
    order: Option<String>,
    period: Option<String>,
    prize: Option<i16>,
}

/// The model: one operation after the other, on maps.
#[derive(Default)]
struct Shop {
    price: Vec<i64>,
    stock: Vec<Option<i64>>,
    codes: VecDeque<String>,
    /// Stock of the draw's prizes.
    prizes: Vec<Option<i64>>,
    points: BTreeMap<String, i64>,
    redemptions: BTreeMap<(String, Uuid), Redemption>,
    used: BTreeMap<(String, usize, String), i32>,
    returned: BTreeMap<(String, String), (i64, bool)>,
    /// What is stored under a key: the request, and its refusal.
    stored: BTreeMap<(String, String), (Request, Option<&'static str>)>,
}

fn period(quota: Option<(i32, &str)>, now: DateTime<Utc>) -> Option<String> {
    // Shanghai has been eight hours ahead since 1991
    let local = now + TimeDelta::hours(8);
    Some(match quota?.1 {
        "day" => local.date_naive().to_string(),
        "month" => format!("{}-{}", local.year(), local.month()),
        _ => "ever".to_owned(),
    })
}

impl Shop {
    fn new(prefix: &str) -> Shop {
        Shop {
            price: REWARDS.iter().map(|terms| terms.price).collect(),
            stock: REWARDS.iter().map(|terms| terms.stock).collect(),
            prizes: REWARDS.iter().flat_map(|terms| terms.prizes).copied().collect(),
            codes: VecDeque::from([format!("{prefix}-first")]),
            ..Shop::default()
        }
        .with_first_code()
    }

    fn with_first_code(mut self) -> Shop {
        for (stock, terms) in self.stock.iter_mut().zip(REWARDS) {
            if terms.codes {
                *stock = Some(self.codes.len() as i64);
            }
        }
        self
    }

    /// The refusal of a request, and whether it is replayed; `drawn` says what the database drew.
    fn ask(&mut self, request: &Request, now: DateTime<Utc>, drawn: Option<i16>) -> (Option<&'static str>, bool) {
        let member = request.user_id.clone().unwrap();
        let key = (member.clone(), request.idempotency_key.clone().unwrap());
        if let Some((first, refusal)) = self.stored.get(&key) {
            return if first == request { (*refusal, true) } else { (Some("IDEMPOTENCY_CONFLICT"), false) };
        }
        let refusal = self.carry_out(request, &member, now, drawn);
        let transient = ["UNKNOWN_REWARD", "PRICE_CHANGED", "OUT_OF_STOCK"];
        if refusal.is_none_or(|code| !transient.contains(&code)) {
            self.stored.insert(key, (request.clone(), refusal));
        }
        (refusal, false)
    }

    fn carry_out(
        &mut self,
        request: &Request,
        member: &str,
        now: DateTime<Utc>,
        drawn: Option<i16>,
    ) -> Option<&'static str> {
        let original = request.original.map(|id| (member.to_owned(), id));
        match request.kind.unwrap() {
            Kind::Adjust => {
                *self.points.entry(member.to_owned()).or_default() += request.points.unwrap();
                None
            }
            Kind::Redeem => self.redeem(request, member, now, drawn),
            Kind::Fulfil | Kind::Cancel => {
                let key = original.unwrap();
                let Some(redemption) = self.redemptions.get_mut(&key) else { return Some("UNKNOWN_OPERATION") };
                if redemption.status != "reserved" {
                    return Some("REDEMPTION_CLOSED");
                }
                if request.kind == Some(Kind::Fulfil) {
                    redemption.status = "fulfilled";
                } else {
                    let price = redemption.price;
                    self.undo(&key, price);
                }
                None
            }
            Kind::Reverse => {
                let key = original.unwrap();
                let Some(redemption) = self.redemptions.get(&key) else {
                    let refused =
                        self.stored.iter().any(|((user, stored), _)| user == member && id_of(stored) == key.1);
                    return Some(if refused { "NOT_REVERSIBLE" } else { "UNKNOWN_OPERATION" });
                };
                if redemption.undone == redemption.price {
                    return Some("ALREADY_REVERSED");
                }
                let price = redemption.price;
                self.undo(&key, price);
                None
            }
            Kind::Return => {
                let order = request.order_key.clone().unwrap();
                let known =
                    self.redemptions.iter().any(|((user, _), r)| user == member && r.order.as_ref() == Some(&order));
                let (returned, whole) = self.returned.entry((member.to_owned(), order.clone())).or_default();
                match request.amount.map(|amount| (amount * Decimal::from(100)).try_into().unwrap()) {
                    None => *whole = true,
                    Some(amount) => {
                        let amount: i64 = amount;
                        if *whole || known && *returned + amount > ORDER {
                            return Some("RETURN_TOO_LARGE");
                        }
                        *returned += amount;
                    }
                }
                self.undo_order(member, &order);
                None
            }
            kind => panic!("{kind:?}"),
        }
    }

    fn redeem(
        &mut self,
        request: &Request,
        member: &str,
        now: DateTime<Utc>,
        drawn: Option<i16>,
    ) -> Option<&'static str> {
        let Some(reward) = REWARDS.iter().position(|terms| Some(terms.code) == request.reward.as_deref()) else {
            return Some("UNKNOWN_REWARD");
        };
        let (terms, price) = (REWARDS[reward], self.price[reward]);
        if request.points.is_some_and(|expected| expected != price) {
            return Some("PRICE_CHANGED");
        }
        if self.stock[reward] == Some(0) {
            return Some("OUT_OF_STOCK");
        }
        let points = self.points.entry(member.to_owned()).or_default();
        if *points < price {
            return Some("INSUFFICIENT_POINTS");
        }
        let period = period(terms.quota, now);
        if let (Some((quota, _)), Some(period)) = (terms.quota, &period) {
            let used = self.used.entry((member.to_owned(), reward, period.clone())).or_default();
            if *used >= quota {
                return Some("LIMIT_REACHED");
            }
            *used += 1;
        }
        *points -= price;
        if let Some(stock) = &mut self.stock[reward] {
            *stock -= 1;
        }
        let prize = (!terms.prizes.is_empty()).then(|| {
            let drawn = drawn.expect("the database drew something");
            match &mut self.prizes[drawn as usize - 1] {
                None => drawn,
                Some(0) => self.prizes.iter().position(Option::is_none).unwrap() as i16 + 1,
                Some(left) => {
                    *left -= 1;
                    drawn
                }
            }
        });
        let redemption = Redemption {
            reward,
            price,
            undone: 0,
            status: "reserved",
            coupon: terms.codes.then(|| self.codes.pop_front().unwrap()),
            order: request.order_key.clone(),
            period,
            prize,
        };
        self.redemptions.insert((member.to_owned(), id_of(request.idempotency_key.as_ref().unwrap())), redemption);
        if let Some(order) = &request.order_key {
            self.undo_order(member, order);
        }
        None
    }

    /// Gives back points of a redemption until so many are.
    fn undo(&mut self, key: &(String, Uuid), target: i64) {
        let redemption = self.redemptions.get_mut(key).unwrap();
        let due = target - redemption.undone;
        if due <= 0 {
            return;
        }
        redemption.undone = target;
        *self.points.get_mut(&key.0).unwrap() += due;
        if redemption.undone == redemption.price && redemption.status == "reserved" {
            redemption.status = "cancelled";
            if redemption.coupon.is_none()
                && let Some(stock) = &mut self.stock[redemption.reward]
            {
                *stock += 1;
            }
            if let Some(prize) = redemption.prize
                && let Some(left) = &mut self.prizes[prize as usize - 1]
            {
                *left += 1;
            }
            if let Some(period) = &redemption.period {
                *self.used.get_mut(&(key.0.clone(), redemption.reward, period.clone())).unwrap() -= 1;
            }
        }
    }

    fn undo_order(&mut self, member: &str, order: &str) {
        let Some(&(returned, whole)) = self.returned.get(&(member.to_owned(), order.to_owned())) else { return };
        let of_order = |(key, r): (&(String, Uuid), &Redemption)| {
            (key.0 == member && r.order.as_deref() == Some(order)).then(|| (key.clone(), r.price))
        };
        for (key, price) in self.redemptions.iter().filter_map(of_order).collect::<Vec<_>>() {
            self.undo(&key, if whole { price } else { price * returned.min(ORDER) / ORDER });
        }
    }

    fn rows(&self) -> BTreeSet<String> {
        let redemption = |((member, id), r): (&(String, Uuid), &Redemption)| {
            let terms = &REWARDS[r.reward];
            format!("{member} {id} {} {} {} {:?} {:?}", terms.code, r.price, r.status, r.coupon, r.prize)
        };
        let mut rows: BTreeSet<_> = self.redemptions.iter().map(redemption).collect();
        rows.extend(self.points.iter().map(|(member, points)| format!("{member} has {points}")));
        rows.extend(REWARDS.iter().zip(&self.stock).map(|(terms, stock)| format!("{} {stock:?}", terms.code)));
        rows.extend(self.prizes.iter().enumerate().map(|(prize, stock)| format!("prize {} {stock:?}", prize + 1)));
        let mut used = BTreeMap::<(&str, usize), Vec<i32>>::new();
        for ((member, reward, _), count) in &self.used {
            used.entry((member, *reward)).or_default().push(*count);
        }
        for ((member, reward), mut counts) in used {
            counts.retain(|count| *count > 0);
            counts.sort();
            rows.insert(format!("{member} used {} {counts:?}", REWARDS[reward].code));
        }
        rows
    }
}

/// The same from the database.
async fn rows(
    client: &Client,
    prefix: &str,
    members: &BTreeMap<String, i64>,
    used: &[(String, usize)],
) -> BTreeSet<String> {
    let mut rows = BTreeSet::new();
    let redemptions =
        "select user_id, id, reward, price, status::text, coupon, prize, drawn = recomputed or drawn is null
        from api.redemption where starts_with(user_id, $1)";
    for row in client.query(redemptions, &[&prefix]).await.unwrap() {
        assert!(row.get::<_, bool>(7), "a draw computes to something else");
        let (coupon, prize): (Option<String>, Option<i16>) = (row.get(5), row.get(6));
        let (member, id): (String, Uuid) = (row.get(0), row.get(1));
        let (reward, price, status): (String, i64, String) = (row.get(2), row.get(3), row.get(4));
        rows.insert(format!("{member} {id} {reward} {price} {status} {coupon:?} {prize:?}"));
    }
    for row in client
        .query("select user_id, available from api.account where starts_with(user_id, $1)", &[&prefix])
        .await
        .unwrap()
    {
        let member: String = row.get(0);
        // an account that was made for a refusal has nothing
        if members.contains_key(&member) || row.get::<_, i64>(1) != 0 {
            rows.insert(format!("{member} has {}", row.get::<_, i64>(1)));
        }
    }
    for row in client.query("select code, stock from api.reward", &[]).await.unwrap() {
        rows.insert(format!("{} {:?}", row.get::<_, String>(0), row.get::<_, Option<i64>>(1)));
    }
    for row in client.query("select no, stock from api.prize", &[]).await.unwrap() {
        rows.insert(format!("prize {} {:?}", row.get::<_, i16>(0), row.get::<_, Option<i64>>(1)));
    }
    for (member, reward) in used {
        let counts: Vec<i32> = client
            .query_one(
                "select coalesce(array_agg(u.used order by u.used) filter (where u.used > 0), '{}')
                 from points.quota_use u join points.account a on a.bucket = u.bucket and a.id = u.account_id
                 where a.user_id = $1 and u.reward = $2",
                &[member, &REWARDS[*reward].code],
            )
            .await
            .unwrap()
            .get(0);
        rows.insert(format!("{member} used {} {counts:?}", REWARDS[*reward].code));
    }
    rows
}

/// Puts the catalogue back to where each history begins.
async fn set_up(client: &Client, prefix: &str) {
    client
        .batch_execute(
            "set session_replication_role = replica;
             delete from points.coupon where redemption_id is null; delete from points.stock_slice; delete from points.stock; delete from points.prize;
             delete from points.reward; delete from points.catalogue_change;
             reset session_replication_role;
             update points.program set time_zone = 'Asia/Shanghai'",
        )
        .await
        .unwrap();
    for terms in REWARDS {
        let prizes = serde_json::Value::from_iter(
            terms.prizes.iter().map(|stock| serde_json::json!({ "name": "p", "weight": 10, "stock": stock })),
        );
        let kind = match (terms.codes, terms.prizes.is_empty()) {
            (true, _) => "coupon",
            (_, false) => "draw",
            _ => "goods",
        };
        client
            .execute(
                "select api.create_reward($1, $1, $2::text::points.reward_kind, $3, $1, $4,
                     p_quota => $5, p_quota_period => $6::text::points.quota_period, p_prizes => $7)",
                &[
                    &terms.code,
                    &kind,
                    &terms.price,
                    &terms.stock.filter(|_| !terms.codes),
                    &terms.quota.map(|quota| quota.0),
                    &terms.quota.map(|quota| quota.1),
                    &(!terms.prizes.is_empty()).then_some(prizes),
                ],
            )
            .await
            .unwrap();
    }
    client.execute("select api.add_coupons('CODE', array[$1], 'first')", &[&format!("{prefix}-first")]).await.unwrap();
}

/// What a call changes in the catalogue before its requests.
async fn change_catalogue(client: &Client, call: &Call, number: usize, prefix: &str) {
    let key = format!("call{number}");
    match call.restock {
        Some((reward, pieces)) if REWARDS[reward].codes => {
            let codes: Vec<String> = (0..pieces).map(|piece| format!("{prefix}-{number}-{piece}")).collect();
            client.execute("select api.add_coupons('CODE', $1, $2)", &[&codes, &key]).await.unwrap();
        }
        Some((reward, pieces)) if REWARDS[reward].stock.is_some() => {
            let add = "select api.add_stock($1, $2, $3)";
            client.execute(add, &[&REWARDS[reward].code, &pieces, &key]).await.unwrap();
        }
        _ => {}
    }
    if let Some((reward, price)) = call.reprice {
        let change = "select api.change_reward($1, $1, $2, 'active', $3, p_quota => $4, p_quota_period => $5::text::points.quota_period)";
        let quota = REWARDS[reward].quota;
        client
            .execute(
                change,
                &[&REWARDS[reward].code, &price, &format!("price{number}"), &quota.map(|q| q.0), &quota.map(|q| q.1)],
            )
            .await
            .unwrap();
    }
}

fn change_model(shop: &mut Shop, call: &Call, number: usize, prefix: &str) {
    if let Some((reward, pieces)) = call.restock {
        if REWARDS[reward].codes {
            shop.codes.extend((0..pieces).map(|piece| format!("{prefix}-{number}-{piece}")));
        }
        if let Some(stock) = &mut shop.stock[reward] {
            *stock += pieces;
        }
    }
    if let Some((reward, price)) = call.reprice {
        shop.price[reward] = price;
    }
}

/// The requests of a call, in the order in which buckets are called.
fn requests(call: &Call, shop: &Shop, asked: &mut Vec<Request>, prefix: &str) -> Vec<Request> {
    let mut batch = Vec::new();
    for (member, key, what) in &call.actions {
        let (member, key) = (format!("{prefix}-{member}"), format!("k{key}"));
        let redeemed: Vec<&Request> = asked.iter().filter(|request| request.kind == Some(Kind::Redeem)).collect();
        let target = |ago: usize| {
            let request = redeemed.iter().rev().nth(ago % redeemed.len().max(1))?;
            Some((request.user_id.clone()?, id_of(request.idempotency_key.as_ref()?)))
        };
        let unknown = || (member.clone(), id_of("nothing"));
        let order = |order: u8| format!("order{order}");
        let request = match what {
            What::Grant(points) => Request::adjust(&member, *points, &key),
            // keys of their own, so that what is to be closed or reversed is a redemption, refused at worst
            What::Redeem { reward, expected, order: of } => Request {
                points: expected.map(|off| off + shop.price.get(*reward).copied().unwrap_or(1)),
                order_key: of.map(order),
                amount: of.map(|_| Decimal::new(ORDER, 2)),
                ..redeem(&member, REWARDS.get(*reward).map_or("NONE", |terms| terms.code), &format!("r{key}"))
            },
            What::Fulfil(ago) => target(*ago).unwrap_or_else(unknown).apply(|user, id| fulfil(user, id, &key)),
            What::Cancel(ago) => target(*ago).unwrap_or_else(unknown).apply(|user, id| cancel(user, id, &key)),
            What::Reverse(ago) => target(*ago).unwrap_or_else(unknown).apply(|user, id| reverse(user, id, &key)),
            What::Return { order: of, hundredths } => Request {
                amount: hundredths.map(|hundredths| Decimal::new(hundredths, 2)),
                ..return_order(&member, &order(*of), &key)
            },
            What::Again(ago) => match asked.iter().rev().nth(*ago) {
                Some(request) => request.clone(),
                None => continue,
            },
        };
        asked.push(request.clone());
        batch.push(request);
    }
    batch.sort_by_key(Request::bucket);
    batch
}

trait Apply: Sized {
    fn apply(self, make: impl FnOnce(&str, Uuid) -> Request) -> Request;
}

impl Apply for (String, Uuid) {
    fn apply(self, make: impl FnOnce(&str, Uuid) -> Request) -> Request {
        make(&self.0, self.1)
    }
}

async fn compare(client: &Client, history: &[Call], prefix: &str) -> Result<Vec<String>, TestCaseError> {
    set_up(client, prefix).await;
    let mut shop = Shop::new(prefix);
    let mut seen = Vec::new();
    let (mut now, mut asked) = (instant("2024-01-15T10:20:30Z"), Vec::new());
    for (number, call) in history.iter().enumerate() {
        now += TimeDelta::minutes(call.wait);
        change_catalogue(client, call, number, prefix).await;
        change_model(&mut shop, call, number, prefix);
        let batch = requests(call, &shop, &mut asked, prefix);
        let outcomes = execute(client, &batch, Some(now)).await;
        for (request, outcome) in batch.iter().zip(outcomes) {
            let key = id_of(request.idempotency_key.as_ref().unwrap());
            let drawn: Option<i16> = client
                .query_opt("select drawn from api.redemption where user_id = $1 and id = $2", &[&request.user_id, &key])
                .await
                .unwrap()
                .and_then(|row| row.get(0));
            let (refusal, replayed) = shop.ask(request, now, drawn);
            prop_assert_eq!((outcome.refusal.as_deref(), outcome.replayed), (refusal, replayed), "{:?}", request);
            seen.push(refusal.unwrap_or(if replayed { "replayed" } else { "done" }).to_owned());
        }
        let used: Vec<_> = shop.used.keys().map(|(member, reward, _)| (member.clone(), *reward)).collect();
        let found = rows(client, prefix, &shop.points, &used).await;
        prop_assert_eq!(found, shop.rows());
    }
    seen.extend(shop.redemptions.values().map(|redemption| redemption.status.to_owned()));
    let fell_back = shop.redemptions.len() > 3 && shop.prizes.contains(&Some(0));
    seen.extend(fell_back.then(|| "prize gone".to_owned()));
    Ok(seen)
}

fn run(cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    let database = runtime.block_on(Database::new());
    let client = runtime.block_on(database.client());
    runtime.block_on(tell_everything(&client));
    let events = [
        "ALREADY_REVERSED",
        "IDEMPOTENCY_CONFLICT",
        "INSUFFICIENT_POINTS",
        "LIMIT_REACHED",
        "NOT_REVERSIBLE",
        "OUT_OF_STOCK",
        "PRICE_CHANGED",
        "REDEMPTION_CLOSED",
        "RETURN_TOO_LARGE",
        "UNKNOWN_OPERATION",
        "UNKNOWN_REWARD",
        "cancelled",
        "done",
        "fulfilled",
        "prize gone",
        "replayed",
        "reserved",
    ];
    check_histories(cases, &histories(3..=10, 14), &events, |case, history| {
        runtime.block_on(compare(&client, &history, &format!("case{case}")))
    });
    runtime.block_on(assert_laws_alone(&client));
}

#[test]
fn redemptions_do_what_the_model_does() {
    run(8);
}

/// As many histories as JIFEN_HISTORIES says.
#[test]
#[ignore = "long"]
fn redemptions_do_what_the_model_does_at_length() {
    run(MANY);
}

/// Every row that redemptions write; members stand in for the ids of accounts.
async fn all_rows(client: &Client, prefix: &str) -> Vec<String> {
    let mut rows = Vec::new();
    for table in
        ["balance", "entry", "lot", "lot_use", "operation", "redemption", "quota_use", "reversal", "order_return"]
    {
        let statement = format!(
            "select concat_ws(' ', '{table}', a.user_id, to_jsonb(t) - 'account_id')
             from points.account a join points.{table} t on t.bucket = a.bucket and t.account_id = a.id
             where starts_with(a.user_id, $1)
                -- whoever was refused for want of stock may have got an empty account
                and exists (select from points.operation o where o.bucket = a.bucket and o.account_id = a.id)"
        );
        rows.extend(client.query(&statement, &[&prefix]).await.unwrap().iter().map(|row| row.get::<_, String>(0)));
    }
    for row in client.query("select code || ' ' || coalesce(stock, -1) from api.reward", &[]).await.unwrap() {
        rows.push(row.get(0));
    }
    rows.sort();
    rows
}

async fn carry_out(client: &Client, calls: &[(DateTime<Utc>, Vec<Request>)], one_by_one: bool) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for (now, requests) in calls {
        let size = if one_by_one { 1 } else { requests.len().max(1) };
        for batch in requests.chunks(size) {
            outcomes.extend(execute(client, batch, Some(*now)).await.into_iter().map(Outcome::without_account));
        }
    }
    outcomes
}

fn compare_batches(cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    let databases = runtime.block_on(async { [Database::new().await, Database::new().await] });
    let [batches, singles] = runtime.block_on(async { [databases[0].client().await, databases[1].client().await] });
    check_histories(cases, &histories(2..=4, 60), &[], |case, history| {
        let prefix = format!("case{case}");
        let shop = Shop::new(&prefix);
        let (mut now, mut asked) = (instant("2024-01-15T10:20:30Z"), Vec::new());
        let mut calls = Vec::new();
        for call in &history {
            now += TimeDelta::minutes(call.wait);
            let mut batch = requests(call, &shop, &mut asked, &prefix);
            // seeds differ
            batch.retain(|request| request.reward.as_deref() != Some("DRAW"));
            calls.push((now, batch));
        }
        runtime.block_on(async {
            for client in [&batches, &singles] {
                set_up(client, &prefix).await;
                client
                    .execute("select api.add_coupons('CODE', array[$1 || 'a', $1 || 'b'], 'more')", &[&prefix])
                    .await
                    .unwrap();
            }
            let (batched, single) = tokio::join!(carry_out(&batches, &calls, false), carry_out(&singles, &calls, true));
            for ((batched, single), request) in batched.iter().zip(&single).zip(calls.iter().flat_map(|call| &call.1)) {
                prop_assert_eq!(batched, single, "{:?}", request);
            }
            prop_assert_eq!(all_rows(&batches, &prefix).await, all_rows(&singles, &prefix).await);
            Ok(Vec::new())
        })
    });
}

#[test]
fn batches_with_redemptions_equal_one_by_one() {
    compare_batches(4);
}

/// As many histories as JIFEN_HISTORIES says.
#[test]
#[ignore = "long"]
fn batches_with_redemptions_equal_one_by_one_at_length() {
    compare_batches(MANY);
}
