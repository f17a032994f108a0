//! Two accounts of one person: merged, and parted again.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio_postgres::{Client, error::SqlState};

use super::{
    assert_laws, make_rule, number, one, sqlstate,
    transfers::{accept, give, offer, reverse, transfer},
};
use crate::common::{Database, Kind, Request, execute, instant};

/// Refusal, detail, replayed, points.
pub type Answer = (Option<String>, Option<Value>, bool, Option<i64>);

pub async fn run(client: &Client, request: &Request, now: Option<DateTime<Utc>>) -> Answer {
    let sql = "select refusal, detail, replayed, (operation).points from points.run_merge($1, $2)";
    loop {
        match client.query_one(sql, &[request, &now]).await {
            Ok(row) => return (row.get(0), row.get(1), row.get(2), row.get(3)),
            Err(error) if error.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
}

pub fn merge(user: &str, into: &str, key: &str) -> Request {
    Request { counterparty: Some(into.to_owned()), ..Request::freeze(Kind::Merge, user, key) }
}

pub fn unmerge(user: &str, key: &str) -> Request {
    Request::freeze(Kind::Unmerge, user, key)
}

fn refused(code: &str, detail: Value) -> Answer {
    (Some(code.to_owned()), Some(detail), false, None)
}

fn done(points: i64) -> Answer {
    (None, None, false, Some(points))
}

/// pending, available, held, debt, and level.
async fn account(client: &Client, user: &str) -> ([i64; 4], Option<String>) {
    let sql = "select b.pending::bigint, b.available::bigint, b.held::bigint, b.debt::bigint, b.level
        from points.balance b join points.account a on a.bucket = b.bucket and a.id = b.account_id where a.user_id = $1";
    let row = client.query_one(sql, &[&user]).await.unwrap();
    ([0, 1, 2, 3].map(|place| row.get(place)), row.get(4))
}

async fn pockets(client: &Client, user: &str) -> [i64; 4] {
    account(client, user).await.0
}

/// Source, remaining, pending and expiry of each lot.
pub async fn lots(client: &Client, user: &str) -> Vec<String> {
    let sql = "select format('%s %s %s %s', l.source, l.remaining, l.pending, l.expires_at)
        from points.lot l join points.account a on a.bucket = l.bucket and a.id = l.account_id
        where a.user_id = $1 order by 1";
    client.query(sql, &[&user]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn do_one(client: &Client, request: Request, now: DateTime<Utc>) -> String {
    one(client, request, Some(now)).await.refusal.unwrap_or_else(|| "done".to_owned())
}

/// Two members: bea with 100 points that expire, 60 that wait, 30 held until May and 20 spent; ann with 500. Levels
/// at 500 and 650.
async fn couple(client: &Client) -> DateTime<Utc> {
    let now = instant("2030-03-01T12:00:00Z");
    make_rule(client, "SHORT", "basis, rounding, pending_days, valid_days", "'given', 'down', 0, 20").await;
    make_rule(client, "WAIT", "basis, rounding, pending_days", "'given', 'down', 5").await;
    client
        .batch_execute(
            "insert into points.level (wallet, code, name, threshold) values
                 ('points', 'MID', 'm', 500), ('points', 'TOP', 't', 650)",
        )
        .await
        .unwrap();
    let hold = Request::hold("bea", 30, "hold").expires_at(instant("2030-05-01T00:00:00Z"));
    for request in [
        Request::earn("ann", "SHORT", "a").points(500),
        Request::earn("bea", "SHORT", "short").points(150),
        Request::earn("bea", "WAIT", "wait").points(60),
        Request::spend("bea", 20, "spent"),
        hold,
    ] {
        assert_eq!(do_one(client, request, now).await, "done");
    }
    now
}

#[tokio::test]
async fn lots_go_over_with_expiry_source_and_level_and_come_back() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = couple(&client).await;
    let (ann, bea) = (lots(&client, "ann").await, lots(&client, "bea").await);
    assert_eq!(account(&client, "ann").await, ([0, 500, 0, 0], Some("MID".to_owned())));
    assert_eq!(run(&client, &merge("bea", "ann", "m"), Some(now)).await, done(160));
    assert_eq!(account(&client, "ann").await, ([60, 600, 0, 0], Some("TOP".to_owned())));
    assert_eq!(pockets(&client, "bea").await, [0, 0, 30, 0]);
    let mut both = [ann.clone(), bea.clone()].concat();
    both.sort();
    assert_eq!(lots(&client, "ann").await, both);
    assert_laws(&client).await;

    // what waits becomes available, and what expires meanwhile does not come back
    let later = now + TimeDelta::days(6);
    assert_eq!(run(&client, &unmerge("bea", "u"), Some(later)).await, done(160));
    assert_eq!(account(&client, "ann").await, ([0, 500, 0, 0], Some("MID".to_owned())));
    assert_eq!(pockets(&client, "bea").await, [0, 160, 30, 0]);
    assert_eq!(lots(&client, "ann").await, ann);
    assert_eq!(run(&client, &merge("bea", "ann", "m2"), Some(later)).await, done(160));
    let late = now + TimeDelta::days(40);
    assert_eq!(run(&client, &unmerge("bea", "u2"), Some(late)).await, done(60));
    assert_eq!(pockets(&client, "bea").await, [0, 60, 30, 0]);
    assert_eq!(pockets(&client, "ann").await, [0, 0, 0, 0]);
    assert_eq!(do_one(&client, Request::spend("bea", 60, "again"), late).await, "done");
    assert_laws(&client).await;
}

#[tokio::test]
async fn holds_keys_and_operations_of_both_answer() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = couple(&client).await;
    run(&client, &merge("bea", "ann", "m"), Some(now)).await;

    // keys
    let again = one(&client, Request::earn("bea", "SHORT", "short").points(150), Some(now)).await;
    assert_eq!((again.refusal, again.replayed, again.points), (None, true, Some(150)));
    assert_eq!(run(&client, &merge("bea", "ann", "m"), Some(now)).await, (None, None, true, Some(160)));
    assert_eq!(do_one(&client, Request::earn("bea", "SHORT", "short").points(151), now).await, "IDEMPOTENCY_CONFLICT");
    let ask = |member: &str| Some(json!({ "ask": member }));
    for (request, member) in [
        // under the other member nothing is done twice
        (Request::earn("ann", "SHORT", "short").points(150), "bea"),
        (Request::undo(Kind::Capture, "ann", "hold", "c"), "bea"),
        (Request::undo(Kind::Reverse, "ann", "spent", "r"), "bea"),
        // and a merged account begins nothing new
        (Request::earn("bea", "SHORT", "new").points(1), "ann"),
        (Request::spend("bea", 1, "new"), "ann"),
        (Request::hold("bea", 1, "new"), "ann"),
        (Request::adjust("bea", 1, "new"), "ann"),
    ] {
        let outcome = one(&client, request.clone(), Some(now)).await;
        assert_eq!((outcome.refusal.as_deref(), outcome.detail), (Some("ACCOUNT_MERGED"), ask(member)), "{request:?}");
    }
    assert_eq!(number(&client, "select count(*) from points.operation where refusal is not null").await, 0);

    // holds: 10 of 30 are spent, the rest goes on, with the expiry of its lot
    let capture = Request { points: Some(10), ..Request::undo(Kind::Capture, "bea", "hold", "c") };
    assert_eq!(do_one(&client, capture, now).await, "done");
    assert_eq!((pockets(&client, "bea").await, pockets(&client, "ann").await), ([0; 4], [60, 620, 0, 0]));
    // what was spent comes back to whom it is by now
    assert_eq!(do_one(&client, Request::undo(Kind::Reverse, "bea", "spent", "r"), now).await, "done");
    assert_eq!((pockets(&client, "bea").await, pockets(&client, "ann").await), ([0; 4], [60, 640, 0, 0]));
    // and what was earned is taken back, though its points are elsewhere
    assert_eq!(do_one(&client, Request::undo(Kind::Reverse, "bea", "short", "r2"), now).await, "done");
    assert_eq!(account(&client, "ann").await, ([60, 490, 0, 0], Some("MID".to_owned())));
    assert_eq!(
        run(&client, &unmerge("bea", "u"), Some(now)).await,
        (Some("NOT_REVERSIBLE".to_owned()), Some(json!({ "debt": 150 })), false, Some(0))
    );
    assert_laws(&client).await;
}

#[tokio::test]
async fn orders_of_a_merged_account_can_be_returned() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = couple(&client).await;
    for request in [Request::earn("bea", "ORDER", "o1").amount("80"), Request::earn("ann", "ORDER", "o2").amount("40")]
    {
        assert_eq!(do_one(&client, request, now).await, "done");
    }
    run(&client, &merge("bea", "ann", "m"), Some(now)).await;
    let wrong = one(&client, Request::return_order("ann", "o1", "ret"), Some(now)).await;
    assert_eq!((wrong.refusal.as_deref(), wrong.detail), (Some("ACCOUNT_MERGED"), Some(json!({ "ask": "bea" }))));
    assert_eq!(do_one(&client, Request::return_order("bea", "o1", "ret").amount("20"), now).await, "done");
    assert_eq!(pockets(&client, "ann").await, [60, 600 + 40 + 60, 0, 0]);
    assert_eq!(do_one(&client, Request::return_order("ann", "o2", "ret").amount("40"), now).await, "done");
    assert_eq!(pockets(&client, "ann").await, [60, 600 + 60, 0, 0]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_debt_goes_over_and_is_paid_by_what_the_other_has_or_forgiven() {
    for (policy, debt) in [("debt", 40), ("clamp", 0)] {
        let database = Database::new().await;
        let client = database.client().await;
        let now = couple(&client).await;
        client.execute("update points.program set debt_policy = $1", &[&policy]).await.unwrap();
        run(&client, &merge("bea", "ann", "m"), Some(now)).await;
        assert_eq!(do_one(&client, Request::spend("ann", 490, "s"), now).await, "done");
        // 110 are left of 150 that are to be taken back
        assert_eq!(do_one(&client, Request::undo(Kind::Reverse, "bea", "short", "r"), now).await, "done");
        assert_eq!(pockets(&client, "ann").await, [60, 0, 0, debt], "{policy}");
        assert_eq!(pockets(&client, "bea").await, [0, 0, 30, 0]);
        assert_laws(&client).await;
    }
}

#[tokio::test]
async fn a_batch_on_both_is_what_it_would_be_one_by_one() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = couple(&client).await;
    // members of one bucket, as a lane sends them
    let names: Vec<String> = (0..99).map(|number| format!("kin{number}")).collect();
    let mut names = names.iter().filter(|name| crate::common::bucket(name, "points") == 3);
    let (old, heir, other) = (names.next().unwrap(), names.next().unwrap(), names.next().unwrap());
    do_one(&client, Request::earn(old, "SHORT", "e").points(50), now).await;
    do_one(&client, Request::spend(old, 40, "s"), now).await;
    assert_eq!(run(&client, &merge(old, heir, "m"), Some(now)).await, done(10));
    let batch = [
        Request::spend(heir, 30, "too much yet"),
        Request::undo(Kind::Reverse, old, "s", "r"),
        Request::spend(heir, 45, "enough now"),
        Request::earn(heir, "SHORT", "e").points(50),
        Request::earn(heir, "SHORT", "e").points(50),
        Request::earn(other, "SHORT", "e").points(7),
        Request::earn(old, "SHORT", "e").points(50),
    ];
    let outcomes = execute(&client, &batch, Some(now)).await;
    let codes: Vec<&str> = outcomes.iter().map(|outcome| outcome.refusal.as_deref().unwrap_or("done")).collect();
    let expected = ["INSUFFICIENT_POINTS", "done", "done", "ACCOUNT_MERGED", "ACCOUNT_MERGED", "done", "done"];
    assert_eq!(codes, expected);
    assert!(outcomes[6].replayed);
    // without the merged one itself it is one round, and the key is still known
    let batch = [Request::earn(heir, "SHORT", "e").points(50), Request::earn(heir, "SHORT", "e").points(50)];
    let outcomes = execute(&client, &batch, Some(now)).await;
    assert!(outcomes.iter().all(|outcome| outcome.refusal.as_deref() == Some("ACCOUNT_MERGED") && !outcome.replayed));
    assert_eq!(pockets(&client, heir).await, [0, 5, 0, 0]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn transfers_and_offers_of_before_end_as_they_should() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = couple(&client).await;
    let at = Some(now);
    let sent = transfer(&client, give("ann", "bea", 100, "t"), at).await.id.unwrap();
    let mine = transfer(&client, offer("bea", "ed", 40, "o", None), at).await.id.unwrap();
    let other = transfer(&client, offer("bea", "ed", 10, "o2", None), at).await.id.unwrap();
    let theirs = transfer(&client, offer("ann", "bea", 5, "o3", None), at).await.id.unwrap();
    assert_eq!(run(&client, &merge("bea", "cat", "m"), at).await, done(60 + 150));
    assert_eq!(transfer(&client, accept("bea", "ed", mine, "acc"), at).await.refusal, None);
    assert_eq!(pockets(&client, "ed").await, [0, 40, 0, 0]);
    let cancelled = transfer(&client, super::transfers::cancel("bea", other, "can"), at).await;
    assert_eq!(cancelled.refusal, None);
    assert_eq!(pockets(&client, "cat").await, [60, 160, 0, 0]);
    for request in [give("ann", "bea", 1, "x"), give("bea", "ann", 1, "x"), accept("ann", "bea", theirs, "x")] {
        let answer = transfer(&client, request, at).await;
        assert_eq!(answer.refusal.as_deref(), Some("ACCOUNT_MERGED"));
        assert_eq!(answer.detail, Some(json!({ "ask": "cat" })));
    }
    // what ann had given to bea comes back from whoever has it now
    assert_eq!(transfer(&client, reverse("ann", sent, "rev"), at).await.refusal, None);
    assert_eq!(pockets(&client, "cat").await, [60, 60, 0, 0]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn several_merge_and_only_what_nothing_depends_on_is_parted() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = couple(&client).await;
    let at = Some(now);
    do_one(&client, Request::earn("cat", "SHORT", "e").points(30), now).await;
    assert_eq!(run(&client, &merge("cat", "bea", "m"), at).await, done(30));
    assert_eq!(run(&client, &merge("bea", "ann", "m"), at).await, done(190));
    // one step leads from each to where points are
    let into = "select count(*) from api.account where merged_into = 'ann'";
    assert_eq!(number(&client, into).await, 2);
    for request in [merge("cat", "ed", "x"), merge("ed", "bea", "x"), merge("bea", "ed", "x")] {
        assert_eq!(run(&client, &request, at).await, refused("ACCOUNT_MERGED", json!({ "ask": "ann" })));
    }
    let (code, detail, ..) = run(&client, &unmerge("bea", "u"), at).await;
    assert_eq!((code.as_deref(), detail), (Some("NOT_REVERSIBLE"), Some(json!({ "merged_before": true }))));
    // final under its key
    assert!(run(&client, &unmerge("bea", "u"), at).await.2);
    // cat's points are not told apart from bea's any more, so cat comes out empty
    assert_eq!(run(&client, &unmerge("cat", "u"), at).await, done(0));
    assert_eq!(run(&client, &unmerge("bea", "u2"), at).await, done(190));
    assert_eq!(run(&client, &merge("bea", "ann", "m2"), at).await, done(190));
    do_one(&client, Request::spend("ann", 625, "s"), now).await;
    let (code, detail, ..) = run(&client, &unmerge("bea", "u3"), at).await;
    assert_eq!((code.as_deref(), detail), (Some("NOT_REVERSIBLE"), Some(json!({ "used": 125 }))));
    // a refund puts it right again
    do_one(&client, Request::undo(Kind::Reverse, "ann", "s", "r"), now).await;
    assert_eq!(run(&client, &unmerge("bea", "u4"), at).await, done(190));
    let (code, detail, ..) = run(&client, &unmerge("ann", "u"), at).await;
    assert_eq!((code.as_deref(), detail), (Some("NOT_REVERSIBLE"), Some(json!({ "merged": false }))));
    assert_laws(&client).await;
}

#[tokio::test]
async fn whoever_is_merged_no_longer_has_the_level_of_those_merged_before() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant("2030-03-01T12:00:00Z");
    make_rule(&client, "GIVE", "basis, rounding, pending_days", "'given', 'down', 0").await;
    let levels =
        json!([{ "code": "LOW", "name": "l", "threshold": 0 }, { "code": "HIGH", "name": "h", "threshold": 1000 }]);
    for (measure, key) in [("ever", "1"), ("calendar_year", "2")] {
        let sql = "select api.set_levels('points', $1, $2, p_measure => $3::text::points.level_measure, p_downgrade => case $3 when 'ever' then 'never' else 'to_earned' end::points.level_downgrade)";
        client.execute(sql, &[&levels, &key, &measure]).await.unwrap();
        let [first, middle, last] = ["ann", "bea", "cat"].map(|name| format!("{name} {key}"));
        for name in [&first, &middle, &last] {
            do_one(&client, Request::earn(name, "GIVE", &format!("e {name}")).points(600), now).await;
        }
        run(&client, &merge(&first, &middle, &format!("m {key}")), Some(now)).await;
        assert_eq!(account(&client, &middle).await, ([0, 1200, 0, 0], Some("HIGH".to_owned())));
        run(&client, &merge(&middle, &last, &format!("n {key}")), Some(now)).await;
        assert_eq!(account(&client, &middle).await, ([0, 0, 0, 0], Some("LOW".to_owned())));
        assert_eq!(account(&client, &last).await, ([0, 1800, 0, 0], Some("HIGH".to_owned())));
        assert_laws(&client).await;
    }
}

#[tokio::test]
async fn what_cannot_be_merged_is_refused_and_changes_nothing() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = couple(&client).await;
    let at = Some(now);
    let invalid = |path: &str, message: &str| refused("INVALID_INPUT", json!({ "path": path, "message": message }));
    let none = |request: Request| Request { counterparty: None, ..request };
    for (request, expected) in [
        (merge("bea", "bea", "x"), invalid("counterparty", "must be another member")),
        (merge("bea", "", "x"), invalid("counterparty", "must have 1 to 64 characters")),
        (none(merge("bea", "ann", "x")), invalid("counterparty", "is for merge, which needs it")),
        (Request { kind: Some(Kind::Spend), ..merge("bea", "ann", "x") }, invalid("kind", "must be merge or unmerge")),
        (Request { reason: None, ..merge("bea", "ann", "x") }, invalid("reason", "this needs a reason")),
        (Request { actor: None, ..unmerge("bea", "x") }, invalid("actor", "this needs its actor")),
        (
            Request { client_id: Some(99), ..merge("bea", "ann", "x") },
            refused("FORBIDDEN", json!({ "scope": "adjust", "rule": null, "wallet": null })),
        ),
    ] {
        assert_eq!(run(&client, &request, at).await, expected);
    }
    for kind in [Kind::Merge, Kind::Unmerge] {
        assert_eq!(do_one(&client, Request { kind: Some(kind), ..unmerge("bea", "x") }, now).await, "INVALID_INPUT");
    }
    for frozen in ["ann", "bea"] {
        do_one(&client, Request::freeze(Kind::Freeze, frozen, "f"), now).await;
        let expected = (Some("ACCOUNT_FROZEN".to_owned()), Some(json!({ "member": frozen })), false, Some(0));
        assert_eq!(run(&client, &merge("bea", "ann", &format!("{frozen} froze")), at).await, expected);
        do_one(&client, Request::freeze(Kind::Unfreeze, frozen, "uf"), now).await;
    }
    let most = 9_007_199_254_740_991;
    do_one(&client, Request::adjust("ed", most - 300, "lots"), now).await;
    let (code, ..) = run(&client, &merge("ed", "ann", "big"), at).await;
    assert_eq!(code.as_deref(), Some("LIMIT_REACHED"));
    assert_eq!(number(&client, "select count(*) from points.account where into_id is not null").await, 0);
    assert_laws(&client).await;
}

#[tokio::test]
async fn erasing_a_member_erases_what_was_merged_into_it() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = couple(&client).await;
    run(&client, &merge("bea", "ann", "m"), Some(now)).await;
    let erase = Request { kind: Some(Kind::Erase), ..unmerge("ann", "e") };
    let row = client.query_one("select accounts, points from points.run_erase($1, $2)", &[&erase, &now]).await.unwrap();
    assert_eq!((row.get::<_, i32>(0), row.get::<_, i64>(1)), (2, 690));
    assert_eq!(number(&client, "select count(*) from points.account where user_id in ('ann', 'bea')").await, 0);
    assert_laws(&client).await;
    // the names are free again
    assert_eq!(do_one(&client, Request::earn("bea", "SHORT", "short").points(5), now).await, "done");

    do_one(&client, Request::earn("ann", "SHORT", "a").points(5), now).await;
    run(&client, &merge("bea", "ann", "m"), Some(now)).await;
    let erase = Request { kind: Some(Kind::Erase), ..unmerge("bea", "e") };
    let row = client.query_one("select accounts, points from points.run_erase($1, $2)", &[&erase, &now]).await.unwrap();
    assert_eq!((row.get::<_, i32>(0), row.get::<_, i64>(1)), (1, 0));
    assert_eq!(pockets(&client, "ann").await, [0, 10, 0, 0]);
    let key = one(&client, Request::earn("ann", "SHORT", "short").points(5), Some(now)).await;
    assert_eq!((key.refusal.as_deref(), key.detail), (Some("ACCOUNT_MERGED"), Some(json!({ "ask": null }))));
    assert_laws(&client).await;
    // whom it was merged into can be merged, too
    do_one(&client, Request::earn("cleo", "SHORT", "c").points(5), now).await;
    assert_eq!(run(&client, &merge("ann", "cleo", "n"), Some(now)).await, done(10));
    assert_eq!(pockets(&client, "cleo").await, [0, 15, 0, 0]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn operators_merge_in_psql() {
    let database = Database::new().await;
    let client = database.client().await;
    couple(&client).await;
    client.batch_execute("set role jifen_operator").await.unwrap();
    let merged = "select (operation).points, (account).merged_into, replayed from api.merge_accounts('bea', 'ann', 'm', 'one person', 'me')";
    let row = client.query_one(merged, &[]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, &str>(1), row.get::<_, bool>(2)), (160, "ann", false));
    assert_eq!(sqlstate(client.batch_execute("select api.spend_points('bea', 1, 's')").await), "LP109");
    assert_eq!(sqlstate(client.batch_execute("select api.merge_accounts('ann', 'ann', 'n', 'r')").await), "LP001");
    assert_eq!(sqlstate(client.batch_execute("select api.execute_pair(null)").await), "42501");
    client.batch_execute("select api.unmerge_accounts('bea', 'u', 'it was another')").await.unwrap();
    let actor = "select actor from api.operation where kind = 'unmerge' and client = 'psql'";
    let actor: String = client.query_one(actor, &[]).await.unwrap().get(0);
    assert!(!actor.is_empty());
    assert_eq!(sqlstate(client.batch_execute("select api.unmerge_accounts('bea', 'u2', 'r')").await), "LP105");
}
