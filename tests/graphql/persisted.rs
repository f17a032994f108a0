//! Documents that are named by their hash, and lists of the only ones that are taken.

use std::{fs, path::PathBuf};

use jifen::{config::Exposure, database, server};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Gateway, code, only_error, socket::Socket, until};
use crate::{common::Database, process::Directory};

const ACCOUNT: &str = "query ($user: ID!) { account(userId: $user) { userId } }";
const LIVE: &str = r#"subscription { balanceChanged(userId: "dora") { version } }"#;

fn hash(document: &str) -> String {
    Sha256::digest(document).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn named(document: &str) -> Value {
    json!({ "persistedQuery": { "version": 1, "sha256Hash": hash(document) } })
}

impl Gateway {
    async fn post(&self, body: Value) -> Value {
        let request = self.http.post(format!("http://{}/graphql", self.address)).bearer_auth(&self.key).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }

    async fn post_named(&self, query: Option<&str>, extensions: Value) -> Value {
        let mut body = json!({ "variables": { "user": "dora" }, "extensions": extensions });
        if let Some(query) = query {
            body["query"] = json!(query);
        }
        self.post(body).await
    }

    /// The first server-sent event in answer to this.
    async fn first_event(&self, body: Value) -> Value {
        let request = self.http.post(format!("http://{}/graphql", self.address)).bearer_auth(&self.key);
        let mut response = request.header("accept", "text/event-stream").json(&body).send().await.unwrap();
        let mut text = String::new();
        while !text.contains("\n\n") {
            text += std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap();
        }
        let data = text.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
        serde_json::from_str(data).unwrap()
    }
}

#[tokio::test]
async fn a_document_is_sent_once_and_named_from_then_on() {
    let (gateway, _database) = Gateway::new().await;
    let found = json!({ "data": { "account": { "userId": "dora" } } });
    gateway.sign_in("dora", "1").await.unwrap();

    // the way of Apollo's clients: by the hash, then with the document, then by the hash
    let error = only_error(gateway.post_named(None, named(ACCOUNT)).await).unwrap();
    assert_eq!(
        (code(&error), error["message"].as_str()),
        ("PERSISTED_QUERY_NOT_FOUND", Some("PersistedQueryNotFound"))
    );
    assert_eq!(gateway.post_named(Some(ACCOUNT), named(ACCOUNT)).await, found);
    for _ in 0..2 {
        assert_eq!(gateway.post_named(None, named(ACCOUNT)).await, found);
    }
    // what comes over a socket is found over HTTP, and the other way round
    let mut socket = Socket::of(&gateway).await;
    let ask = async |socket: &mut Socket, payload: Value| {
        socket.send(json!({ "id": "a", "type": "subscribe", "payload": payload })).await;
        socket.response("a").await
    };
    let by_hash = json!({ "extensions": named(ACCOUNT), "variables": { "user": "dora" } });
    assert_eq!(ask(&mut socket, by_hash).await, found);
    assert_eq!(socket.receive().await["type"], "complete");
    let refused = ask(&mut socket, json!({ "extensions": named(LIVE) })).await;
    assert_eq!(code(&refused["errors"][0]), "PERSISTED_QUERY_NOT_FOUND");
    assert_eq!(socket.receive().await["type"], "complete");
    let first = json!({ "data": { "balanceChanged": { "version": 1 } } });
    assert_eq!(ask(&mut socket, json!({ "query": LIVE, "extensions": named(LIVE) })).await, first);
    assert_eq!(gateway.first_event(json!({ "extensions": named(LIVE) })).await, first);
}

#[tokio::test]
async fn a_hash_gets_nobody_past_a_limit_or_a_right() {
    let (gateway, _database) = Gateway::new().await;
    for (query, extensions) in [
        (Some(ACCOUNT), named("another")),
        (Some(ACCOUNT), json!({ "persistedQuery": { "version": 2, "sha256Hash": hash(ACCOUNT) } })),
        (Some(ACCOUNT), json!({ "persistedQuery": { "version": 1, "sha256Hash": "abc" } })),
        (None, json!({ "persistedQuery": { "version": 1 } })),
        (None, json!({ "persistedQuery": 1 })),
        (None, json!({})),
    ] {
        let error = only_error(gateway.post_named(query, extensions.clone()).await).unwrap();
        assert_eq!(code(&error), "INVALID_INPUT", "{extensions}");
    }
    // the document is none, or too deep: refused each time, and never kept
    let broken = "{ account(";
    let deep = format!("{{ {}x{} }}", "a { ".repeat(120), " }".repeat(120));
    let twice = "{ a: __schema { description } b: __schema { description } }";
    for document in [broken, &deep, twice] {
        let error = only_error(gateway.post_named(Some(document), named(document)).await).unwrap();
        assert_eq!(code(&error), "INVALID_INPUT");
        let error = only_error(gateway.post_named(None, named(document)).await).unwrap();
        assert_eq!(code(&error), "PERSISTED_QUERY_NOT_FOUND");
    }
    // nobody without a credential has a place in memory, though the document itself is answered
    let public = "{ __typename }";
    let body = json!({ "query": public, "extensions": named(public) });
    let request = gateway.http.post(format!("http://{}/graphql", gateway.address)).json(&body);
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(answer, json!({ "data": { "__typename": "Query" } }));
    let error = only_error(gateway.post_named(None, named(public)).await).unwrap();
    assert_eq!(code(&error), "PERSISTED_QUERY_NOT_FOUND");
    // who names another's document needs the rights for it
    gateway.post_named(Some(ACCOUNT), named(ACCOUNT)).await;
    let body = json!({ "variables": { "user": "dora" }, "extensions": named(ACCOUNT) });
    let request = gateway.http.post(format!("http://{}/graphql", gateway.address)).json(&body);
    let error = only_error(request.send().await.unwrap().json().await.unwrap()).unwrap();
    assert_eq!(code(&error), "UNAUTHENTICATED");
}

struct Listed {
    gateway: Gateway,
    directory: Directory,
    _database: Database,
}

impl Listed {
    async fn new(name: &str, files: &[(&str, String)], path: &str) -> Listed {
        let directory = Directory::new(name);
        fs::create_dir(directory.0.join("more")).unwrap();
        for (file, text) in files {
            fs::write(directory.0.join(file), text).unwrap();
        }
        let (first, database) = Gateway::new().await;
        first.sign_in("dora", "1").await.unwrap();
        let exposure = Exposure { allowed_documents: Some(directory.0.join(path)), ..Exposure::default() };
        let (gateway, stop) = Gateway::with(&database.url(), &first.key, None, &exposure).await;
        std::mem::forget(stop);
        Listed { gateway, directory, _database: database }
    }
}

#[tokio::test]
async fn with_a_list_nothing_else_is_taken_whoever_asks() {
    let files = [
        ("account.graphql", format!("{ACCOUNT}\n")),
        ("more/live.gql", LIVE.to_owned()),
        ("more/deep.graphql", format!("{{ {}x{} }}", "a { ".repeat(30), " }".repeat(30))),
        ("more/notes.txt", "{ __typename }".to_owned()),
    ];
    let Listed { gateway, directory, _database } = Listed::new("allowed", &files, "").await;
    let found = json!({ "data": { "account": { "userId": "dora" } } });
    for (query, extensions) in [
        (Some(ACCOUNT), json!({})),
        (Some(&*format!("  {ACCOUNT}\n")), json!({})),
        (Some(ACCOUNT), named(ACCOUNT)),
        (None, named(ACCOUNT)),
        (None, named(&format!("{ACCOUNT}\n"))),
    ] {
        assert_eq!(gateway.post_named(query, extensions).await, found, "{query:?}");
    }
    let others = [
        "{ __typename }",
        "{ __schema { queryType { name } } }",
        "query ($user: ID!) { account(userId: $user) { version } }",
        "{ account(",
        "",
    ];
    for other in others {
        let error = only_error(gateway.post_named(Some(other), json!({})).await).unwrap();
        assert_eq!(
            (code(&error), &error["extensions"]["retryable"]),
            ("DOCUMENT_NOT_ALLOWED", &json!(false)),
            "{other}"
        );
        // nor by the protocol for documents that are kept
        for query in [Some(other), None] {
            let error = only_error(gateway.post_named(query, named(other)).await).unwrap();
            assert_eq!(code(&error), "DOCUMENT_NOT_ALLOWED", "{other}");
        }
    }
    // a list lifts no limit
    let error = only_error(gateway.post_named(Some(&files[2].1), json!({})).await).unwrap();
    assert_eq!(code(&error), "INVALID_INPUT");

    // mutations are documents, too, and a key for all is no exception
    let error = gateway.sign_in("dora", "2").await.unwrap_err();
    assert_eq!(code(&error), "DOCUMENT_NOT_ALLOWED");
    let mut socket = Socket::of(&gateway).await;
    socket.subscribe("a", "{ __typename }").await;
    assert_eq!(code(&socket.response("a").await["errors"][0]), "DOCUMENT_NOT_ALLOWED");
    assert_eq!(socket.receive().await["type"], "complete");
    let first = json!({ "data": { "balanceChanged": { "version": 1 } } });
    socket.subscribe("b", LIVE).await;
    assert_eq!(socket.response("b").await, first);
    assert_eq!(gateway.first_event(json!({ "extensions": named(LIVE) })).await, first);
    let refused = gateway.first_event(json!({ "query": "{ __typename }" })).await;
    assert_eq!(code(&refused["errors"][0]), "DOCUMENT_NOT_ALLOWED");
    for path in ["/", "/graphiql/page.js"] {
        let response = gateway.http.get(format!("http://{}{path}", gateway.address)).send().await.unwrap();
        assert_eq!(response.status(), 404);
    }

    // the list is followed; one that can't be used changes nothing
    fs::write(directory.0.join("broken.graphql"), "{").unwrap();
    fs::write(directory.0.join("typename.graphql"), "{ __typename }").unwrap();
    tokio::time::sleep(2 * jifen::persisted::RELOAD).await;
    let error = only_error(gateway.post_named(Some("{ __typename }"), json!({})).await).unwrap();
    assert_eq!(code(&error), "DOCUMENT_NOT_ALLOWED");
    fs::remove_file(directory.0.join("broken.graphql")).unwrap();
    fs::remove_file(directory.0.join("account.graphql")).unwrap();
    until("the list is read again", async || {
        gateway.post_named(Some("{ __typename }"), json!({})).await["data"].is_object()
    })
    .await;
    let error = only_error(gateway.post_named(None, named(ACCOUNT)).await).unwrap();
    assert_eq!(code(&error), "DOCUMENT_NOT_ALLOWED");
}

#[tokio::test]
async fn a_list_may_be_a_map_of_hashes() {
    let map = json!({ hash(ACCOUNT): ACCOUNT, hash(LIVE): LIVE });
    let listed = Listed::new("allowed-map", &[("list.json", map.to_string())], "list.json").await;
    let found = json!({ "data": { "account": { "userId": "dora" } } });
    assert_eq!(listed.gateway.post_named(None, named(ACCOUNT)).await, found);
    assert_eq!(listed.gateway.post_named(Some(ACCOUNT), json!({})).await, found);
}

#[tokio::test]
async fn a_list_that_can_t_be_used_is_refused_at_the_start() {
    let directory = Directory::new("allowed-bad");
    let database = Database::new().await;
    let mut say = Vec::new();
    for (file, text) in [
        ("a.graphql", "{ account(".to_owned()),
        ("b.json", "[]".to_owned()),
        ("c.json", json!({ hash("other"): ACCOUNT }).to_string()),
        ("d.json", "{}".to_owned()),
        ("e.graphql", "{ a: __schema { description } b: __schema { description } }".to_owned()),
    ] {
        let path: PathBuf = directory.0.join(file);
        fs::write(&path, text).unwrap();
        say.push(path);
    }
    say.push(directory.0.join("absent"));
    let config = database::parse_url(&database.url()).unwrap();
    let mut told = Vec::new();
    for path in say {
        let exposure = Exposure { allowed_documents: Some(path), ..Exposure::default() };
        told.push(server::router(&config, None, &exposure).await.err().unwrap().to_string());
    }
    for (told, words) in told.iter().zip([
        "a.graphql has a document that does not parse",
        "b.json is no JSON map of hashes to documents",
        "is not the SHA-256 of its document",
        "the list of allowed documents is empty",
        "asks for __schema or __type more than once",
        "absent: No such file",
    ]) {
        assert!(told.starts_with("--allowed-documents: ") && told.contains(words), "{told}");
    }
}
