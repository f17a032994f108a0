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

#[tokio::test]
async fn operators_see_the_months_of_the_ledger_and_say_when_they_are_archived() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    client.batch_execute("set role jifen_owner; select points.make_partitions(1, '2024-01-15')").await.unwrap();
    let set = "mutation($input: SetArchiveInput!) { setArchive(input: $input) { afterMonths replayed } }";
    let input =
        |months: serde_json::Value, key: &str| json!({ "input": { "afterMonths": months, "idempotencyKey": key } });
    for replayed in [false, true] {
        let data = gateway.ask(set, input(json!(12), "a")).await;
        assert_eq!(data["setArchive"], json!({ "afterMonths": 12, "replayed": replayed }));
    }
    let error = gateway.refused(set, input(json!(11), "b")).await;
    assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["input", "afterMonths"])));
    assert_eq!(code(&gateway.refused(set, input(json!(13), "a")).await), "IDEMPOTENCY_CONFLICT");

    client.batch_execute("reset role").await.unwrap();
    // A month waits for transactions of other tests.
    let archived = "select count(*) from api.ledger_month where archived_at is not null";
    for _ in 0..600 {
        client.batch_execute("select api.run_job('archive')").await.unwrap();
        if client.query_one(archived, &[]).await.unwrap().get::<_, i64>(0) > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let months = "{ ledgerMonths { month entries lotUses archivedAt openLots openHolds checkedAt exportedAt entrySha256 lotUseSha256 } }";
    let data = gateway.ask(months, json!({})).await;
    let [first, second, ..] = &data["ledgerMonths"].as_array().unwrap()[..] else { panic!("{data}") };
    assert_eq!((&first["month"], &first["entries"], &first["openLots"]), (&json!("2024-01-01"), &json!(0), &json!(0)));
    assert!(first["archivedAt"].is_string() && second["archivedAt"].is_null(), "{data}");
    assert_eq!(
        (&second["month"], &second["openLots"], &second["exportedAt"]),
        (&json!("2024-02-01"), &json!(null), &json!(null))
    );
    let data = gateway.ask(set, input(json!(null), "c")).await;
    assert_eq!(data["setArchive"]["afterMonths"], json!(null));

    let partner = gateway.with_key(&make_key(&database, "shop", &["read"], None).await);
    assert_eq!(code(&partner.refused(set, input(json!(12), "t")).await), "FORBIDDEN");
    assert_eq!(code(&partner.refused(months, json!({})).await), "FORBIDDEN");
}
