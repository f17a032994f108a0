//! What is kept of discrepancies, and until when.

use super::{discrepancies, run};
use crate::{common::Database, database::number};

#[tokio::test]
async fn a_discrepancy_is_kept_freezes_its_account_if_that_is_wanted_and_closes_when_it_is_gone() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("select api.set_integrity(true, 'freeze')").await.unwrap();
    let damage = |points: i64| {
        format!(
            "update points.balance b set available = available + {points}, adjusted = adjusted + {points}
             from points.account a where a.user_id = 'bob' and b.bucket = a.bucket and b.account_id = a.id"
        )
    };
    client.batch_execute(&damage(5)).await.unwrap();
    run(&client, "full").await;
    let found = discrepancies(&client).await;
    assert!(found.iter().all(|(_, user_id, _)| user_id.as_deref() == Some("bob")), "{found:?}");
    let open = "select open_discrepancies from points.reconciliation_state";
    assert_eq!(number(&client, open).await, found.len() as i64);
    assert_eq!(number(&client, "select count(*) from points.balance where frozen").await, 1);
    let why = "select reason from api.operation where user_id = 'bob' and kind = 'freeze'";
    let why: String = client.query_one(why, &[]).await.unwrap().get(0);
    assert!(why.starts_with("discrepancy "), "{why}");

    // It is the same when it is found again, and one that somebody takes care of is not open.
    let acknowledge = "select api.acknowledge_discrepancy(id, 'a slip', 'tester', 'a' || id) from api.discrepancy";
    client.batch_execute(acknowledge).await.unwrap();
    run(&client, "full").await;
    assert_eq!(discrepancies(&client).await, found);
    assert_eq!(number(&client, open).await, 0);

    // Further damage is nobody's yet.
    client.batch_execute(&damage(1)).await.unwrap();
    run(&client, "full").await;
    assert_eq!(discrepancies(&client).await, found);
    assert!(number(&client, open).await > 0);

    let wrong = client.query("select check_name from api.reconcile_account('bob')", &[]).await.unwrap();
    assert_eq!(wrong.len(), found.len());
    assert_eq!(number(&client, "select min(last_run) from points.discrepancy").await, 3);
    let told = "select wrong from api.explain_account('bob') where what = 'balance'";
    let told: String = client.query_one(told, &[]).await.unwrap().get(0);
    assert!(told.contains("pockets_equal_entries"), "{told}");
    client.batch_execute(&damage(-6)).await.unwrap();
    assert_eq!(client.query("select * from api.reconcile_account('bob')", &[]).await.unwrap().len(), 0);
    assert_eq!(discrepancies(&client).await, []);
    let closed = "select count(*) from api.discrepancy where state = 'closed'";
    assert_eq!(number(&client, closed).await, found.len() as i64);
}

/// Of each check 1,000 discrepancies of a bucket are kept, all are counted, and none is closed that may be there still.
#[tokio::test]
async fn more_discrepancies_than_are_kept_are_counted_and_stay_open() {
    let database = Database::new().await;
    let client = database.client().await;
    let ownerless = "set session_replication_role = replica;
        insert into points.account (bucket, id, user_id, wallet, created_at) overriding system value
        select 0, 9000000 + n, 'lost-' || n, 'points', now()
        from generate_series(1, 200) n where points.bucket('lost-' || n, 'points') = 0 limit 3";
    client.batch_execute(ownerless).await.unwrap();
    run(&client, "full").await;
    let lost = "select count(*) from api.discrepancy where closed_at is null and subject = 'account without balance'";
    assert_eq!(number(&client, lost).await, 3);
    // Each of these is found by several checks that come first.
    let many = "insert into points.balance (bucket, account_id, available, adjusted, version, level_until)
        select 0, n, 5, 5, 1, 9007199254740992 from generate_series(9100001, 9101100) n";
    client.batch_execute(many).await.unwrap();
    run(&client, "full").await;
    assert_eq!(number(&client, lost).await, 3);
    let counts =
        "select count(*) from points.discrepancy where check_name = 'balance_is_last_entry' and closed_at is null";
    assert_eq!(number(&client, counts).await, 1000);
    let counted = "select discrepancies from points.reconciliation_result where check_name = 'balance_is_last_entry' order by run desc limit 1";
    assert_eq!(number(&client, counted).await, 1100);
    let sum = "select r.discrepancies - (select sum(q.discrepancies) from points.reconciliation_result q where q.run = r.id)::bigint
        from points.reconciliation_run r order by r.id desc limit 1";
    assert_eq!(number(&client, sum).await, 0);
    let less = "delete from points.balance where account_id > 9100900; delete from points.account
        where id = (select min(a.id) from points.account a where a.user_id like 'lost-%')";
    client.batch_execute(less).await.unwrap();
    run(&client, "full").await;
    assert_eq!(number(&client, lost).await, 2);
    assert_eq!(number(&client, counted).await, 900);
    client.batch_execute("delete from points.balance where account_id > 9100000").await.unwrap();
    run(&client, "full").await;
    assert_eq!(number(&client, counts).await, 0);
}
