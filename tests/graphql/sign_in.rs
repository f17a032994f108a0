use serde_json::{Value, json};

use super::{Gateway, code, make_key, only_error};

const PAYLOAD: &str =
    "replayed day streak operation { kind rule ruleVersion points subject details } account { balance { available } }";

impl Gateway {
    async fn habit(&self, field: &str, answer: &str, input: Value) -> Result<Value, Value> {
        let capital = field[..1].to_uppercase();
        let query =
            format!("mutation($input: {capital}{}Input!) {{ {field}(input: $input) {{ {answer} }} }}", &field[1..]);
        match only_error(self.send(&query, json!({ "input": input })).await) {
            Ok(error) => Err(error),
            Err(mut data) => Ok(data[field].take()),
        }
    }

    async fn calendar(&self, user: &str, month: Option<&str>) -> Value {
        let query = "query($user: ID!, $month: String) { signInCalendar(userId: $user, month: $month) {
            timeZone days madeUp streak today { day signed streak points bonus } tomorrow { day signed streak points bonus }
            makeUp { from left price } } }";
        let mut data = self.ask(query, json!({ "user": user, "month": month })).await;
        data["signInCalendar"].take()
    }
}

#[tokio::test]
async fn a_member_signs_in_and_sees_what_tomorrow_brings() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    client.batch_execute("select api.set_sign_in('SIGN_IN', 's', 2, 10)").await.unwrap();
    let today: String = client.query_one("select now()::date::text", &[]).await.unwrap().get(0);
    let tomorrow: String = client.query_one("select (now()::date + 1)::text", &[]).await.unwrap().get(0);

    let before = gateway.calendar("zoe", None).await;
    assert_eq!(before["today"], json!({ "day": today, "signed": false, "streak": 1, "points": 5, "bonus": 0 }));
    let input = json!({ "userId": "zoe", "idempotencyKey": "1" });
    let signed = gateway.habit("signIn", &format!("{PAYLOAD} bonus"), input.clone()).await.unwrap();
    assert_eq!(
        signed,
        json!({
            "replayed": false, "day": today, "streak": 1, "bonus": 0,
            "operation": {
                "kind": "SIGN_IN", "rule": "SIGN_IN", "ruleVersion": 1, "points": 5, "subject": null,
                "details": { "day": today, "streak": 1, "bonus": 0 },
            },
            "account": { "balance": { "available": 5 } },
        })
    );
    let again = gateway.habit("signIn", &format!("{PAYLOAD} bonus"), input).await.unwrap();
    assert_eq!((&again["replayed"], &again["day"], &again["bonus"]), (&json!(true), &json!(today), &json!(0)));
    let refused = gateway.habit("signIn", "day", json!({ "userId": "zoe", "idempotencyKey": "2" })).await.unwrap_err();
    assert_eq!(code(&refused), "ALREADY_SIGNED_IN");
    assert_eq!(refused["extensions"]["details"]["day"], json!(today));

    let calendar = gateway.calendar("zoe", Some(&today[..7])).await;
    assert_eq!(
        calendar,
        json!({
            "timeZone": "UTC", "days": [today], "madeUp": [], "streak": 1,
            "today": { "day": today, "signed": true, "streak": 1, "points": 5, "bonus": 0 },
            "tomorrow": { "day": tomorrow, "signed": false, "streak": 2, "points": 15, "bonus": 10 },
            "makeUp": null,
        })
    );
    assert_eq!(gateway.calendar("zoe", Some("1999-12")).await["days"], json!([]));
}

#[tokio::test]
async fn a_day_is_made_up_and_a_zone_is_set() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    client.batch_execute("select api.set_sign_in('SIGN_IN', 's', 7, 10, 5, 3, 2)").await.unwrap();
    let yesterday: String = client.query_one("select (now()::date - 1)::text", &[]).await.unwrap().get(0);
    gateway.grant("zoe", 10, "grant", None).await;
    let input = json!({ "userId": "zoe", "day": yesterday, "idempotencyKey": "1" });
    let refused = gateway.habit("makeUpSignIn", PAYLOAD, input).await.unwrap_err();
    assert_eq!(code(&refused), "DAY_OUT_OF_RANGE", "the account is of today");
    client.batch_execute("update points.account set created_at = created_at - interval '3 days'").await.unwrap();
    let input = json!({ "userId": "zoe", "day": yesterday, "idempotencyKey": "2" });
    let made = gateway.habit("makeUpSignIn", PAYLOAD, input).await.unwrap();
    assert_eq!((&made["day"], &made["streak"]), (&json!(yesterday), &json!(1)));
    assert_eq!((&made["operation"]["kind"], &made["operation"]["subject"]), (&json!("MAKE_UP"), &json!(yesterday)));
    assert_eq!(made["account"]["balance"]["available"], 8);
    let calendar = gateway.calendar("zoe", Some(&yesterday[..7])).await;
    assert_eq!((&calendar["madeUp"], &calendar["streak"]), (&json!([yesterday]), &json!(1)));
    assert_eq!((&calendar["makeUp"]["left"], &calendar["makeUp"]["price"]), (&json!(2), &json!(2)));

    let input = json!({ "userId": "zoe", "timeZone": "Asia/Shanghai", "idempotencyKey": "3" });
    let set =
        gateway.habit("setTimeZone", "replayed operation { kind subject points } entry { seq }", input).await.unwrap();
    assert_eq!(set["operation"], json!({ "kind": "SET_TIME_ZONE", "subject": "Asia/Shanghai", "points": 0 }));
    let input = json!({ "userId": "zoe", "timeZone": "Asia/Tokyo", "idempotencyKey": "4" });
    let refused = gateway.habit("setTimeZone", "replayed", input).await.unwrap_err();
    assert_eq!(code(&refused), "LIMIT_REACHED");
}

#[tokio::test]
async fn inputs_at_fault_are_named() {
    let (gateway, database) = Gateway::new().await;
    let path = |error: Value| error["extensions"]["path"].clone();
    let input = json!({ "userId": "zoe", "timeZone": "Asia/Atlantis", "idempotencyKey": "1" });
    assert_eq!(path(gateway.habit("setTimeZone", "replayed", input).await.unwrap_err()), json!(["input", "timeZone"]));
    let input = json!({ "userId": "zoe", "day": "1950-01-01", "idempotencyKey": "1" });
    assert_eq!(path(gateway.habit("makeUpSignIn", "day", input).await.unwrap_err()), json!(["input", "day"]));
    for day in ["2030-02-30", "1-1-2030", "2030-1-1", "+2030-01-1"] {
        let input = json!({ "userId": "zoe", "day": day, "idempotencyKey": "1" });
        assert_eq!(
            path(gateway.habit("makeUpSignIn", "day", input).await.unwrap_err()),
            json!(["input", "day"]),
            "{day}"
        );
    }
    let calendar = "query($month: String) { signInCalendar(userId: \"zoe\", month: $month) { streak } }";
    for month in ["2030", "2030-13", "2030-1", "2030-01-01", "+203-01"] {
        let error = gateway.refused(calendar, json!({ "month": month })).await;
        assert_eq!((code(&error), path(error.clone())), ("INVALID_INPUT", json!(["month"])), "{month}");
    }
    let error = gateway.refused("{ signInCalendar(userId: \"zoe\", wallet: \"none\") { streak } }", json!({})).await;
    assert_eq!(path(error), json!(["wallet"]));
    for (scopes, field, input) in [
        (["spend", "read"], "signIn", json!({ "userId": "zoe", "idempotencyKey": "1" })),
        (["earn", "read"], "makeUpSignIn", json!({ "userId": "zoe", "day": "2030-01-01", "idempotencyKey": "1" })),
        (["spend", "read"], "setTimeZone", json!({ "userId": "zoe", "timeZone": "UTC", "idempotencyKey": "1" })),
    ] {
        let key = make_key(&database, field, &scopes, None).await;
        let error = gateway.with_key(&key).habit(field, "replayed", input).await.unwrap_err();
        assert_eq!(code(&error), "FORBIDDEN", "{field}");
    }
}
