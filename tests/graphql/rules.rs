use serde_json::{Value, json};

use super::{Gateway, code, make_key, only_error};

const VERSION: &str =
    "rule version draftRevision state startsAt endsAt basis fixedPoints pointsPerUnit tiers { startsAt pointsPerUnit }
    rounding capPoints pendingDays validDays validMonths validEnd validUntil idle wallet description";
const RULE: &str = "code name retired inForce { version state fixedPoints }";

impl Gateway {
    async fn change_rule(&self, field: &str, kind: &str, input: Value) -> Result<Value, Value> {
        let selection =
            if field.ends_with("Version") { format!("version {{ {VERSION} }}") } else { format!("rule {{ {RULE} }}") };
        let query = format!("mutation($input: {kind}Input!) {{ {field}(input: $input) {{ replayed {selection} }} }}");
        match only_error(self.send(&query, json!({ "input": input })).await) {
            Ok(error) => Err(error),
            Err(mut data) => Ok(data[field].take()),
        }
    }

    async fn create(&self, rule: &str) -> Value {
        let input = json!({ "code": rule, "name": "A rule", "idempotencyKey": rule });
        self.change_rule("createRule", "CreateRule", input).await.unwrap()
    }

    async fn draft(&self, input: Value) -> Result<Value, Value> {
        self.change_rule("draftRuleVersion", "DraftRuleVersion", input).await
    }

    async fn publish(&self, input: Value) -> Result<Value, Value> {
        self.change_rule("publishRuleVersion", "PublishRuleVersion", input).await
    }
}

#[tokio::test]
async fn a_rule_is_drafted_published_listed_and_retired() {
    let (gateway, _database) = Gateway::new().await;
    let made = gateway.create("NEW").await;
    assert_eq!(made["rule"], json!({ "code": "NEW", "name": "A rule", "retired": null, "inForce": null }));
    let input = json!({
        "rule": "NEW", "basis": "TIERS", "tiers": [{ "startsAt": "0", "pointsPerUnit": 1 }, { "startsAt": 100, "pointsPerUnit": "2" }],
        "rounding": "HALF_UP", "capPoints": 500, "pendingDays": 14, "validMonths": 12, "validEnd": "MONTH", "wallet": "points",
        "idempotencyKey": "d",
    });
    let drafted = gateway.draft(input.clone()).await.unwrap();
    assert_eq!(
        drafted["version"],
        json!({
            "rule": "NEW", "version": 1, "draftRevision": 1, "state": "DRAFT", "startsAt": null, "endsAt": null, "basis": "TIERS",
            "fixedPoints": null, "pointsPerUnit": null,
            "tiers": [{ "startsAt": "0", "pointsPerUnit": "1" }, { "startsAt": "100", "pointsPerUnit": "2" }],
            "rounding": "HALF_UP", "capPoints": 500, "pendingDays": 14, "validDays": null, "validMonths": 12, "validEnd": "MONTH",
            "validUntil": null, "idle": false, "wallet": "points",
            "description": "Awards 1 point for each USD up to 100, 2 above, rounded half up, at most 500, in the wallet points. The points are available after 14 days and valid to the end of the month, 12 months on.",
        })
    );
    assert_eq!(gateway.draft(input).await.unwrap()["replayed"], true);

    let publish = |revision: i32, key: &str| json!({ "rule": "NEW", "version": 1, "draftRevision": revision, "idempotencyKey": key });
    let error = gateway.publish(publish(2, "p")).await.unwrap_err();
    assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["input", "draftRevision"])));
    let published = gateway.publish(publish(1, "p")).await.unwrap();
    assert_eq!(
        (&published["version"]["state"], &published["version"]["draftRevision"]),
        (&json!("IN_FORCE"), &Value::Null)
    );
    let input = json!({ "userId": "dora", "rule": "NEW", "amount": "150.75", "idempotencyKey": "1" });
    assert_eq!(gateway.mutate("earnPoints", input).await.unwrap()["operation"]["points"], 202);

    gateway.draft(json!({ "rule": "NEW", "basis": "FIXED", "fixedPoints": 5, "idempotencyKey": "d2" })).await.unwrap();
    let later = json!({ "rule": "NEW", "version": 2, "startsAt": "2190-01-01T00:00:00Z", "idempotencyKey": "p2" });
    assert_eq!(gateway.publish(later).await.unwrap()["version"]["state"], "SCHEDULED");
    let until = json!({ "rule": "NEW", "basis": "GIVEN", "validUntil": "2190-06-30", "idempotencyKey": "d3" });
    assert_eq!(gateway.draft(until).await.unwrap()["version"]["validUntil"], "2190-06-30");

    let query = "query($after: String) { ruleVersions(rule: \"NEW\", first: 2, after: $after) { nodes { version state } pageInfo { hasNextPage endCursor } } }";
    let page = gateway.ask(query, json!({})).await;
    assert_eq!(
        page["ruleVersions"],
        json!({ "nodes": [{ "version": 3, "state": "DRAFT" }, { "version": 2, "state": "SCHEDULED" }],
            "pageInfo": { "hasNextPage": true, "endCursor": "2" } })
    );
    let page = gateway.ask(query, json!({ "after": "2" })).await;
    assert_eq!(page["ruleVersions"]["nodes"], json!([{ "version": 1, "state": "IN_FORCE" }]));

    let discard = json!({ "rule": "NEW", "version": 3, "idempotencyKey": "x" });
    let discarded = gateway.change_rule("discardRuleDraft", "DiscardRuleDraft", discard).await.unwrap();
    assert_eq!(discarded["rule"]["inForce"]["version"], 1);
    let retired = json!({ "rule": "NEW", "idempotencyKey": "r" });
    let retired = gateway.change_rule("retireRule", "RetireRule", retired).await.unwrap();
    assert_eq!(retired["rule"]["retired"], true);
    let input = json!({ "userId": "dora", "rule": "NEW", "amount": "150.75", "idempotencyKey": "2" });
    let error = gateway.mutate("earnPoints", input).await.unwrap_err();
    assert_eq!(code(&error), "RULE_RETIRED");
    assert!(error["extensions"]["details"]["retired_at"].is_string(), "{error}");

    let data = gateway
        .ask(
            &format!(
                "{{ rules(first: 2, after: \"INVITE\") {{ nodes {{ {RULE} }} }} rule(code: \"SIGN_IN\") {{ {RULE} }} }}"
            ),
            json!({}),
        )
        .await;
    assert_eq!(data["rules"]["nodes"][0]["code"], "NEW");
    assert_eq!(data["rule"]["inForce"], json!({ "version": 1, "state": "IN_FORCE", "fixedPoints": 5 }));
}

#[tokio::test]
async fn the_scope_rules_is_needed_to_change_rules_and_read_to_see_them() {
    let (gateway, database) = Gateway::new().await;
    gateway.create("NEW").await;
    let key = make_key(&database, "reader", &["read", "earn", "rewards"], None).await;
    let reader = gateway.with_key(&key);
    for (field, kind, input) in [
        ("createRule", "CreateRule", json!({ "code": "X", "name": "X", "idempotencyKey": "1" })),
        ("draftRuleVersion", "DraftRuleVersion", json!({ "rule": "NEW", "basis": "GIVEN", "idempotencyKey": "1" })),
        ("publishRuleVersion", "PublishRuleVersion", json!({ "rule": "NEW", "version": 1, "idempotencyKey": "1" })),
        ("discardRuleDraft", "DiscardRuleDraft", json!({ "rule": "NEW", "version": 1, "idempotencyKey": "1" })),
        ("retireRule", "RetireRule", json!({ "rule": "NEW", "idempotencyKey": "1" })),
    ] {
        let error = reader.change_rule(field, kind, input).await.unwrap_err();
        assert_eq!(
            (code(&error), &error["extensions"]["details"]),
            ("FORBIDDEN", &json!({ "scope": "rules" })),
            "{field}"
        );
    }
    assert_eq!(reader.ask("{ rule(code: \"NEW\") { code } }", json!({})).await["rule"]["code"], "NEW");
    let key = make_key(&database, "earner", &["earn"], None).await;
    for query in [
        "{ rules { nodes { code } } }",
        "{ rule(code: \"X\") { code } }",
        "{ ruleVersions(rule: \"X\") { nodes { version } } }",
    ] {
        assert_eq!(code(&gateway.with_key(&key).refused(query, json!({})).await), "FORBIDDEN", "{query}");
    }
}

#[tokio::test]
async fn each_input_at_fault_is_named() {
    let (gateway, _database) = Gateway::new().await;
    gateway.create("NEW").await;
    for (path, values) in [
        ("basis", json!({ "basis": "NONE" })),
        ("fixedPoints", json!({})),
        ("fixedPoints", json!({ "fixedPoints": 0 })),
        ("pointsPerUnit", json!({ "basis": "AMOUNT" })),
        ("tiers", json!({ "basis": "TIERS", "tiers": [{ "startsAt": 1, "pointsPerUnit": 1 }] })),
        ("validUntil", json!({ "fixedPoints": 1, "validUntil": "2190-06-31" })),
        ("validUntil", json!({ "fixedPoints": 1, "validUntil": "2190-06-30", "validDays": 1 })),
        ("pendingDays", json!({ "fixedPoints": 1, "pendingDays": 3651 })),
        ("wallet", json!({ "fixedPoints": 1, "wallet": "nowhere" })),
        ("rule", json!({ "rule": "N\0" })),
        ("version", json!({ "fixedPoints": 1, "version": 3 })),
        ("idempotencyKey", json!({ "fixedPoints": 1, "idempotencyKey": "" })),
    ] {
        let mut input = json!({ "rule": "NEW", "basis": "FIXED", "idempotencyKey": "d" });
        input.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
        let error = gateway.draft(input).await.unwrap_err();
        assert_eq!(
            (code(&error), &error["extensions"]["path"]),
            ("INVALID_INPUT", &json!(["input", path])),
            "{values}: {error}"
        );
    }
    let error = gateway.draft(json!({ "rule": "NONE", "basis": "GIVEN", "idempotencyKey": "d" })).await.unwrap_err();
    assert_eq!(code(&error), "UNKNOWN_RULE");
    let past = json!({ "rule": "NEW", "version": 1, "startsAt": "-200000-01-01T00:00:00Z", "idempotencyKey": "p" });
    let error = gateway.publish(past).await.unwrap_err();
    assert_eq!(error["extensions"]["path"], json!(["input", "startsAt"]), "{error}");
}

#[tokio::test]
async fn points_expire_once_the_member_has_been_idle() {
    let (gateway, database) = Gateway::new().await;
    gateway.create("NEW").await;
    let terms = |months: Value, key: &str| json!({ "rule": "NEW", "basis": "FIXED", "fixedPoints": 40, "validMonths": months, "idle": true, "idempotencyKey": key });
    let error = gateway.draft(terms(Value::Null, "bad")).await.unwrap_err();
    assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["input", "idle"])));
    let drafted = gateway.draft(terms(json!(12), "d")).await.unwrap();
    assert_eq!(
        (&drafted["version"]["idle"], &drafted["version"]["description"]),
        (
            &json!(true),
            &json!(
                "Awards 40 points. The points are available at once and expire once the member has been idle for 12 months."
            )
        )
    );
    gateway.publish(json!({ "rule": "NEW", "version": 1, "idempotencyKey": "p" })).await.unwrap();
    for (rule, key) in [("NEW", "1"), ("SIGN_IN", "2")] {
        gateway.mutate("earnPoints", json!({ "userId": "dora", "rule": rule, "idempotencyKey": key })).await.unwrap();
    }
    let lots = "query { account(userId: \"dora\") { lots { nodes { source idle expiresAt } } } }";
    let lots = gateway.ask(lots, json!({})).await["account"]["lots"]["nodes"].take();
    let idle: Vec<_> = lots.as_array().unwrap().iter().map(|lot| (&lot["source"], &lot["idle"])).collect();
    assert_eq!(idle, [(&json!("SIGN_IN"), &json!(false)), (&json!("NEW"), &json!(true))]);
    assert!(lots[1]["expiresAt"].as_str().unwrap().contains("T00:00:00"), "{lots}");

    let kinds = || gateway.ask("query { activityKinds }", json!({}));
    let set = |kinds: Value, key: &str| {
        gateway.send(
            "mutation($input: SetActivityInput!) { setActivity(input: $input) { activityKinds replayed } }",
            json!({ "input": { "kinds": kinds, "idempotencyKey": key } }),
        )
    };
    assert_eq!(kinds().await["activityKinds"], json!(["EARN", "SIGN_IN", "CLAIM", "SPEND", "REDEEM"]));
    let error = only_error(set(json!(["EARN", "RETURN"]), "a").await).unwrap();
    assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["input", "kinds"])));
    for replayed in [false, true] {
        let data = only_error(set(json!(["SPEND", "EARN"]), "a").await).unwrap_err();
        assert_eq!(data["setActivity"], json!({ "activityKinds": ["EARN", "SPEND"], "replayed": replayed }));
    }
    assert_eq!(code(&only_error(set(json!([]), "a").await).unwrap()), "IDEMPOTENCY_CONFLICT");
    assert_eq!(kinds().await["activityKinds"], json!(["EARN", "SPEND"]));

    let key = make_key(&database, "earner", &["earn"], None).await;
    let earner = gateway.with_key(&key);
    assert_eq!(code(&earner.refused("query { activityKinds }", json!({})).await), "FORBIDDEN");
    let change = "mutation { setActivity(input: { kinds: [], idempotencyKey: \"b\" }) { replayed } }";
    assert_eq!(code(&earner.refused(change, json!({})).await), "FORBIDDEN");
}
