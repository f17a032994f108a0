use std::time::Duration;

use serde_json::{Value, json};

use super::{Gateway, code, make_key, only_error};

const REWARD: &str = "code name wallet kind price stock cashAmount status onSaleFrom onSaleUntil quota quotaPeriod
    prizes { no name weight consolation stock }";
const REDEMPTION: &str = "id reward { code } price status coupon closedAt redeemedAt operation { orderKey metadata }
    draw { seed weights drawn recomputed prize { no name } }";

impl Gateway {
    async fn catalogue(&self, field: &str, input: Value) -> Result<Value, Value> {
        let capital = field[..1].to_uppercase();
        let query = format!(
            "mutation($input: {capital}{}Input!) {{ {field}(input: $input) {{ replayed reward {{ {REWARD} }} }} }}",
            &field[1..]
        );
        match only_error(self.send(&query, json!({ "input": input })).await) {
            Ok(error) => Err(error),
            Err(mut data) => Ok(data[field].take()),
        }
    }

    async fn redemption_mutation(&self, field: &str, kind: &str, input: Value) -> Result<Value, Value> {
        let query = format!(
            "mutation($input: {kind}Input!) {{ {field}(input: $input) {{
                replayed operation {{ id kind points reward originalId }} entry {{ availableDelta kind contra }}
                account {{ balance {{ available spent }} }} redemption {{ {REDEMPTION} }} }} }}"
        );
        match only_error(self.send(&query, json!({ "input": input })).await) {
            Ok(error) => Err(error),
            Err(mut data) => Ok(data[field].take()),
        }
    }

    async fn redeem(&self, input: Value) -> Result<Value, Value> {
        self.redemption_mutation("redeemReward", "RedeemReward", input).await
    }

    async fn close_redemption(&self, field: &str, user: &str, redemption: &Value, key: &str) -> Result<Value, Value> {
        let input = json!({ "userId": user, "redemptionId": redemption, "idempotencyKey": key });
        self.redemption_mutation(field, "CloseRedemption", input).await
    }

    async fn make(&self, code: &str, kind: &str, price: i64, stock: Option<i64>) -> Value {
        let key = format!("create {code}");
        let input =
            json!({ "code": code, "name": code, "kind": kind, "price": price, "stock": stock, "idempotencyKey": key });
        self.catalogue("createReward", input).await.unwrap()
    }
}

fn order(user: &str, reward: &str, key: &str) -> Value {
    json!({ "userId": user, "reward": reward, "idempotencyKey": key })
}

#[tokio::test]
async fn a_reward_is_made_redeemed_and_delivered() {
    let (gateway, _database) = Gateway::new().await;
    let input = json!({
        "code": "CUP", "name": "A cup", "kind": "GOODS", "price": 30, "stock": 5, "quota": 2, "quotaPeriod": "MONTH",
        "onSaleUntil": "2190-01-01T00:00:00Z", "idempotencyKey": "1",
    });
    let made = gateway.catalogue("createReward", input.clone()).await.unwrap();
    assert_eq!(
        made,
        json!({ "replayed": false, "reward": {
            "code": "CUP", "name": "A cup", "wallet": "points", "kind": "GOODS", "price": 30, "stock": 5, "cashAmount": null,
            "status": "ACTIVE", "onSaleFrom": null, "onSaleUntil": "2190-01-01T00:00:00+00:00", "quota": 2,
            "quotaPeriod": "MONTH", "prizes": [],
        } })
    );
    assert_eq!(gateway.catalogue("createReward", input).await.unwrap()["replayed"], true);

    gateway.grant("dora", 100, "grant", None).await;
    let input = json!({
        "userId": "dora", "reward": "CUP", "expectedPrice": 30, "idempotencyKey": "1", "orderKey": "o-1",
        "orderAmount": "90", "metadata": { "to": "Leipzig" },
    });
    let redeemed = gateway.redeem(input.clone()).await.unwrap();
    assert_eq!(redeemed["operation"]["kind"], "REDEEM");
    assert_eq!(redeemed["operation"]["points"], 30);
    assert_eq!(redeemed["entry"], json!({ "availableDelta": -30, "kind": "SPEND", "contra": "redemption" }));
    assert_eq!(redeemed["account"]["balance"], json!({ "available": 70, "spent": 30 }));
    let redemption = &redeemed["redemption"];
    assert_eq!(redemption["id"], redeemed["operation"]["id"]);
    assert_eq!((&redemption["status"], &redemption["price"]), (&json!("RESERVED"), &json!(30)));
    assert_eq!(redemption["operation"], json!({ "orderKey": "o-1", "metadata": { "to": "Leipzig" } }));
    let again = gateway.redeem(input).await.unwrap();
    assert_eq!((&again["replayed"], &again["redemption"]), (&json!(true), redemption));

    let fulfilled = gateway.close_redemption("fulfilRedemption", "dora", &redemption["id"], "f").await.unwrap();
    assert_eq!(fulfilled["redemption"]["status"], "FULFILLED");
    assert_eq!((&fulfilled["entry"], &fulfilled["operation"]["originalId"]), (&Value::Null, &redemption["id"]));

    let query = format!(
        "query($id: ID!) {{ redemption(userId: \"dora\", id: $id) {{ {REDEMPTION} }} reward(code: \"CUP\") {{ stock }} }}"
    );
    let data = gateway.ask(&query, json!({ "id": redemption["id"] })).await;
    assert_eq!((&data["redemption"]["status"], &data["reward"]["stock"]), (&json!("FULFILLED"), &json!(4)));
}

#[tokio::test]
async fn cancelling_gives_everything_back() {
    let (gateway, _database) = Gateway::new().await;
    gateway.make("CUP", "GOODS", 30, Some(1)).await;
    gateway.grant("dora", 100, "grant", None).await;
    let redeemed = gateway.redeem(order("dora", "CUP", "1")).await.unwrap();
    let id = &redeemed["redemption"]["id"];
    let cancelled = gateway.close_redemption("cancelRedemption", "dora", id, "c").await.unwrap();
    assert_eq!(cancelled["entry"], json!({ "availableDelta": 30, "kind": "REFUND", "contra": "redemption" }));
    assert_eq!(cancelled["account"]["balance"], json!({ "available": 100, "spent": 0 }));
    assert_eq!(cancelled["redemption"]["status"], "CANCELLED");
    assert!(cancelled["redemption"]["closedAt"].is_string());
    assert_eq!(gateway.close_redemption("cancelRedemption", "dora", id, "c").await.unwrap()["replayed"], true);
    gateway.redeem(order("dora", "CUP", "2")).await.unwrap();
}

#[tokio::test]
async fn every_refusal_has_its_code_and_facts() {
    let (gateway, database) = Gateway::new().await;
    gateway.make("CUP", "GOODS", 30, Some(1)).await;
    gateway.make("NONE_LEFT", "GOODS", 1, Some(0)).await;
    gateway.grant("dora", 100, "grant", None).await;
    let refused = async |input: Value| {
        let error = gateway.redeem(input).await.unwrap_err();
        (code(&error).to_owned(), error["extensions"]["details"].clone(), error["extensions"]["path"].clone())
    };
    assert_eq!(
        refused(order("dora", "JUG", "1")).await,
        ("UNKNOWN_REWARD".into(), json!({ "reward": "JUG" }), Value::Null)
    );
    let mut input = order("dora", "CUP", "1");
    input["expectedPrice"] = json!(29);
    assert_eq!(refused(input).await, ("PRICE_CHANGED".into(), json!({ "price": 30 }), Value::Null));
    assert_eq!(
        refused(order("dora", "NONE_LEFT", "1")).await,
        ("OUT_OF_STOCK".into(), json!({ "reward": "NONE_LEFT" }), Value::Null)
    );
    assert_eq!(
        refused(order("poor", "CUP", "1")).await,
        ("INSUFFICIENT_POINTS".into(), json!({ "available": 0, "requested": 30 }), Value::Null)
    );
    database.client().await.batch_execute("insert into points.wallet values ('coins', 'Coins')").await.unwrap();
    let mut input = order("dora", "CUP", "1");
    input["wallet"] = json!("coins");
    assert_eq!(refused(input).await, ("INVALID_INPUT".into(), Value::Null, json!(["input", "wallet"])));
    let mut input = order("dora", "CUP", "1");
    input["expectedPrice"] = json!(0);
    assert_eq!(refused(input).await, ("INVALID_INPUT".into(), Value::Null, json!(["input", "points"])));

    let change = json!({ "code": "CUP", "name": "Cup", "price": 30, "status": "PAUSED", "idempotencyKey": "pause" });
    gateway.catalogue("changeReward", change).await.unwrap();
    assert_eq!(refused(order("dora", "CUP", "1")).await.0, "NOT_ON_SALE");
    let change = json!({
        "code": "CUP", "name": "Cup", "price": 30, "status": "ACTIVE", "quota": 1, "quotaPeriod": "DAY", "idempotencyKey": "on",
    });
    gateway.catalogue("changeReward", change).await.unwrap();

    let redeemed = gateway.redeem(order("dora", "CUP", "1")).await.unwrap();
    let mut other = order("dora", "CUP", "1");
    other["expectedPrice"] = json!(30);
    assert_eq!(refused(other).await.0, "IDEMPOTENCY_CONFLICT");
    gateway.catalogue("addStock", json!({ "reward": "CUP", "pieces": 3, "idempotencyKey": "s" })).await.unwrap();
    assert_eq!(
        refused(order("dora", "CUP", "2")).await,
        ("LIMIT_REACHED".into(), json!({ "limit": "redemptions", "maximum": 1, "period": "day" }), Value::Null)
    );

    let id = &redeemed["redemption"]["id"];
    gateway.close_redemption("fulfilRedemption", "dora", id, "f").await.unwrap();
    let error = gateway.close_redemption("cancelRedemption", "dora", id, "c").await.unwrap_err();
    assert_eq!((code(&error), &error["extensions"]["details"]["status"]), ("REDEMPTION_CLOSED", &json!("fulfilled")));
    let unknown = json!("00000000-0000-0000-0000-000000000000");
    assert_eq!(
        code(&gateway.close_redemption("fulfilRedemption", "dora", &unknown, "x").await.unwrap_err()),
        "UNKNOWN_OPERATION"
    );
    let error = gateway.close_redemption("fulfilRedemption", "dora", &json!("no id"), "y").await.unwrap_err();
    assert_eq!(error["extensions"]["path"], json!(["input", "redemptionId"]));

    gateway
        .mutate("freezeAccount", json!({ "userId": "dora", "idempotencyKey": "z", "reason": "r", "actor": "a" }))
        .await
        .unwrap();
    gateway.make("PEN", "GOODS", 1, None).await;
    assert_eq!(refused(order("dora", "PEN", "3")).await.0, "ACCOUNT_FROZEN");
}

#[tokio::test]
async fn each_part_needs_its_scope() {
    let (gateway, database) = Gateway::new().await;
    gateway.make("CUP", "GOODS", 30, Some(1)).await;
    gateway.grant("dora", 100, "grant", None).await;
    let redeemed = gateway.redeem(order("dora", "CUP", "1")).await.unwrap();
    let shop = gateway.with_key(&make_key(&database, "shop", &["spend"], None).await);
    let id = &redeemed["redemption"]["id"];
    for field in ["fulfilRedemption", "cancelRedemption"] {
        let error = shop.close_redemption(field, "dora", id, field).await.unwrap_err();
        assert_eq!((code(&error), &error["extensions"]["details"]["scope"]), ("FORBIDDEN", &json!("rewards")));
    }
    for (field, input) in [
        ("createReward", json!({ "code": "A", "name": "A", "kind": "GOODS", "price": 1, "idempotencyKey": "k" })),
        ("changeReward", json!({ "code": "CUP", "name": "A", "status": "PAUSED", "price": 1, "idempotencyKey": "k" })),
        ("addStock", json!({ "reward": "CUP", "pieces": 1, "idempotencyKey": "k" })),
        ("addCoupons", json!({ "reward": "CUP", "codes": ["a"], "idempotencyKey": "k" })),
    ] {
        let error = shop.catalogue(field, input).await.unwrap_err();
        // what is wrong with the request itself comes first
        assert!(["FORBIDDEN", "INVALID_INPUT"].contains(&code(&error)), "{field}: {error}");
        assert_eq!(code(&error) == "INVALID_INPUT", field == "addCoupons", "{field}");
    }
    for query in ["{ rewards { nodes { code } } }", "{ reward(code: \"CUP\") { code } }"] {
        assert_eq!(code(&shop.refused(query, json!({})).await), "FORBIDDEN");
    }
    let reader = gateway.with_key(&make_key(&database, "reader", &["read"], None).await);
    assert_eq!(code(&reader.redeem(order("dora", "CUP", "2")).await.unwrap_err()), "FORBIDDEN");
}

#[tokio::test]
async fn inputs_at_fault_are_named() {
    let (gateway, _database) = Gateway::new().await;
    gateway.make("CUP", "GOODS", 30, Some(1)).await;
    let new = |name: &str, value: Value| {
        let mut input = json!({ "code": "A", "name": "A", "kind": "GOODS", "price": 1, "idempotencyKey": "k" });
        input[name] = value;
        input
    };
    for (field, input, path) in [
        ("createReward", new("code", json!("a")), "code"),
        ("createReward", new("name", json!("a\u{0}")), "name"),
        ("createReward", new("price", json!(0)), "price"),
        ("createReward", new("cashAmount", json!("1")), "cashAmount"),
        ("createReward", new("quota", json!(1)), "quotaPeriod"),
        ("createReward", new("idempotencyKey", json!("")), "idempotencyKey"),
        ("createReward", new("wallet", json!("gold")), "wallet"),
        ("createReward", new("onSaleFrom", json!("-5000-01-01T00:00:00Z")), "onSaleFrom"),
        ("createReward", new("prizes", json!([{ "name": "a\u{0}", "weight": 1 }])), "prizes"),
        ("addStock", json!({ "reward": "CUP", "pieces": 0, "idempotencyKey": "k" }), "pieces"),
        ("addStock", json!({ "reward": "CUP", "pieces": -2, "idempotencyKey": "k" }), "pieces"),
        ("addStock", json!({ "reward": "CUP", "pieces": 1, "prize": 1, "idempotencyKey": "k" }), "prize"),
        ("addCoupons", json!({ "reward": "CUP", "codes": ["a"], "idempotencyKey": "k" }), "reward"),
    ] {
        let error = gateway.catalogue(field, input.clone()).await.unwrap_err();
        assert_eq!((code(&error), &error["extensions"]["path"]), ("INVALID_INPUT", &json!(["input", path])), "{input}");
    }
    let unknown = json!({ "reward": "JUG", "pieces": 1, "idempotencyKey": "k" });
    let error = gateway.catalogue("addStock", unknown).await.unwrap_err();
    assert_eq!((code(&error), &error["extensions"]["details"]), ("UNKNOWN_REWARD", &json!({ "reward": "JUG" })));
    let conflict = json!({ "reward": "CUP", "pieces": 1, "idempotencyKey": "create CUP" });
    assert_eq!(code(&gateway.catalogue("addStock", conflict).await.unwrap_err()), "IDEMPOTENCY_CONFLICT");
}

#[tokio::test]
async fn coupons_draws_and_cash_say_what_was_given() {
    let (gateway, _database) = Gateway::new().await;
    gateway.grant("dora", 100, "grant", None).await;
    gateway.make("CODE", "COUPON", 1, None).await;
    let added = json!({ "reward": "CODE", "codes": ["AAA", "BBB"], "idempotencyKey": "c" });
    assert_eq!(gateway.catalogue("addCoupons", added).await.unwrap()["reward"]["stock"], 2);
    assert_eq!(gateway.redeem(order("dora", "CODE", "1")).await.unwrap()["redemption"]["coupon"], "AAA");

    let draw = json!({
        "code": "DRAW", "name": "Wheel", "kind": "DRAW", "price": 2, "idempotencyKey": "d",
        "prizes": [{ "name": "Sweet", "weight": 1 }, { "name": "TV", "weight": 0, "stock": 1 }],
    });
    let made = gateway.catalogue("createReward", draw).await.unwrap();
    assert_eq!(
        made["reward"]["prizes"],
        json!([
            { "no": 1, "name": "Sweet", "weight": 1, "consolation": true, "stock": null },
            { "no": 2, "name": "TV", "weight": 0, "consolation": false, "stock": 1 },
        ])
    );
    let drawn = &gateway.redeem(order("dora", "DRAW", "2")).await.unwrap()["redemption"]["draw"];
    assert_eq!((&drawn["weights"], &drawn["drawn"], &drawn["recomputed"]), (&json!([1, 0]), &json!(1), &json!(1)));
    assert_eq!(drawn["prize"], json!({ "no": 1, "name": "Sweet" }));
    assert_eq!(drawn["seed"].as_str().unwrap().len(), 64);

    let cash = json!({ "code": "CASH", "name": "Cash", "kind": "CASH", "price": 3, "cashAmount": "1.50", "idempotencyKey": "m" });
    assert_eq!(gateway.catalogue("createReward", cash).await.unwrap()["reward"]["cashAmount"], "1.50");
    let redemption = &gateway.redeem(order("dora", "CASH", "3")).await.unwrap()["redemption"];
    assert_eq!((&redemption["coupon"], &redemption["draw"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn rewards_and_redemptions_come_in_pages() {
    let (gateway, _database) = Gateway::new().await;
    gateway.grant("dora", 100, "grant", None).await;
    for code in ["B", "A", "C"] {
        gateway.make(code, "GOODS", 1, None).await;
        gateway.redeem(order("dora", code, code)).await.unwrap();
    }
    let page = "query($first: Int, $after: String) { rewards(first: $first, after: $after) {
        nodes { code } pageInfo { hasNextPage endCursor } } }";
    let data = gateway.ask(page, json!({ "first": 2 })).await;
    assert_eq!(data["rewards"]["nodes"], json!([{ "code": "A" }, { "code": "B" }]));
    assert_eq!(data["rewards"]["pageInfo"]["hasNextPage"], true);
    let data = gateway.ask(page, json!({ "after": data["rewards"]["pageInfo"]["endCursor"] })).await;
    // and those of the demonstration program
    assert_eq!(data["rewards"]["nodes"], json!([{ "code": "C" }, { "code": "LUCKY_DRAW" }, { "code": "UMBRELLA" }]));
    assert_eq!(code(&gateway.refused(page, json!({ "first": 101 })).await), "INVALID_INPUT");

    let page =
        "query($first: Int, $after: String) { account(userId: \"dora\") { redemptions(first: $first, after: $after) {
        nodes { reward { code } } pageInfo { hasNextPage endCursor } } } }";
    let data = gateway.ask(page, json!({ "first": 2 })).await;
    let redemptions = &data["account"]["redemptions"];
    assert_eq!(redemptions["nodes"], json!([{ "reward": { "code": "C" } }, { "reward": { "code": "A" } }]));
    let data = gateway.ask(page, json!({ "after": redemptions["pageInfo"]["endCursor"] })).await;
    assert_eq!(data["account"]["redemptions"]["nodes"], json!([{ "reward": { "code": "B" } }]));
    let response = gateway.send(page, json!({ "after": "x" })).await;
    assert_eq!(code(&response["errors"][0]), "INVALID_INPUT");

    let nothing = "{ reward(code: \"NONE\") { code } redemption(userId: \"dora\", id: \"00000000-0000-0000-0000-000000000000\") { id }
        nobody: redemption(userId: \"nobody\", id: \"00000000-0000-0000-0000-000000000000\") { id } }";
    assert_eq!(gateway.ask(nothing, json!({})).await, json!({ "reward": null, "redemption": null, "nobody": null }));
}

#[tokio::test]
async fn a_hot_reward_sells_out_through_the_lanes() {
    let (gateway, database) = Gateway::new().await;
    gateway.make("HOT", "GOODS", 1, Some(40)).await;
    for user in 0..200 {
        gateway.grant(&format!("u{user}"), 1, "grant", None).await;
    }
    let buy = |user: usize| {
        let gateway = gateway.clone();
        async move {
            for _ in 0..1000 {
                let answer = gateway.redeem(order(&format!("u{user}"), "HOT", "hot")).await;
                if !answer.as_ref().is_err_and(|error| error["extensions"]["retryable"] == true) {
                    return answer;
                }
                // All want the one stock at once, and on a busy machine some are told to ask again.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            panic!("u{user} is told to ask again and again");
        }
    };
    let answers = futures_util::future::join_all((0..200).map(buy)).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 40);
    for error in answers.into_iter().filter_map(Result::err) {
        assert_eq!(code(&error), "OUT_OF_STOCK");
    }
    let count = "select count(*) from points.redemption";
    assert_eq!(database.client().await.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 40);
}
