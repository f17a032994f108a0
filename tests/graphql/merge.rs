use serde_json::{Value, json};

use super::{Gateway, code, make_key};

const PAYLOAD: &str = "{
    operation { kind points counterparty reason actor } entry { kind availableDelta } replayed
    account { userId mergedInto balance { available held } } other { userId mergedInto balance { available } }
}";

fn merging() -> String {
    format!("mutation($input: MergeAccountsInput!) {{ mergeAccounts(input: $input) {PAYLOAD} }}")
}

fn parting() -> String {
    format!("mutation($input: UnmergeAccountsInput!) {{ unmergeAccounts(input: $input) {PAYLOAD} }}")
}

fn input(key: &str) -> Value {
    json!({ "userId": "dora", "idempotencyKey": key, "reason": "one person", "actor": "clerk 7" })
}

fn into(other: &str, key: &str) -> Value {
    let mut input = input(key);
    input["intoUserId"] = json!(other);
    json!({ "input": input })
}

#[tokio::test]
async fn accounts_merge_and_part() {
    let (gateway, database) = Gateway::new().await;
    gateway.grant("dora", 40, "grant", None).await;
    gateway.grant("eve", 2, "grant", None).await;
    let mut merged = gateway.ask(&merging(), into("eve", "m")).await["mergeAccounts"].take();
    let expected = json!({
        "operation": { "kind": "MERGE", "points": 40, "counterparty": "eve", "reason": "one person", "actor": "clerk 7" },
        "entry": { "kind": "MERGE", "availableDelta": -40 },
        "replayed": false,
        "account": { "userId": "dora", "mergedInto": "eve", "balance": { "available": 0, "held": 0 } },
        "other": { "userId": "eve", "mergedInto": null, "balance": { "available": 42 } },
    });
    assert_eq!(merged, expected);
    merged["replayed"] = json!(true);
    assert_eq!(gateway.ask(&merging(), into("eve", "m")).await["mergeAccounts"], merged);

    let error = gateway.sign_in("dora", "1").await.unwrap_err();
    assert_eq!((code(&error), &error["extensions"]["details"]), ("ACCOUNT_MERGED", &json!({ "ask": "eve" })));
    assert_eq!(error["extensions"]["retryable"], json!(false));
    assert_eq!(gateway.available("eve").await, 42);

    let parted = gateway.ask(&parting(), json!({ "input": input("u") })).await["unmergeAccounts"].take();
    assert_eq!((&parted["operation"]["kind"], &parted["operation"]["points"]), (&json!("UNMERGE"), &json!(40)));
    assert_eq!(parted["other"]["balance"]["available"], json!(2));
    gateway.sign_in("dora", "1").await.unwrap();
    crate::database::assert_laws(&database.client().await).await;
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let (gateway, database) = Gateway::new().await;
    gateway.sign_in("dora", "used").await.unwrap();
    assert_eq!(code(&gateway.refused(&merging(), into("eve", "used")).await), "IDEMPOTENCY_CONFLICT");
    let error = gateway.refused(&parting(), json!({ "input": input("u") })).await;
    assert_eq!((code(&error), &error["extensions"]["details"]), ("NOT_REVERSIBLE", &json!({ "merged": false })));
    for (name, value) in [
        ("userId", ""),
        ("intoUserId", ""),
        ("intoUserId", "dora"),
        ("reason", ""),
        ("actor", ""),
        ("idempotencyKey", ""),
    ] {
        let mut input = into("eve", "m");
        input["input"][name] = json!(value);
        let error = gateway.refused(&merging(), input).await;
        assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["input", name])));
    }
    let key = make_key(&database, "shop", &["earn", "spend", "reverse", "read"], None).await;
    let error = gateway.with_key(&key).refused(&merging(), into("eve", "m")).await;
    assert_eq!((code(&error), &error["extensions"]["details"]["scope"]), ("FORBIDDEN", &json!("adjust")));
    assert_eq!(gateway.available("dora").await, 5);
}
