//! Indexes by time that have nothing on some pages make whoever asks for an instant read them all: they are mended.

use tokio_postgres::Client;

use super::number;
use crate::common::{Database, Request, execute};

/// Some operations, of which a page has less than 100.
async fn book(client: &Client, round: u32, operations: u32) {
    let requests: Vec<Request> =
        (0..operations).map(|number| Request::adjust("zoe", 1, &format!("{round} {number}"))).collect();
    execute(client, &requests, None).await;
}

async fn vain_pages(client: &Client) -> i64 {
    number(client, "select points.vain_pages('points.operation_recorded')").await
}

/// What a step did, whether there is more to do, and what it says is wrong, by the job's own role.
async fn mend(client: &Client, most: i64) -> (i32, bool, Option<String>) {
    client.batch_execute("set role jifen_owner").await.unwrap();
    let step = "select done, due_since is not null, failure from points.mend_indexes_step($1, null)";
    let row = client.query_one(step, &[&i32::try_from(most).unwrap()]).await.unwrap();
    client.batch_execute("reset role").await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

const NOTHING: (i32, bool, Option<String>) = (0, false, None);

#[tokio::test]
async fn an_index_whose_summing_up_was_broken_off_is_mended() {
    let database = Database::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "create function public.breaks_off(timestamptz) returns timestamptz language plpgsql immutable as $$
             begin
                 if current_setting('test.broken', true) = 'on' then
                     raise exception 'broken off';
                 end if;
                 return $1;
             end $$;
             drop index points.operation_recorded, points.entry_recorded_brin, points.lot_use_recorded;
             create index operation_recorded on points.operation using brin (recorded_at, public.breaks_off(recorded_at))
                 with (pages_per_range = 1)",
        )
        .await
        .unwrap();
    // The page of the first row always.
    let known = vain_pages(&client).await;
    assert_eq!(known, 1);
    assert_eq!(mend(&client, known).await, NOTHING);

    // What is new is not summed up yet.
    book(&client, 1, 500).await;
    let new = vain_pages(&client).await;
    assert!(new > known + 3, "{new}");
    assert_eq!(mend(&client, new).await, NOTHING);
    assert_eq!(vain_pages(&client).await, new);
    assert_eq!(mend(&client, new - 1).await, (1, false, None));
    assert_eq!(vain_pages(&client).await, known);

    // Again and again it is broken off, and what comes after is summed up.
    for round in 2..32 {
        book(&client, round, 100).await;
        client.batch_execute("set test.broken = on").await.unwrap();
        client.batch_execute("select brin_summarize_new_values('points.operation_recorded')").await.unwrap_err();
        client.batch_execute("set test.broken = off").await.unwrap();
        client.batch_execute("select brin_summarize_new_values('points.operation_recorded')").await.unwrap();
    }
    let broken = vain_pages(&client).await;
    assert!(broken > 40, "{broken} pages: summing up what is new mends the rest");

    // Whoever changes the table is not disturbed.
    let other = database.client().await;
    other.batch_execute("begin; lock table points.operation in share update exclusive mode").await.unwrap();
    let in_use = "points.operation_recorded is in use by a vacuum or a change of its table".to_owned();
    assert_eq!(mend(&client, known).await, (0, false, Some(in_use)));
    other.batch_execute("rollback").await.unwrap();
    assert_eq!(vain_pages(&client).await, broken);

    // Some in each step.
    assert_eq!(mend(&client, known).await, (1, true, None));
    let mut left = vain_pages(&client).await;
    assert!(known < left && left < broken, "{left} of {broken}");
    while left > known {
        let (done, more, failure) = mend(&client, known).await;
        left = vain_pages(&client).await;
        assert_eq!((done, more, failure), (1, left > known, None));
    }
    assert_eq!(mend(&client, known).await, NOTHING);
    let cannot =
        "points.operation_recorded has nothing on 1 pages: reindex index concurrently points.operation_recorded";
    assert_eq!(mend(&client, known - 1).await, (0, false, Some(cannot.to_owned())));
    let booked = number(&client, "select count(*) from points.operation").await;
    let by_time = "set enable_seqscan = off; select count(*) from points.operation where recorded_at >= '1970-01-01'";
    let found = client.simple_query(by_time).await.unwrap();
    let found = found.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    assert_eq!(found, Some(booked.to_string()));
}
