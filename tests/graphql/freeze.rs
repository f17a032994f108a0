use serde_json::json;

use super::{Gateway, code, make_key};

#[tokio::test]
async fn a_frozen_account_says_so_and_spends_nothing() {
    let (gateway, database) = Gateway::new().await;
    gateway.grant("dora", 50, "g", None).await;
    let input = json!({ "userId": "dora", "idempotencyKey": "f", "reason": "stolen card", "actor": "sue" });
    let query = "mutation($input: FreezeAccountInput!) { freezeAccount(input: $input) { replayed account { frozen }
        operation { kind reason actor } entry { seq } } }";
    let frozen = gateway.ask(query, json!({ "input": input })).await["freezeAccount"].take();
    assert_eq!(
        frozen,
        json!({
            "replayed": false, "account": { "frozen": true }, "entry": null,
            "operation": { "kind": "FREEZE", "reason": "stolen card", "actor": "sue" },
        })
    );
    let error = gateway.spend("dora", 1, "s").await.unwrap_err();
    assert_eq!((code(&error), &error["message"]), ("ACCOUNT_FROZEN", &json!("The account is frozen.")));
    gateway.sign_in("dora", "e").await.unwrap();

    let spender = gateway.with_key(&make_key(&database, "spender", &["spend"], None).await);
    let unfreeze = "mutation($input: FreezeAccountInput!) { unfreezeAccount(input: $input) { account { frozen } } }";
    let input = json!({ "userId": "dora", "idempotencyKey": "u", "reason": "found", "actor": "sue" });
    assert_eq!(code(&spender.refused(unfreeze, json!({ "input": input })).await), "FORBIDDEN");
    assert_eq!(gateway.ask(unfreeze, json!({ "input": input })).await["unfreezeAccount"]["account"]["frozen"], false);
    gateway.spend("dora", 1, "s2").await.unwrap();
    let input = json!({ "userId": "dora", "idempotencyKey": "u2", "reason": "", "actor": "sue" });
    let error = gateway.refused(unfreeze, json!({ "input": input })).await;
    assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["input", "reason"])));
}
