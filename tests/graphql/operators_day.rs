//! The day that `docs/rules.md` tells of.

use serde_json::json;

use super::Gateway;

const PAGE: &str = include_str!("../../docs/rules.md");

/// The documents of the page, in order, without their fences.
fn documents() -> Vec<&'static str> {
    PAGE.split("```graphql\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[tokio::test]
async fn the_page_does_what_it_says() {
    let (gateway, _database) = Gateway::new().await;
    let [draft, preview, backtest, publish, earn, explain, retire, idle, activity, limit, risk, adjust, terms] =
        documents()[..]
    else {
        panic!("{:?}", documents())
    };
    let data = gateway.ask(draft, json!({})).await;
    let version = &data["draftRuleVersion"]["version"];
    assert_eq!((&version["version"], &version["state"]), (&json!(2), &json!("DRAFT")));
    assert!(PAGE.contains(version["description"].as_str().unwrap()), "{version}");

    let data = gateway.ask(backtest, json!({})).await;
    assert_eq!(data["backtestRule"]["refused"], 0);
    assert!(data["backtestRule"]["pointsAfter"].as_i64() > data["backtestRule"]["pointsBefore"].as_i64(), "{data}");
    let data = gateway.ask(publish, json!({})).await;
    assert_eq!(data["publishRuleVersion"]["version"]["state"], "IN_FORCE");
    let data = gateway.ask(preview, json!({})).await;
    assert_eq!(data["previewEarn"]["points"], 201);
    let data = gateway.ask(earn, json!({})).await;
    assert_eq!(data["earnPoints"]["operation"]["points"], 201);

    let id = &data["earnPoints"]["operation"]["id"];
    let data = gateway.ask(explain, json!({ "id": id })).await;
    assert_eq!(data["explainOperation"]["agrees"], true);
    let steps = data["explainOperation"]["steps"].as_array().unwrap();
    let told: Vec<_> = PAGE
        .split("explainOperation(")
        .last()
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.ends_with(" points.") || line.ends_with(" left.") || line.starts_with("Entry"))
        .collect();
    assert_eq!(told.len(), 4, "{told:?}");
    for words in told {
        assert!(steps.iter().any(|step| step["words"] == words), "{words} in {steps:?}");
    }
    let data = gateway.ask(retire, json!({})).await;
    assert_eq!(data["retireRule"]["rule"]["retired"], true);

    let data = gateway.ask(idle, json!({})).await;
    assert!(PAGE.contains(data["draftRuleVersion"]["version"]["description"].as_str().unwrap()), "{data}");
    let data = gateway.ask(activity, json!({})).await;
    assert_eq!(data["setActivity"]["activityKinds"], json!(["REDEEM", "SPEND"]));

    let data = gateway.ask(limit, json!({})).await;
    assert_eq!(data["createLimit"]["limit"]["per"], "ADDRESS");
    let data = gateway.ask(risk, json!({})).await;
    assert_eq!(data["setRiskRule"]["riskRule"]["mode"], "WATCH");
    let data = gateway.ask(adjust, json!({})).await;
    assert_eq!(data["adjustPointsBatch"][1]["operation"], json!({ "userId": "bob", "points": -20 }));
    let data = gateway.ask(terms, json!({})).await;
    assert_eq!(data["setSignIn"]["terms"]["bonusPoints"], 20);
    assert_eq!(data["setInvitations"]["terms"]["cap"], 50);
}
