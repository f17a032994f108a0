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
