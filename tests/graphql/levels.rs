use serde_json::{Value, json};

use super::{Gateway, code, make_key};

const PROGRAM: &str = "wallet measure downgrade graceDays noticeDays multipliedRules levelWallet
    levels { code name threshold privileges multiplier }";
const STANDING: &str =
    "code name threshold privileges multiplier current { code } next { code name threshold } measure measured
    pointsToNext pointsToKeep validUntil warning { pointsToKeep earnBy endsAt }";
const HISTORY: &str = "pageInfo { hasNextPage endCursor }
    nodes { from to cause measure measured changedAt recordedAt operation { idempotencyKey kind } }";

fn program() -> Value {
    json!({
        "measure": "CALENDAR_YEAR", "downgrade": "TO_EARNED", "graceDays": 14, "noticeDays": 366, "multipliedRules": ["ORDER"],
        "levels": [
            { "code": "BASE", "name": "Member", "threshold": 0 },
            { "code": "SILVER", "name": "Silver", "threshold": 100, "multiplier": "1.25", "privileges": ["free shipping"] },
            { "code": "GOLD", "name": "Gold", "threshold": 500 },
        ],
    })
}

impl Gateway {
    async fn set_levels(&self, input: Value, key: &str) -> Value {
        let query = format!(
            "mutation($input: LevelProgramInput!, $key: String!) {{
                setLevels(input: $input, idempotencyKey: $key) {{ replayed levelProgram {{ {PROGRAM} }} }}
            }}"
        );
        self.send(&query, json!({ "input": input, "key": key })).await
    }

    async fn level(&self, user: &str) -> Value {
        let query = format!("{{ account(userId: \"{user}\") {{ level {{ {STANDING} }} }} }}");
        self.ask(&query, json!({})).await["account"]["level"].take()
    }
}

#[tokio::test]
async fn levels_are_previewed_set_reached_and_kept_with_their_cause() {
    let (gateway, database) = Gateway::new().await;
    let preview = "query($input: LevelProgramInput!) { previewLevels(input: $input) { from to members } }";
    let moves = gateway.ask(preview, json!({ "input": program() })).await;
    let expected = json!([
        { "from": "NORMAL", "to": "SILVER", "members": 2 },
        { "from": "VIP1", "to": "GOLD", "members": 1 },
    ]);
    assert_eq!(moves["previewLevels"], expected);

    for replayed in [false, true] {
        let set = gateway.set_levels(program(), "k").await["data"]["setLevels"].take();
        assert_eq!(set["replayed"], replayed);
        assert_eq!(
            set["levelProgram"],
            json!({
                "wallet": "points", "measure": "CALENDAR_YEAR", "downgrade": "TO_EARNED", "graceDays": 14, "noticeDays": 366,
                "multipliedRules": ["ORDER"], "levelWallet": null,
                "levels": [
                    { "code": "BASE", "name": "Member", "threshold": 0, "privileges": [], "multiplier": "1" },
                    { "code": "SILVER", "name": "Silver", "threshold": 100, "privileges": ["free shipping"], "multiplier": "1.25" },
                    { "code": "GOLD", "name": "Gold", "threshold": 500, "privileges": [], "multiplier": "1" },
                ],
            })
        );
    }
    let conflict = gateway.set_levels(json!({ "levels": [] }), "k").await;
    assert_eq!(conflict["errors"][0]["extensions"]["code"], "IDEMPOTENCY_CONFLICT");

    // Last year, so that it ends with this one.
    let client = database.client().await;
    let year: i32 = client.query_one("select date_part('year', now())::int", &[]).await.unwrap().get(0);
    let order = |amount: i32, key: &str, year: i32| json!({ "userId": "dora", "rule": "ORDER", "amount": amount, "idempotencyKey": key, "occurredAt": format!("{year}-01-01T00:00:00Z") });
    gateway.mutate("earnPoints", order(150, "last", year - 1)).await.unwrap();
    let earned = gateway.mutate("earnPoints", order(60, "this", year)).await.unwrap();
    assert_eq!(earned["operation"]["points"], 75, "60 x 1.25");
    let ends = (format!("{}-01-01T00:00:00+00:00", year + 1), format!("{}-01-15T00:00:00+00:00", year + 1));
    assert_eq!(
        gateway.level("dora").await,
        json!({
            "code": "SILVER", "name": "Silver", "threshold": 100, "privileges": ["free shipping"], "multiplier": "1.25",
            "current": { "code": "SILVER" }, "next": { "code": "GOLD", "name": "Gold", "threshold": 500 },
            "measure": "CALENDAR_YEAR", "measured": 75, "pointsToNext": 425, "pointsToKeep": 25, "validUntil": ends.1,
            "warning": { "pointsToKeep": 25, "earnBy": ends.0, "endsAt": ends.1 },
        })
    );
    gateway.mutate("earnPoints", order(20, "enough", year)).await.unwrap();
    let level = gateway.level("dora").await;
    assert_eq!((&level["pointsToKeep"], &level["warning"]), (&json!(0), &Value::Null));

    let history = format!("{{ account(userId: \"dora\") {{ levelHistory(first: 5) {{ {HISTORY} }} }} }}");
    let mut history = gateway.ask(&history, json!({})).await["account"]["levelHistory"].take();
    let change = history["nodes"][0].as_object_mut().unwrap();
    assert_eq!(change.remove("changedAt"), change.remove("recordedAt"));
    assert_eq!(
        history["nodes"],
        json!([{
            "from": "BASE", "to": "SILVER", "cause": "AWARD", "measure": "CALENDAR_YEAR", "measured": 0,
            "operation": { "idempotencyKey": "last", "kind": "EARN" },
        }])
    );
}

#[tokio::test]
async fn history_has_pages_and_a_lifetime_level_never_ends() {
    let (gateway, _database) = Gateway::new().await;
    for (amount, key) in [(1_000, "1"), (4_000, "2"), (5_000, "3")] {
        let input = json!({ "userId": "dora", "rule": "ORDER", "amount": amount, "idempotencyKey": key });
        gateway.mutate("earnPoints", input).await.unwrap();
    }
    let page = "query($after: String) { account(userId: \"dora\") { levelHistory(first: 2, after: $after) {
        pageInfo { hasNextPage endCursor } nodes { to } } } }";
    let first = gateway.ask(page, json!({})).await["account"]["levelHistory"].take();
    assert_eq!(first["nodes"], json!([{ "to": "VIP3" }, { "to": "VIP2" }]));
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let rest = gateway.ask(page, json!({ "after": first["pageInfo"]["endCursor"] })).await;
    assert_eq!(rest["account"]["levelHistory"]["nodes"], json!([{ "to": "VIP1" }]));
    let refused = gateway.send(page, json!({ "after": "x" })).await;
    assert_eq!(code(&refused["errors"][0]), "INVALID_INPUT");
    let level = gateway.level("dora").await;
    assert_eq!(level["next"], Value::Null);
    assert_eq!(
        (&level["pointsToNext"], &level["pointsToKeep"], &level["validUntil"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn a_wallet_shows_the_level_of_another() {
    let (gateway, database) = Gateway::new().await;
    database.client().await.batch_execute("insert into points.wallet values ('growth', 'Growth')").await.unwrap();
    let levels = program()["levels"].take();
    let growth = gateway.set_levels(json!({ "wallet": "growth", "levels": levels }), "g").await;
    assert_eq!(growth["data"]["setLevels"]["replayed"], false);
    let shown = gateway.set_levels(json!({ "levels": [], "levelWallet": "growth" }), "p").await;
    assert_eq!(shown["data"]["setLevels"]["levelProgram"]["levelWallet"], "growth");
    let input = json!({ "userId": "alice", "wallet": "growth", "rule": "TASK", "points": 120, "idempotencyKey": "1" });
    gateway.mutate("earnPoints", input).await.unwrap();
    let level = gateway.level("alice").await;
    assert_eq!(
        (&level["name"], &level["measured"], &level["next"]["code"]),
        (&json!("Silver"), &json!(120), &json!("GOLD"))
    );
    assert_eq!(gateway.level("bob").await["name"], "Member");
}

#[tokio::test]
async fn what_is_wrong_is_named_and_rules_is_the_scope() {
    let (gateway, database) = Gateway::new().await;
    let mut wrong = program();
    wrong["graceDays"] = json!(181);
    let refused = gateway.set_levels(wrong.clone(), "k").await;
    assert_eq!(refused["errors"][0]["extensions"]["code"], "INVALID_INPUT");
    assert_eq!(refused["errors"][0]["extensions"]["path"], json!(["input", "graceDays"]), "{refused}");
    let preview = "query($input: LevelProgramInput!) { previewLevels(input: $input) { members } }";
    assert_eq!(code(&gateway.refused(preview, json!({ "input": wrong })).await), "INVALID_INPUT");
    let reader = gateway.with_key(&make_key(&database, "reader", &["read"], None).await);
    assert_eq!(reader.set_levels(program(), "k").await["errors"][0]["extensions"]["code"], "FORBIDDEN");
    assert_eq!(code(&reader.refused(preview, json!({ "input": program() })).await), "FORBIDDEN");
    let query = format!("{{ levelProgram {{ {PROGRAM} }} none: levelProgram(wallet: \"none\") {{ wallet }} }}");
    let data = reader.ask(&query, json!({})).await;
    assert_eq!((&data["levelProgram"]["measure"], &data["none"]), (&json!("EVER"), &Value::Null));
}
