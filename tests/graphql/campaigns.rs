use serde_json::{Value, json};

use super::{Gateway, code, make_key, only_error};

const CAMPAIGN: &str =
    "code name basis multiplier bonus rules levels priority exclusive memberCap remainingBudget status endsAt running";
const LIMIT: &str = "code name rules period maxTimes maxPoints excess givesBack active";

impl Gateway {
    async fn change_terms(&self, field: &str, input: Value) -> Result<Value, Value> {
        let kind = format!("{}{}", field[..1].to_uppercase(), &field[1..]);
        let selection = if field.ends_with("Limit") {
            format!("limit {{ {LIMIT} }}")
        } else {
            format!("campaign {{ {CAMPAIGN} }}")
        };
        let query = format!("mutation($input: {kind}Input!) {{ {field}(input: $input) {{ replayed {selection} }} }}");
        match only_error(self.send(&query, json!({ "input": input })).await) {
            Ok(error) => Err(error),
            Err(mut data) => Ok(data[field].take()),
        }
    }
}

fn campaign() -> Value {
    json!({
        "code": "SPRING", "name": "Spring", "basis": "MULTIPLIER", "multiplier": "1.5", "rules": ["ORDER"], "memberCap": 70,
        "budget": 100, "priority": 5, "levels": ["NORMAL"], "startsAt": "2020-01-01T00:00:00Z", "idempotencyKey": "c",
    })
}

fn limit() -> Value {
    json!({ "code": "DAY", "name": "A day", "rules": ["ORDER", "TASK"], "period": "DAY", "maxPoints": 200, "excess": "CUT", "idempotencyKey": "l" })
}

#[tokio::test]
async fn a_campaign_adds_and_is_changed() {
    let (gateway, database) = Gateway::new().await;
    let made = gateway.change_terms("createCampaign", campaign()).await.unwrap();
    let expected = json!({
        "code": "SPRING", "name": "Spring", "basis": "MULTIPLIER", "multiplier": "1.5", "bonus": null, "rules": ["ORDER"],
        "levels": ["NORMAL"], "priority": 5, "exclusive": false, "memberCap": 70, "remainingBudget": 100, "status": "ACTIVE",
        "endsAt": null, "running": true,
    });
    assert_eq!((&made["campaign"], &made["replayed"]), (&expected, &json!(false)));
    assert_eq!(gateway.change_terms("createCampaign", campaign()).await.unwrap()["replayed"], true);

    let order =
        |amount: i32, key: &str| json!({ "userId": "dora", "rule": "ORDER", "amount": amount, "idempotencyKey": key });
    let earned = gateway.mutate("earnPoints", order(101, "1")).await.unwrap();
    assert_eq!(earned["operation"]["points"], 151);
    let query = "{ campaign(code: \"SPRING\") { remainingBudget } operation(userId: \"dora\", idempotencyKey: \"1\") { details } }";
    let answer = gateway.ask(query, json!({})).await;
    assert_eq!(answer["campaign"]["remainingBudget"], 50);
    assert_eq!(answer["operation"]["details"], json!({ "base": 101, "campaigns": { "SPRING": 50 } }));

    let more = json!({ "campaign": "SPRING", "points": 900, "idempotencyKey": "b" });
    assert_eq!(gateway.change_terms("addBudget", more).await.unwrap()["campaign"]["remainingBudget"], 950);
    let paused = json!({ "code": "SPRING", "name": "Spring!", "status": "PAUSED", "endsAt": "2190-01-01T00:00:00Z", "idempotencyKey": "p" });
    let changed = gateway.change_terms("changeCampaign", paused).await.unwrap();
    assert_eq!((&changed["campaign"]["running"], &changed["campaign"]["memberCap"]), (&json!(false), &Value::Null));
    assert_eq!(gateway.mutate("earnPoints", order(10, "2")).await.unwrap()["operation"]["points"], 10);

    let mut second = campaign();
    second["code"] = json!("AUTUMN");
    second["idempotencyKey"] = json!("c2");
    gateway.change_terms("createCampaign", second).await.unwrap();
    let query = "query($after: String) { campaigns(first: 1, after: $after) { nodes { code } pageInfo { hasNextPage endCursor } } }";
    let page = gateway.ask(query, json!({})).await["campaigns"].take();
    assert_eq!(
        page,
        json!({ "nodes": [{ "code": "AUTUMN" }], "pageInfo": { "hasNextPage": true, "endCursor": "AUTUMN" } })
    );
    let page = gateway.ask(query, json!({ "after": "AUTUMN" })).await["campaigns"].take();
    assert_eq!(
        page,
        json!({ "nodes": [{ "code": "SPRING" }], "pageInfo": { "hasNextPage": false, "endCursor": "SPRING" } })
    );
    crate::database::assert_laws(&database.client().await).await;
}

#[tokio::test]
async fn a_limit_cuts_and_members_see_what_is_left() {
    let (gateway, _database) = Gateway::new().await;
    let made = gateway.change_terms("createLimit", limit()).await.unwrap();
    let expected = json!({
        "code": "DAY", "name": "A day", "rules": ["ORDER", "TASK"], "period": "DAY", "maxTimes": null, "maxPoints": 200,
        "excess": "CUT", "givesBack": true, "active": true,
    });
    assert_eq!(made, json!({ "limit": expected, "replayed": false }));
    let order =
        |amount: i32, key: &str| json!({ "userId": "dora", "rule": "ORDER", "amount": amount, "idempotencyKey": key });
    assert_eq!(gateway.mutate("earnPoints", order(150, "1")).await.unwrap()["operation"]["points"], 150);
    assert_eq!(gateway.mutate("earnPoints", order(150, "2")).await.unwrap()["operation"]["points"], 50);
    let query = "{ account(userId: \"dora\") { limits { code name period maxTimes maxPoints times points resetsAt } } earnLimits { nodes { code } } }";
    let mut answer = gateway.ask(query, json!({})).await;
    let mut used = answer["account"]["limits"][0].take();
    assert!(used["resetsAt"].take().as_str().is_some());
    assert_eq!(
        used,
        json!({ "code": "DAY", "name": "A day", "period": "DAY", "maxTimes": null, "maxPoints": 200, "times": 2, "points": 200, "resetsAt": null })
    );
    assert_eq!(answer["earnLimits"]["nodes"], json!([{ "code": "DAY" }]));

    let change = json!({ "code": "DAY", "name": "A day", "rules": ["ORDER"], "active": true, "maxTimes": 2, "idempotencyKey": "l2" });
    let changed = gateway.change_terms("changeLimit", change).await.unwrap();
    assert_eq!((&changed["limit"]["maxPoints"], &changed["limit"]["excess"]), (&Value::Null, &json!("REFUSE")));
    let error = gateway.mutate("earnPoints", order(150, "3")).await.unwrap_err();
    assert_eq!((code(&error), &error["extensions"]["details"]["limit"]["code"]), ("LIMIT_REACHED", &json!("DAY")));
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let (gateway, database) = Gateway::new().await;
    for (field, base, name, value) in [
        ("createCampaign", campaign(), "multiplier", json!("1")),
        ("createCampaign", campaign(), "memberCap", json!(0)),
        ("createCampaign", campaign(), "rules", json!(["NO"])),
        ("createCampaign", campaign(), "startsAt", json!("-0999-01-01T00:00:00Z")),
        ("createCampaign", campaign(), "name", json!("\u{0}")),
        ("createLimit", limit(), "maxTimes", json!(0)),
        ("createLimit", limit(), "rules", json!([])),
        ("createLimit", limit(), "idempotencyKey", json!("")),
    ] {
        let mut input = base;
        input[name] = value;
        let error = gateway.change_terms(field, input).await.unwrap_err();
        assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["input", name])), "{error}");
    }
    gateway.change_terms("createLimit", limit()).await.unwrap();
    let mut other = limit();
    other["maxPoints"] = json!(201);
    assert_eq!(code(&gateway.change_terms("createLimit", other).await.unwrap_err()), "IDEMPOTENCY_CONFLICT");
    let key = make_key(&database, "shop", &["earn", "spend", "read"], None).await;
    let error = gateway.with_key(&key).change_terms("createCampaign", campaign()).await.unwrap_err();
    assert_eq!((code(&error), &error["extensions"]["details"]["scope"]), ("FORBIDDEN", &json!("rules")));
}
