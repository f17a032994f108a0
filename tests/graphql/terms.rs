//! What signing in and inviting give, as operators set it.

use serde_json::{Value, json};

use super::{Gateway, code, make_key, only_error};

const SIGN_IN: &str = "wallet rule bonusEvery bonusPoints makeUpDays makeUpTimes makeUpPrice";
const INVITATIONS: &str = "wallet qualifyingRule inviterRule invitedRule cap";

async fn set(gateway: &Gateway, field: &str, selection: &str, input: Value) -> Result<Value, Value> {
    let kind = format!("{}{}", field[..1].to_uppercase(), &field[1..]);
    let query =
        format!("mutation($input: {kind}Input!) {{ {field}(input: $input) {{ replayed terms {{ {selection} }} }} }}");
    match only_error(gateway.send(&query, json!({ "input": input })).await) {
        Ok(error) => Err(error),
        Err(mut data) => Ok(data[field].take()),
    }
}

#[tokio::test]
async fn signing_in_gives_what_was_set() {
    let (gateway, database) = Gateway::new().await;
    let query = format!("query($wallet: String!) {{ signInTerms(wallet: $wallet) {{ {SIGN_IN} }} }}");
    assert_eq!(gateway.ask(&query, json!({ "wallet": "coins" })).await["signInTerms"], json!(null));
    let input = json!({
        "rule": "SIGN_IN", "bonusEvery": 1, "bonusPoints": 4, "makeUpDays": 3, "makeUpTimes": 2, "makeUpPrice": 10, "idempotencyKey": "k",
    });
    let terms = json!({
        "wallet": "points", "rule": "SIGN_IN", "bonusEvery": 1, "bonusPoints": 4, "makeUpDays": 3, "makeUpTimes": 2, "makeUpPrice": 10,
    });
    let done = set(&gateway, "setSignIn", SIGN_IN, input.clone()).await.unwrap();
    assert_eq!(done, json!({ "replayed": false, "terms": terms }));
    assert_eq!(gateway.ask(&query, json!({ "wallet": "points" })).await["signInTerms"], terms);
    let signed = gateway.mutate("signIn", json!({ "userId": "zoe", "idempotencyKey": "1" })).await.unwrap();
    assert_eq!(signed["operation"]["points"], 9);
    // what is left out is none
    let less = json!({ "rule": "SIGN_IN", "idempotencyKey": "l" });
    let done = set(&gateway, "setSignIn", SIGN_IN, less.clone()).await.unwrap();
    assert_eq!(
        done["terms"],
        json!({ "wallet": "points", "rule": "SIGN_IN", "bonusEvery": null, "bonusPoints": null, "makeUpDays": 0, "makeUpTimes": 0, "makeUpPrice": 0 })
    );
    // sent twice, it is done once
    let again = set(&gateway, "setSignIn", SIGN_IN, input.clone()).await.unwrap();
    assert_eq!((&again["replayed"], &again["terms"]["bonusEvery"]), (&json!(true), &json!(null)));
    let mut other = input.clone();
    other["bonusPoints"] = json!(5);
    assert_eq!(code(&set(&gateway, "setSignIn", SIGN_IN, other).await.unwrap_err()), "IDEMPOTENCY_CONFLICT");
    let wrong = json!({ "rule": "ORDER", "idempotencyKey": "w" });
    let error = set(&gateway, "setSignIn", SIGN_IN, wrong).await.unwrap_err();
    assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["input", "rule"])));
    let partner = gateway.with_key(&make_key(&database, "partner", &["earn", "rules"], None).await);
    assert_eq!(code(&set(&partner, "setSignIn", SIGN_IN, less).await.unwrap_err()), "FORBIDDEN");
    assert_eq!(code(&partner.refused(&query, json!({ "wallet": "points" })).await), "FORBIDDEN");
}

#[tokio::test]
async fn invitations_give_what_was_set() {
    let (gateway, database) = Gateway::new().await;
    let query = format!("{{ invitationTerms {{ {INVITATIONS} }} }}");
    let input = json!({ "qualifyingRule": "ORDER", "inviterRule": "INVITE", "invitedRule": "TASK", "cap": 2, "idempotencyKey": "k" });
    let terms = json!({ "wallet": "points", "qualifyingRule": "ORDER", "inviterRule": "INVITE", "invitedRule": "TASK", "cap": 2 });
    let done = set(&gateway, "setInvitations", INVITATIONS, input.clone()).await.unwrap();
    assert_eq!(done, json!({ "replayed": false, "terms": terms }));
    assert_eq!(gateway.ask(&query, json!({})).await["invitationTerms"], terms);
    gateway.mutate("createInvitationCode", json!({ "userId": "zoe", "idempotencyKey": "i" })).await.unwrap();
    assert_eq!(set(&gateway, "setInvitations", INVITATIONS, input.clone()).await.unwrap()["replayed"], true);
    let mut other = input.clone();
    other["cap"] = json!(0);
    let error = set(&gateway, "setInvitations", INVITATIONS, other).await.unwrap_err();
    assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["input", "cap"])));
    let partner = gateway.with_key(&make_key(&database, "partner", &["earn"], None).await);
    assert_eq!(code(&set(&partner, "setInvitations", INVITATIONS, input).await.unwrap_err()), "FORBIDDEN");
    assert_eq!(code(&partner.refused(&query, json!({})).await), "FORBIDDEN");
}
