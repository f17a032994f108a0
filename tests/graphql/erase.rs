use std::time::Duration;

use serde_json::{Value, json};

use super::{Gateway, code, make_key};

const ERASE: &str =
    "mutation($input: EraseMemberInput!) { eraseMember(input: $input) { accounts points erasedAt replayed } }";

fn dora(key: &str) -> Value {
    json!({ "input": { "userId": "dora", "idempotencyKey": key, "reason": "asked for", "actor": "clerk 7" } })
}

#[tokio::test]
async fn a_member_is_erased_once_and_can_come_again() {
    let (gateway, _database) = Gateway::new().await;
    gateway.grant("dora", 40, "grant", None).await;
    let mut first = gateway.ask(ERASE, dora("e")).await["eraseMember"].take();
    assert_eq!((&first["accounts"], &first["points"], &first["replayed"]), (&json!(1), &json!(40), &json!(false)));
    let account =
        "{ account(userId: \"dora\") { version } operation(userId: \"dora\", idempotencyKey: \"grant\") { id } }";
    assert_eq!(gateway.ask(account, json!({})).await, json!({ "account": null, "operation": null }));

    gateway.sign_in("dora", "1").await.unwrap();
    first["replayed"] = json!(true);
    assert_eq!(gateway.ask(ERASE, dora("e")).await["eraseMember"], first);
    assert_eq!(gateway.available("dora").await, 5);
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let (gateway, database) = Gateway::new().await;
    gateway.sign_in("dora", "used").await.unwrap();
    assert_eq!(code(&gateway.refused(ERASE, dora("used")).await), "IDEMPOTENCY_CONFLICT");
    for (name, value) in [("userId", ""), ("reason", ""), ("actor", ""), ("idempotencyKey", ""), ("reason", "\u{0}")] {
        let mut input = dora("e");
        input["input"][name] = json!(value);
        let error = gateway.refused(ERASE, input).await;
        assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["input", name])));
    }
    let key = make_key(&database, "shop", &["earn", "spend", "reverse", "read"], None).await;
    let error = gateway.with_key(&key).refused(ERASE, dora("e")).await;
    assert_eq!((code(&error), &error["extensions"]["details"]["scope"]), ("FORBIDDEN", &json!("adjust")));
    assert_eq!(code(&gateway.with_key("jf_no").refused(ERASE, dora("e")).await), "UNAUTHENTICATED");
    assert_eq!(gateway.available("dora").await, 5);
}

/// A lane that waited for the account sends again, and its awards go to the account that there is then.
#[tokio::test]
async fn awards_that_wait_meanwhile_go_to_the_new_account() {
    let (gateway, database) = Gateway::new().await;
    gateway.grant("dora", 40, "grant", None).await;
    let mut blocker = database.client().await;
    super::hold_up(&mut blocker, "dora").await;
    let erasing = tokio::spawn({
        let gateway = gateway.clone();
        async move { gateway.ask(ERASE, dora("e")).await }
    });
    let observer = database.client().await;
    let waits = "select count(*) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query ~ 'execute_erase'";
    super::until("the erasure waits", async || observer.query_one(waits, &[]).await.unwrap().get::<_, i64>(0) > 0)
        .await;
    let award = tokio::spawn({
        let gateway = gateway.clone();
        async move { gateway.sign_in("dora", "1").await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    blocker.batch_execute("rollback").await.unwrap();
    erasing.await.unwrap();
    let payload = award.await.unwrap().unwrap();
    let erased_first = payload["account"]["balance"]["available"] == 5;
    assert!(erased_first || payload["account"]["balance"]["available"] == 45, "{payload}");
    crate::database::assert_laws(&database.client().await).await;
}
