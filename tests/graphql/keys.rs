//! API keys: one after the other, for a while, for some wallets, at some rate.

use chrono::{TimeDelta, Utc};
use jifen::client::{Clients, hash_key, new_key};
use jifen::{config::Limits, database, token::Tokens};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Gateway, code, make_key, socket::Socket, until};
use crate::common::{Database, instant};

const ALICE: &str = r#"{ account(userId: "alice") { version } }"#;

/// Gives a client another key, and the others until an instant; the key.
async fn rotate(database: &Database, name: &str, until: chrono::DateTime<Utc>) -> String {
    let key = new_key();
    let rotate = "select api.rotate_key($1, $2, $3)";
    let ending = database.client().await.query_one(rotate, &[&name, &&hash_key(&key)[..], &until]).await.unwrap();
    assert_eq!(ending.get::<_, Option<i32>>(0), Some(1));
    key
}

async fn works(gateway: &Gateway) -> bool {
    let response = gateway.send(ALICE, json!({})).await;
    if response["errors"].is_null() {
        return true;
    }
    assert_eq!(code(&response["errors"][0]), "UNAUTHENTICATED");
    false
}

#[tokio::test]
async fn an_old_key_goes_on_until_a_given_instant_and_not_beyond() {
    let database = Database::new().await;
    let client = database.client().await;
    let at = |second: &str| instant(&format!("2030-01-01T00:00:{second}Z"));
    let old = "select api.create_client('shop', sha256('old'), '{read}')";
    let shop: i32 = client.query_one(old, &[]).await.unwrap().get(0);
    let rotate = async |key: &str, until: &str, now: &str| {
        let rotate = "select api.rotate_key('shop', sha256($1::text::bytea), $2, null, $3)";
        client.query_one(rotate, &[&key, &at(until), &at(now)]).await.unwrap().get::<_, Option<i32>>(0)
    };
    let known = async |key: &str, now: &str| {
        let authenticate = "select id from api.authenticate(sha256($1::text::bytea), $2)";
        let row = client.query_opt(authenticate, &[&key, &at(now)]).await.unwrap();
        row.map(|row| assert_eq!(row.get::<_, i32>(0), shop)).is_some()
    };
    assert_eq!(rotate("new", "10", "00").await, Some(1));
    assert!(known("old", "09.999").await && known("new", "09.999").await);
    assert!(!known("old", "10").await && known("new", "10").await);
    // another one meanwhile: none gets longer, and what has ended is gone
    assert_eq!(rotate("newer", "20", "05").await, Some(2));
    assert!(!known("old", "10").await && known("new", "19.999").await && !known("new", "20").await);
    assert_eq!(rotate("newest", "00", "30").await, Some(1));
    assert!(!known("newer", "30").await && known("newest", "59").await);
    // and none is given to a client that has been revoked, or is none
    client.batch_execute("select api.revoke_client('shop')").await.unwrap();
    assert_eq!(rotate("x", "10", "00").await, None);
    for name in ["nobody", "psql", "members"] {
        let rotate = "select api.rotate_key($1, sha256('x'), now())";
        assert_eq!(client.query_one(rotate, &[&name]).await.unwrap().get::<_, Option<i32>>(0), None);
    }
}

#[tokio::test]
async fn both_keys_work_while_one_takes_the_place_of_the_other_and_sockets_stay() {
    let (gateway, database) = Gateway::new().await;
    let old = gateway.with_key(&make_key(&database, "shop", &["read"], None).await);
    let mut socket = Socket::of(&old).await;
    let new = old.with_key(&rotate(&database, "shop", Utc::now() + TimeDelta::hours(1)).await);
    assert!(works(&old).await && works(&new).await);
    assert_eq!(socket.ask("a", ALICE).await["data"]["account"]["version"], 4);
    let client = database.client().await;
    client
        .batch_execute("update points.client_key set expires_at = now() where expires_at < now() + interval '2 hours'")
        .await
        .unwrap();
    // the gateway looks after a socket's key from time to time
    assert_eq!(socket.closed().await.0, 4403);
    assert!(!works(&old).await && works(&new).await);
}

#[tokio::test]
async fn a_key_that_expires_ends_its_sockets() {
    let (gateway, database) = Gateway::new().await;
    let key = new_key();
    let create = "select api.create_client('shop', $1, '{read}', p_expires_at => now() + interval '1.5 seconds')";
    database.client().await.execute(create, &[&&hash_key(&key)[..]]).await.unwrap();
    let shop = gateway.with_key(&key);
    let mut socket = Socket::of(&shop).await;
    assert_eq!(socket.ask("a", ALICE).await["data"]["account"]["version"], 4);
    assert_eq!(socket.closed().await.0, 4403);
    assert!(!works(&shop).await);
}

#[tokio::test]
async fn a_client_asks_as_often_as_its_rate_allows() {
    let (gateway, database) = Gateway::new().await;
    let key = new_key();
    let create = "select api.create_client('slow', $1, '{read}', p_rate => 0.001, p_burst => 3)";
    database.client().await.execute(create, &[&&hash_key(&key)[..]]).await.unwrap();
    let slow = gateway.with_key(&key);
    let mut socket = Socket::of(&slow).await;
    assert!(works(&slow).await && works(&slow).await);
    assert_eq!(socket.ask("a", ALICE).await["data"]["account"]["version"], 4);

    let limited = |response: &Value| {
        let error = &response["errors"][0];
        assert_eq!((code(error), &error["extensions"]["retryable"]), ("RATE_LIMITED", &json!(true)));
        let seconds = error["extensions"]["details"]["retryAfterSeconds"].as_u64().unwrap();
        assert!((900..=1000).contains(&seconds), "{seconds}");
        seconds
    };
    limited(&socket.ask("b", ALICE).await);
    let request = slow.http.post(format!("http://{}/graphql", slow.address)).bearer_auth(&slow.key);
    let response = request.json(&json!({ "query": ALICE })).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    let after: u64 = response.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!(limited(&response.json().await.unwrap()), after);
    // its other key is of the same client, and other clients have nothing to do with it
    let other = slow.with_key(&rotate(&database, "slow", Utc::now() + TimeDelta::hours(1)).await);
    limited(&other.send(ALICE, json!({})).await);
    assert!(works(&gateway).await);
    // another rate counts from now on
    database
        .client()
        .await
        .batch_execute("update points.client set rate = 1000, burst = 9 where name = 'slow'")
        .await
        .unwrap();
    until("the rate is another", async || other.send(ALICE, json!({})).await["errors"].is_null()).await;
}

#[tokio::test]
async fn a_client_reads_and_changes_the_accounts_of_its_wallets() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    client.batch_execute("insert into points.wallet (code, name) values ('coins', 'Coins')").await.unwrap();
    let key = new_key();
    let create = "select api.create_client('shop', $1, '{earn,spend,reverse,read,adjust}', null, '{coins}')";
    client.execute(create, &[&&hash_key(&key)[..]]).await.unwrap();
    let shop = gateway.with_key(&key);
    let grant = |wallet: &str| {
        let input = json!({ "userId": "alice", "points": 5, "reason": "r", "actor": "a", "idempotencyKey": "g", "wallet": wallet });
        let shop = shop.clone();
        async move { shop.mutate("adjustPoints", input).await }
    };
    grant("coins").await.unwrap();
    let error = grant("points").await.unwrap_err();
    assert_eq!(code(&error), "FORBIDDEN");
    assert_eq!(error["extensions"]["details"], json!({ "scope": "adjust", "rule": null, "wallet": "points" }));
    assert_eq!(code(&shop.spend("alice", 1, "s").await.unwrap_err()), "FORBIDDEN");
    let read = shop.ask(r#"{ account(userId: "alice", wallet: "coins") { balance { available } } }"#, json!({})).await;
    assert_eq!(read["account"]["balance"]["available"], 5);
    let refused = shop.send(ALICE, json!({})).await;
    assert_eq!(refused["data"]["account"], Value::Null);
    assert_eq!(refused["errors"][0]["extensions"]["details"], json!({ "wallet": "points" }));
    for (sql, forbidden) in [
        ("select api.transfer_points('alice', 'bob', 1, 't', p_client => 'shop')", true),
        ("select api.transfer_points('alice', 'bob', 1, 't', p_wallet => 'coins', p_client => 'shop')", false),
        ("select api.spend_points('alice', 1, 's', p_client => 'shop')", true),
        ("select api.spend_points('alice', 1, 's', p_wallet => 'coins', p_client => 'shop')", false),
    ] {
        let state = client.batch_execute(sql).await.err().map(|error| error.code().unwrap().code().to_owned());
        assert_eq!(state.as_deref(), forbidden.then_some("LP003"), "{sql}");
    }
}

#[tokio::test]
async fn every_read_of_a_member_keeps_to_the_wallets_of_the_key() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    client.batch_execute("insert into points.wallet (code, name) values ('coins', 'Coins')").await.unwrap();
    let key = new_key();
    let create = "select api.create_client('shop', $1, '{earn,spend,reverse,adjust,read,audit}', null, '{coins}')";
    client.execute(create, &[&&hash_key(&key)[..]]).await.unwrap();
    let shop = gateway.with_key(&key);
    let id = "00000000-0000-4000-8000-000000000001";
    let fields = [
        ("account", "".to_owned(), "version"),
        ("explainOperation", format!("operationId: \"{id}\""), "agrees"),
        ("hold", format!("id: \"{id}\""), "status"),
        ("invitations", "".to_owned(), "code"),
        ("operation", "idempotencyKey: \"k\"".to_owned(), "kind"),
        ("previewEarn", "rule: \"SIGN_IN\"".to_owned(), "points"),
        ("previewReturn", "orderKey: \"o\"".to_owned(), "points"),
        ("previewSpend", "points: 1".to_owned(), "points"),
        ("quoteDeduction", "orderAmount: \"9\"".to_owned(), "__typename"),
        // A scalar.
        ("receipt", format!("operationId: \"{id}\""), ""),
        ("redemption", format!("id: \"{id}\""), "status"),
        ("signInCalendar", "".to_owned(), "__typename"),
        ("taskProgress", "".to_owned(), "__typename"),
        ("balanceChanged", "".to_owned(), "version"),
        ("entryAdded", "after: 0".to_owned(), "seq"),
        ("levelChanged", "after: \"0_0\"".to_owned(), "__typename"),
        ("redemptionChanged", "after: \"0_0\"".to_owned(), "__typename"),
    ];
    // None is forgotten: each field of a member's that names a wallet is here.
    let schema = "{ __schema { types { name fields { name args { name } } } } }";
    let schema = gateway.ask(schema, json!({})).await;
    let mut named: Vec<_> = schema["__schema"]["types"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|of| of["name"] == "Query" || of["name"] == "Subscription")
        .flat_map(|of| of["fields"].as_array().unwrap())
        .filter(|field| {
            let has = |name: &str| field["args"].as_array().unwrap().iter().any(|argument| argument["name"] == name);
            has("userId") && has("wallet")
        })
        .map(|field| field["name"].as_str().unwrap())
        .collect();
    named.sort_unstable();
    let mut tried = fields.each_ref().map(|(name, ..)| *name);
    tried.sort_unstable();
    assert_eq!(named, tried);

    let mut socket = Socket::of(&shop).await;
    for (name, arguments, field) in &fields {
        let subscribes = name.ends_with("Changed") || name.ends_with("Added");
        let kind = if subscribes { "subscription" } else { "query" };
        for (wallet, forbidden) in [("", true), (", wallet: \"points\"", true), (", wallet: \"coins\"", false)] {
            let selected = if field.is_empty() { String::new() } else { format!("{{ {field} }}") };
            let query = format!("{kind} {{ {name}(userId: \"alice\" {arguments} {wallet}) {selected} }}");
            if forbidden {
                let response =
                    if subscribes { socket.ask(name, &query).await } else { shop.send(&query, json!({})).await };
                let error = &response["errors"][0]["extensions"];
                assert_eq!(
                    (&error["code"], &error["details"]),
                    (&json!("FORBIDDEN"), &json!({ "wallet": "points" })),
                    "{query}: {response}"
                );
            } else if !subscribes {
                let response = shop.send(&query, json!({})).await;
                assert_ne!(response["errors"][0]["extensions"]["code"], "FORBIDDEN", "{query}: {response}");
            }
        }
    }
    socket.subscribe("s", r#"subscription { balanceChanged(userId: "alice", wallet: "coins") { version } }"#).await;
    assert_eq!(socket.event().await, Value::Null);

    // and of the reviews of all there are those of the wallet
    let risk = "select api.set_risk_rule('LARGE', 'Large', '{ORDER}', 'window_points', 'review', 'on', 'r', 1, 60)";
    client.batch_execute(risk).await.unwrap();
    let reviews = "{ reviews { nodes { wallet points } } }";
    let queue = "subscription { reviewQueue { wallet points } }";
    let mut all = Socket::with(&gateway, queue).await;
    let mut some = Socket::with(&shop, queue).await;
    for (wallet, amount) in [("points", 7), ("coins", 8)] {
        let order =
            json!({ "userId": "dora", "rule": "ORDER", "amount": amount, "idempotencyKey": wallet, "wallet": wallet });
        gateway.mutate("earnPoints", order).await.unwrap();
    }
    let of_points = json!({ "wallet": "points", "points": 7 });
    let of_coins = json!({ "wallet": "coins", "points": 8 });
    assert_eq!(gateway.ask(reviews, json!({})).await["reviews"]["nodes"], json!([of_points, of_coins]));
    assert_eq!(shop.ask(reviews, json!({})).await["reviews"]["nodes"], json!([of_coins]));
    all.until(|waiting| *waiting == json!([of_points, of_coins])).await;
    let seen = some.until(|waiting| *waiting == json!([of_coins])).await;
    assert!(seen.iter().all(|waiting| waiting == &json!([]) || waiting == &json!([of_coins])), "{seen:?}");
}

#[tokio::test]
async fn a_socket_ends_when_its_client_has_another_rate() {
    let (gateway, database) = Gateway::new().await;
    let key = new_key();
    let create = "select api.create_client('shop', $1, '{read}', p_rate => 1000)";
    let client = database.client().await;
    client.execute(create, &[&&hash_key(&key)[..]]).await.unwrap();
    let mut socket = Socket::of(&gateway.with_key(&key)).await;
    client.batch_execute("update points.client set rate = 1, burst = 1 where name = 'shop'").await.unwrap();
    assert_eq!(socket.closed().await.0, 4403);
}

#[tokio::test]
async fn a_socket_does_not_outlive_a_database_that_is_slow_for_long() {
    let (gateway, database) = Gateway::new().await;
    let mut socket = Socket::of(&gateway).await;
    assert_eq!(socket.ask("a", ALICE).await["data"]["account"]["version"], 4);
    let locker = database.client().await;
    locker.batch_execute("begin; lock table points.client_key").await.unwrap();
    let begun = std::time::Instant::now();
    assert_eq!(socket.closed().await.0, 1013);
    assert!(begun.elapsed().as_secs() >= 20, "{:?}", begun.elapsed());
    locker.batch_execute("rollback").await.unwrap();
}

#[tokio::test]
async fn no_rate_that_is_taken_breaks_the_gateway() {
    let (gateway, database) = Gateway::new().await;
    let client = database.client().await;
    for (number, (rate, burst)) in [(0.001, 1_000_000), (0.001, 1), (1e6, 1_000_000), (1e6, 1)].into_iter().enumerate()
    {
        let key = new_key();
        let create =
            format!("select api.create_client('c{number}', $1, '{{read}}', p_rate => {rate}, p_burst => {burst})");
        client.execute(&create, &[&&hash_key(&key)[..]]).await.unwrap();
        let limited = gateway.with_key(&key);
        assert!(works(&limited).await, "{rate} {burst}");
        // the second one, too, whatever comes of it
        limited.send(ALICE, json!({})).await;
    }
}

#[tokio::test]
async fn a_client_that_is_there_is_made_anew_only_when_that_is_said() {
    let database = Database::new().await;
    let client = database.client_as("jifen_operator").await;
    let of = async || {
        let client = database.client().await;
        let row = client
            .query_one(
                "select scopes, rate::float8, revoked_at is null as may,
            (select count(*) from points.client_key k where k.client_id = c.id and k.key_sha256 = sha256('one')) as keys
            from points.client c where name = 'shop'",
                &[],
            )
            .await
            .unwrap();
        (row.get::<_, Vec<String>>(0), row.get::<_, Option<f64>>(1), row.get::<_, bool>(2), row.get::<_, i64>(3))
    };
    client.batch_execute("select api.create_client('shop', sha256('one'), '{read}', p_rate => 1)").await.unwrap();
    client.batch_execute("select api.revoke_client('shop')").await.unwrap();
    let before = of().await;
    assert_eq!(before, (vec!["read".to_owned()], Some(1.0), false, 1));
    let again = "select api.create_client('shop', sha256('two'), '{read,spend}'";
    let error = client.batch_execute(&format!("{again})")).await.unwrap_err();
    let error = error.as_db_error().unwrap();
    assert!(error.code().code() == "LP001" && error.detail().unwrap().contains("is taken"), "{error:?}");
    assert_eq!(of().await, before);
    client.batch_execute(&format!("{again}, p_replace => true)")).await.unwrap();
    assert_eq!(of().await, (vec!["read".to_owned(), "spend".to_owned()], None, true, 0));
}

#[tokio::test]
async fn a_gateway_that_stops_stores_when_keys_were_used() {
    let database = Database::new().await;
    let key = make_key(&database, "shop", &["read"], None).await;
    let (gateway, stop) = Gateway::stoppable(&database.url(), &key).await;
    assert!(works(&gateway).await);
    drop(stop);
    let client = database.client().await;
    let used = "select count(*) from api.client_key where client = 'shop' and last_used_at is not null";
    until("it is stored", async || client.query_one(used, &[]).await.unwrap().get::<_, i64>(0) == 1).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_client_is_said() {
    let database = Database::new().await;
    let client = database.client_as("jifen_operator").await;
    for (arguments, path) in [
        ("'', sha256('k'), '{read}'", "name"),
        ("'psql', sha256('k'), '{read}'", "name"),
        ("'members', sha256('k'), '{read}'", "name"),
        ("'shop', sha256('k'), '{}'", "scopes"),
        ("'shop', sha256('k'), null", "scopes"),
        ("'shop', sha256('k'), '{read,fly}'", "scopes"),
        ("'shop', sha256('k'), '{read}', '{NO_RULE}'", "rules"),
        ("'shop', sha256('k'), '{read}', null, '{nowhere}'", "wallets"),
        ("'shop', sha256('k'), '{read}', p_rate => 0", "rate"),
        ("'shop', sha256('k'), '{read}', p_rate => 0.00000000001", "rate"),
        ("'shop', sha256('k'), '{read}', p_rate => 0.0009999, p_burst => 1", "rate"),
        ("'shop', sha256('k'), '{read}', p_rate => 'NaN'", "rate"),
        ("'shop', sha256('k'), '{read}', p_rate => 'Infinity'", "rate"),
        ("'shop', sha256('k'), '{read}', p_rate => 1, p_burst => 0", "burst"),
        ("'shop', sha256('k'), '{read}', p_burst => 1", "burst"),
        ("'shop', sha256('k'), '{read}', p_expires_at => now()", "expires_at"),
    ] {
        let error = client.batch_execute(&format!("select api.create_client({arguments})")).await.unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(error.code().code(), "LP001", "{arguments}");
        assert!(error.detail().unwrap().contains(&format!("\"path\": \"{path}\"")), "{arguments}: {error:?}");
    }
    client
        .batch_execute("select api.create_client('auditor', sha256('a'), '{auditor}'), api.create_client('ops', sha256('o'), '{operator,earn}')")
        .await
        .unwrap();
    let scopes = client
        .query("select scopes from api.client where name in ('auditor', 'ops') order by name", &[])
        .await
        .unwrap();
    assert_eq!(scopes[0].get::<_, Vec<String>>(0), ["audit"]);
    let operators = ["adjust", "audit", "earn", "read", "reverse", "rewards", "rules", "webhooks"];
    assert_eq!(scopes[1].get::<_, Vec<String>>(0), operators);
}

#[tokio::test]
async fn it_is_stored_when_keys_were_last_used_once_a_minute_at_most() {
    let database = Database::new().await;
    let client = database.client().await;
    let key = make_key(&database, "shop", &["read"], None).await;
    make_key(&database, "idle", &["read"], None).await;
    let last_used = async |name: &str| {
        let row =
            client.query_one("select last_used_at from api.client_key where client = $1", &[&name]).await.unwrap();
        row.get::<_, Option<chrono::DateTime<Utc>>>(0)
    };
    let pool = database::pool(&database::parse_url(&database.url()).unwrap(), 2).unwrap();
    let clients = Clients::new(pool, None::<std::sync::Arc<Tokens>>, &Limits::default());
    let before = Utc::now();
    for _ in 0..3 {
        clients.authenticate(Some(&format!("Bearer {key}")), None).await.unwrap();
    }
    clients.authenticate(Some("Bearer jf_unknown"), None).await.unwrap_err();
    // nothing is written by a request
    assert_eq!(last_used("shop").await, None);
    clients.store_uses().await;
    let used = last_used("shop").await.unwrap();
    assert!(before - TimeDelta::milliseconds(1) <= used && used <= Utc::now(), "{used}");
    assert_eq!(last_used("idle").await, None);

    let note = async |at: chrono::DateTime<Utc>| {
        let note = "select api.note_key_uses($1, $2)";
        client.query_one(note, &[&vec![&hash_key(&key)[..], b"no key"], &vec![at, at]]).await.unwrap().get::<_, i32>(0)
    };
    assert_eq!(note(used + TimeDelta::seconds(59)).await, 0);
    assert_eq!(note(used - TimeDelta::seconds(61)).await, 0);
    assert_eq!(last_used("shop").await, Some(used));
    assert_eq!(note(used + TimeDelta::seconds(60)).await, 1);
    assert_eq!(last_used("shop").await, Some(used + TimeDelta::seconds(60)));
}
