//! What subscriptions tell.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Gateway, code, make_key, only_error,
    socket::{Events, Socket},
};
use crate::common::Database;

const BALANCE: &str = r#"subscription { balanceChanged(userId: "dora") { version frozen balance { pending available } level { code } } }"#;

fn balance(version: i64, available: i64) -> Value {
    json!({
        "version": version, "frozen": false, "balance": { "pending": 0, "available": available }, "level": { "code": "NORMAL" },
    })
}

async fn freeze(gateway: &Gateway, field: &str, key: &str) {
    let query = format!("mutation($input: FreezeAccountInput!) {{ {field}(input: $input) {{ replayed }} }}");
    let input = json!({ "userId": "dora", "idempotencyKey": key, "reason": "stolen card", "actor": "sue" });
    gateway.ask(&query, json!({ "input": input })).await;
}

async fn psql(database: &Database, statement: &str) {
    database.client_as("jifen_operator").await.batch_execute(statement).await.unwrap();
}

#[tokio::test]
async fn a_balance_is_told_as_it_is_and_as_anybody_changes_it() {
    let (gateway, database) = Gateway::new().await;
    let other = Gateway::over(&database.url(), &gateway.key).await;
    let mut socket = Socket::with(&gateway, BALANCE).await;
    assert_eq!(socket.event().await, Value::Null);
    gateway.sign_in("dora", "1").await.unwrap();
    assert_eq!(socket.event().await, balance(1, 5));
    other.sign_in("dora", "2").await.unwrap();
    assert_eq!(socket.event().await, balance(2, 10));
    psql(&database, "select api.earn_points('dora', 'SIGN_IN', '3')").await;
    assert_eq!(socket.event().await, balance(3, 15));
    // by the functions that lock two accounts, in both directions
    other.grant("eve", 100, "g", None).await;
    let transfer = "mutation($input: TransferPointsInput!) { transferPoints(input: $input) { replayed } }";
    let input = json!({ "userId": "eve", "toUserId": "dora", "points": 7, "idempotencyKey": "t" });
    other.ask(transfer, json!({ "input": input })).await;
    assert_eq!(socket.event().await, balance(4, 22));

    // without an entry
    for (gateway, field, frozen) in [(&gateway, "freezeAccount", true), (&other, "unfreezeAccount", false)] {
        freeze(gateway, field, field).await;
        let mut expected = balance(4, 22);
        expected["frozen"] = json!(frozen);
        assert_eq!(socket.event().await, expected);
    }
    // what changes nothing is not told, and what comes next is
    other.sign_in("dora", "2").await.unwrap();
    gateway.spend("dora", 1000, "too much").await.unwrap_err();
    psql(&database, "select api.spend_points('dora', 2, 'kettle')").await;
    assert_eq!(socket.event().await, balance(5, 20));
}

#[tokio::test]
async fn an_account_that_is_made_elsewhere_is_told() {
    let (gateway, database) = Gateway::new().await;
    let other = Gateway::over(&database.url(), &gateway.key).await;
    let subscription = |user: &str| format!("subscription {{ balanceChanged(userId: \"{user}\") {{ version }} }}");
    let mut socket = Socket::of(&gateway).await;
    for user in ["dora", "eve", "finn"] {
        socket.subscribe(user, &subscription(user)).await;
        assert_eq!(socket.event_of(user).await, Value::Null);
    }
    other.sign_in("dora", "1").await.unwrap();
    assert_eq!(socket.event_of("dora").await, json!({ "version": 1 }));
    psql(&database, "select api.earn_points('eve', 'SIGN_IN', '1')").await;
    assert_eq!(socket.event_of("eve").await, json!({ "version": 1 }));
    // refused, which makes the account all the same
    other.spend("finn", 1, "1").await.unwrap_err();
    assert_eq!(socket.event_of("finn").await, json!({ "version": 0 }));
}

#[tokio::test]
async fn a_subscriber_goes_on_from_the_version_that_it_has() {
    let (gateway, _database) = Gateway::new().await;
    for key in ["1", "2"] {
        gateway.sign_in("dora", key).await.unwrap();
    }
    let from = |version: i64| BALANCE.replace("\"dora\"", &format!("\"dora\", afterVersion: {version}"));
    let mut up_to_date = Socket::with(&gateway, &from(2)).await;
    assert_eq!(Socket::with(&gateway, &from(1)).await.event().await, balance(2, 10));
    // of another account, before the member was erased
    assert_eq!(Socket::with(&gateway, &from(17)).await.event().await, balance(2, 10));
    gateway.sign_in("dora", "3").await.unwrap();
    assert_eq!(up_to_date.event().await, balance(3, 15));

    // frozen since, or perhaps before
    freeze(&gateway, "freezeAccount", "f").await;
    let mut expected = balance(3, 15);
    expected["frozen"] = json!(true);
    assert_eq!(Socket::with(&gateway, &from(3)).await.event().await, expected);
    gateway.sign_in("dora", "4").await.unwrap();
    let mut up_to_date = Socket::with(&gateway, &from(4)).await;
    freeze(&gateway, "unfreezeAccount", "u").await;
    assert_eq!(up_to_date.event().await, balance(4, 20));
}

#[tokio::test]
async fn points_that_expire_or_become_available_by_time_alone_are_told() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    gateway.grant("dora", 7, "for ever", None).await;
    for (key, points, milliseconds) in [("first", 40, 500), ("second", 2, 1000)] {
        let at = chrono::Utc::now() + Duration::from_millis(milliseconds);
        gateway.grant("dora", points, key, Some(&at.to_rfc3339())).await;
    }
    // pending points of a lot of their own, which no rule of the demonstration gives as soon
    client
        .batch_execute(
            "update points.lot set pending = true, available_at = clock_timestamp() + interval '1500 ms' where granted = 7;
             update points.balance set available = available - 7, pending = pending + 7 where version = 3;",
        )
        .await
        .unwrap();
    let mut socket = Socket::with(&gateway, BALANCE).await;
    for (pending, available) in [(7, 42), (7, 2), (7, 0), (0, 7)] {
        let mut expected = balance(3, available);
        expected["balance"]["pending"] = json!(pending);
        assert_eq!(socket.event().await, expected);
    }
    // booked, and nothing else than the version has changed
    gateway.spend("dora", 1000, "too much").await.unwrap_err();
    assert_eq!(socket.event().await, balance(6, 7));
    // who saw version 3 may have seen any of these
    let count = "select count(*) from api.account_clock where touched_version is null and next_change_at is null";
    assert_eq!(client.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 1);
}

#[tokio::test]
async fn a_hold_that_ends_is_told() {
    let (gateway, _database) = Gateway::new().await;
    gateway.grant("dora", 42, "g", None).await;
    let hold = "mutation($input: HoldPointsInput!) { holdPoints(input: $input) { replayed } }";
    let deadline = chrono::Utc::now() + Duration::from_millis(700);
    let input = json!({ "userId": "dora", "points": 40, "deadline": deadline.to_rfc3339(), "idempotencyKey": "h" });
    gateway.ask(hold, json!({ "input": input })).await;
    let mut socket = Socket::with(&gateway, BALANCE).await;
    assert_eq!([socket.event().await, socket.event().await], [balance(2, 2), balance(2, 42)]);
}

#[tokio::test]
async fn every_entry_is_told_once_and_in_order() {
    let (gateway, database) = Gateway::new().await;
    let entries = |after: &str| {
        format!(
            "subscription {{ entryAdded(userId: \"dora\"{after}) {{ seq kind availableDelta operation {{ idempotencyKey }} }} }}"
        )
    };
    // before there is an account
    let mut early = Socket::with(&gateway, &entries("")).await;
    let inputs: Vec<_> = (1..=230)
        .map(|number| json!({ "userId": "dora", "rule": "SIGN_IN", "idempotencyKey": number.to_string() }))
        .collect();
    let batch = "mutation($inputs: [EarnPointsInput!]!) { earnPointsBatch(inputs: $inputs) { __typename } }";
    gateway.ask(batch, json!({ "inputs": inputs })).await;
    let mut all = Socket::with(&gateway, &entries(", after: 0")).await;
    let mut some = Socket::with(&gateway, &entries(", after: \"228\"")).await;
    let mut new = Socket::with(&gateway, &entries("")).await;
    // it has begun when it says something
    new.subscribe("b", BALANCE).await;
    new.event_of("b").await;
    new.ask("q", "{ __typename }").await;
    psql(&database, "select api.spend_points('dora', 3, 'kettle')").await;

    let spent =
        json!({ "seq": 231, "kind": "SPEND", "availableDelta": -3, "operation": { "idempotencyKey": "kettle" } });
    for (socket, first) in [(&mut early, 1), (&mut all, 1), (&mut some, 229)] {
        for seq in first..=230 {
            let expected = json!({ "seq": seq, "kind": "EARN", "availableDelta": 5, "operation": { "idempotencyKey": seq.to_string() } });
            assert_eq!(socket.event().await, expected);
        }
        assert_eq!(socket.event().await, spent);
    }
    let first = new.event().await;
    assert_eq!(first, spent);
}

#[tokio::test]
async fn changes_of_level_are_told() {
    let (gateway, _database) = Gateway::new().await;
    let levels =
        |after: &str| format!("subscription {{ levelChanged(userId: \"dora\"{after}) {{ cursor from to cause }} }}");
    gateway.sign_in("dora", "1").await.unwrap();
    let mut socket = Socket::with(&gateway, &levels(", after: \"0_0\"")).await;
    let order = json!({ "userId": "dora", "rule": "ORDER", "amount": 100_000, "idempotencyKey": "2" });
    gateway.mutate("earnPoints", order).await.unwrap();
    let change = socket.event().await;
    assert_eq!(
        (&change["cursor"], &change["from"], &change["cause"]),
        (&json!("2_0"), &json!("NORMAL"), &json!("AWARD"))
    );
    assert!(change["to"].is_string() && change["to"] != "NORMAL", "{change}");
    assert_eq!(Socket::with(&gateway, &levels(", after: \"1_0\"")).await.event().await, change);
    // without a place, the last one there was
    assert_eq!(Socket::with(&gateway, &levels("")).await.event().await, change);
    let back = "mutation($input: ReturnOrderInput!) { returnOrder(input: $input) { replayed } }";
    gateway.ask(back, json!({ "input": { "userId": "dora", "orderKey": "2", "idempotencyKey": "r" } })).await;
    let back = socket.event().await;
    assert_eq!((&back["from"], &back["to"], &back["cause"]), (&change["to"], &json!("NORMAL"), &json!("CLAWBACK")));
}

#[tokio::test]
async fn what_becomes_of_redemptions_is_told() {
    let (gateway, _database) = Gateway::new().await;
    gateway.grant("dora", 100, "g", None).await;
    let reward =
        json!({ "code": "CUP", "name": "Cup", "kind": "GOODS", "price": 10, "stock": 50, "idempotencyKey": "cup" });
    let create = "mutation($input: CreateRewardInput!) { createReward(input: $input) { replayed } }";
    gateway.ask(create, json!({ "input": reward })).await;
    let changes = |more: &str| {
        format!(
            "subscription {{ redemptionChanged(userId: \"dora\"{more}) {{ cursor redemption {{ id status reward {{ code }} }} }} }}"
        )
    };
    let mut all = Socket::with(&gateway, &changes("")).await;
    let mut made = Vec::new();
    for key in ["1", "2"] {
        let redeem = "mutation($input: RedeemRewardInput!) { redeemReward(input: $input) { redemption { id } } }";
        let input = json!({ "userId": "dora", "reward": "CUP", "idempotencyKey": key });
        let mut redeemed = gateway.ask(redeem, json!({ "input": input })).await;
        made.push(redeemed["redeemReward"]["redemption"]["id"].take());
        let change = all.event().await;
        let expected = json!({ "id": made[made.len() - 1], "status": "RESERVED", "reward": { "code": "CUP" } });
        assert_eq!(change["redemption"], expected);
    }
    let mut first = Socket::with(&gateway, &changes(&format!(", id: {}", made[0]))).await;
    assert_eq!(first.event().await["redemption"]["status"], "RESERVED");
    let mut cursors = Vec::new();
    for (field, id, status) in
        [("fulfilRedemption", &made[1], "FULFILLED"), ("cancelRedemption", &made[0], "CANCELLED")]
    {
        let close = format!("mutation($input: CloseRedemptionInput!) {{ {field}(input: $input) {{ replayed }} }}");
        let input = json!({ "userId": "dora", "redemptionId": id, "idempotencyKey": field });
        gateway.ask(&close, json!({ "input": input })).await;
        let change = all.event().await;
        assert_eq!((&change["redemption"]["id"], &change["redemption"]["status"]), (id, &json!(status)));
        cursors.push(change["cursor"].as_str().unwrap().to_owned());
    }
    let cancelled = first.event().await;
    assert_eq!((&cancelled["redemption"]["id"], &cancelled["cursor"]), (&made[0], &json!(cursors[1])));
    // a new subscriber begins with the last, and another goes on after what it has
    assert_eq!(Socket::with(&gateway, &changes("")).await.event().await, cancelled);
    let mut again = Socket::with(&gateway, &changes(&format!(", after: \"{}\"", cursors[0]))).await;
    assert_eq!(again.event().await, cancelled);
}

#[tokio::test]
async fn the_queue_of_reviews_is_told() {
    let (gateway, database) = Gateway::new().await;
    let other = Gateway::over(&database.url(), &gateway.key).await;
    psql(&database, "select api.set_risk_rule('LARGE', 'Large', '{ORDER}', 'award_points', 'review', 'on', 'r', 100)")
        .await;
    let mut socket = Socket::with(&gateway, "subscription { reviewQueue { operationId userId points status } }").await;
    assert_eq!(socket.event().await, json!([]));
    let order = json!({ "userId": "dora", "rule": "ORDER", "amount": 500, "idempotencyKey": "1" });
    let id = other.mutate("earnPoints", order).await.unwrap()["operation"]["id"].take();
    assert_eq!(
        socket.event().await,
        json!([{ "operationId": id, "userId": "dora", "points": 500, "status": "WAITING" }])
    );
    let second = Socket::with(&gateway, "subscription { reviewQueue { operationId } }").await.event().await;
    assert_eq!(second, json!([{ "operationId": id }]));
    let approve = "mutation($input: DecideAwardInput!) { approveAward(input: $input) { replayed } }";
    let input = json!({ "userId": "dora", "operationId": id, "idempotencyKey": "a", "reason": "seen", "actor": "sue" });
    other.ask(approve, json!({ "input": input })).await;
    assert_eq!(socket.event().await, json!([]));
    // one that nobody decides on in time
    psql(&database, "select api.earn_points('eve', 'ORDER', '1', p_amount => 500)").await;
    socket.until(|queue| queue.as_array().unwrap().len() == 1).await;
    let shorten = "update points.review set deadline = clock_timestamp() + interval '900 ms' where closed_at is null";
    database.client().await.batch_execute(shorten).await.unwrap();
    gateway.sign_in("finn", "1").await.unwrap();
    socket.until(|queue| *queue == json!([])).await;
}

#[tokio::test]
async fn the_budget_of_a_campaign_is_told() {
    let (gateway, database) = Gateway::new().await;
    let other = Gateway::over(&database.url(), &gateway.key).await;
    let budget = "subscription { campaignBudget(code: \"SPRING\") { remainingBudget running } }";
    let mut socket = Socket::with(&gateway, budget).await;
    assert_eq!(socket.event().await, Value::Null);
    let campaign =
        "select api.create_campaign('SPRING', 'Spring', 'bonus', '{ORDER}', 'c', p_bonus => 30, p_budget => 100)";
    psql(&database, campaign).await;
    assert_eq!(socket.event().await, json!({ "remainingBudget": 100, "running": true }));
    let order = json!({ "userId": "dora", "rule": "ORDER", "amount": 1, "idempotencyKey": "1" });
    other.mutate("earnPoints", order).await.unwrap();
    assert_eq!(socket.event().await, json!({ "remainingBudget": 70, "running": true }));
    psql(&database, "select api.add_budget('SPRING', 5, 'b')").await;
    assert_eq!(socket.event().await, json!({ "remainingBudget": 75, "running": true }));
    let end = "select api.change_campaign('SPRING', 'Spring', 'active', 'e', p_ends_at => clock_timestamp() + interval '900 ms')";
    psql(&database, end).await;
    socket.until(|campaign| *campaign == json!({ "remainingBudget": 75, "running": false })).await;
}

#[tokio::test]
async fn merged_and_erased_accounts_are_told() {
    let (gateway, database) = Gateway::new().await;
    let other = Gateway::over(&database.url(), &gateway.key).await;
    for user in ["dora", "eve"] {
        gateway.grant(user, 50, "g", None).await;
    }
    let subscription = |user: &str| {
        format!("subscription {{ balanceChanged(userId: \"{user}\") {{ mergedInto balance {{ available held }} }} }}")
    };
    let mut dora = Socket::with(&gateway, &subscription("dora")).await;
    let mut eve = Socket::with(&gateway, &subscription("eve")).await;
    let state = |into: Option<&str>, available: i64, held: i64| json!({ "mergedInto": into, "balance": { "available": available, "held": held } });
    assert_eq!([dora.event().await, eve.event().await], [state(None, 50, 0), state(None, 50, 0)]);
    let hold = "mutation($input: HoldPointsInput!) { holdPoints(input: $input) { operation { id } } }";
    let input = json!({ "userId": "dora", "points": 10, "idempotencyKey": "h" });
    let held = other.ask(hold, json!({ "input": input })).await["holdPoints"]["operation"]["id"].take();
    assert_eq!(dora.event().await, state(None, 40, 10));
    let merge = "mutation($input: MergeAccountsInput!) { mergeAccounts(input: $input) { replayed } }";
    let input =
        json!({ "userId": "dora", "intoUserId": "eve", "idempotencyKey": "m", "reason": "one person", "actor": "sue" });
    other.ask(merge, json!({ "input": input })).await;
    assert_eq!(dora.event().await, state(Some("eve"), 0, 10));
    assert_eq!(eve.event().await, state(None, 90, 0));
    // what a lane brings to an account that was not named
    let release = "mutation($input: ReleaseHoldInput!) { releaseHold(input: $input) { replayed } }";
    let input = json!({ "userId": "dora", "holdId": held, "idempotencyKey": "r" });
    other.ask(release, json!({ "input": input })).await;
    assert_eq!(dora.event().await, state(Some("eve"), 0, 0));
    assert_eq!(eve.event().await, state(None, 100, 0));
    let erase = "mutation($input: EraseMemberInput!) { eraseMember(input: $input) { points } }";
    let input = json!({ "userId": "eve", "idempotencyKey": "e", "reason": "asked for", "actor": "sue" });
    other.ask(erase, json!({ "input": input })).await;
    assert_eq!(eve.event().await, Value::Null);
    // and comes again
    other.sign_in("eve", "1").await.unwrap();
    assert_eq!(eve.event().await, state(None, 5, 0));
}

#[tokio::test]
async fn plain_http_gets_server_sent_events() {
    let (gateway, _database) = Gateway::new().await;
    let mut events = Events::of(&gateway, BALANCE).await;
    let next = |state: Value| Some(("next".to_owned(), json!({ "data": { "balanceChanged": state } })));
    assert_eq!(events.next().await, next(Value::Null));
    gateway.sign_in("dora", "1").await.unwrap();
    assert_eq!(events.next().await, next(balance(1, 5)));
    // a query has one answer
    let mut events = Events::of(&gateway, "{ account(userId: \"dora\") { version } }").await;
    assert_eq!(events.next().await, Some(("next".to_owned(), json!({ "data": { "account": { "version": 1 } } }))));
    assert_eq!(events.next().await, Some(("complete".to_owned(), Value::Null)));
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let (gateway, database) = Gateway::new().await;
    let writer = gateway.with_key(&make_key(&database, "writer", &["earn"], None).await);
    let fields = [
        "balanceChanged(userId: \"dora\") { version }",
        "entryAdded(userId: \"dora\") { seq }",
        "levelChanged(userId: \"dora\") { cursor }",
        "redemptionChanged(userId: \"dora\") { cursor }",
        "reviewQueue { points }",
        "campaignBudget(code: \"SPRING\") { running }",
        "alertRaised { cursor }",
    ];
    let mut socket = Socket::of(&writer).await;
    let mut nobody = Socket::greeted(&gateway, Value::Null).await;
    for field in fields {
        let subscription = format!("subscription {{ {field} }}");
        assert_eq!(code(&only_error(socket.ask("a", &subscription).await).unwrap()), "FORBIDDEN", "{field}");
        assert_eq!(code(&only_error(nobody.ask("a", &subscription).await).unwrap()), "UNAUTHENTICATED", "{field}");
        let mut events = Events::of(&writer, &subscription).await;
        assert_eq!(code(&only_error(events.next().await.unwrap().1).unwrap()), "FORBIDDEN", "{field}");
        assert_eq!(events.next().await.unwrap().0, "complete");
    }
    let mut socket = Socket::of(&gateway).await;
    for field in [
        "balanceChanged(userId: \"\\u0000\") { version }",
        "entryAdded(userId: \"dora\", after: \"yesterday\") { seq }",
        "entryAdded(userId: \"dora\", after: -1) { seq }",
        "levelChanged(userId: \"dora\", after: \"yesterday\") { cursor }",
        "redemptionChanged(userId: \"dora\", after: \"yesterday\") { cursor }",
        "redemptionChanged(userId: \"dora\", id: \"yesterday\") { cursor }",
        "reviewQueue(first: 101) { points }",
        "alertRaised(after: \"yesterday\") { cursor }",
        "nothing",
    ] {
        let answer = socket.ask("a", &format!("subscription {{ {field} }}")).await;
        assert_eq!(code(&only_error(answer).unwrap()), "INVALID_INPUT", "{field}");
    }
    // over plain HTTP there is nowhere to send events to
    let error = gateway.refused(BALANCE, json!({})).await;
    assert_eq!(code(&error), "INVALID_INPUT");
}

/// The first of all changes may be two at once.
#[tokio::test]
async fn who_has_no_change_of_level_yet_is_told_each_that_comes() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    for user in ["dora", "emil", "fred", "gina", "hans"] {
        // an account whose level has not changed yet
        gateway.sign_in(user, "1").await.unwrap();
        let begun: chrono::DateTime<chrono::Utc> =
            client.query_one("select clock_timestamp()", &[]).await.unwrap().get(0);
        let query = format!("subscription {{ levelChanged(userId: \"{user}\") {{ cursor from to }} }}");
        let mut socket = Socket::with(&gateway, &query).await;
        // it asks for the last change, and there is none
        let asked =
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
            and query ~ 'api.level_change' and query_start > $1";
        super::until("the changes of level were read", async || {
            client.query_one(asked, &[&begun]).await.unwrap().get::<_, i64>(0) > 0
        })
        .await;
        let batch = "mutation($inputs: [EarnPointsInput!]!) { earnPointsBatch(inputs: $inputs) { __typename } }";
        let order = |key: &str, amount: i64| json!({ "userId": user, "rule": "ORDER", "amount": amount, "idempotencyKey": key });
        gateway.ask(batch, json!({ "inputs": [order("2", 1_500), order("3", 100_000)] })).await;
        let first = socket.event().await;
        // The statement is seen before it reads. If that came after the changes, the last of them is the present state.
        if first["cursor"] == "3_0" {
            continue;
        }
        let second = socket.event().await;
        assert_eq!((&first["cursor"], &second["cursor"]), (&json!("2_0"), &json!("3_0")));
        assert_eq!((&first["from"], &second["from"]), (&json!("NORMAL"), &first["to"]));
        return;
    }
    panic!("the changes came before the first read each time");
}
