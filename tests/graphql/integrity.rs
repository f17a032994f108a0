//! How far the books are proven, what is wrong, and who takes care of it; seals and receipts.

use serde_json::json;

use super::{Gateway, code, make_key, until};
use crate::common::operation_id;

#[tokio::test]
async fn integrity_tells_what_is_proven_and_what_is_wrong() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    let ask = "query($state: DiscrepancyState) { integrity { provenUpTo lastFullAt lastIncrementalAt freezesDiscrepancies
        checks { name law incremental lastRun accountsProven discrepancies }
        discrepancies(first: 5, state: $state) { pageInfo { hasNextPage } nodes {
            id check law userId wallet subject evidence state firstSeenAt lastSeenAt closedAt acknowledgedAt actor reason frozen } } } }";
    // The gateway runs it by itself, but once a day, and nothing is proven if a transaction of another test is older.
    until("everything was proven", async || {
        client.batch_execute("select api.run_job('reconcile')").await.unwrap();
        gateway.ask(ask, json!({})).await["integrity"]["lastFullAt"].is_string()
    })
    .await;
    let integrity = gateway.ask(ask, json!({})).await["integrity"].clone();
    assert_eq!(integrity["discrepancies"]["nodes"], json!([]));
    let check =
        integrity["checks"].as_array().unwrap().iter().find(|check| check["name"] == "entries_chained").unwrap();
    assert_eq!((&check["accountsProven"], &check["discrepancies"]), (&json!(3), &json!(0)));

    client
        .batch_execute(
            "update points.balance b set held = held + 1, available = available - 1 from points.account a
             where a.user_id = 'bob' and b.bucket = a.bucket and b.account_id = a.id;
             select api.reconcile_account('bob')",
        )
        .await
        .unwrap();
    let wrong = gateway.ask(ask, json!({ "state": "OPEN" })).await["integrity"]["discrepancies"]["nodes"].clone();
    let held = wrong.as_array().unwrap().iter().find(|found| found["check"] == "holds_equal_held").unwrap();
    assert_eq!((&held["userId"], &held["evidence"]), (&json!("bob"), &json!({ "held": 1, "holds": 0 })));

    // a key that is kept to other wallets sees none of it
    let key = make_key(&database, "of-coins", &["audit"], None).await;
    client.batch_execute("update points.client set wallets = '{coins}' where name = 'of-coins'").await.unwrap();
    let seen = gateway.with_key(&key).ask(ask, json!({})).await["integrity"]["discrepancies"]["nodes"].clone();
    assert_eq!(seen, json!([]));

    let acknowledge = "mutation($input: AcknowledgeDiscrepancyInput!) {
        acknowledgeDiscrepancy(input: $input) { replayed discrepancy { state actor reason } } }";
    let input = |id: &str, key: &str| json!({ "input": { "id": id, "reason": "a slip", "actor": "ann", "idempotencyKey": key } });
    for replayed in [false, true] {
        let data = gateway.ask(acknowledge, input(held["id"].as_str().unwrap(), "a")).await;
        let discrepancy = json!({ "state": "ACKNOWLEDGED", "actor": "ann", "reason": "a slip" });
        assert_eq!(data["acknowledgeDiscrepancy"], json!({ "replayed": replayed, "discrepancy": discrepancy }));
    }
    assert_eq!(code(&gateway.refused(acknowledge, input("0", "b")).await), "INVALID_INPUT");
    assert_eq!(code(&gateway.refused(acknowledge, input("x", "b")).await), "INVALID_INPUT");
    let set = "mutation { setIntegrity(input: { freezesDiscrepancies: true, idempotencyKey: \"c\" }) { replayed freezesDiscrepancies } }";
    let data = gateway.ask(set, json!({})).await;
    assert_eq!(data["setIntegrity"], json!({ "replayed": false, "freezesDiscrepancies": true }));
}

#[tokio::test]
async fn seals_are_listed_and_receipts_are_given() {
    let (gateway, database) = Gateway::new().await;
    let seals = "query($after: String) { seals(first: 2, after: $after) { pageInfo { hasNextPage endCursor } nodes { bucket number entries accounts sealedAt previous leavesRoot root } } }";
    until("all is sealed", async || {
        let sql = "select (select count(*) from points.entry) = (select sum(entries) from points.seal)";
        database.client().await.query_one(sql, &[]).await.unwrap().get::<_, Option<bool>>(0) == Some(true)
    })
    .await;
    let first = gateway.ask(seals, json!({})).await["seals"].clone();
    assert_eq!((first["nodes"].as_array().unwrap().len(), &first["pageInfo"]["hasNextPage"]), (2, &json!(true)));
    let rest = gateway.ask(seals, json!({ "after": first["pageInfo"]["endCursor"] })).await["seals"].clone();
    assert_eq!((rest["nodes"].as_array().unwrap().len(), &rest["pageInfo"]["hasNextPage"]), (1, &json!(false)));

    let receipt = "query($id: ID!) { receipt(userId: \"alice\", operationId: $id) }";
    let given =
        gateway.ask(receipt, json!({ "id": operation_id(1, "demo-order-1").to_string() })).await["receipt"].clone();
    assert_eq!((&given["seq"], &given["entry"]["deltas"]), (&json!("2"), &json!([0, 1280, 0, 0])));
    let none = gateway.ask(receipt, json!({ "id": operation_id(1, "never").to_string() })).await;
    assert!(none["receipt"].is_null(), "{none}");
    // it hashes a whole seal, so a request has only some of them
    let many: String = (0..11)
        .map(|n| format!("r{n}: receipt(userId: \"alice\", operationId: \"{}\") ", operation_id(1, "x")))
        .collect();
    let refused = gateway.refused(&format!("{{ {many} }}"), json!({})).await;
    assert!(refused.to_string().contains("complex"), "{refused}");
}
