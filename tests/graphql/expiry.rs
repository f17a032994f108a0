//! What members see of expiry, and what operators do about it.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Gateway, code};

const ADJUST: &str = "mutation($key: String!, $points: Points!, $until: DateTime) {
    adjustPoints(input: { userId: \"zoe\", points: $points, reason: \"gift\", actor: \"kim\", expiresAt: $until, idempotencyKey: $key })
        { operation { id } } }";
const EXPIRING: &str = "query($days: Int!) { account(userId: \"zoe\") { expiringPoints(withinDays: $days) {
    points until lots(first: 2) { nodes { remaining source expiresAt } pageInfo { hasNextPage } } } } }";

async fn expiring(gateway: &Gateway, days: i64) -> Value {
    gateway.ask(EXPIRING, json!({ "days": days })).await["account"]["expiringPoints"].clone()
}

#[tokio::test]
async fn points_are_shown_before_they_expire_and_live_longer_on_request() {
    let (gateway, database) = Gateway::new().await;
    let now = Utc::now();
    let mut ids = Vec::new();
    for (key, points, days) in [("a", 10, 3), ("b", 20, 8), ("c", 30, 9), ("d", 40, 50)] {
        let until = now + TimeDelta::days(days);
        let data = gateway.ask(ADJUST, json!({ "key": key, "points": points, "until": until })).await;
        ids.push(data["adjustPoints"]["operation"]["id"].as_str().unwrap().to_owned());
    }
    gateway.ask(ADJUST, json!({ "key": "e", "points": 5, "until": null })).await;
    let soon = expiring(&gateway, 30).await;
    assert_eq!(soon["points"], 60);
    assert_eq!(soon["lots"]["nodes"][0]["remaining"], 10);
    assert_eq!(
        (soon["lots"]["nodes"].as_array().unwrap().len(), &soon["lots"]["pageInfo"]["hasNextPage"]),
        (2, &json!(true))
    );
    assert_eq!(expiring(&gateway, 5).await["points"], 10);
    assert_eq!(expiring(&gateway, 0).await["points"], 0);
    for days in [-1, 3651] {
        let response = gateway.send(EXPIRING, json!({ "days": days })).await;
        assert_eq!(code(&response["errors"][0]), "INVALID_INPUT");
    }

    let extend = "mutation($input: ExtendExpiryInput!) { extendExpiry(input: $input) { points replayed operation { kind reason actor } account { balance { available } } } }";
    let later = now + TimeDelta::days(40);
    let input = |key: &str, more: Value| {
        let mut input =
            json!({ "userId": "zoe", "expiresAt": later, "idempotencyKey": key, "reason": "outage", "actor": "kim" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "input": input })
    };
    for replayed in [false, true] {
        let data = gateway.ask(extend, input("f", json!({ "operationId": ids[0] }))).await;
        assert_eq!(
            data["extendExpiry"],
            json!({ "points": 10, "replayed": replayed, "operation": { "kind": "EXTEND", "reason": "outage", "actor": "kim" },
                "account": { "balance": { "available": 105 } } })
        );
    }
    let before = now + TimeDelta::hours(8 * 24 + 1);
    let data = gateway.ask(extend, input("g", json!({ "before": before }))).await;
    assert_eq!(data["extendExpiry"]["points"], 20);
    assert_eq!(expiring(&gateway, 30).await["points"], 30);
    let error = gateway.refused(extend, input("h", json!({}))).await;
    assert_eq!(code(&error), "INVALID_INPUT");

    // notices, by the job
    let run =
        "mutation { runJob(input: { name: \"write_notices\", idempotencyKey: \"n\", steps: 20 }) { failure more } }";
    assert_eq!(gateway.ask(run, json!({})).await["runJob"], json!({ "failure": null, "more": false }));
    let notices = "{ account(userId: \"zoe\") { notices(first: 5) { nodes { kind expiresOn days points lots expiresAt notedAt } edges { cursor } } } }";
    let told = gateway.ask(notices, json!({})).await["account"]["notices"].clone();
    assert_eq!(told["nodes"].as_array().unwrap().len(), 1);
    let notice = &told["nodes"][0];
    assert_eq!(
        (&notice["kind"], &notice["days"], &notice["points"], &notice["lots"]),
        (&json!("EXPIRY"), &json!(30), &json!(30), &json!(1))
    );
    let after = format!(
        "{{ account(userId: \"zoe\") {{ notices(after: {}) {{ nodes {{ days }} }} }} }}",
        told["edges"][0]["cursor"]
    );
    assert_eq!(gateway.ask(&after, json!({})).await["account"]["notices"]["nodes"], json!([]));
    let bad = "{ account(userId: \"zoe\") { notices(after: \"x\") { nodes { days } } } }";
    assert_eq!(code(&gateway.send(bad, json!({})).await["errors"][0]), "INVALID_INPUT");
    crate::database::assert_laws(&database.client().await).await;
}

#[tokio::test]
async fn pending_awards_and_expired_points_are_decided_on() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "insert into points.rule (code, name) values ('SLOW', 'Slow');
             insert into points.rule_version (rule, version, starts_at, basis, fixed_points, rounding, pending_days, valid_days)
             values ('SLOW', 1, '-infinity', 'fixed', 50, 'down', 7, 8)",
        )
        .await
        .unwrap();
    let earn = "mutation($key: String!, $at: DateTime) { earnPoints(input: { userId: \"zoe\", rule: \"SLOW\", occurredAt: $at, idempotencyKey: $key }) { operation { id } } }";
    let mut ids = Vec::new();
    for key in ["a", "b"] {
        let data = gateway.ask(earn, json!({ "key": key, "at": null })).await;
        ids.push(data["earnPoints"]["operation"]["id"].clone());
    }
    let decide = |field: &str| {
        format!(
            "mutation($input: DecideAwardInput!) {{ {field}(input: $input) {{ operation {{ kind points }} account {{ balance {{ pending available }} }} }} }}"
        )
    };
    let input = |id: &Value, key: &str| json!({ "input": { "userId": "zoe", "operationId": id, "idempotencyKey": key, "reason": "goodwill", "actor": "kim" } });
    let data = gateway.ask(&decide("activateAward"), input(&ids[0], "c")).await;
    assert_eq!(data["activateAward"]["account"]["balance"], json!({ "pending": 50, "available": 50 }));
    let data = gateway.ask(&decide("cancelAward"), input(&ids[1], "d")).await;
    assert_eq!(data["cancelAward"]["operation"], json!({ "kind": "CANCEL_AWARD", "points": 50 }));
    assert_eq!(data["cancelAward"]["account"]["balance"], json!({ "pending": 0, "available": 50 }));
    assert_eq!(code(&gateway.refused(&decide("cancelAward"), input(&ids[0], "e")).await), "NOT_PENDING");

    // a late report has expired already
    gateway.ask(earn, json!({ "key": "f", "at": Utc::now() - TimeDelta::days(30) })).await;
    let entries = "{ account(userId: \"zoe\") { entries(first: 1) { nodes { kind operation { id } } } } }";
    let last = gateway.ask(entries, json!({})).await["account"]["entries"]["nodes"][0].clone();
    assert_eq!(last["kind"], "EXPIRE");
    let reinstate = "mutation($input: ReinstatePointsInput!) { reinstatePoints(input: $input) { replayed operation { kind points } account { balance { available expired earned } } } }";
    let mut back = input(&last["operation"]["id"], "g");
    back["input"]["expiresAt"] = json!(Utc::now() + TimeDelta::days(9));
    for replayed in [false, true] {
        let data = gateway.ask(reinstate, back.clone()).await;
        assert_eq!(
            data["reinstatePoints"],
            json!({ "replayed": replayed, "operation": { "kind": "REINSTATE", "points": 50 },
                "account": { "balance": { "available": 100, "expired": 0, "earned": 100 } } })
        );
    }
    crate::database::assert_laws(&client).await;
}
