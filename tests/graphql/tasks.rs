use serde_json::{Value, json};

use super::{Gateway, code, make_key, only_error};

const TASK: &str = "code name wallet rule points period steps status openFrom openUntil";

impl Gateway {
    async fn task(&self, field: &str, answer: &str, input: Value) -> Result<Value, Value> {
        let capital = field[..1].to_uppercase();
        let query =
            format!("mutation($input: {capital}{}Input!) {{ {field}(input: $input) {{ {answer} }} }}", &field[1..]);
        match only_error(self.send(&query, json!({ "input": input })).await) {
            Ok(error) => Err(error),
            Err(mut data) => Ok(data[field].take()),
        }
    }

    async fn tasks(&self, user: &str, page: &str) -> Value {
        let query = format!(
            "{{ taskProgress(userId: \"{user}\" {page}) {{ nodes {{ task {{ code }} done startsOn claimable }} pageInfo {{ hasNextPage endCursor }} }} }}"
        );
        self.ask(&query, json!({})).await["taskProgress"].take()
    }
}

#[tokio::test]
async fn a_task_is_made_worked_on_and_paid() {
    let (gateway, _database) = Gateway::new().await;
    let input = json!({
        "code": "POSTS", "name": "Three posts", "rule": "TASK", "period": "EVER", "points": 40, "steps": 3,
        "openUntil": "2190-01-01T00:00:00Z", "idempotencyKey": "1",
    });
    let made = gateway.task("createTask", &format!("replayed task {{ {TASK} }}"), input).await.unwrap();
    assert_eq!(
        made,
        json!({ "replayed": false, "task": {
            "code": "POSTS", "name": "Three posts", "wallet": "points", "rule": "TASK", "points": 40, "period": "EVER",
            "steps": 3, "status": "ACTIVE", "openFrom": null, "openUntil": "2190-01-01T00:00:00+00:00",
        } })
    );
    let input = json!({ "userId": "zoe", "task": "POSTS", "idempotencyKey": "2" });
    let answer = "replayed done needed claimed operation { kind points requested subject } entry { seq }";
    let done = gateway.task("progressTask", answer, input).await.unwrap();
    assert_eq!(
        done,
        json!({
            "replayed": false, "done": 1, "needed": 3, "claimed": false, "entry": null,
            "operation": { "kind": "PROGRESS", "points": 0, "requested": 1, "subject": "POSTS" },
        })
    );
    let claim = json!({ "userId": "zoe", "task": "POSTS", "idempotencyKey": "3" });
    let refused = gateway.task("claimTask", "replayed", claim.clone()).await.unwrap_err();
    assert_eq!(code(&refused), "TASK_NOT_DONE");
    assert_eq!(refused["extensions"]["details"], json!({ "task": "POSTS", "done": 1, "needed": 3 }));
    let input = json!({ "userId": "zoe", "task": "POSTS", "steps": 2, "idempotencyKey": "4" });
    gateway.task("progressTask", "done", input).await.unwrap();
    let posts = gateway.tasks("zoe", ", after: \"A\", first: 1").await;
    assert_eq!(
        posts["nodes"],
        json!([{ "task": { "code": "POSTS" }, "done": 3, "startsOn": null, "claimable": true }])
    );
    assert_eq!(posts["pageInfo"], json!({ "hasNextPage": true, "endCursor": "POSTS" }));

    let answer = "replayed operation { kind points rule ruleVersion } account { balance { available } }";
    let paid = gateway.task("claimTask", answer, claim.clone()).await.unwrap();
    assert_eq!(
        paid,
        json!({
            "replayed": false, "operation": { "kind": "CLAIM", "points": 40, "rule": "TASK", "ruleVersion": 1 },
            "account": { "balance": { "available": 40 } },
        })
    );
    assert_eq!(gateway.task("claimTask", "replayed", claim).await.unwrap()["replayed"], true);
    let again = json!({ "userId": "zoe", "task": "POSTS", "idempotencyKey": "5" });
    assert_eq!(code(&gateway.task("claimTask", "replayed", again).await.unwrap_err()), "ALREADY_CLAIMED");
    let nobody = gateway.tasks("nobody", "").await;
    let codes: Vec<_> = nobody["nodes"].as_array().unwrap().iter().map(|node| &node["task"]["code"]).collect();
    assert_eq!(codes, ["POSTS", "PROFILE", "REVIEWS"]);

    let input = json!({
        "code": "POSTS", "name": "Posts", "rule": "TASK", "status": "RETIRED", "points": 1, "idempotencyKey": "6",
    });
    let changed = gateway.task("changeTask", "task { name steps status }", input).await.unwrap();
    assert_eq!(changed["task"], json!({ "name": "Posts", "steps": 1, "status": "RETIRED" }));
    let input = json!({ "userId": "rosa", "task": "POSTS", "idempotencyKey": "7" });
    assert_eq!(code(&gateway.task("progressTask", "done", input).await.unwrap_err()), "TASK_CLOSED");
}

#[tokio::test]
async fn inputs_at_fault_and_scopes_are_named() {
    let (gateway, database) = Gateway::new().await;
    let path = |error: &Value| error["extensions"]["path"].clone();
    let progress = json!({ "userId": "zoe", "task": "PROFILE", "steps": 0, "idempotencyKey": "1" });
    let error = gateway.task("progressTask", "done", progress).await.unwrap_err();
    assert_eq!((code(&error), path(&error)), ("INVALID_INPUT", json!(["input", "steps"])));
    let create = json!({ "code": "posts", "name": "x", "rule": "TASK", "period": "DAY", "idempotencyKey": "1" });
    let error = gateway.task("createTask", "replayed", create.clone()).await.unwrap_err();
    assert_eq!((code(&error), path(&error)), ("INVALID_INPUT", json!(["input", "code"])));
    let early = json!({
        "code": "POSTS", "name": "x", "rule": "TASK", "period": "DAY", "idempotencyKey": "1", "openFrom": "-20000-01-01T00:00:00Z",
    });
    let error = gateway.task("createTask", "replayed", early).await.unwrap_err();
    assert_eq!(code(&error), "INVALID_INPUT");
    let error = gateway.refused("{ taskProgress(userId: \"zoe\", first: 101) { nodes { done } } }", json!({})).await;
    assert_eq!(path(&error), json!(["first"]));
    let unknown = json!({ "userId": "zoe", "task": "NONE", "idempotencyKey": "1" });
    assert_eq!(code(&gateway.task("claimTask", "replayed", unknown.clone()).await.unwrap_err()), "UNKNOWN_TASK");
    let key = make_key(&database, "reader", &["read", "spend"], None).await;
    let reader = gateway.with_key(&key);
    let progress = json!({ "userId": "zoe", "task": "PROFILE", "idempotencyKey": "1" });
    for (field, input) in [("progressTask", progress), ("claimTask", unknown)] {
        assert_eq!(code(&reader.task(field, "replayed", input).await.unwrap_err()), "FORBIDDEN", "{field}");
    }
    let create =
        json!({ "code": "POSTS", "name": "x", "rule": "TASK", "period": "DAY", "points": 5, "idempotencyKey": "1" });
    assert_eq!(code(&reader.task("createTask", "replayed", create).await.unwrap_err()), "FORBIDDEN");
}
