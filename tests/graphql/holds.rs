use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Gateway, code, make_key};

const HOLD: &str = "id points captured status deadline heldAt closedAt operation { reason orderKey }";

impl Gateway {
    async fn hold(&self, points: i64, key: &str) -> Value {
        let input = json!({ "userId": "dora", "points": points, "idempotencyKey": key });
        self.mutate("holdPoints", input).await.unwrap()
    }

    /// A mutation's hold, with the account's balance.
    async fn close(&self, field: &str, input: Value) -> Value {
        let capital = format!("{}{}", field[..1].to_uppercase(), &field[1..]);
        let query = format!(
            "mutation($input: {capital}Input!) {{ {field}(input: $input) {{
                replayed hold {{ {HOLD} }} account {{ balance {{ available held spent }} }} entry {{ kind }}
            }} }}"
        );
        self.ask(&query, json!({ "input": input })).await[field].take()
    }
}

#[tokio::test]
async fn a_hold_is_made_captured_in_part_and_seen() {
    let (gateway, _database) = Gateway::new().await;
    gateway.grant("dora", 100, "g", None).await;
    let deadline = Utc::now() + TimeDelta::minutes(15);
    let input = json!({
        "userId": "dora", "points": 60, "idempotencyKey": "h", "deadline": deadline, "reason": "checkout",
        "orderKey": "o", "orderAmount": "12.50",
    });
    let made = gateway.close("holdPoints", input.clone()).await;
    assert_eq!(made["account"]["balance"], json!({ "available": 40, "held": 60, "spent": 0 }));
    assert_eq!(made["hold"]["status"], "OPEN");
    assert_eq!(made["hold"]["captured"], Value::Null);
    assert_eq!(made["hold"]["operation"], json!({ "reason": "checkout", "orderKey": "o" }));
    assert_eq!(gateway.close("holdPoints", input).await["replayed"], true);

    let id = &made["hold"]["id"];
    let capture = json!({ "userId": "dora", "holdId": id, "points": 45, "idempotencyKey": "c" });
    let captured = gateway.close("captureHold", capture.clone()).await;
    assert_eq!(captured["account"]["balance"], json!({ "available": 55, "held": 0, "spent": 45 }));
    assert_eq!((&captured["hold"]["status"], &captured["hold"]["captured"]), (&json!("CAPTURED"), &json!(45)));
    assert_eq!(captured["entry"]["kind"], "CAPTURE");
    let again = gateway.close("captureHold", capture).await;
    assert_eq!((&again["replayed"], &again["hold"]), (&json!(true), &captured["hold"]));

    let seen = format!("query($id: ID!) {{ hold(userId: \"dora\", id: $id) {{ {HOLD} }} }}");
    assert_eq!(gateway.ask(&seen, json!({ "id": id })).await["hold"], captured["hold"]);
    let nothing = json!({ "id": "00000000-0000-0000-0000-000000000000" });
    assert_eq!(gateway.ask(&seen, nothing).await["hold"], Value::Null);
    let error = gateway.refused(&seen, json!({ "id": "h" })).await;
    assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["id"])));
}

#[tokio::test]
async fn null_points_capture_all_and_a_release_gives_all_back() {
    let (gateway, _database) = Gateway::new().await;
    gateway.grant("dora", 100, "g", None).await;
    let ids = [gateway.hold(30, "h1").await, gateway.hold(20, "h2").await].map(|made| made["operation"]["id"].clone());
    let input = json!({ "userId": "dora", "holdId": ids[0], "points": null, "idempotencyKey": "c" });
    let captured = gateway.close("captureHold", input).await;
    assert_eq!(captured["account"]["balance"], json!({ "available": 50, "held": 20, "spent": 30 }));
    let input = json!({ "userId": "dora", "holdId": ids[1], "idempotencyKey": "r" });
    let released = gateway.close("releaseHold", input).await;
    assert_eq!(released["account"]["balance"], json!({ "available": 70, "held": 0, "spent": 30 }));
    assert_eq!(released["hold"]["status"], "RELEASED");
}

#[tokio::test]
async fn refusals_have_their_codes_and_facts() {
    let (gateway, _database) = Gateway::new().await;
    gateway.grant("dora", 100, "g", None).await;
    let id = gateway.hold(60, "h").await["operation"]["id"].clone();
    let capture =
        |points: Value, key: &str| json!({ "userId": "dora", "holdId": id, "points": points, "idempotencyKey": key });

    let input = json!({ "userId": "dora", "points": 41, "idempotencyKey": "h2" });
    assert_eq!(code(&gateway.mutate("holdPoints", input).await.unwrap_err()), "INSUFFICIENT_POINTS");
    let error = gateway.mutate("captureHold", capture(json!(61), "c1")).await.unwrap_err();
    assert_eq!(code(&error), "INSUFFICIENT_POINTS");
    assert_eq!(error["extensions"]["details"], json!({ "available": 60, "requested": 61 }));
    let error = gateway.mutate("captureHold", capture(json!(0), "c2")).await.unwrap_err();
    assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["input", "points"])));
    let input = json!({ "userId": "dora", "holdId": "no", "idempotencyKey": "r" });
    let error = gateway.mutate("releaseHold", input).await.unwrap_err();
    assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["input", "holdId"])));
    let input = json!({ "userId": "dora", "points": 1, "idempotencyKey": "h3", "deadline": "2020-01-01T00:00:00Z" });
    let error = gateway.mutate("holdPoints", input).await.unwrap_err();
    assert_eq!(code(&error), "INVALID_INPUT");
    // somebody else's
    let input = json!({ "userId": "bob", "holdId": id, "idempotencyKey": "r" });
    assert_eq!(code(&gateway.mutate("releaseHold", input).await.unwrap_err()), "UNKNOWN_OPERATION");
    gateway.mutate("captureHold", capture(Value::Null, "c3")).await.unwrap();
    let error = gateway.mutate("captureHold", capture(Value::Null, "c4")).await.unwrap_err();
    assert_eq!(code(&error), "HOLD_CLOSED");
    assert_eq!(error["extensions"]["details"]["captured"], 60);
}

#[tokio::test]
async fn open_holds_are_listed_page_by_page_soonest_deadline_first() {
    let (gateway, _database) = Gateway::new().await;
    gateway.grant("dora", 100, "g", None).await;
    for (points, minutes) in [(1, None), (2, Some(30)), (3, Some(10)), (4, None), (5, Some(10))] {
        let deadline = minutes.map(|minutes| Utc::now() + TimeDelta::minutes(minutes));
        let input =
            json!({ "userId": "dora", "points": points, "idempotencyKey": points.to_string(), "deadline": deadline });
        gateway.mutate("holdPoints", input).await.unwrap();
    }
    let list = "query($after: String) { account(userId: \"dora\") {
        holds(first: 2, after: $after) { nodes { points deadline } pageInfo { endCursor hasNextPage } }
    } }";
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = gateway.ask(list, json!({ "after": after })).await["account"]["holds"].take();
        seen.extend(page["nodes"].as_array().unwrap().iter().map(|hold| hold["points"].as_i64().unwrap()));
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(seen[..3], [3, 5, 2]);
    seen[3..].sort();
    assert_eq!(seen[3..], [1, 4]);
    let response = gateway.send(list, json!({ "after": "x" })).await;
    assert_eq!(response["errors"][0]["extensions"]["path"], json!(["after"]));
}

#[tokio::test]
async fn holds_need_the_scope_spend_and_seeing_them_read() {
    let (gateway, database) = Gateway::new().await;
    gateway.grant("dora", 100, "g", None).await;
    let earner = gateway.with_key(&make_key(&database, "earner", &["earn"], None).await);
    let input = json!({ "userId": "dora", "points": 1, "idempotencyKey": "h" });
    let error = earner.mutate("holdPoints", input).await.unwrap_err();
    assert_eq!((code(&error), &error["extensions"]["details"]["scope"]), ("FORBIDDEN", &json!("spend")));
    let seen = "{ hold(userId: \"dora\", id: \"00000000-0000-0000-0000-000000000000\") { id } }";
    assert_eq!(code(&earner.refused(seen, json!({})).await), "FORBIDDEN");
}
