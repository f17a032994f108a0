//! What operators see of jobs, and do with them.

use serde_json::json;

use super::{Gateway, code, make_key, until};

#[tokio::test]
async fn jobs_are_listed_run_and_set() {
    let (gateway, database) = Gateway::new().await;
    // the gateway drives them by itself
    let jobs = "{ jobs { name description schedule enabled stepLimit timeoutSeconds nextRunAt startedAt endedAt done lagSeconds failure failedAt failures } }";
    until("every job has run", async || {
        let listed = gateway.ask(jobs, json!({})).await;
        listed["jobs"]
            .as_array()
            .unwrap()
            .iter()
            .all(|job| job["startedAt"].is_string() || job["schedule"].as_str().unwrap().contains(' '))
    })
    .await;
    let listed = gateway.ask(jobs, json!({})).await;
    let sweep = listed["jobs"].as_array().unwrap().iter().find(|job| job["name"] == "sweep").unwrap();
    assert_eq!((&sweep["schedule"], &sweep["enabled"], &sweep["failures"]), (&json!("PT10S"), &json!(true), &json!(0)));

    let set = "mutation($input: SetJobInput!) { setJob(input: $input) { replayed job { schedule enabled } } }";
    let input = |schedule: &str, key: &str| json!({ "input": { "name": "sweep", "schedule": schedule, "enabled": false, "idempotencyKey": key } });
    for replayed in [false, true] {
        let data = gateway.ask(set, input("*/5 1-4 * * 0,6", "a")).await;
        let job = json!({ "schedule": "*/5 1-4 * * 0,6", "enabled": false });
        assert_eq!(data["setJob"], json!({ "replayed": replayed, "job": job }));
    }
    for (schedule, key, expected) in [
        ("PT1M", "a", "IDEMPOTENCY_CONFLICT"),
        ("every minute", "b", "INVALID_INPUT"),
        ("99 * * * *", "b", "INVALID_INPUT"),
        ("0 0 31 2 *", "b", "INVALID_INPUT"),
    ] {
        assert_eq!(code(&gateway.refused(set, input(schedule, key)).await), expected, "{schedule}");
    }

    let run = "mutation($name: String!, $key: String!) {
        runJob(input: { name: $name, idempotencyKey: $key, steps: 3 }) { replayed steps done more failure job { name endedAt } } }";
    let data = gateway.ask(run, json!({ "name": "sweep", "key": "r" })).await;
    assert_eq!(
        (&data["runJob"]["steps"], &data["runJob"]["more"], &data["runJob"]["failure"]),
        (&json!(1), &json!(false), &json!(null))
    );
    let data = gateway.ask(run, json!({ "name": "sweep", "key": "r" })).await;
    assert_eq!((&data["runJob"]["replayed"], &data["runJob"]["steps"]), (&json!(true), &json!(0)));
    let error = gateway.refused(run, json!({ "name": "none", "key": "s" })).await;
    assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["input", "name"])));

    let partner = gateway.with_key(&make_key(&database, "shop", &["read"], None).await);
    assert_eq!(code(&partner.refused(run, json!({ "name": "sweep", "key": "t" })).await), "FORBIDDEN");
    assert_eq!(code(&partner.refused(set, input("PT1M", "t")).await), "FORBIDDEN");
}
