//! Each code of [`CODES`] in an answer over HTTP. INVALID_INPUT has `inputs.rs`, OUTCOME_UNKNOWN and OVERLOADED have
//! `lanes.rs` as well.

use jifen::{database, error::CODES};
use serde_json::{Value, json};

use super::{Gateway, code, make_key, until};
use crate::common::Database;

const ALICE: &str = r#"{ account(userId: "alice") { version } }"#;

#[tokio::test]
async fn the_code_says_whether_a_retry_may_help_and_the_message_what_to_do() {
    let (gateway, _database) = Gateway::new().await;
    let error =
        gateway.mutate("earnPoints", json!({ "userId": "d", "rule": "X", "idempotencyKey": "1" })).await.unwrap_err();
    let (_, retryable, message) = CODES.iter().find(|(code, ..)| *code == "UNKNOWN_RULE").unwrap();
    assert_eq!(error["message"], *message);
    assert_eq!(
        error["extensions"],
        json!({ "code": "UNKNOWN_RULE", "retryable": retryable, "details": { "rule": "X" } })
    );
    assert_eq!(error["path"], json!(["earnPoints"]));
}

#[tokio::test]
async fn a_rule_without_a_version_in_force_is_unknown() {
    let (gateway, database) = Gateway::new().await;
    database
        .client()
        .await
        .batch_execute(
            "select api.create_rule('NEW', 'From 2190 on');
             select api.create_rule_version('NEW', 'fixed', p_fixed_points => 1, p_starts_at => '2190-01-01')",
        )
        .await
        .unwrap();
    let input = json!({ "userId": "dora", "rule": "NEW", "idempotencyKey": "1" });
    assert_eq!(code(&gateway.mutate("earnPoints", input).await.unwrap_err()), "UNKNOWN_RULE");
}

#[tokio::test]
async fn a_key_used_for_another_request_is_a_conflict() {
    let (gateway, _database) = Gateway::new().await;
    gateway.sign_in("dora", "1").await.unwrap();
    for (field, input) in [
        ("earnPoints", json!({ "userId": "dora", "rule": "REGISTER", "idempotencyKey": "1" })),
        ("earnPoints", json!({ "userId": "dora", "rule": "SIGN_IN", "idempotencyKey": "1", "metadata": {} })),
        ("spendPoints", json!({ "userId": "dora", "points": 5, "idempotencyKey": "1" })),
    ] {
        let error = gateway.mutate(field, input).await.unwrap_err();
        assert_eq!(code(&error), "IDEMPOTENCY_CONFLICT");
        assert_eq!(error["extensions"]["retryable"], false);
    }
    assert_eq!(gateway.available("dora").await, 5);
}

#[tokio::test]
async fn an_account_holds_no_more_points_than_javascript_can_count() {
    let (gateway, _database) = Gateway::new().await;
    gateway.grant("dora", 9_007_199_254_740_991, "1", None).await;
    let error = gateway.sign_in("dora", "2").await.unwrap_err();
    assert_eq!(code(&error), "LIMIT_REACHED");
    assert_eq!(
        error["extensions"]["details"],
        json!({ "limit": "points of an account", "maximum": 9_007_199_254_740_991_i64 })
    );
}

#[tokio::test]
async fn without_a_valid_key_nothing_is_answered() {
    let (gateway, database) = Gateway::new().await;
    let send = async |authorization: Option<&str>| {
        let request = gateway.http.post(format!("http://{}/graphql", gateway.address)).json(&json!({ "query": ALICE }));
        let request = match authorization {
            Some(authorization) => request.header("authorization", authorization),
            None => request,
        };
        request.send().await.unwrap().json::<Value>().await.unwrap()
    };
    for authorization in [
        None,
        Some("Bearer jf_unknown_key"),
        Some("Bearer "),
        Some("Bearer"),
        Some(gateway.key.as_str()),
        Some("Basic YTpi"),
    ] {
        let response = send(authorization).await;
        assert_eq!(response["data"], json!(null));
        assert_eq!(code(&response["errors"][0]), "UNAUTHENTICATED", "{authorization:?}");
        assert!(response["errors"][0]["message"].as_str().unwrap().contains("Authorization: Bearer KEY"));
    }
    // the scheme's name has no case
    assert_eq!(send(Some(&format!("bearer {}", gateway.key))).await["data"]["account"]["version"], 4);

    let input = json!({ "userId": "dora", "rule": "SIGN_IN", "idempotencyKey": "1" });
    assert_eq!(
        code(&gateway.with_key("jf_unknown_key").mutate("earnPoints", input).await.unwrap_err()),
        "UNAUTHENTICATED"
    );
    let accounts = "select count(*) from points.account where user_id = 'dora'";
    assert_eq!(database.client().await.query_one(accounts, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn a_revoked_key_writes_nothing_at_once_and_reads_nothing_soon() {
    let (gateway, database) = Gateway::new().await;
    gateway.sign_in("dora", "1").await.unwrap();
    let client = database.client().await;
    assert!(client.query_one("select api.revoke_client('test')", &[]).await.unwrap().get::<_, bool>(0));
    let refused = gateway.sign_in("dora", "2").await.unwrap_err();
    assert!(["FORBIDDEN", "UNAUTHENTICATED"].contains(&code(&refused)), "{refused}");
    until("the key is forgotten", async || {
        let response = gateway.send(ALICE, json!({})).await;
        response["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    })
    .await;
    // and another key of the same client does not bring the old one back
    let again = "select api.create_client('test', sha256('another'), '{read}', p_replace => true)";
    client.query_one(again, &[]).await.unwrap();
    assert_eq!(code(&gateway.refused(ALICE, json!({})).await), "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_client_may_do_what_its_scopes_say() {
    let (gateway, database) = Gateway::new().await;
    let operations = [
        ("earn", "earnPoints", json!({ "userId": "alice", "rule": "SIGN_IN", "idempotencyKey": "1" })),
        ("spend", "spendPoints", json!({ "userId": "alice", "points": 1, "idempotencyKey": "2" })),
        (
            "adjust",
            "adjustPoints",
            json!({ "userId": "alice", "points": 1, "idempotencyKey": "3", "reason": "r", "actor": "a" }),
        ),
    ];
    for held in ["earn", "spend", "adjust", "read"] {
        let client = gateway.with_key(&make_key(&database, &format!("may {held}"), &[held], None).await);
        for (scope, field, input) in &operations {
            match client.mutate(field, input.clone()).await {
                Ok(_) => assert_eq!(*scope, held),
                Err(error) => {
                    assert_ne!(*scope, held);
                    assert_eq!(code(&error), "FORBIDDEN");
                    assert_eq!(
                        error["extensions"]["details"],
                        json!({ "scope": scope, "rule": input["rule"], "wallet": null })
                    );
                }
            }
        }
        for query in [ALICE, r#"{ operation(userId: "alice", idempotencyKey: "1") { points } }"#] {
            match held {
                "read" => assert!(client.ask(query, json!({})).await.is_object()),
                _ => {
                    let error = client.refused_nullable(query).await;
                    assert_eq!(code(&error), "FORBIDDEN");
                    assert_eq!(error["extensions"]["details"], json!({ "scope": "read" }));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_client_may_earn_by_its_rules_alone() {
    let (gateway, database) = Gateway::new().await;
    let client = gateway.with_key(&make_key(&database, "signer", &["earn"], Some(&["SIGN_IN"])).await);
    client.sign_in("dora", "1").await.unwrap();
    let input = json!({ "userId": "dora", "rule": "REGISTER", "idempotencyKey": "2" });
    let error = client.mutate("earnPoints", input).await.unwrap_err();
    assert_eq!(code(&error), "FORBIDDEN");
    assert_eq!(error["extensions"]["details"], json!({ "scope": "earn", "rule": "REGISTER", "wallet": null }));
}

#[tokio::test]
async fn a_fault_of_ours_shows_a_trace_id_and_nothing_of_its_cause() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    client.batch_execute("alter table points.entry rename to hidden; alter view api.lot rename to gone").await.unwrap();
    let written = gateway.sign_in("dora", "1").await.unwrap_err();
    let read = gateway.refused_nullable(r#"{ account(userId: "alice") { lots { nodes { granted } } } }"#).await;
    for error in [written, read] {
        assert_eq!(error["message"], "Something is wrong in Jifen. Give the operator the trace id.");
        let extensions = error["extensions"].as_object().unwrap();
        assert_eq!(extensions.keys().collect::<Vec<_>>(), ["code", "details", "retryable"]);
        assert_eq!(extensions["code"], "INTERNAL");
        assert_eq!(extensions["retryable"], false);
        let trace = extensions["details"]["trace"].as_str().unwrap();
        assert!(uuid::Uuid::parse_str(trace).is_ok(), "{trace}");
        assert_eq!(extensions["details"].as_object().unwrap().len(), 1);
    }
    // nothing is stored under the key, so that it works when the fault is mended
    client.batch_execute("alter table points.hidden rename to entry; alter view api.gone rename to lot").await.unwrap();
    assert_eq!(gateway.sign_in("dora", "1").await.unwrap()["replayed"], false);
}

#[tokio::test]
async fn reads_are_told_to_come_again_while_the_database_is_away() {
    let (gateway, database) = Gateway::new().await;
    gateway.ask(ALICE, json!({})).await;
    // from another database: nobody can close the one that he is in
    let config = database::parse_url(&database.url()).unwrap();
    let name = config.get_dbname().unwrap().to_owned();
    let mut beside = config.clone();
    beside.dbname("postgres");
    let client = database::connect(&beside).await.unwrap();
    client.batch_execute(&format!("alter database {name} allow_connections false")).await.unwrap();
    let terminate = "select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = $1";
    client.execute(terminate, &[&name]).await.unwrap();
    let mut codes = Vec::new();
    for _ in 0..10 {
        codes.push(code(&gateway.send(ALICE, json!({})).await["errors"][0]).to_owned());
    }
    client.batch_execute(&format!("alter database {name} allow_connections true")).await.unwrap();
    assert_eq!(codes, ["OVERLOADED"; 10]);
    until("reads work again", async || gateway.send(ALICE, json!({})).await["data"]["account"]["version"] == 4).await;
}

#[tokio::test]
async fn whoever_is_let_in_by_no_server_for_want_of_connections_is_told_so() {
    let database = Database::new().await;
    let key = make_key(&database, "test", &["earn", "read"], None).await;
    let client = database.client().await;
    let config = database::parse_url(&database.url()).unwrap();
    let (owner, role) = (config.get_user().unwrap(), format!("few_of_{}", config.get_dbname().unwrap()));
    client.batch_execute(&format!("create role {role} login in role jifen_gateway")).await.unwrap();
    let url = database.url().replacen(&format!("//{owner}@"), &format!("//{role}@"), 1);
    let (gateway, stop) = Gateway::stoppable(&url, &key).await;
    gateway.sign_in("dora", "1").await.unwrap();
    client.batch_execute(&format!("alter role {role} connection limit 0")).await.unwrap();
    client
        .execute("select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = $1", &[&role])
        .await
        .unwrap();
    let told = |error: &Value| {
        error["extensions"]["code"] == "OVERLOADED"
            && error["extensions"]["details"] == json!({ "exhausted": "connections" })
    };
    until("reads are told", async || told(&gateway.send(ALICE, json!({})).await["errors"][0])).await;
    until("writes are told", async || gateway.sign_in("dora", "2").await.is_err_and(|error| told(&error))).await;
    client.batch_execute(&format!("alter role {role} connection limit -1")).await.unwrap();
    until("all is well again", async || gateway.sign_in("dora", "2").await.is_ok()).await;
    drop(stop);
    client.batch_execute(&format!("drop role {role}")).await.unwrap();
}

impl Gateway {
    /// The one error of a query whose field may be null.
    async fn refused_nullable(&self, query: &str) -> Value {
        let mut response = self.send(query, json!({})).await;
        assert_eq!(response["errors"].as_array().unwrap().len(), 1, "{response}");
        assert!(response["data"].is_null() || response["data"].as_object().unwrap().values().all(Value::is_null));
        response["errors"][0].take()
    }
}
