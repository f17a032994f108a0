//! Invitations: who invited whom, both paid when the invited one qualifies, and both clawed back together.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
    time::Duration as Wait,
};

use chrono::{DateTime, Duration, Utc};
use serde_json::json;
use tokio::sync::Barrier;
use tokio_postgres::{Client, error::SqlState};

use super::{assert_laws, concurrency::until_blocked, number, one, sqlstate};
use crate::common::{Database, Kind, MANY, Outcome, Random, Request, execute, instant, operation_id, seeds};

async fn terms(client: &Client, qualifying: &str, cap: &str) {
    client
        .batch_execute(&format!(
            "select api.set_invitations('{qualifying}', 'INVITE', 'INVITE', gen_random_uuid()::text, {cap})"
        ))
        .await
        .unwrap();
}

/// A moment that is later with each call, since an inviter must be older.
fn at(minute: i64) -> Option<DateTime<Utc>> {
    Some(instant("2030-03-01T00:00:00Z") + Duration::minutes(minute))
}

async fn code(client: &Client, user: &str, minute: i64) -> String {
    let made = one(client, Request::invite(user, &format!("code {minute}")), at(minute)).await;
    made.detail.unwrap()["code"].as_str().unwrap().to_owned()
}

async fn join(client: &Client, user: &str, code: &str, minute: i64) -> Outcome {
    one(client, Request::join(user, code, &format!("join {minute}")), at(minute)).await
}

/// Does all that is due.
async fn settle(client: &Client, minute: i64) {
    let due = "select distinct invited_bucket, invited_id from points.invitation_due where due_at <= $1";
    for row in client.query(due, &[&at(minute).unwrap()]).await.unwrap() {
        let (bucket, id): (i16, i64) = (row.get(0), row.get(1));
        client.execute("select points.settle_one($1, $2, $3)", &[&bucket, &id, &at(minute)]).await.unwrap();
    }
}

async fn available(client: &Client, user: &str) -> i64 {
    let sql = "select b.available - b.debt from points.account a join points.balance b on b.bucket = a.bucket and b.account_id = a.id
        where a.user_id = $1";
    client.query_one(sql, &[&user]).await.unwrap().get(0)
}

async fn status(client: &Client, user: &str) -> String {
    client.query_one("select status from api.invitation where user_id = $1", &[&user]).await.unwrap().get(0)
}

fn because(outcome: &Outcome) -> (&str, &str) {
    let because = outcome.detail.as_ref().map_or("", |detail| detail["because"].as_str().unwrap_or_default());
    (outcome.refusal.as_deref().unwrap_or("done"), because)
}

#[tokio::test]
async fn both_are_paid_when_the_invited_one_registers() {
    let database = Database::new().await;
    let client = database.client().await;
    let anns = code(&client, "ann", 1).await;
    assert_eq!(code(&client, "ann", 2).await, anns, "one code a member");
    assert_eq!((anns.len(), code(&client, "cat", 3).await == anns), (15, false));
    assert_eq!(because(&join(&client, "ben", &anns, 4).await).0, "done");
    assert_eq!(status(&client, "ben").await, "joined");
    one(&client, Request::earn("ben", "ORDER", "order").amount("10"), at(5)).await;
    settle(&client, 5).await;
    assert_eq!((available(&client, "ann").await, available(&client, "ben").await), (0, 10), "an order is not it");
    one(&client, Request::earn("ben", "REGISTER", "register"), at(6)).await;
    assert_eq!(status(&client, "ben").await, "qualified");
    settle(&client, 7).await;
    assert_eq!((available(&client, "ann").await, available(&client, "ben").await), (50, 160));
    assert_eq!(status(&client, "ben").await, "paid");
    let lots = "select count(*) from points.lot where source = 'INVITE' and granted = 50 and expires_at = available_at + interval '365 days'";
    assert_eq!(number(&client, lots).await, 2);
    // nothing is due twice
    client
        .batch_execute(
            "select points.settle_one(bucket, account_id) from points.invitation;
             select points.settle_one(bucket, account_id) from points.invitation",
        )
        .await
        .unwrap();
    assert_eq!((available(&client, "ann").await, available(&client, "ben").await), (50, 160));
    assert_eq!(number(&client, "select count(*) from points.invitation_due").await, 0);
    assert_laws(&client).await;
}

#[tokio::test]
async fn nobody_invites_themselves_or_in_a_ring_or_twice_or_too_late() {
    let database = Database::new().await;
    let client = database.client().await;
    let names = ["ann", "ben", "cat", "dan"];
    let mut codes: Vec<String> = Vec::new();
    for (place, name) in names.iter().enumerate() {
        if let Some(inviter) = codes.last() {
            assert_eq!(because(&join(&client, name, inviter, 10 * place as i64).await).0, "done");
        }
        codes.push(code(&client, name, 10 * place as i64 + 1).await);
    }
    assert_eq!(because(&join(&client, "ann", &codes[0], 50).await), ("NOT_INVITABLE", "self"));
    for (place, code) in codes.iter().enumerate().skip(1) {
        assert_eq!(because(&join(&client, "ann", code, 60 + place as i64).await), ("NOT_INVITABLE", "older"));
    }
    assert_eq!(because(&join(&client, "dan", &codes[0], 70).await), ("ALREADY_INVITED", ""));
    one(&client, Request::earn("eve", "REGISTER", "1"), at(71)).await;
    assert_eq!(because(&join(&client, "eve", &codes[0], 72).await), ("NOT_INVITABLE", "qualified"));
    for unknown in ["", "XYZ", "fff", "004AAAAAAAAAAAA", &codes[0].to_lowercase()] {
        let refused = join(&client, "fay", unknown, 80).await;
        assert_eq!(
            (because(&refused).0, refused.points),
            ("UNKNOWN_INVITATION", None),
            "{unknown}: the key stays free"
        );
    }
    assert_eq!(because(&join(&client, "fay", &codes[0], 80).await).0, "done");
    assert_laws(&client).await;
}

#[tokio::test]
async fn inputs_at_fault_are_named() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("insert into points.wallet values ('coins', 'Coins')").await.unwrap();
    for (request, path) in [
        (Request { subject: None, ..Request::join("zoe", "x", "1") }, "subject"),
        (Request::invite("zoe", "1").subject("x"), "subject"),
        (Request::join("zoe", "x", "1").points(1), "points"),
        (Request::join("zoe", "x", "1").order_key("o"), "kind"),
        (Request { wallet: Some("coins".into()), ..Request::invite("zoe", "1") }, "wallet"),
    ] {
        let outcome = one(&client, request, None).await;
        assert_eq!(
            (outcome.refusal.as_deref(), &outcome.detail.unwrap()["path"]),
            (Some("INVALID_INPUT"), &json!(path))
        );
    }
    for (arguments, path) in [
        ("'NONE', 'INVITE', 'INVITE', 'k'", "qualifying_rule"),
        ("'ORDER', 'NONE', 'INVITE', 'k'", "inviter_rule"),
        ("'ORDER', 'INVITE', 'NONE', 'k'", "invited_rule"),
        ("'INVITE', 'INVITE', 'TASK', 'k'", "qualifying_rule"),
        ("'ORDER', 'INVITE', 'INVITE', 'k', 0", "cap"),
        ("'ORDER', 'INVITE', 'INVITE', ''", "idempotency_key"),
        ("'ORDER', 'INVITE', 'INVITE', 'k', 1, 'none'", "wallet"),
    ] {
        let error = client.batch_execute(&format!("select api.set_invitations({arguments})")).await.unwrap_err();
        let detail: serde_json::Value = serde_json::from_str(error.as_db_error().unwrap().detail().unwrap()).unwrap();
        assert_eq!(detail["path"], path, "{arguments}");
    }
}

#[tokio::test]
async fn the_first_order_qualifies_and_its_whole_return_claws_both_back() {
    let database = Database::new().await;
    let client = database.client().await;
    terms(&client, "ORDER", "null").await;
    let anns = code(&client, "ann", 1).await;
    join(&client, "ben", &anns, 2).await;
    one(&client, Request::earn("ben", "ORDER", "o-1").amount("100"), at(3)).await;
    settle(&client, 4).await;
    one(&client, Request::earn("ben", "ORDER", "o-2").amount("7"), at(5)).await;
    assert_eq!((available(&client, "ann").await, available(&client, "ben").await), (50, 157));
    one(&client, Request::spend("ann", 50, "spend"), at(6)).await;
    // a part of it is not the whole
    one(&client, Request::return_order("ben", "o-1", "part").amount("40"), at(7)).await;
    settle(&client, 7).await;
    assert_eq!((available(&client, "ann").await, available(&client, "ben").await), (0, 117));
    one(&client, Request::return_order("ben", "o-1", "rest").amount("60"), at(8)).await;
    settle(&client, 8).await;
    assert_eq!((available(&client, "ann").await, available(&client, "ben").await), (-50, 7), "what is spent is owed");
    assert_eq!(status(&client, "ben").await, "revoked");
    one(&client, Request::earn("ben", "ORDER", "o-3").amount("9"), at(9)).await;
    settle(&client, 9).await;
    assert_eq!(
        (status(&client, "ben").await.as_str(), available(&client, "ben").await),
        ("revoked", 16),
        "once for ever"
    );
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_reversal_of_either_side_takes_back_the_other() {
    let database = Database::new().await;
    let client = database.client().await;
    for (number, side) in ["invited", "inviter", "cause"].into_iter().enumerate() {
        let minute = 100 * number as i64;
        let (old, new) = (format!("old-{side}"), format!("new-{side}"));
        let code = code(&client, &old, minute + 1).await;
        join(&client, &new, &code, minute + 2).await;
        one(&client, Request::earn(&new, "REGISTER", "r"), at(minute + 3)).await;
        settle(&client, minute + 4).await;
        assert_eq!((available(&client, &old).await, available(&client, &new).await), (50, 150));
        let paid =
            "select o.id from points.operation o join points.account a on a.bucket = o.bucket and a.id = o.account_id
            where a.user_id = $1 and o.rule = 'INVITE'";
        let (user, id) = match side {
            "invited" => (&new, client.query_one(paid, &[&new]).await.unwrap().get(0)),
            "inviter" => (&old, client.query_one(paid, &[&old]).await.unwrap().get(0)),
            _ => (&new, operation_id(1, "r")),
        };
        let undo = Request { original: Some(id), ..Request::undo(Kind::Reverse, user, "", "undo") };
        assert_eq!(one(&client, undo, at(minute + 5)).await.refusal, None, "{side}");
        settle(&client, minute + 6).await;
        let rest = if side == "cause" { 0 } else { 100 };
        assert_eq!((available(&client, &old).await, available(&client, &new).await), (0, rest), "{side}");
        assert_eq!(status(&client, &new).await, "revoked");
    }
    assert_laws(&client).await;
}

#[tokio::test]
async fn what_is_undone_before_it_is_paid_qualifies_nobody() {
    let database = Database::new().await;
    let client = database.client().await;
    terms(&client, "ORDER", "null").await;
    let anns = code(&client, "ann", 1).await;
    join(&client, "ben", &anns, 2).await;
    one(&client, Request::earn("ben", "ORDER", "o-1").amount("10"), at(3)).await;
    one(&client, Request::return_order("ben", "o-1", "back"), at(4)).await;
    settle(&client, 5).await;
    assert_eq!((available(&client, "ann").await, status(&client, "ben").await.as_str()), (0, "joined"));
    // nor does an order that had been returned before it came
    one(&client, Request::return_order("ben", "o-2", "before"), at(6)).await;
    one(&client, Request::earn("ben", "ORDER", "o-2").amount("10"), at(7)).await;
    settle(&client, 8).await;
    assert_eq!((available(&client, "ann").await, status(&client, "ben").await.as_str()), (0, "joined"));
    one(&client, Request::earn("ben", "ORDER", "o-3").amount("10"), at(9)).await;
    settle(&client, 10).await;
    assert_eq!((available(&client, "ann").await, available(&client, "ben").await), (50, 60));
    assert_laws(&client).await;
}

#[tokio::test]
async fn an_inviter_is_paid_up_to_the_cap() {
    let database = Database::new().await;
    let client = database.client().await;
    terms(&client, "REGISTER", "2").await;
    let anns = code(&client, "ann", 1).await;
    for number in 0..4 {
        assert_eq!(because(&join(&client, &format!("new-{number}"), &anns, 10 + number).await).0, "done");
    }
    for number in 0..3 {
        one(&client, Request::earn(&format!("new-{number}"), "REGISTER", "r"), at(20 + number)).await;
        settle(&client, 20 + number).await;
    }
    assert_eq!(available(&client, "ann").await, 100);
    assert_eq!((status(&client, "new-2").await.as_str(), available(&client, "new-2").await), ("refused", 100));
    let late = join(&client, "late", &anns, 30).await;
    assert_eq!((late.refusal.as_deref(), &late.detail.unwrap()["maximum"]), (Some("LIMIT_REACHED"), &json!(2)));
    // what is clawed back makes room
    one(&client, Request::undo(Kind::Reverse, "new-0", "r", "undo"), at(31)).await;
    settle(&client, 32).await;
    one(&client, Request::earn("new-3", "REGISTER", "r"), at(33)).await;
    settle(&client, 34).await;
    assert_eq!((status(&client, "new-3").await.as_str(), available(&client, "ann").await), ("paid", 100));
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_frozen_side_waits_and_an_erased_one_ends_it() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("update points.program set frozen_earns = false").await.unwrap();
    let anns = code(&client, "ann", 1).await;
    for name in ["ben", "cat"] {
        join(&client, name, &anns, 2).await;
    }
    one(&client, Request::freeze(Kind::Freeze, "ann", "freeze"), at(3)).await;
    one(&client, Request::earn("ben", "REGISTER", "r"), at(4)).await;
    settle(&client, 5).await;
    assert_eq!((status(&client, "ben").await.as_str(), available(&client, "ben").await), ("qualified", 100));
    one(&client, Request::freeze(Kind::Unfreeze, "ann", "unfreeze"), at(6)).await;
    settle(&client, 7).await;
    assert_eq!(status(&client, "ben").await, "qualified", "it is looked at again in an hour");
    settle(&client, 66).await;
    assert_eq!((available(&client, "ann").await, available(&client, "ben").await), (50, 150));
    client.batch_execute("select api.erase_member('ann', 'erase', 'asked', 'tester')").await.unwrap();
    one(&client, Request::earn("cat", "REGISTER", "r"), at(70)).await;
    settle(&client, 71).await;
    assert_eq!((status(&client, "cat").await.as_str(), available(&client, "cat").await), ("qualified", 100));
    assert_eq!(number(&client, "select count(*) from points.invitation_due").await, 0);
    assert_eq!(because(&join(&client, "dan", &anns, 72).await).0, "UNKNOWN_INVITATION");
    assert_laws(&client).await;
}

#[tokio::test]
async fn if_one_cannot_be_paid_neither_is() {
    let database = Database::new().await;
    let client = database.client().await;
    let anns = code(&client, "ann", 1).await;
    join(&client, "ben", &anns, 2).await;
    let most = 9_007_199_254_740_991;
    one(&client, Request::adjust("ann", most, "rich"), at(3)).await;
    one(&client, Request::earn("ben", "REGISTER", "r"), at(4)).await;
    settle(&client, 5).await;
    assert_eq!((available(&client, "ann").await, available(&client, "ben").await), (most, 100));
    assert_eq!(status(&client, "ben").await, "refused");
    assert_laws(&client).await;
}

#[tokio::test]
async fn opposite_invitations_settled_at_once_do_not_deadlock_and_pay_once() {
    let database = Database::new().await;
    let client = database.client().await;
    // each invites the next, so that neighbours share accounts, in buckets that lie either way
    let names: Vec<String> = (0..24).map(|number| format!("member-{number}")).collect();
    for (place, name) in names.iter().enumerate() {
        let minute = 2 * place as i64;
        if place > 0 {
            let inviter = &names[place - 1];
            let anns = code(&client, inviter, minute).await;
            assert_eq!(because(&join(&client, name, &anns, minute).await).0, "done");
        } else {
            code(&client, name, minute).await;
        }
    }
    let registers: Vec<Request> = names.iter().skip(1).map(|name| Request::earn(name, "REGISTER", "r")).collect();
    let barrier = Arc::new(Barrier::new(8));
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let (url, barrier, registers) = (database.url(), barrier.clone(), registers.clone());
            tokio::spawn(async move {
                let client = jifen::database::connect(&jifen::database::parse_url(&url).unwrap()).await.unwrap();
                barrier.wait().await;
                // each qualification is asked for twice, under the same key and, being once, under another
                for request in registers.iter().skip(number % 4).step_by(4) {
                    let request = Request { idempotency_key: Some(format!("r{}", number / 4)), ..request.clone() };
                    execute(&client, &[request], None).await;
                }
                let mut quiet = 0;
                while quiet < 20 {
                    // The job would only try again after a deadlock; here there must be none.
                    let settle = "select points.settle_one(d.invited_bucket, d.invited_id)::text from (
                        select * from points.invitation_due where due_at <= clock_timestamp() order by random() limit 1) d";
                    match client.query_opt(settle, &[]).await {
                        Ok(Some(_)) => quiet = 0,
                        Ok(None) => {
                            quiet += 1;
                            tokio::time::sleep(Wait::from_millis(5)).await;
                        }
                        Err(error) => panic!("{:?}", error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED)),
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    for (place, name) in names.iter().enumerate() {
        let expected = if place == 0 {
            50
        } else if place == 23 {
            150
        } else {
            200
        };
        assert_eq!(available(&client, name).await, expected, "{name}");
    }
    assert_laws(&client).await;
}

#[tokio::test]
async fn of_two_inviters_at_once_one_wins() {
    let database = Database::new().await;
    let client = database.client().await;
    let codes = [code(&client, "ann", 1).await, code(&client, "ben", 2).await];
    for round in 0..10 {
        let barrier = Arc::new(Barrier::new(2));
        let tasks: Vec<_> = codes
            .iter()
            .map(|code| {
                let (url, barrier, code) = (database.url(), barrier.clone(), code.clone());
                tokio::spawn(async move {
                    let client = jifen::database::connect(&jifen::database::parse_url(&url).unwrap()).await.unwrap();
                    barrier.wait().await;
                    one(&client, Request::join(&format!("new-{round}"), &code, &code), at(3)).await.refusal
                })
            })
            .collect();
        let mut refusals = Vec::new();
        for task in tasks {
            refusals.push(task.await.unwrap());
        }
        refusals.sort();
        assert_eq!(refusals, [None, Some("ALREADY_INVITED".to_owned())]);
    }
    assert_laws(&client).await;
}

#[tokio::test]
async fn who_waits_while_the_inviter_is_erased_is_told_to_look_again() {
    let database = Database::new().await;
    let (blocker, waiter, observer) = (database.client().await, database.client().await, database.client().await);
    let made = one(&observer, Request::invite("ann", "code"), None).await;
    let code = made.detail.unwrap()["code"].as_str().unwrap().to_owned();
    one(&observer, Request::earn("zoe", "TASK", "t").points(1), None).await;
    let lock =
        "begin; select from points.balance b join points.account a on (a.bucket, a.id) = (b.bucket, b.account_id)
        where a.user_id = 'zoe' for update of b";
    blocker.batch_execute(lock).await.unwrap();
    let pid: i32 = waiter.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    let join = format!("select (operation).refusal from api.join_by_invitation('zoe', '{code}', 'j')");
    let waiting = tokio::spawn(async move { (waiter.query_one(&join, &[]).await, waiter, join) });
    until_blocked(&observer, pid).await;
    observer.batch_execute("select api.erase_member('ann', 'e', 'r', 'a')").await.unwrap();
    blocker.batch_execute("rollback").await.unwrap();
    let (waited, waiter, join) = waiting.await.unwrap();
    assert_eq!(sqlstate(waited), "40001");
    assert_eq!(sqlstate(waiter.query_one(&join, &[]).await), "LP041");
    assert_laws(&observer).await;
}

async fn lives(otherwise: u32) {
    let database = Database::new().await;
    let client = database.client().await;
    terms(&client, "ORDER", "null").await;
    for seed in seeds(otherwise) {
        let mut random = Random::new(seed);
        let name = |member: usize| format!("m{seed}-{member}");
        let mut minute = 1_000 * seed as i64;
        let mut codes = Vec::new();
        for member in 0..6 {
            minute += 1;
            codes.push(code(&client, &name(member), minute).await);
        }
        // inviter, qualified by, paid, revoked
        let mut told: BTreeMap<usize, (usize, Option<String>, bool, bool)> = BTreeMap::new();
        let mut orders: Vec<(usize, String)> = Vec::new();
        let mut points = [0_i64; 6];
        let mut qualified_ever = [false; 6];
        for step in 0..60 {
            minute += 1;
            let (member, other) = (random.of(0..6) as usize, random.of(0..6) as usize);
            match random.of(0..6) {
                0 | 1 => {
                    let late = other >= member || qualified_ever[member];
                    let expected = match told.entry(member) {
                        Entry::Occupied(_) => "ALREADY_INVITED",
                        Entry::Vacant(_) if late => "NOT_INVITABLE",
                        Entry::Vacant(place) => {
                            place.insert((other, None, false, false));
                            "done"
                        }
                    };
                    assert_eq!(because(&join(&client, &name(member), &codes[other], minute).await).0, expected);
                }
                2 | 3 => {
                    let key = format!("o{step}");
                    one(&client, Request::earn(&name(member), "ORDER", &key).amount("10"), at(minute)).await;
                    points[member] += 10;
                    qualified_ever[member] = true;
                    if let Some(invitation) = told.get_mut(&member) {
                        invitation.1.get_or_insert(key.clone());
                    }
                    orders.push((member, key));
                }
                4 if !orders.is_empty() => {
                    let (member, key) = orders.swap_remove(random.of(0..orders.len() as i64) as usize);
                    one(&client, Request::return_order(&name(member), &key, &format!("back {key}")), at(minute)).await;
                    points[member] -= 10;
                    if let Some(invitation) = told.get_mut(&member)
                        && invitation.1.as_deref() == Some(&key)
                    {
                        if invitation.2 {
                            invitation.3 = true;
                        } else {
                            // it is settled before anything else can qualify
                            invitation.1 = None;
                        }
                    }
                    settle(&client, minute).await;
                }
                _ => {}
            }
            if random.of(0..2) == 0 {
                settle(&client, minute).await;
                for invitation in told.values_mut() {
                    invitation.2 |= invitation.1.is_some();
                }
            } else {
                // the returns above settle what was due before them
                let due = "select count(*) from points.invitation_due";
                if number(&client, due).await == 0 {
                    for invitation in told.values_mut() {
                        invitation.2 |= invitation.1.is_some();
                    }
                }
            }
        }
        settle(&client, minute).await;
        for invitation in told.values_mut() {
            invitation.2 |= invitation.1.is_some();
        }
        for (member, (inviter, _, paid, revoked)) in &told {
            if *paid && !revoked {
                points[*member] += 50;
                points[*inviter] += 50;
            }
        }
        for (member, expected) in points.into_iter().enumerate() {
            assert_eq!(available(&client, &name(member)).await, expected, "seed {seed}, member {member}");
        }
    }
    assert_laws(&client).await;
}

/// Random lives of a few members: who has what follows from who qualified, by a model that knows nothing of the tables.
#[tokio::test]
async fn random_invitations_are_as_an_independent_model_says() {
    lives(3).await;
}

/// As many histories as JIFEN_HISTORIES says.
#[tokio::test]
#[ignore = "long"]
async fn random_invitations_are_as_an_independent_model_says_at_length() {
    lives(MANY).await;
}
