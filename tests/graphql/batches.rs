//! Batches end to end: submitted and uploaded over HTTP, carried out through the lanes, followed over a WebSocket, and
//! downloaded.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_postgres::Client;

use super::{Gateway, code, hold_up, make_key, members, socket::Socket, tokens::with_members, until, until_held_up};
use crate::{common::Random, database::assert_laws};

const SUBMIT: &str =
    "mutation($input: SubmitOperationsInput!) { submitOperations(input: $input) { replayed batch { ticket size } } }";
const BATCH: &str = "query($ticket: ID!) { batch(ticket: $ticket) {
    ticket client idempotencyKey label state size waiting done refused failed queuedAt startedAt doneAt attempts } }";

fn earn(user: &str, key: &str) -> Value {
    json!({ "earn": { "userId": user, "rule": "SIGN_IN", "idempotencyKey": key } })
}

impl Gateway {
    /// Submits operations; the ticket.
    pub async fn submit(&self, key: &str, operations: &[Value]) -> String {
        let input = json!({ "operations": operations, "idempotencyKey": key });
        let data = self.ask(SUBMIT, json!({ "input": input })).await;
        assert_eq!(data["submitOperations"]["batch"]["size"], operations.len());
        data["submitOperations"]["batch"]["ticket"].as_str().unwrap().to_owned()
    }

    pub async fn batch(&self, ticket: &str) -> Value {
        self.ask(BATCH, json!({ "ticket": ticket })).await["batch"].take()
    }

    pub async fn until_done(&self, ticket: &str) -> Value {
        until("the batch is done", async || self.batch(ticket).await["state"] == "DONE").await;
        self.batch(ticket).await
    }

    async fn upload(&self, key: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
        let request = self
            .http
            .post(format!("http://{}/batches?label=orders", self.address))
            .bearer_auth(&self.key)
            .header("content-type", "text/csv")
            .header("idempotency-key", key)
            .body(body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    async fn download(&self, file: &str) -> (u16, String) {
        let request = self.http.get(format!("http://{}/batches/{file}", self.address)).bearer_auth(&self.key);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }
}

fn counts(batch: &Value) -> [i64; 5] {
    ["size", "waiting", "done", "refused", "failed"].map(|name| batch[name].as_i64().unwrap())
}

async fn count(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.unwrap().get(0)
}

/// What a history of operations comes to, computed apart from Jifen: balances, and for each row its state and points.
#[derive(Default)]
struct Model {
    available: BTreeMap<String, i64>,
    rows: Vec<(String, &'static str, Option<i64>)>,
}

impl Model {
    fn operation(&mut self, random: &mut Random, key: String) -> Value {
        let user = format!("m{}", random.of(0..40));
        let balance = self.available.entry(user.clone()).or_default();
        let points = random.of(1..30);
        let (operation, outcome) = match random.of(0..3) {
            0 => {
                *balance += 5;
                (earn(&user, &key), Ok(5))
            }
            1 if *balance >= points => {
                *balance -= points;
                (json!({ "spend": { "userId": user, "points": points, "idempotencyKey": key } }), Ok(points))
            }
            1 => (json!({ "spend": { "userId": user, "points": points, "idempotencyKey": key } }), Err(())),
            _ => {
                *balance += points;
                let input =
                    json!({ "userId": user, "points": points, "idempotencyKey": key, "reason": "r", "actor": "a" });
                (json!({ "adjust": input }), Ok(points))
            }
        };
        self.rows.push(match outcome {
            Ok(points) => (key, "done", Some(points)),
            Err(()) => (key, "refused", None),
        });
        operation
    }

    /// As GET /batches/TICKET.csv tells it, but for operation_id and message.
    fn table(&self) -> Vec<String> {
        let row = |(place, (key, state, points)): (usize, &(String, &str, Option<i64>))| {
            let points = points.map(|points| points.to_string()).unwrap_or_default();
            let code = if *state == "refused" { "INSUFFICIENT_POINTS" } else { "" };
            format!("{},{key},{state},{points},{code}", place + 1)
        };
        self.rows.iter().enumerate().map(row).collect()
    }
}

#[tokio::test]
async fn every_row_is_carried_out_once_and_in_order() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    let (mut random, mut model) = (Random::new(1), Model::default());
    let operations: Vec<Value> = (0..1700).map(|number| model.operation(&mut random, format!("k{number}"))).collect();
    let ticket = gateway.submit("a", &operations).await;
    let done = gateway.until_done(&ticket).await;
    let refused = model.rows.iter().filter(|(_, state, _)| *state == "refused").count() as i64;
    assert_eq!(counts(&done), [1700, 0, 1700 - refused, refused, 0]);
    assert!(refused > 50);

    for (user, available) in &model.available {
        let sql = "select coalesce(sum(available), 0)::bigint from api.account where user_id = $1";
        assert_eq!(client.query_one(sql, &[user]).await.unwrap().get::<_, i64>(0), *available, "{user}");
    }
    let stored =
        "select count(*) from points.operation o join points.client c on c.id = o.client_id where c.name = 'test'";
    assert_eq!(count(&client, stored).await, 1700);
    let (status, table) = gateway.download(&format!("{ticket}.csv")).await;
    let mut lines = table.lines();
    assert_eq!((status, lines.next()), (200, Some("number,idempotency_key,state,points,operation_id,code,message")));
    let told: Vec<String> = lines
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            [&fields[..4], &fields[5..6]].concat().join(",")
        })
        .collect();
    assert_eq!(told, model.table());

    // the same again is the same batch, and under another key replays of each
    assert_eq!(gateway.submit("a", &operations).await, ticket);
    let again = gateway.submit("b", &operations).await;
    assert_eq!(counts(&gateway.until_done(&again).await), counts(&done));
    assert_eq!(count(&client, stored).await, 1700);
    assert_laws(&client).await;
}

#[tokio::test]
async fn progress_begins_with_the_present_state_and_ends_when_it_is_done() {
    let (gateway, database) = Gateway::new().await;
    let (client, mut blocker) = (database.client().await, database.client().await);
    let user = &members(3, 1)[0];
    gateway.sign_in(user, "first").await.unwrap();
    hold_up(&mut blocker, user).await;
    let operations: Vec<Value> = (0..3).map(|number| earn(user, &format!("k{number}"))).collect();
    let ticket = gateway.submit("a", &operations).await;
    until_held_up(&client).await;
    let subscription = format!("subscription {{ batchProgress(ticket: \"{ticket}\") {{ state waiting done }} }}");
    let mut socket = Socket::with(&gateway, &subscription).await;
    let first = socket.response("s").await["data"]["batchProgress"].take();
    assert_eq!(first, json!({ "state": "RUNNING", "waiting": 3, "done": 0 }));
    blocker.batch_execute("rollback").await.unwrap();
    let mut last = Value::Null;
    let ended = loop {
        let message = socket.receive().await;
        if message["type"] != "next" {
            break message;
        }
        last = message["payload"]["data"]["batchProgress"].clone();
    };
    assert_eq!(ended, json!({ "id": "s", "type": "complete" }));
    assert_eq!(last, json!({ "state": "DONE", "waiting": 0, "done": 3 }));
    // of what is done already, or is not there
    for (ticket, told) in
        [(ticket.as_str(), json!({ "state": "DONE" })), ("00000000-0000-4000-8000-000000000001", Value::Null)]
    {
        let subscription = format!("subscription {{ batchProgress(ticket: \"{ticket}\") {{ state }} }}");
        let mut socket = Socket::with(&gateway, &subscription).await;
        assert_eq!(socket.response("s").await["data"]["batchProgress"], told);
        assert_eq!(socket.receive().await["type"], "complete");
    }
}

#[tokio::test]
async fn a_batch_is_its_clients_and_the_auditors() {
    let (gateway, database, signer) = with_members().await;
    let [shop, other, auditor] =
        ["shop", "other", "auditor"].map(|name| (name, if name == "auditor" { "audit" } else { "earn" }));
    let mut keys = Vec::new();
    for (name, scope) in [shop, other, auditor] {
        keys.push(gateway.with_key(&make_key(&database, name, &[scope], None).await));
    }
    let ticket = keys[0].submit("a", &[earn("dora", "k")]).await;
    let done = keys[0].until_done(&ticket).await;
    assert_eq!((&done["client"], &done["idempotencyKey"], &done["label"]), (&json!("shop"), &json!("a"), &Value::Null));
    assert_eq!(keys[2].batch(&ticket).await, done);
    assert_eq!(keys[1].batch(&ticket).await, Value::Null);
    assert_eq!(keys[1].download(&format!("{ticket}.csv")).await.0, 404);
    assert_eq!(keys[2].download(&format!("{ticket}.csv")).await.0, 200);
    // one that is kept to some wallets sees its own
    let key = make_key(&database, "of-coins", &["audit"], None).await;
    let keep = "update points.client set wallets = '{coins}' where name = 'of-coins'";
    database.client().await.batch_execute(keep).await.unwrap();
    assert_eq!(gateway.with_key(&key).batch(&ticket).await, Value::Null);
    let subscription = format!("subscription {{ batchProgress(ticket: \"{ticket}\") {{ state }} }}");
    assert_eq!(Socket::with(&keys[1], &subscription).await.response("s").await["data"]["batchProgress"], Value::Null);

    let member = gateway.with_key(&signer.of("dora"));
    let refused =
        member.refused(SUBMIT, json!({ "input": { "operations": [earn("dora", "m")], "idempotencyKey": "a" } })).await;
    assert_eq!(code(&refused), "FORBIDDEN");
    assert_eq!(code(&member.refused(BATCH, json!({ "ticket": ticket })).await), "FORBIDDEN");
    assert_eq!(member.download(&format!("{ticket}.csv")).await.0, 403);
    assert_eq!(member.upload("a", "kind").await.0, 403);
    let nobody = gateway.with_key("jf_unknown");
    assert_eq!(nobody.download(&format!("{ticket}.csv")).await.0, 401);
    assert_eq!(nobody.upload("a", "kind").await.0, 401);

    // the operations are the client's
    let refused = keys[0]
        .refused(
            SUBMIT,
            json!({ "input": { "idempotencyKey": "b", "operations": [
        earn("dora", "k2"), { "spend": { "userId": "dora", "points": 1, "idempotencyKey": "k3" } }] } }),
        )
        .await;
    assert_eq!((code(&refused), &refused["extensions"]["details"]["row"]), ("FORBIDDEN", &json!(2)));
    let client = database.client().await;
    let asked = "select c.name from points.operation o join points.client c on c.id = o.client_id where o.idempotency_key = 'k'";
    assert_eq!(client.query_one(asked, &[]).await.unwrap().get::<_, &str>(0), "shop");
}

#[tokio::test]
async fn what_is_wrong_with_a_submission_says_which_operation_it_is() {
    let (gateway, database) = Gateway::new().await;
    let submit = async |operations: Value| {
        let input = json!({ "operations": operations, "idempotencyKey": "a" });
        gateway.refused(SUBMIT, json!({ "input": input })).await["extensions"].take()
    };
    let bad = json!({ "earn": { "userId": "", "rule": "SIGN_IN", "idempotencyKey": "k" } });
    let error = submit(json!([earn("dora", "k"), bad])).await;
    assert_eq!(
        (&error["code"], &error["path"]),
        (&json!("INVALID_INPUT"), &json!(["input", "operations", "1", "earn", "userId"]))
    );
    let error = submit(json!([earn("dora", "a\0b")])).await;
    assert_eq!(error["path"], json!(["input", "operations", "0", "earn", "idempotencyKey"]));
    for (operations, path) in [
        (json!([]), json!(["input", "operations"])),
        (json!(vec![earn("d", "k"); 5001]), json!(["input", "operations"])),
    ] {
        let error = submit(operations).await;
        assert_eq!((&error["code"], &error["path"]), (&json!("INVALID_INPUT"), &path));
    }
    assert_eq!(submit(json!([{}])).await["code"], "INVALID_INPUT");
    let two =
        json!([{ "earn": earn("dora", "k")["earn"], "spend": { "userId": "d", "points": 1, "idempotencyKey": "k" } }]);
    assert_eq!(submit(two).await["code"], "INVALID_INPUT");
    let client = database.client().await;
    assert_eq!(count(&client, "select count(*) from points.batch").await, 0);
    gateway.submit("a", &[earn("dora", "k")]).await;
    assert_eq!(submit(json!([earn("dora", "k2")])).await["code"], "IDEMPOTENCY_CONFLICT");
    let refused = gateway.refused(BATCH, json!({ "ticket": "x" })).await;
    assert_eq!(code(&refused), "INVALID_INPUT");
}

#[tokio::test]
async fn intake_beyond_what_may_wait_is_refused_and_taken_when_there_is_room() {
    let (gateway, database) = Gateway::new().await;
    let (client, mut blocker) = (database.client().await, database.client().await);
    client.batch_execute("select api.set_batches(5, 5, 7)").await.unwrap();
    let user = &members(3, 1)[0];
    gateway.sign_in(user, "first").await.unwrap();
    hold_up(&mut blocker, user).await;
    let operations: Vec<Value> = (0..4).map(|number| earn(user, &format!("k{number}"))).collect();
    let first = gateway.submit("a", &operations).await;
    let more: Vec<Value> = (4..8).map(|number| earn(user, &format!("k{number}"))).collect();
    let input = json!({ "input": { "operations": more, "idempotencyKey": "b" } });
    let refused = gateway.refused(SUBMIT, input).await;
    assert_eq!((code(&refused), &refused["extensions"]["retryable"]), ("OVERLOADED", &json!(true)));
    assert_eq!(
        refused["extensions"]["details"],
        json!({ "waiting": 4, "limit": 5, "waitingOfAll": 4, "limitOfAll": 5 })
    );
    let table = "kind,user_id,idempotency_key,rule\nearn,d,1,SIGN_IN\nearn,d,2,SIGN_IN\n";
    let (status, answer) = gateway.upload("c", table).await;
    assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (503, &json!("OVERLOADED")));
    assert_eq!(count(&client, "select count(*) from points.batch").await, 1);
    blocker.batch_execute("rollback").await.unwrap();
    gateway.until_done(&first).await;
    let second = gateway.submit("b", &more).await;
    assert_eq!(counts(&gateway.until_done(&second).await), [4, 0, 4, 0, 0]);
}

#[tokio::test]
async fn a_poisoned_row_is_set_aside_alone_with_its_reason() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    let users = members(5, 40);
    for user in &users {
        gateway.sign_in(user, "earned").await.unwrap();
    }
    // its points are there and the lots that they came in are not: LP901
    let delete = "delete from points.lot l using points.account a
        where (a.bucket, a.id) = (l.bucket, l.account_id) and a.user_id = $1";
    assert_eq!(client.execute(delete, &[&users[20]]).await.unwrap(), 1);
    let spend = |user: &String| json!({ "spend": { "userId": user, "points": 2, "idempotencyKey": "spent" } });
    let ticket = gateway.submit("a", &users.iter().map(spend).collect::<Vec<_>>()).await;
    let done = gateway.until_done(&ticket).await;
    assert_eq!(counts(&done), [40, 0, 39, 0, 1]);
    let query = "query($ticket: ID!) { batch(ticket: $ticket) { rows(state: FAILED) { nodes {
        number idempotencyKey state code message points operationId details } } } }";
    let mut data = gateway.ask(query, json!({ "ticket": ticket })).await;
    let failed = data["batch"]["rows"]["nodes"].take();
    assert_eq!(failed.as_array().unwrap().len(), 1);
    assert_eq!(
        (&failed[0]["number"], &failed[0]["code"], &failed[0]["points"]),
        (&json!(21), &json!("INTERNAL"), &Value::Null)
    );
    assert!(failed[0]["details"]["trace"].is_string(), "{failed}");
    assert_eq!(count(&client, "select count(*) from points.operation where idempotency_key = 'spent'").await, 39);
}

#[tokio::test]
async fn rows_come_in_pages() {
    let (gateway, _database) = Gateway::new().await;
    let operations: Vec<Value> = (0..250).map(|number| earn("dora", &format!("k{number}"))).collect();
    let ticket = gateway.submit("a", &operations).await;
    gateway.until_done(&ticket).await;
    let query = "query($ticket: ID!, $first: Int, $after: String) { batch(ticket: $ticket) {
        rows(first: $first, after: $after) { pageInfo { hasNextPage endCursor } nodes { number points operationId } } } }";
    let (mut numbers, mut after) = (Vec::new(), Value::Null);
    loop {
        let mut data = gateway.ask(query, json!({ "ticket": ticket, "first": 100, "after": after })).await;
        let page = data["batch"]["rows"].take();
        numbers.extend(page["nodes"].as_array().unwrap().iter().map(|row| row["number"].as_i64().unwrap()));
        assert!(
            page["nodes"].as_array().unwrap().iter().all(|row| row["points"] == 5 && row["operationId"].is_string())
        );
        after = page["pageInfo"]["endCursor"].clone();
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
    }
    assert_eq!(numbers, (1..=250).collect::<Vec<_>>());
    for (first, after) in
        [(json!(101), Value::Null), (json!(-1), Value::Null), (Value::Null, json!("x")), (Value::Null, json!("-1"))]
    {
        let response = gateway.send(query, json!({ "ticket": ticket, "first": first, "after": after })).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "INVALID_INPUT");
    }
}

fn table(rows: impl Iterator<Item = usize>) -> String {
    let mut table = "user_id,kind,idempotency_key,rule,amount,occurred_at\n".to_owned();
    for row in rows {
        table += &format!("u{},earn,o{row},ORDER,10.50,2026-01-02T03:04:05Z\n", row % 100);
    }
    table
}

#[tokio::test]
async fn a_file_becomes_a_batch_and_comes_back_with_answers() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    let file = table(0..1234);
    let (status, answer) = gateway.upload("file-1", file.clone()).await;
    assert_eq!((status, &answer["replayed"]), (202, &json!(false)));
    let ticket = answer["ticket"].as_str().unwrap();
    let done = gateway.until_done(ticket).await;
    assert_eq!((counts(&done), &done["label"]), ([1234, 0, 1234, 0, 0], &json!("orders")));
    let orders = "select count(*) from points.operation where amount = 10.50 and occurred_at = '2026-01-02 03:04:05Z'";
    assert_eq!(count(&client, orders).await, 1234);
    assert_laws(&client).await;

    let (status, lines) = gateway.download(&format!("{ticket}.jsonl")).await;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((status, lines.len()), (200, 1234));
    for (place, line) in lines.iter().enumerate() {
        let expected = (json!(place + 1), json!(format!("o{place}")), json!("done"));
        assert_eq!((line["number"].clone(), line["idempotencyKey"].clone(), line["state"].clone()), expected);
    }
    for file in [format!("{ticket}.xml"), ticket.to_owned(), "x.csv".to_owned()] {
        assert_eq!(gateway.download(&file).await.0, 404, "{file}");
    }

    // the same file again is the same batch; another under its key is none
    assert_eq!(gateway.upload("file-1", file).await, (200, json!({ "ticket": ticket, "replayed": true })));
    let (status, answer) = gateway.upload("file-1", table(0..1233)).await;
    assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (409, &json!("IDEMPOTENCY_CONFLICT")));
    assert_eq!(count(&client, "select count(*) from points.batch").await, 1);
}

#[tokio::test]
async fn nothing_of_a_file_is_queued_unless_all_of_it_can_be() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    let bad = |line: &str| format!("{}{line}\n{}", table(0..700), table(700..1200).split_once('\n').unwrap().1);
    for (file, line, message) in [
        (bad("u1,earn,x,ORDER,ten,"), 702, "amount: must be a decimal number"),
        (bad("u1,earn,x"), 702, "row: has 3 fields, and the first line has 6"),
        (bad("u1,earn,x,ORDER,-1,"), 702, "row: amount: must be from 0"),
        (bad(",earn,x,ORDER,1,"), 702, "row: userId: must have 1 to 64 characters"),
        ("kind,user_id\n".to_owned(), 1, "idempotency_key: is missing"),
    ] {
        let (status, answer) = gateway.upload("file", file).await;
        let error = &answer["errors"][0];
        assert_eq!((status, &error["extensions"]["code"]), (400, &json!("INVALID_INPUT")), "{answer}");
        assert_eq!(error["extensions"]["details"]["line"], line, "{answer}");
        assert!(error["message"].as_str().unwrap().starts_with(&format!("line {line}: {message}")), "{answer}");
    }
    let (status, _) = gateway.upload("file", "kind,user_id,idempotency_key\n").await;
    assert_eq!(status, 400);
    let earner = gateway.with_key(&make_key(&database, "earner", &["earn"], Some(&["SIGN_IN"])).await);
    let (status, answer) = earner.upload("file", table(0..3)).await;
    assert_eq!((status, &answer["errors"][0]["extensions"]["details"]["line"]), (403, &json!(2)), "{answer}");

    // one that stops in the middle
    let request = format!(
        "POST /batches HTTP/1.1\r\nhost: jifen\r\nauthorization: Bearer {}\r\ncontent-type: text/csv\r\n\
         idempotency-key: file\r\ncontent-length: 1000000\r\n\r\n{}",
        gateway.key,
        table(0..900)
    );
    let mut connection = TcpStream::connect(gateway.address).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    let pieces = "select count(*) from points.batch_piece";
    until("a piece of it is stored", async || count(&client, pieces).await == 1).await;
    drop(connection);
    until("it is dropped", async || count(&client, pieces).await == 0).await;
    assert_eq!(count(&client, "select count(*) from points.batch").await, 0);
    assert_eq!(count(&client, "select coalesce(sum(waiting), 0)::bigint from points.batch_turn").await, 0);
    assert_eq!(count(&client, "select count(*) from points.operation where idempotency_key like 'o%'").await, 0);

    let url = format!("http://{}/batches", gateway.address);
    for (content_type, key) in [("text/csv", None), ("application/json", Some("k"))] {
        let mut request = gateway.http.post(&url).bearer_auth(&gateway.key).header("content-type", content_type);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        assert_eq!(request.body(table(0..1)).send().await.unwrap().status(), 400);
    }
}

#[tokio::test]
async fn live_requests_are_answered_while_a_large_batch_of_one_account_is_carried_out() {
    let (gateway, database) = Gateway::new().await;
    let operations: Vec<Value> = (0..4000).map(|number| earn("dora", &format!("k{number}"))).collect();
    let ticket = gateway.submit("a", &operations).await;
    let mut asked = 0;
    while gateway.batch(&ticket).await["state"] != "DONE" {
        // in the lane that the batch goes through
        gateway.sign_in("dora", &format!("live {asked}")).await.unwrap();
        asked += 1;
    }
    assert!(asked > 0);
    let available = gateway.available("dora").await;
    assert_eq!(available, 5 * (4000 + asked));
    assert_laws(&database.client().await).await;
}

#[tokio::test]
async fn a_small_batch_is_not_kept_waiting_by_another_clients_large_one() {
    let (gateway, database) = Gateway::new().await;
    let small = gateway.with_key(&make_key(&database, "small", &["earn"], None).await);
    let operations: Vec<Value> =
        (0..5000).map(|number| earn(&format!("u{}", number % 500), &format!("k{number}"))).collect();
    let large = gateway.submit("a", &operations).await;
    let ticket = small.submit("a", &[earn("dora", "k")]).await;
    small.until_done(&ticket).await;
    assert_eq!(counts(&gateway.until_done(&large).await), [5000, 0, 5000, 0, 0]);
    let client = database.client().await;
    let pieces = "select count(*) from points.batch_result r join points.batch b using (ticket)
        where b.size = 5000 and r.xmin::text::bigint > (
            select s.xmin::text::bigint from points.batch_result s join points.batch o using (ticket) where o.size = 1)";
    // of ten, one or two were under way before it came
    assert!(count(&client, pieces).await >= 5);
}

#[tokio::test]
async fn two_gateways_whose_backends_are_terminated_carry_each_row_out_once() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    let other =
        Gateway::over(&database.url(), &make_key(&database, "other", &["earn", "spend", "adjust"], None).await).await;
    let (mut random, mut models) = (Random::new(7), [Model::default(), Model::default()]);
    let mut tickets = Vec::new();
    for (place, (asker, prefix)) in [(&gateway, "a"), (&other, "b")].into_iter().enumerate() {
        // each has members of its own, whose order is that of one batch
        let operations: Vec<Value> = (0..1300)
            .map(|number| {
                let mut operation = models[place].operation(&mut random, format!("{prefix}{number}"));
                let input = operation.as_object_mut().unwrap().values_mut().next().unwrap();
                input["userId"] = json!(format!("{prefix}-{}", input["userId"].as_str().unwrap()));
                operation
            })
            .filter(|operation| operation.get("spend").is_none())
            .collect();
        tickets.push((asker, asker.submit("batch", &operations).await, operations.len() as i64));
    }
    let terminate = "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and query ~ 'api.(execute|take_rows|put_rows)'";
    let mut terminated = 0;
    for _ in 0..6 {
        terminated += count(&client, terminate).await;
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    }
    assert!(terminated > 0);
    // what was taken and will not be answered, as if a minute had passed
    client.batch_execute("update points.batch set due_at = queued_at where due_at is not null").await.unwrap();
    for (asker, ticket, size) in tickets {
        assert_eq!(counts(&asker.until_done(&ticket).await), [size, 0, size, 0, 0]);
        let rows =
            "select count(distinct r.number) from api.batch_rows($1::text::uuid, 0, 5000) r where r.state = 'done'";
        assert_eq!(client.query_one(rows, &[&ticket]).await.unwrap().get::<_, i64>(0), size);
        let stored = "select count(*) from points.operation o join points.batch b using (client_id) where b.ticket = $1::text::uuid";
        assert_eq!(client.query_one(stored, &[&ticket]).await.unwrap().get::<_, i64>(0), size);
    }
    assert_laws(&client).await;
}
