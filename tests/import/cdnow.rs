//! The real purchase history of 23,570 customers, to the point.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::{Duration, Instant},
};

use chrono::{Datelike, Days, NaiveDate};
use tokio_postgres::Client;

use super::{Folder, HEADER, import, rejected_path, state};
use crate::{common::Database, database::laws::assert_laws};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/cdnow_master.txt");

#[derive(Debug, PartialEq, Eq)]
struct Order {
    customer: String,
    cents: i64,
    date: NaiveDate,
}

/// By line number.
fn orders(text: &str) -> BTreeMap<u64, Order> {
    let mut orders = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()).skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [customer, date, _discs, amount] = fields[..] else { panic!("line {number}: {line}") };
        let (dollars, cents) = amount.split_once('.').unwrap();
        assert_eq!(cents.len(), 2, "line {number}");
        orders.insert(
            number,
            Order {
                customer: customer.to_owned(),
                cents: dollars.parse::<i64>().unwrap() * 100 + cents.parse::<i64>().unwrap(),
                date: NaiveDate::parse_from_str(date, "%Y%m%d").unwrap(),
            },
        );
    }
    orders
}

fn csv(orders: &BTreeMap<u64, Order>) -> String {
    let rows = orders.iter().map(|(number, Order { customer, cents, date })| {
        format!("{customer},{number},{}.{:02},{date}\n", cents / 100, cents % 100)
    });
    HEADER.to_owned() + &rows.collect::<String>()
}

/// Orders of 1997 by a draft: 1 point a dollar up to 50, 2 above, 300 at most. Points before and after, customers gaining
/// and losing, and the days with orders.
fn expected_backtest(orders: &BTreeMap<u64, Order>) -> (i64, i64, i64, i64, usize) {
    let mut gains: BTreeMap<&str, i64> = BTreeMap::new();
    let mut days = BTreeSet::new();
    let (mut before, mut after) = (0, 0);
    for order in orders.values().filter(|order| order.date.year() == 1997) {
        let booked = order.cents / 100;
        let drafted = ((order.cents + (order.cents - 5_000).max(0)) / 100).min(300);
        before += booked;
        after += drafted;
        *gains.entry(&order.customer).or_default() += drafted - booked;
        days.insert(order.date);
    }
    let count = |sign: i64| gains.values().filter(|gain| gain.signum() == sign).count() as i64;
    (before, after, count(1), count(-1), days.len())
}

/// Points of one customer: everything has expired long ago.
#[derive(Debug, Default, PartialEq, Eq)]
struct Customer {
    earned: i64,
    expired: i64,
    available: i64,
    pending: i64,
    version: i64,
    operations: i64,
    earns: i64,
    entries: i64,
}

fn customers(orders: &BTreeMap<u64, Order>) -> BTreeMap<String, Customer> {
    let mut customers: BTreeMap<String, Customer> = BTreeMap::new();
    for order in orders.values() {
        let customer = customers.entry(order.customer.clone()).or_default();
        let points = order.cents / 100;
        customer.earned += points;
        customer.expired += points;
        customer.earns += 1;
        customer.operations += 1;
        if points > 0 {
            // And the expiry, with an operation of Jifen's own.
            customer.operations += 1;
            customer.entries += 2;
            customer.version += 2;
        }
    }
    customers
}

async fn customers_of(client: &Client) -> BTreeMap<String, Customer> {
    let rows = client
        .query(
            "select a.user_id, a.earned, a.expired, a.available, a.pending, a.version, o.operations, o.earns, coalesce(e.entries, 0)
             from api.account a
             join (
                 select bucket, account_id, count(*) as operations, count(*) filter (where kind = 'earn') as earns
                 from points.operation group by bucket, account_id
             ) o on o.bucket = a.bucket and o.account_id = a.id
             left join (
                 select bucket, account_id, count(*) as entries from points.entry group by bucket, account_id
             ) e on e.bucket = a.bucket and e.account_id = a.id
             where a.user_id ~ '^[0-9]+$'",
            &[],
        )
        .await
        .unwrap();
    rows.iter()
        .map(|row| {
            let customer = Customer {
                earned: row.get(1),
                expired: row.get(2),
                available: row.get(3),
                pending: row.get(4),
                version: row.get(5),
                operations: row.get(6),
                earns: row.get(7),
                entries: row.get(8),
            };
            (row.get(0), customer)
        })
        .collect()
}

/// Order by order, with the points and the expiry that each got.
async fn orders_of(client: &Client) -> BTreeMap<u64, (Order, i64, Option<NaiveDate>)> {
    let rows = client
        .query(
            "select o.idempotency_key, o.user_id, (o.amount * 100)::bigint, (o.occurred_at at time zone 'UTC')::date,
                 o.points, (o.expires_at at time zone 'UTC')::date
             from api.operation o
             where o.client = 'import'",
            &[],
        )
        .await
        .unwrap();
    rows.iter()
        .map(|row| {
            let order = Order { customer: row.get(1), cents: row.get(2), date: row.get(3) };
            (row.get::<_, String>(0).parse().unwrap(), (order, row.get(4), row.get(5)))
        })
        .collect()
}

#[tokio::test]
async fn every_customer_has_the_right_points() {
    let Ok(text) = fs::read_to_string(FILE) else {
        eprintln!("skipped: {FILE} is not there");
        return;
    };
    let orders = orders(&text);
    let expected = customers(&orders);
    assert_eq!((orders.len(), expected.len()), (69_659, 23_570));
    let folder = Folder::new();
    let file = folder.write("cdnow.csv", &csv(&orders));
    let database = Database::new().await;
    let client = database.client().await;

    let begun = Instant::now();
    let run = import(&database, &file, &[]).await;
    println!("imported in {:?}", begun.elapsed());
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(
        run.stdout,
        "69,659 rows: 69,579 awarded 2,453,159 points, 80 earned nothing, 0 were there already, 0 rejected\n"
    );
    assert!(!rejected_path(&file).exists());

    let found = customers_of(&client).await;
    assert_eq!(found.len(), expected.len());
    for (name, customer) in &expected {
        assert_eq!(found.get(name), Some(customer), "customer {name}");
    }
    assert_eq!(found.values().map(|customer| customer.earned).sum::<i64>(), 2_453_159);
    client
        .batch_execute(
            "select api.draft_rule_version('ORDER', 'tiers', 'd', p_tier_starts => '{0,50}', p_tier_rates => '{1,2}', p_cap_points => 300)",
        )
        .await
        .unwrap();
    let begun = Instant::now();
    let row = client
        .query_one(
            "select points_before, points_after, gaining, losing, cardinality(days)
             from api.backtest_rule('ORDER', 2, '1997-01-01', '1998-01-01')",
            &[],
        )
        .await
        .unwrap();
    println!("back-tested a year in {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(60));
    let found = (row.get(0), row.get(1), row.get(2), row.get(3), row.get::<_, i32>(4) as usize);
    assert_eq!(found, expected_backtest(&orders));

    let found = orders_of(&client).await;
    assert_eq!(found.len(), orders.len());
    for (number, order) in orders {
        let points = order.cents / 100;
        let expires = (points > 0).then(|| order.date + Days::new(365));
        assert_eq!(found[&number], (order, points, expires), "order {number}");
    }
    assert_laws(&client).await;

    let before = state(&client).await;
    let begun = Instant::now();
    let run = import(&database, &file, &[]).await;
    println!("imported again in {:?}", begun.elapsed());
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(
        run.stdout,
        "69,659 rows: 0 awarded 0 points, 0 earned nothing, 69,659 were there already, 0 rejected; nothing has changed\n"
    );
    assert_eq!(state(&client).await, before);
}
