use super::{laws::assert_laws, number, one, sqlstate};
use crate::common::{Database, Request, instant};

async fn in_table(client: &tokio_postgres::Client, table: &str) -> i64 {
    number(client, &format!("select count(*) from points.{table}")).await
}

#[tokio::test]
async fn rows_of_a_month_without_partition_are_moved_when_it_gets_one() {
    let database = Database::new().await;
    let client = database.client().await;
    let (may, july) = (instant("2041-05-31T23:59:59Z"), instant("2041-07-01T00:00:00Z"));
    for (name, now) in [("may", may), ("july", july)] {
        one(&client, Request::adjust("zoe", 10, name), Some(now)).await;
        one(&client, Request::spend("zoe", 3, &format!("{name} spend")), Some(now)).await;
    }
    assert_eq!((in_table(&client, "entry_default").await, in_table(&client, "lot_use_default").await), (4, 2));

    client.batch_execute("set role jifen_owner").await.unwrap();
    let made: i32 = client.query_one("select points.make_partitions(1, $1)", &[&may]).await.unwrap().get(0);
    assert_eq!(made, 4, "May and June, of entries and of lot uses");
    let again: i32 = client.query_one("select points.make_partitions(1, $1)", &[&may]).await.unwrap().get(0);
    assert_eq!(again, 0);
    client.batch_execute("reset role").await.unwrap();

    for (table, rows) in [
        ("entry_2041_05", 2),
        ("lot_use_2041_05", 1),
        ("entry_2041_06", 0),
        ("entry_default", 2),
        ("lot_use_default", 1),
    ] {
        assert_eq!(in_table(&client, table).await, rows, "{table}");
    }
    assert_laws(&client).await;
    // the new tables take rows, refuse changes, and belong to the owner
    one(&client, Request::spend("zoe", 1, "last"), Some(may)).await;
    assert_eq!(in_table(&client, "entry_2041_05").await, 3);
    for table in ["entry_2041_05", "lot_use_2041_05", "entry_default", "lot_use_default"] {
        for statement in ["delete from", "truncate"] {
            assert_eq!(sqlstate(client.batch_execute(&format!("{statement} points.{table}")).await), "LP900");
        }
        let owner = client
            .query_one(
                "select relowner::regrole::text, obj_description(oid) is not null,
                     has_table_privilege('jifen_owner', oid, 'update, delete, truncate')
                 from pg_class where oid = ('points.' || $1::text)::regclass",
                &[&table],
            )
            .await
            .unwrap();
        assert_eq!((owner.get(0), owner.get(1), owner.get(2)), ("jifen_owner", true, false), "{table}");
    }
    let replayed = one(&client, Request::spend("zoe", 3, "may spend"), Some(july)).await;
    assert!(replayed.replayed && replayed.entry.is_some());
}

#[tokio::test]
async fn this_month_and_three_more_have_partitions_from_the_start() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::adjust("zoe", 10, "a"), None).await;
    assert_eq!(in_table(&client, "entry_default").await, 0);
    let partitions =
        "select count(*) from pg_inherits where inhparent in ('points.entry'::regclass, 'points.lot_use'::regclass)";
    assert_eq!(number(&client, partitions).await, 10);
    let operator = database.client_as("jifen_operator").await;
    let made: i32 = operator.query_one("select api.create_partitions()", &[]).await.unwrap().get(0);
    assert_eq!(made, 0);
}

/// What the job says is wrong.
async fn fault(client: &tokio_postgres::Client, now: &str) -> Option<String> {
    client.batch_execute("set role jifen_owner").await.unwrap();
    let row = client.query_one("select * from points.step_job('create_partitions', $1)", &[&instant(now)]).await;
    client.batch_execute("reset role").await.unwrap();
    row.unwrap().get("failure")
}

#[tokio::test]
async fn the_job_says_when_partitions_are_missing_or_rows_are_in_a_default_one() {
    let database = Database::new().await;
    let client = database.client().await;
    assert_eq!(fault(&client, "2041-05-31T23:59:59Z").await, None);
    let ahead = "select count(*) from points.partition_fault('2041-05-31T23:59:59Z') f where f is not null";
    assert_eq!(number(&client, ahead).await, 0);

    // One month ahead is not enough.
    client.batch_execute("update points.job set step_limit = 1 where name = 'create_partitions'").await.unwrap();
    assert_eq!(
        fault(&client, "2043-01-01T00:00:00Z").await.unwrap(),
        "points.entry has no partition for 2043-03; points.lot_use has no partition for 2043-03"
    );
    client.batch_execute("update points.job set step_limit = 2 where name = 'create_partitions'").await.unwrap();
    assert_eq!(fault(&client, "2043-01-01T00:00:00Z").await, None);

    let late = Some(instant("2030-05-31T12:00:00Z"));
    one(&client, Request::adjust("zoe", 10, "a"), late).await;
    one(&client, Request::spend("zoe", 3, "b"), late).await;
    let said = fault(&client, "2043-01-01T00:00:00Z").await.unwrap();
    assert_eq!(
        said,
        "points.entry_default has entries of 2030-05: select api.create_partitions('2030-05-01'); \
         points.lot_use_default has uses of 2030-05: select api.create_partitions('2030-05-01')"
    );
    let job =
        client.query_one("select failure, failures from api.job where name = 'create_partitions'", &[]).await.unwrap();
    assert_eq!((job.get::<_, String>(0), job.get::<_, i32>(1)), (said, 1));
    let operator = database.client_as("jifen_operator").await;
    operator.batch_execute("select api.create_partitions('2030-05-01')").await.unwrap();
    assert_eq!(fault(&client, "2043-01-01T00:00:00Z").await, None);
    assert_eq!(in_table(&client, "entry_2030_05").await, 2);
    assert_laws(&client).await;
}
