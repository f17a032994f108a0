//! Every field of the GraphQL schema, asked for over HTTP with arguments good and bad, by a key that may do all and by a member:
//! each answer is data or a refusal, in the form that GraphQL over HTTP wants; nothing is INTERNAL, and nothing panics.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use jifen::error::CODES;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::{
    Done,
    arguments::{good_text, json as some_json, nasty_text},
    failing_jobs,
    world::World,
};
use crate::{
    common::{Database, MANY, Random, seeds},
    database::assert_reconciled,
    graphql::{
        Gateway, make_key,
        tokens::{self, Signer},
    },
    process::{
        Directory,
        program::{Serving, jifen},
    },
};

const SCOPES: &[&str] = &["earn", "spend", "reverse", "adjust", "rewards", "rules", "webhooks", "read", "audit"];
/// Requests of a history, and who send them at once.
const REQUESTS: usize = 1_000;
const SENDERS: usize = 4;
/// So many fields at least answer data in a history.
const DONE: usize = 40;
/// After so many requests of a sender what they have made can be named by the next.
const LOOK: usize = 50;
/// Longer than anything may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// The schema, as introspection tells it.
struct Schema {
    types: BTreeMap<String, Value>,
}

/// A document as it grows.
#[derive(Default)]
struct Document {
    text: String,
    declared: Vec<String>,
    variables: Map<String, Value>,
}

impl Schema {
    async fn read(gateway: &Gateway) -> Schema {
        let data = gateway.ask(include_str!("../graphql/introspection.graphql"), json!({})).await;
        let types = data["__schema"]["types"].as_array().unwrap().iter();
        Schema { types: types.map(|of| (of["name"].as_str().unwrap().to_owned(), of.clone())).collect() }
    }

    fn fields(&self, of_type: &str) -> &[Value] {
        self.types[of_type]["fields"].as_array().map_or(&[], Vec::as_slice)
    }

    /// A value of an input type.
    fn value(&self, name: &str, of_type: &Value, wrong: i64, world: &mut World, random: &mut Random) -> Value {
        let nasty = random.of(0..100) < wrong;
        match of_type["kind"].as_str().unwrap() {
            "NON_NULL" => self.value(name, &of_type["ofType"], wrong, world, random),
            _ if nasty && random.of(0..5) == 0 => Value::Null,
            "LIST" => {
                let count = if nasty { random.pick(&[0, 1, 3, 101, 501]) } else { random.of(1..4) };
                let one = self.value(name, &of_type["ofType"], wrong, world, random);
                let same = nasty && count > 3;
                let others = (1..count).map(|_| {
                    if same { one.clone() } else { self.value(name, &of_type["ofType"], wrong, world, random) }
                });
                let mut values: Vec<Value> = others.collect();
                values.extend((count > 0).then_some(one));
                values.into()
            }
            "INPUT_OBJECT" => {
                let of = &self.types[of_type["name"].as_str().unwrap()];
                let mut object = Map::new();
                for field in of["inputFields"].as_array().unwrap() {
                    let required = field["type"]["kind"] == "NON_NULL" && field["defaultValue"].is_null();
                    if required || random.of(0..2) == 0 {
                        let field_name = field["name"].as_str().unwrap();
                        object.insert(
                            field_name.to_owned(),
                            self.value(field_name, &field["type"], wrong, world, random),
                        );
                    }
                }
                object.into()
            }
            "ENUM" => {
                let values = self.types[of_type["name"].as_str().unwrap()]["enumValues"].as_array().unwrap();
                values[random.of(0..values.len() as i64) as usize]["name"].clone()
            }
            _ => scalar(name, of_type["name"].as_str().unwrap(), nasty, world, random),
        }
    }

    /// Adds a field with its arguments, as variables, and what is selected of it.
    fn field(
        &self,
        document: &mut Document,
        field: &Value,
        depth: usize,
        wrong: i64,
        world: &mut World,
        random: &mut Random,
    ) {
        let name = field["name"].as_str().unwrap();
        document.text += &format!(" {name}");
        let mut arguments = Vec::new();
        for argument in field["args"].as_array().unwrap() {
            let required = argument["type"]["kind"] == "NON_NULL" && argument["defaultValue"].is_null();
            if !required && random.of(0..2) == 0 {
                continue;
            }
            let argument_name = argument["name"].as_str().unwrap();
            let variable = format!("v{}", document.variables.len());
            let value = self.value(argument_name, &argument["type"], wrong, world, random);
            document.declared.push(format!("${variable}: {}", written(&argument["type"])));
            document.variables.insert(variable.clone(), value);
            arguments.push(format!("{argument_name}: ${variable}"));
        }
        if !arguments.is_empty() {
            document.text += &format!("({})", arguments.join(", "));
        }
        self.selection(document, innermost(&field["type"]), depth, world, random);
    }

    fn selection(
        &self,
        document: &mut Document,
        of_type: &Value,
        depth: usize,
        world: &mut World,
        random: &mut Random,
    ) {
        let name = of_type["name"].as_str().unwrap();
        match of_type["kind"].as_str().unwrap() {
            "OBJECT" | "INTERFACE" => {
                document.text += " { __typename";
                for field in self.fields(name) {
                    let composite = !matches!(innermost(&field["type"])["kind"].as_str().unwrap(), "SCALAR" | "ENUM");
                    let chance = if composite { 3 } else { 8 };
                    if (!composite || depth > 0) && random.of(0..10) < chance {
                        self.field(document, field, depth.saturating_sub(1), 10, world, random);
                    }
                }
                document.text += " }";
            }
            "UNION" => {
                document.text += " { __typename";
                for member in self.types[name]["possibleTypes"].as_array().unwrap() {
                    document.text += &format!(" ... on {}", member["name"].as_str().unwrap());
                    self.selection(document, member, depth, world, random);
                }
                document.text += " }";
            }
            _ => {}
        }
    }

    /// A document with one field of a root, and its name.
    fn document(&self, root: &str, world: &mut World, random: &mut Random) -> (String, Document) {
        let fields = self.fields(root);
        let field = &fields[random.of(0..fields.len() as i64) as usize];
        let wrong = random.pick(&[0, 0, 0, 10, 10, 10, 10, 25, 80]);
        let mut document = Document::default();
        self.field(&mut document, field, 2, wrong, world, random);
        let declared =
            if document.declared.is_empty() { String::new() } else { format!("({})", document.declared.join(", ")) };
        document.text = format!("{}{declared} {{{} }}", root.to_lowercase(), document.text);
        (field["name"].as_str().unwrap().to_owned(), document)
    }
}

fn innermost(of_type: &Value) -> &Value {
    if of_type["ofType"].is_null() { of_type } else { innermost(&of_type["ofType"]) }
}

fn written(of_type: &Value) -> String {
    match of_type["kind"].as_str().unwrap() {
        "NON_NULL" => format!("{}!", written(&of_type["ofType"])),
        "LIST" => format!("[{}]", written(&of_type["ofType"])),
        _ => of_type["name"].as_str().unwrap().to_owned(),
    }
}

fn snake_case(name: &str) -> String {
    name.chars().fold(String::new(), |text, letter| match letter.is_uppercase() {
        true => format!("{text}_{}", letter.to_lowercase()),
        false => text + &letter.to_string(),
    })
}

fn scalar(name: &str, of_type: &str, nasty: bool, world: &mut World, random: &mut Random) -> Value {
    let name = snake_case(name);
    let instants = ["2026-01-01T00:00:00Z", "2024-02-29T12:00:00+05:45", "2031-06-01T00:00:00.123456789Z"];
    match (of_type, nasty) {
        ("String" | "ID", true) => match random.of(0..6) {
            0 => world.any_name(random).into(),
            1 => "a\u{0}b".into(),
            _ => nasty_text(random).into(),
        },
        ("String" | "ID", false) => {
            let named = if random.of(0..10) == 0 { None } else { world.name(&name, random) };
            named.unwrap_or_else(|| good_text(&name, random).to_owned()).into()
        }
        ("Int", false) => random.of(1..40).into(),
        ("Int", true) => random.pick(&[0i64, -1, 2_147_483_647, -2_147_483_648, 2_147_483_648, 101, 1_000_000]).into(),
        ("Float", false) => json!(random.of(0..100) as f64 / 8.0),
        ("Float", true) => json!(random.pick(&[0.0, -1.0, 1e308, 1e-320])),
        ("Boolean", _) => (random.of(0..2) == 0).into(),
        ("Points", false) => random.of(1..2_000).into(),
        ("Points", true) => {
            const MOST: i64 = 9_007_199_254_740_991;
            random.pick(&[0, -1, MOST, -MOST, MOST + 1, i64::MAX, i64::MIN]).into()
        }
        ("Decimal", false) => format!("{}.{}", random.of(0..2_000), random.of(0..100)).into(),
        ("Decimal", true) => random
            .pick(&[
                "0",
                "-0",
                "-1",
                "79228162514264337593543950335",
                "0.0000000000000000000000000001",
                "1e28",
                "999999999999.99999999",
                "1e-28",
                "NaN",
                "9007199254740993",
                "12345678901234567890123456789012",
            ])
            .into(),
        ("DateTime", false) => random.pick(&instants).into(),
        ("DateTime", true) => random
            .pick(&[
                "-262143-01-01T00:00:00Z",
                "+262142-12-31T23:59:59Z",
                "0001-01-01T00:00:00Z",
                "0000-01-01T00:00:00Z",
                "-4713-01-01T00:00:00Z",
                "-290000-01-01T00:00:00Z",
                "9999-12-31T23:59:60Z",
                "1969-12-31T23:59:59.999999999Z",
                "2030-01-01T00:00:00+23:59",
                "infinity",
            ])
            .into(),
        ("Date" | "NaiveDate", false) => {
            let named = world.name(&name, random).unwrap_or_default();
            if named.len() == 10 { named.into() } else { random.pick(&["2026-02-01", "2026-11-27"]).into() }
        }
        ("Date" | "NaiveDate", true) => random
            .pick(&[
                "-262143-01-01",
                "+262142-12-31",
                "262142-12-31",
                "0001-01-01",
                "0000-01-01",
                "-4714-01-01",
                "9999-12-31",
                "2023-02-29",
                "infinity",
            ])
            .into(),
        ("IpAddress", false) => "203.0.113.7".into(),
        ("IpAddress", true) => random.pick(&["0.0.0.0", "::", "::ffff:203.0.113.7", "fe80::1%eth0", "1.2.3"]).into(),
        ("JSON", _) => match random.of(0..8) {
            0 if nasty => json!({ "a": "\u{0}", "\u{0}": 1 }),
            _ => serde_json::from_str(&some_json(&name, nasty, random)).unwrap_or(Value::Null),
        },
        (other, _) => panic!("no value of type {other}"),
    }
}

/// What went wrong, by field and what: how often, and the first request.
type Findings = Arc<Mutex<BTreeMap<(String, String), (usize, String)>>>;

/// Who sends requests, and what came of them.
struct Sender {
    gateway: Gateway,
    member: Option<(Signer, &'static str)>,
    schema: Arc<Schema>,
    world: World,
    client: Client,
    random: Random,
    done: Done,
    findings: Findings,
    log: std::path::PathBuf,
}

impl Sender {
    async fn send(mut self, count: usize) -> Done {
        for number in 0..count {
            if number % LOOK == LOOK - 1 {
                self.world.look(&self.client).await;
            }
            if let Some((signer, member)) = self.member.as_ref().filter(|_| number % LOOK == 0) {
                self.gateway = self.gateway.with_key(&signer.of(member));
            }
            let member = self.member.as_ref().map(|(_, member)| *member).filter(|_| self.random.of(0..4) > 0);
            self.world.turn_to(member, &mut self.random);
            let root = match self.random.of(0..20) {
                0 => "Subscription",
                1..=7 => "Query",
                _ => "Mutation",
            };
            let (field, document) = self.schema.document(root, &mut self.world, &mut self.random);
            let mut answer = self.ask(root, &field, &document).await;
            // One report runs at a time, and whoever asks for another one is told so at once; on a busy machine that one may
            // take seconds, but not for ever.
            let begun = Instant::now();
            while answer.as_ref().is_err_and(|what| what == "OVERLOADED") && begun.elapsed() < PATIENCE {
                tokio::time::sleep(Duration::from_millis(200)).await;
                answer = self.ask(root, &field, &document).await;
            }
            if let Err(what) = answer {
                let who = if self.member.is_some() { "member" } else { "key" };
                let variables = Value::from(document.variables.clone()).to_string();
                let example = format!("{who}: {} {}", shortened(&document.text), shortened(&variables));
                self.findings.lock().unwrap().entry((field, what)).or_insert((0, example)).0 += 1;
            }
        }
        self.done
    }

    /// Sends a request; what is wrong with the answer.
    async fn ask(&mut self, root: &str, field: &str, document: &Document) -> Result<(), String> {
        let begun = Instant::now();
        let accept = if root == "Subscription" { "text/event-stream" } else { "application/json" };
        let request = self
            .gateway
            .http
            .post(format!("http://{}/graphql", self.gateway.address))
            .bearer_auth(&self.gateway.key)
            .header("accept", accept)
            .timeout(PATIENCE)
            .json(&json!({ "query": document.text, "variables": document.variables }));
        let mut response = request.send().await.map_err(|error| format!("no response: {error:?}"))?;
        if response.status().is_server_error() {
            return Err(format!("status {}", response.status()));
        }
        let content = response.headers()["content-type"].to_str().unwrap().to_owned();
        let body = if content == "text/event-stream" {
            // what comes at once
            let chunk = tokio::time::timeout(Duration::from_millis(150), response.chunk()).await;
            let Ok(chunk) = chunk else { return Ok(()) };
            let text =
                String::from_utf8(chunk.map_err(|error| error.to_string())?.unwrap_or_default().to_vec()).unwrap();
            let Some(data) = text.lines().find_map(|line| line.strip_prefix("data:")).filter(|data| data.len() > 1)
            else {
                return Ok(());
            };
            // a part, if it is long
            match serde_json::from_str(data) {
                Ok(body) => body,
                Err(_) => return Ok(()),
            }
        } else if content.starts_with("application/json") || content.starts_with("application/graphql-response+json") {
            let text = response.text().await.map_err(|error| format!("no body: {error:?}"))?;
            serde_json::from_str::<Value>(&text).map_err(|error| format!("{error} in {text}"))?
        } else {
            return Err(format!("content-type {content}"));
        };
        self.judge(field, &body, begun.elapsed())
    }

    fn judge(&mut self, field: &str, body: &Value, time: Duration) -> Result<(), String> {
        let object = body.as_object().ok_or("no object")?;
        if let Some(other) = object.keys().find(|key| !["data", "errors", "extensions"].contains(&key.as_str())) {
            return Err(format!("there is {other}"));
        }
        let Some(errors) = object.get("errors") else {
            let data = object.get("data").and_then(Value::as_object).ok_or("neither data nor errors")?;
            if data.values().any(|value| !value.is_null()) {
                self.done.note(field, time);
            }
            return Ok(());
        };
        let errors = errors.as_array().filter(|errors| !errors.is_empty()).ok_or("errors is no list, or empty")?;
        for error in errors {
            let code = error["extensions"]["code"].as_str().ok_or_else(|| format!("no code: {error}"))?;
            if !error["message"].is_string() || !CODES.iter().any(|(known, ..)| *known == code) {
                return Err(format!("error {error}"));
            }
            match code {
                "INTERNAL" => {
                    let trace = error["extensions"]["details"]["trace"].as_str().unwrap_or_default();
                    return Err(format!("INTERNAL {}", cause(&self.log, trace)));
                }
                "OVERLOADED" | "OUTCOME_UNKNOWN" => return Err(code.to_owned()),
                _ => {}
            }
        }
        Ok(())
    }
}

/// What the log says of a fault.
fn cause(log: &Path, trace: &str) -> String {
    let text = fs::read_to_string(log).unwrap();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let line = lines.into_iter().find(|line| line["level"] == "ERROR" && line["trace"] == trace);
    // what is quoted differs
    line.map_or("without a line in the log".to_owned(), |line| {
        let message = line["message"].as_str().unwrap_or_default();
        message.split('"').step_by(2).collect::<Vec<_>>().join("...").chars().take(300).collect()
    })
}

fn shortened(text: &str) -> String {
    let begin: String = text.chars().take(1_500).collect();
    if begin.len() < text.len() { format!("{begin}...") } else { begin }
}

async fn history(seed: u64, requests: usize, done: &mut Done, findings: &Findings) {
    let directory = Directory::new(&format!("fields-{seed}"));
    let database: Database = World::database().await;
    let key = make_key(&database, "all", SCOPES, None).await;
    let mut command = jifen(&["serve", "--log-format", "json"]);
    command.env("DATABASE_URL", database.url()).env("JIFEN_DEV_KEY", "a-key-to-develop-with").env("JIFEN_LOG", "warn");
    command.envs(tokens::environment(Algorithm::EdDSA));
    let serving = Serving::start(command, &directory.0);
    let log = directory.0.join("stderr");
    let gateway = serving.gateway().with_key(&key);
    let schema = Arc::new(Schema::read(&gateway).await);
    let mut senders = JoinSet::new();
    for number in 0..SENDERS {
        let client = database.client().await;
        let sender = Sender {
            gateway: gateway.clone(),
            member: (number % 2 == 1).then(|| (Signer::new(Algorithm::EdDSA), ["amy", "ben"][number / 2 % 2])),
            schema: schema.clone(),
            world: World::of(&client).await,
            client,
            random: Random::new(seed * SENDERS as u64 + number as u64),
            done: Done::default(),
            findings: findings.clone(),
            log: log.clone(),
        };
        senders.spawn(sender.send(requests / SENDERS));
    }
    for fields in senders.join_all().await {
        done.add(fields);
    }
    assert_eq!(serving.stop("TERM").code(), Some(0));
    let log = fs::read_to_string(log).unwrap();
    for line in log.lines().filter(|line| line.contains("panicked")) {
        let what = ("the log".to_owned(), shortened(line));
        findings.lock().unwrap().entry(what).or_insert((0, format!("seed {seed}"))).0 += 1;
    }
    let client = database.client().await;
    for (job, failure) in failing_jobs(&client).await {
        findings.lock().unwrap().entry((format!("job {job}"), failure)).or_insert((0, format!("seed {seed}"))).0 += 1;
    }
    assert_reconciled(&client).await;
}

async fn check(histories: u32, requests: usize) {
    let (mut done, findings) = (Done::default(), Findings::default());
    for seed in seeds(histories) {
        history(seed, requests, &mut done, &findings).await;
    }
    done.report("fields answered data");
    let findings = findings.lock().unwrap();
    for ((field, what), (count, example)) in findings.iter() {
        println!("{count} times {field}: {what}\n    {example}");
    }
    assert!(done.len() >= DONE, "only {} fields answered data", done.len());
    assert!(findings.is_empty(), "{} kinds of answers that are none", findings.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_answers_data_or_a_refusal() {
    check(1, REQUESTS).await;
}

/// As many histories as JIFEN_HISTORIES says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long"]
async fn every_field_answers_data_or_a_refusal_at_length() {
    check(MANY, REQUESTS).await;
}
