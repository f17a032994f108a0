//! Every function of schema `api`, called with arguments good and bad, by every role that may call it: it does what it does, or
//! refuses with a code of its own, and soon.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use tokio_postgres::Client;

use super::{
    Done,
    arguments::{good_text, json, nasty_text},
    failing_jobs,
    world::World,
};
use crate::{
    common::{Database, MANY, Random, seeds},
    database::assert_reconciled,
};

const ROLES: [&str; 3] = ["jifen_gateway", "jifen_operator", "jifen_reader"];
/// Calls of a history.
const CALLS: usize = 2_000;
/// So many functions at least do something in a history.
const DONE: usize = 55;
/// After so many calls what they have made can be named by the next.
const LOOK: usize = 100;

/// A type, as far as values of it are made up.
#[derive(Clone)]
enum Shape {
    Scalar,
    /// With its labels.
    Enum(Vec<String>),
    /// Of elements of this type.
    Array(u32),
    /// Names and types of its attributes.
    Row(Vec<(String, u32)>),
}

struct Argument {
    name: String,
    of_type: u32,
    has_default: bool,
}

struct Function {
    name: String,
    arguments: Vec<Argument>,
}

/// What can be called, and with what.
struct Catalog {
    /// By name, how they are written.
    types: BTreeMap<u32, (String, Shape)>,
    callable: Vec<(&'static str, Vec<Function>)>,
}

impl Catalog {
    async fn read(client: &Client) -> Catalog {
        let mut types = BTreeMap::new();
        let sql = "select t.oid, format_type(t.oid, null), t.typtype::text, t.typelem, t.typcategory::text,
                (select array_agg(e.enumlabel::text order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid),
                (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
                    where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped),
                (select array_agg(a.atttypid order by a.attnum) from pg_attribute a
                    where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)
            from pg_type t";
        for row in client.query(sql, &[]).await.unwrap() {
            let shape = match (row.get(2), row.get(4)) {
                ("e", _) => Shape::Enum(row.get(5)),
                ("c", _) => {
                    let names: Option<Vec<String>> = row.get(6);
                    let of_types: Option<Vec<u32>> = row.get(7);
                    Shape::Row(names.unwrap_or_default().into_iter().zip(of_types.unwrap_or_default()).collect())
                }
                (_, "A") => Shape::Array(row.get(3)),
                _ => Shape::Scalar,
            };
            types.insert(row.get(0), (row.get(1), shape));
        }
        let mut callable = Vec::new();
        for role in ROLES {
            let sql =
                "select proname::text, coalesce(proargnames[1:pronargs], '{}'), proargtypes::oid[], pronargdefaults
                from pg_proc
                where pronamespace = 'api'::regnamespace and has_function_privilege($1::text, oid, 'execute')
                order by oid::regprocedure::text";
            let functions = client.query(sql, &[&role]).await.unwrap();
            callable.push((role, functions.iter().map(Function::from_row).collect()));
        }
        Catalog { types, callable }
    }

    /// An expression of a type.
    fn value(&self, name: &str, of_type: u32, nasty: bool, world: &mut World, random: &mut Random) -> String {
        let (written, shape) = &self.types[&of_type];
        if nasty && random.of(0..6) == 0 {
            return format!("null::{written}");
        }
        match shape {
            Shape::Enum(labels) => format!("'{}'::{written}", labels[random.of(0..labels.len() as i64) as usize]),
            Shape::Array(of) => self.array(name, *of, written, nasty, world, random),
            Shape::Row(attributes) => {
                let some = random.of(1..10);
                let values: Vec<String> = attributes
                    .iter()
                    .map(|(attribute, of_type)| {
                        // nobody sends all of them
                        let sent = ["kind", "user_id", "idempotency_key", "client_id"].contains(&attribute.as_str());
                        if !sent && random.of(0..10) > some {
                            return "null".to_owned();
                        }
                        let nasty = nasty && random.of(0..3) == 0;
                        self.value(attribute, *of_type, nasty, world, random)
                    })
                    .collect();
                format!("row({})::{written}", values.join(", "))
            }
            Shape::Scalar => {
                let text = scalar(name, written, nasty, world, random);
                format!("{}::{written}", quoted(&text))
            }
        }
    }

    fn array(&self, name: &str, of: u32, written: &str, nasty: bool, world: &mut World, random: &mut Random) -> String {
        let mut values = |count: i64, nasty: bool, random: &mut Random| -> Vec<String> {
            (0..count).map(|_| self.value(name, of, nasty, world, random)).collect()
        };
        let values = match (nasty, random.of(0..7)) {
            (false, _) => values(random.of(1..4), false, random),
            (true, 0) => return format!("'{{}}'::{written}"),
            (true, 1) => vec!["null".to_owned()],
            (true, 2) => {
                let one = values(1, false, random).remove(0);
                return format!("array[array[{one}, null], array[null, {one}]]::{written}");
            }
            // the first is number 0
            (true, 6) => {
                let one = values(1, false, random).remove(0);
                return format!("array_fill({one}, array[2], array[0])::{written}");
            }
            (true, 3) => vec![values(1, false, random).remove(0); 1_001],
            (true, 4) => values(2, false, random).into_iter().chain(["null".to_owned()]).collect(),
            (true, _) => values(random.of(1..4), true, random),
        };
        format!("array[{}]::{written}", values.join(", "))
    }

    fn call(&self, function: &Function, world: &mut World, random: &mut Random) -> String {
        // of most calls one argument is wrong, of some all, of some none
        let wrong = match random.of(0..10) {
            0..=2 => 0,
            3 => 100,
            _ => 100 / (function.arguments.len() as i64).max(1),
        };
        let arguments: Vec<String> = function
            .arguments
            .iter()
            .filter_map(|Argument { name, of_type, has_default }| {
                if *has_default && random.of(0..3) == 0 {
                    return None;
                }
                let nasty = random.of(0..100) < wrong;
                Some(format!("{name} => {}", self.value(name, *of_type, nasty, world, random)))
            })
            .collect();
        format!("select * from api.{}({})", function.name, arguments.join(", "))
    }
}

impl Function {
    fn from_row(row: &tokio_postgres::Row) -> Function {
        let (names, of_types): (Vec<String>, Vec<u32>) = (row.get(1), row.get(2));
        let required = names.len() - row.get::<_, i16>(3) as usize;
        let arguments = names
            .into_iter()
            .zip(of_types)
            .enumerate()
            .map(|(place, (name, of_type))| Argument { name, of_type, has_default: place >= required })
            .collect();
        Function { name: row.get(0), arguments }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The text of a value, which PostgreSQL takes for one of this type.
fn scalar(name: &str, written: &str, nasty: bool, world: &mut World, random: &mut Random) -> String {
    let name = name.strip_prefix("p_").unwrap_or(name);
    let named = if random.of(0..10) == 0 { None } else { world.name(name, random) };
    let small = random.of(0..2_000).to_string();
    let (good, bad): (String, &[&str]) = match written {
        "text" => {
            return match (nasty, named) {
                (true, _) if random.of(0..4) == 0 => world.any_name(random),
                (true, _) => nasty_text(random),
                (false, Some(name)) => name,
                (false, None) => good_text(name, random).to_owned(),
            };
        }
        "jsonb" => return json(&format!("p_{name}"), nasty, random),
        "bigint" => (
            named.filter(|name| name.parse::<i64>().is_ok()).unwrap_or(small),
            &[
                "0",
                "-1",
                "9223372036854775807",
                "-9223372036854775808",
                "9007199254740991",
                "9007199254740992",
                "-9007199254740991",
                "2147483648",
            ],
        ),
        "integer" => (
            named.filter(|name| name.parse::<i32>().is_ok()).unwrap_or(random.of(0..40).to_string()),
            &["0", "-1", "2147483647", "-2147483648", "1000000", "65536"],
        ),
        "smallint" => (random.of(0..8).to_string(), &["0", "-1", "32767", "-32768", "8"]),
        "numeric" => (
            format!("{small}.{}", random.of(0..100)),
            &[
                "0",
                "-1",
                "NaN",
                "Infinity",
                "-Infinity",
                "1e1000",
                "1e-1000",
                "999999999999.99999999",
                "0.000000001",
                "9007199254740993",
                "9223372036854775808",
            ],
        ),
        "double precision" => (small, &["NaN", "Infinity", "-1e308", "1e-320"]),
        "boolean" => (random.pick(&["true", "false"]).to_owned(), &["true", "false"]),
        "timestamp with time zone" => (
            random.pick(&["now", "yesterday", "tomorrow", "2026-01-01T00:00:00Z", "2024-02-29T12:00:00Z"]).to_owned(),
            &[
                "infinity",
                "-infinity",
                "0001-01-01 00:00:00+00 BC",
                "4713-01-01 00:00:00+00 BC",
                "294276-12-31 23:59:59.999999+00",
                "1970-01-01T00:00:00Z",
                "9999-12-31T23:59:59Z",
                "2100-01-01T00:00:00Z",
            ],
        ),
        "date" => (
            named.unwrap_or_else(|| random.pick(&["today", "yesterday", "2026-02-01", "2024-01-01"]).to_owned()),
            &["infinity", "-infinity", "0001-01-01 BC", "4713-01-01 BC", "5874897-12-31", "9999-12-31", "1970-01-01"],
        ),
        "uuid" => {
            let known = named.filter(|name| uuid::Uuid::parse_str(name).is_ok());
            let other = world.any_name(random);
            let other = if uuid::Uuid::parse_str(&other).is_ok() { other } else { uuid::Uuid::nil().to_string() };
            return if nasty { other } else { known.unwrap_or(other) };
        }
        "bytea" => (format!("\\x{}", "ab".repeat(32)), &["", "\\x00", "\\xffff"]),
        "inet" => (
            "203.0.113.7".to_owned(),
            &["0.0.0.0/0", "::/0", "255.255.255.255", "fe80::1/10", "::ffff:203.0.113.7", "10.0.0.0/8"],
        ),
        other => panic!("no value of type {other}"),
    };
    if nasty { random.pick(bad).to_owned() } else { good }
}

/// By which the gateway hands over rows that it has made itself. PostgreSQL reads their values, and refuses what is none.
const READS_ROWS: &[&str] = &["append_rows", "put_rows", "submit_operations"];

/// What went wrong, by function, SQLSTATE and message: how often, and the first call.
type Findings = BTreeMap<(String, String, String), (usize, String)>;

/// One history: calls in a world of their own.
async fn history(seed: u64, calls: usize, done: &mut Done, findings: &mut Findings) {
    let database: Database = World::database().await;
    let client = database.client().await;
    let catalog = Catalog::read(&client).await;
    let rows = client.query("select sqlstate from points.refusal union select 'LP929'", &[]).await.unwrap();
    let refusals: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let mut callers = Vec::new();
    // They pass texts where types are of this schema; here each value has the type that it is to have.
    client.batch_execute(&format!("grant usage on schema points to {}", ROLES.join(", "))).await.unwrap();
    for (role, _) in &catalog.callable {
        let caller = database.client_as(role).await;
        caller.batch_execute("set statement_timeout = '10s'").await.unwrap();
        callers.push(caller);
    }
    let (mut random, mut world) = (Random::new(seed), World::of(&client).await);
    for number in 0..calls {
        if number % LOOK == LOOK - 1 {
            world.look(&client).await;
        }
        let place = random.pick(&[0, 0, 0, 1, 1, 1, 2]);
        let functions = &catalog.callable[place].1;
        let function = &functions[random.of(0..functions.len() as i64) as usize];
        world.turn_to(None, &mut random);
        let call = catalog.call(function, &mut world, &mut random);
        let end = random.pick(&["commit", "rollback"]);
        let begun = Instant::now();
        match callers[place].simple_query(&format!("begin; {call}; {end}")).await {
            Ok(_) => {
                done.note(&function.name, begun.elapsed());
            }
            Err(error) => {
                let cause = error.as_db_error().unwrap_or_else(|| panic!("{error}: {call}"));
                callers[place].batch_execute("rollback").await.unwrap();
                let reads = READS_ROWS.contains(&function.name.as_str()) && cause.code().code().starts_with("22");
                if !refusals.contains(cause.code().code()) && !reads {
                    let what = (function.name.clone(), cause.code().code().to_owned(), masked(cause.message()));
                    let (role, context) = (catalog.callable[place].0, cause.where_().unwrap_or_default());
                    let example = format!("seed {seed}, {role}: {}\n    {}", shortened(&call), shortened(context));
                    findings.entry(what).or_insert((0, example)).0 += 1;
                }
            }
        }
    }
    for (job, failure) in failing_jobs(&client).await {
        let what = (format!("job {job}"), "fails".to_owned(), masked(&failure));
        findings.entry(what).or_insert((0, format!("seed {seed}"))).0 += 1;
    }
    assert_reconciled(&client).await;
}

/// A message without what it quotes, so that alike ones are one.
fn masked(message: &str) -> String {
    let parts: Vec<&str> = message.split('"').collect();
    let known = |place: usize, part: &str| place.is_multiple_of(2) || part.len() < 60 && part.contains('_');
    let kept = parts.iter().enumerate().map(|(place, part)| if known(place, part) { *part } else { "..." });
    kept.collect::<Vec<_>>().join("\"").chars().take(160).collect()
}

fn shortened(text: &str) -> String {
    let begin: String = text.chars().take(1_500).collect();
    if begin.len() < text.len() { format!("{begin}...") } else { begin }
}

async fn check(histories: u32, calls: usize) {
    let (mut done, mut findings) = (Done::default(), Findings::new());
    for seed in seeds(histories) {
        history(seed, calls, &mut done, &mut findings).await;
    }
    done.report("functions did something");
    for ((function, sqlstate, message), (count, example)) in &findings {
        println!("{count} times {function} {sqlstate} {message}\n    {example}");
    }
    assert!(done.len() >= DONE, "only {} functions did something", done.len());
    assert!(findings.is_empty(), "{} kinds of failures that are no refusals", findings.len());
}

#[tokio::test]
async fn every_function_refuses_what_it_cannot_do() {
    check(1, CALLS).await;
}

/// As many histories as JIFEN_HISTORIES says.
#[tokio::test]
#[ignore = "long"]
async fn every_function_refuses_what_it_cannot_do_at_length() {
    check(MANY, CALLS).await;
}
