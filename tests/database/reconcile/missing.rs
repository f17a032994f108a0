//! Keys that are wrong, and operations that are not there.

use super::{discrepancies, prove, run};
use crate::{
    common::{Database, Request},
    database::{number, one},
    graphql::until,
};

/// Keys are hashed once, and again where they have changed, until they are right.
#[tokio::test]
async fn a_wrong_key_is_found_by_each_full_run_until_it_is_right() {
    let database = Database::new().await;
    let client = database.client().await;
    run(&client, "full").await;
    client.batch_execute("set session_replication_role = replica").await.unwrap();
    let change = |key: &str| {
        format!(
            "update points.operation o set idempotency_key = {key} from points.account a
             where a.user_id = 'bob' and o.bucket = a.bucket and o.account_id = a.id"
        )
    };
    client.batch_execute(&change("idempotency_key || '!'")).await.unwrap();
    let unproven = "select count(*) from points.key_proof where total is null";
    for _ in 0..2 {
        run(&client, "full").await;
        let found = discrepancies(&client).await;
        assert_eq!(found, [("keys_are_operations".to_owned(), Some("bob".to_owned()), String::new())]);
        assert!(number(&client, unproven).await <= 1);
    }
    client.batch_execute(&change("rtrim(idempotency_key, '!')")).await.unwrap();
    run(&client, "full").await;
    assert_eq!(discrepancies(&client).await, []);
    assert_eq!(number(&client, unproven).await, 0);
}

/// Operations that are gone, and nothing else of them is there, are missed until they are back, or somebody gives them up.
#[tokio::test]
async fn operations_without_an_entry_are_missed_until_they_are_back() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::spend("poor", 5, "poor-1"), None).await;
    // A transaction of another test may be older than the mark of a run, which has settled less then.
    let settled = "select count(*) from points.operation o
        join points.key_proof k on k.bucket = o.bucket and k.part = o.account_id & 63
        where o.refusal is not null and o.recorded_at < k.proven_to and k.total is not null";
    while number(&client, settled).await == 0 {
        run(&client, "full").await;
    }
    let proof = "select sum(total)::text || max(proven_to) from points.key_proof";
    let proof = || async { client.query_one(proof, &[]).await.unwrap().get::<_, String>(0) };
    let kept = proof().await;
    client
        .batch_execute(
            "set session_replication_role = replica;
             create table public.gone as select * from points.operation where refusal is not null;
             delete from points.operation where refusal is not null",
        )
        .await
        .unwrap();
    assert_eq!(number(&client, "select count(*) from public.gone").await, 1);
    let part = "select format('bucket %s, part %s', bucket, account_id & 63) from public.gone";
    let part: String = client.query_one(part, &[]).await.unwrap().get(0);
    let missed = [("keys_are_operations".to_owned(), None, part)];
    for _ in 0..2 {
        run(&client, "full").await;
        assert_eq!(discrepancies(&client).await, missed);
        assert_eq!(proof().await, kept);
    }
    client.batch_execute("insert into points.operation select * from public.gone").await.unwrap();
    run(&client, "full").await;
    assert_eq!(discrepancies(&client).await, []);
    client.batch_execute("delete from points.operation where refusal is not null").await.unwrap();
    run(&client, "full").await;
    assert_eq!(discrepancies(&client).await, missed);
    let given_up = "update points.key_proof k set total = null from public.gone g where k.bucket = g.bucket and k.part = g.account_id & 63";
    client.batch_execute(given_up).await.unwrap();
    for _ in 0..2 {
        run(&client, "full").await;
        assert_eq!(discrepancies(&client).await, []);
    }
    assert_eq!(number(&client, "select count(*) from points.key_proof where total is null").await, 0);

    // Under a clock that was set back: what was proven is no measure for what is booked now.
    client.batch_execute("update points.key_proof set proven_to = now() + interval '1 hour', total = 1").await.unwrap();
    run(&client, "full").await;
    assert_eq!(discrepancies(&client).await, []);
    assert_eq!(number(&client, "select count(*) from points.key_proof where proven_to > now()").await, 0);
}

/// In a database that was restored on another server no mark means anything at first: what was proven is kept until one does.
#[tokio::test]
async fn what_was_proven_outlives_a_run_for_which_nothing_is_settled() {
    let database = Database::new().await;
    let client = database.client().await;
    until("the keys are proven", async || {
        prove(&client).await;
        number(&client, "select count(*) from points.key_proof").await > 0
    })
    .await;
    let late = database.client().await;
    late.batch_execute("begin; select pg_current_xact_id()").await.unwrap();
    client
        .batch_execute(
            "update points.reconciliation_run set marked_xid = '1000000000000';
             set session_replication_role = replica;
             delete from points.operation where refusal is null and idempotency_key = 'demo-sign-in-1'",
        )
        .await
        .unwrap();
    let proof = "select string_agg(k::text, ' ' order by bucket, part) from points.key_proof k";
    let proof = || async { client.query_one(proof, &[]).await.unwrap().get::<_, String>(0) };
    let kept = proof().await;
    run(&client, "full").await;
    assert_eq!(proof().await, kept);
    late.batch_execute("commit").await.unwrap();
}
