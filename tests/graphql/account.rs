use serde_json::{Value, json};

use super::{Gateway, code};

/// Pages of a list, as nodes, until there is no next one. `between` runs after each page.
async fn pages(
    gateway: &Gateway,
    list: &str,
    node: &str,
    first: i64,
    mut between: impl AsyncFnMut(),
) -> Vec<Vec<Value>> {
    let query = format!(
        "query($after: String) {{ account(userId: \"dora\") {{ {list}(first: {first}, after: $after) {{
            nodes {{ {node} }} edges {{ cursor node {{ {node} }} }}
            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
        }} }} }}"
    );
    let (mut pages, mut after) = (Vec::new(), Value::Null);
    loop {
        let connection = gateway.ask(&query, json!({ "after": after })).await["account"][list].take();
        let (edges, info) = (connection["edges"].as_array().unwrap(), &connection["pageInfo"]);
        let nodes: Vec<_> = edges.iter().map(|edge| edge["node"].clone()).collect();
        assert_eq!(connection["nodes"], Value::Array(nodes.clone()));
        assert_eq!(info["startCursor"], edges[0]["cursor"]);
        assert_eq!(info["endCursor"], edges[edges.len() - 1]["cursor"]);
        assert_eq!(info["hasPreviousPage"], !after.is_null());
        pages.push(nodes);
        if info["hasNextPage"] == false {
            return pages;
        }
        after = info["endCursor"].clone();
        between().await;
    }
}

#[tokio::test]
async fn an_account_that_no_operation_has_made_is_null() {
    let (gateway, _database) = Gateway::new().await;
    for account in [r#"userId: "nobody""#, r#"userId: "alice", wallet: "nowhere""#, r#"userId: """#] {
        let data = gateway.ask(&format!("{{ account({account}) {{ version }} }}"), json!({})).await;
        assert_eq!(data, json!({ "account": null }), "{account}");
    }
    // asking makes none
    gateway.sign_in("nobody", "1").await.unwrap();
    let data = gateway.ask(r#"{ account(userId: "nobody") { version } }"#, json!({})).await;
    assert_eq!(data, json!({ "account": { "version": 1 } }));
}

#[tokio::test]
async fn an_account_shows_balance_level_and_version() {
    let (gateway, _database) = Gateway::new().await;
    let query = r#"{ account(userId: "alice") {
        userId wallet version level { code name threshold }
        balance { pending available held earned spent expired adjusted }
    } }"#;
    assert_eq!(
        gateway.ask(query, json!({})).await["account"],
        json!({
            "userId": "alice", "wallet": "points", "version": 4,
            "level": { "code": "VIP1", "name": "VIP 1", "threshold": 1000 },
            "balance": {
                "pending": 0, "available": 1085, "held": 0, "earned": 1385, "spent": 300, "expired": 0, "adjusted": 0,
            },
        })
    );
}

#[tokio::test]
async fn a_balance_is_true_before_the_change_is_booked() {
    let (gateway, database) = Gateway::new().await;
    gateway.grant("dora", 10, "1", Some("2190-01-01T00:00:00Z")).await;
    gateway.grant("dora", 7, "2", None).await;
    // as if 2190 had come; the lot's row says when, and the gateway's own sweeper would book it
    database
        .client()
        .await
        .batch_execute(
            "update points.job set enabled = false where name = 'sweep';
             update points.lot set available_at = now() - interval '2 day', expires_at = now() - interval '1 day'
             where expires_at = '2190-01-01 00:00:00Z';
             update points.balance b set next_change_at = now() - interval '1 day' from points.account a
             where (a.bucket, a.id) = (b.bucket, b.account_id) and a.user_id = 'dora'",
        )
        .await
        .unwrap();
    let query = r#"{ account(userId: "dora") { version balance { available expired adjusted } lots { nodes { remaining } } } }"#;
    assert_eq!(
        gateway.ask(query, json!({})).await["account"],
        json!({
            "version": 2, "balance": { "available": 7, "expired": 10, "adjusted": 17 },
            "lots": { "nodes": [{ "remaining": 7 }] },
        })
    );
    let error = gateway.spend("dora", 8, "3").await.unwrap_err();
    assert_eq!(error["extensions"]["details"], json!({ "available": 7, "requested": 8 }));
}

#[tokio::test]
async fn entries_come_newest_first_and_their_pages_stay_while_rows_are_added() {
    let (gateway, _database) = Gateway::new().await;
    for number in 1..=7 {
        gateway.sign_in("dora", &number.to_string()).await.unwrap();
    }
    let mut added = 7;
    let pages = pages(&gateway, "entries", "seq availableAfter operation { idempotencyKey }", 3, async || {
        added += 1;
        gateway.sign_in("dora", &added.to_string()).await.unwrap();
    })
    .await;
    let entry =
        |seq: i64| json!({ "seq": seq, "availableAfter": 5 * seq, "operation": { "idempotencyKey": seq.to_string() } });
    assert_eq!(pages, [vec![entry(7), entry(6), entry(5)], vec![entry(4), entry(3), entry(2)], vec![entry(1)]]);
}

#[tokio::test]
async fn lots_come_in_burn_order_and_their_pages_stay_while_rows_are_added() {
    let (gateway, _database) = Gateway::new().await;
    let years = [None, Some("2182"), Some("2181"), None, Some("2181"), Some("+262000")];
    for (number, year) in years.iter().enumerate() {
        let expires_at = year.map(|year| format!("{year}-01-01T00:00:00.123456Z"));
        gateway.grant("dora", 1 + number as i64, &number.to_string(), expires_at.as_deref()).await;
    }
    let mut added = 0;
    let pages = pages(&gateway, "lots", "granted expiresAt source pending", 2, async || {
        added += 1;
        // before every cursor
        gateway.grant("dora", 100, &format!("added {added}"), Some("2170-01-01T00:00:00Z")).await;
    })
    .await;
    let lot = |granted: i64, year: Option<&str>| {
        let expires_at = year.map(|year| format!("{year}-01-01T00:00:00.123456+00:00"));
        json!({ "granted": granted, "expiresAt": expires_at, "source": "adjust", "pending": false })
    };
    assert_eq!(
        pages,
        [
            vec![lot(3, Some("2181")), lot(5, Some("2181"))],
            vec![lot(2, Some("2182")), lot(6, Some("+262000"))],
            vec![lot(1, None), lot(4, None)],
        ]
    );
}

#[tokio::test]
async fn a_page_has_twenty_rows_unless_asked_and_a_hundred_at_most() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "do $$ begin
                 for n in 1 .. 101 loop perform api.earn_points('dora', 'SIGN_IN', n::text); end loop;
                 for n in 1 .. 100 loop perform api.earn_points('emil', 'SIGN_IN', n::text); end loop;
             end $$",
        )
        .await
        .unwrap();
    for list in ["entries", "lots"] {
        let query = format!(
            "query($first: Int) {{ account(userId: \"dora\") {{ {list}(first: $first) {{
                nodes {{ __typename }} pageInfo {{ hasNextPage startCursor endCursor }}
            }} }} }}"
        );
        for (first, rows) in [(Some(0), 0), (Some(1), 1), (None, 20), (Some(100), 100)] {
            let connection = gateway.ask(&query, json!({ "first": first })).await["account"][list].take();
            assert_eq!(connection["nodes"].as_array().unwrap().len(), rows, "{list} {first:?}");
            assert_eq!(connection["pageInfo"]["hasNextPage"], true, "{list} {first:?}");
            assert_eq!(connection["pageInfo"]["endCursor"].is_null(), rows == 0, "{list} {first:?}");
        }
        for first in [-1, 101, i32::MAX, i32::MIN] {
            let error = refused_field(&gateway, &query, json!({ "first": first })).await;
            assert_eq!(code(&error), "INVALID_INPUT", "{list} {first}");
            assert_eq!(error["extensions"]["path"], json!(["first"]), "{list} {first}");
        }
    }
    let query = r#"{ account(userId: "emil") { entries(first: 100) { pageInfo { hasNextPage } } lots(first: 100) { pageInfo { hasNextPage } } } }"#;
    let last = json!({ "pageInfo": { "hasNextPage": false } });
    assert_eq!(gateway.ask(query, json!({})).await["account"], json!({ "entries": last, "lots": last }));
}

/// The error of a field below a nullable one.
async fn refused_field(gateway: &Gateway, query: &str, variables: Value) -> Value {
    let mut response = gateway.send(query, variables).await;
    assert_eq!(response["data"], json!({ "account": null }));
    assert_eq!(response["errors"].as_array().unwrap().len(), 1);
    response["errors"][0].take()
}

#[tokio::test]
async fn a_cursor_that_is_none_is_refused() {
    let (gateway, _database) = Gateway::new().await;
    for (list, cursors) in [
        ("entries", &["", "x", "1.5", "9223372036854775808", "never_1_0"][..]),
        (
            "lots",
            &[
                "",
                "1",
                "never_1",
                "never_x_0",
                "never_1_99999",
                "never_1_0_0",
                "-1_1_0",
                "9223372036854775807_1_0",
                "\0_1_0",
            ][..],
        ),
    ] {
        let query = format!(
            "query($after: String) {{ account(userId: \"alice\") {{ {list}(after: $after) {{ nodes {{ __typename }} }} }} }}"
        );
        for cursor in cursors {
            let error = refused_field(&gateway, &query, json!({ "after": cursor })).await;
            assert_eq!(code(&error), "INVALID_INPUT", "{list} {cursor}");
            assert_eq!(error["extensions"]["path"], json!(["after"]), "{list} {cursor}");
            assert_eq!(error["path"], json!(["account", list]), "{list} {cursor}");
        }
    }
}

#[tokio::test]
async fn many_ask_at_once_and_one_with_nul_fails_alone() {
    let (gateway, _database) = Gateway::new().await;
    let query = "query($user: ID!) { account(userId: $user) { userId entries(first: 1) { nodes { seq operation { entry { seq } } } } } }";
    let asking: Vec<_> = (0..60)
        .map(|number| {
            let (gateway, user) = (gateway.clone(), ["alice", "bob", "a\0ice"][number % 3]);
            tokio::spawn(async move { (user, gateway.send(query, json!({ "user": user })).await) })
        })
        .collect();
    for answer in asking {
        let (user, response) = answer.await.unwrap();
        if user.contains('\0') {
            assert_eq!(code(&response["errors"][0]), "INVALID_INPUT");
            assert_eq!(response["errors"][0]["extensions"]["path"], json!(["userId"]));
            continue;
        }
        let seq = if user == "alice" { 4 } else { 2 };
        let entry = json!({ "seq": seq, "operation": { "entry": { "seq": seq } } });
        assert_eq!(response, json!({ "data": { "account": { "userId": user, "entries": { "nodes": [entry] } } } }));
    }
}
