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
    number(client, "select points.vain_pages('points.operation')").await
}

/// What a step did and what it says is wrong, by the job's own role.
async fn mend(client: &Client, most: i32) -> (i32, Option<String>) {
    client.batch_execute("set role jifen_owner").await.unwrap();
    let row = client.query_one("select * from points.mend_indexes_step($1, null)", &[&most]).await.unwrap();
    client.batch_execute("reset role").await.unwrap();
    (row.get("done"), row.get("failure"))
}

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
             drop index points.operation_recorded;
             create index operation_recorded on points.operation using brin (recorded_at, public.breaks_off(recorded_at))
                 with (pages_per_range = 1)",
        )
        .await
        .unwrap();
    assert_eq!(mend(&client, 0).await, (0, None));

    // What is new is not summed up yet.
    book(&client, 1, 500).await;
    let new = vain_pages(&client).await;
    assert!(new >= 3, "{new}");
    assert_eq!(mend(&client, new as i32).await, (0, None));
    assert_eq!(vain_pages(&client).await, new);
    assert_eq!(mend(&client, new as i32 - 1).await, (1, None));
    assert_eq!(vain_pages(&client).await, 0);

    // Again and again it is broken off, and what comes after is summed up.
    for round in 2..14 {
        book(&client, round, 100).await;
        client.batch_execute("set test.broken = on").await.unwrap();
        client.batch_execute("select brin_summarize_new_values('points.operation_recorded')").await.unwrap_err();
        client.batch_execute("set test.broken = off").await.unwrap();
        book(&client, 100 + round, 100).await;
        client.batch_execute("select brin_summarize_new_values('points.operation_recorded')").await.unwrap();
    }
    let broken = vain_pages(&client).await;
    assert!(broken > 12, "{broken} pages: summing up what is new mends the rest");
    let booked = number(&client, "select count(*) from points.operation").await;
    let (done, failure) = mend(&client, 0).await;
    let left = vain_pages(&client).await;
    assert_eq!(done, 0);
    assert!(0 < left && left < broken, "{left} of {broken}");
    assert_eq!(
        failure.unwrap(),
        format!(
            "points.operation_recorded has nothing on {left} pages: \
             reindex index concurrently points.operation_recorded"
        )
    );
    assert_eq!(mend(&client, 0).await, (1, None));
    assert_eq!(vain_pages(&client).await, 0);
    assert_eq!(mend(&client, 0).await, (0, None));
    let by_time = "set enable_seqscan = off; select count(*) from points.operation where recorded_at >= '1970-01-01'";
    let found = client.simple_query(by_time).await.unwrap();
    let found = found.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    assert_eq!(found, Some(booked.to_string()));
}
