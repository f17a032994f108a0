use super::sqlstate;
use crate::common::{Database, Request, execute};

const TABLES: &[&str] =
    &["operation", "entry", "lot_use", "level_change", "rule_version", "catalogue_change", "former_time_zone"];

/// Fills every append-only table, and every partition of this month and of none.
async fn filled() -> Database {
    let database = Database::new().await;
    let client = database.client().await;
    client
        .batch_execute("select api.create_rule('NEW', 'New'), api.set_program('Jifen', 'Asia/Tokyo', 'USD', 'debt')")
        .await
        .unwrap();
    let requests = [
        Request::earn("zoe", "TASK", "a").points(1_000),
        Request::earn("zoe", "TASK", "b").points(1_000),
        Request::spend("zoe", 5, "c"),
    ];
    execute(&client, &requests, None).await;
    execute(
        &client,
        &requests.map(|request| Request { user_id: Some("old".to_owned()), ..request }),
        Some(crate::common::instant("2001-01-01T00:00:00Z")),
    )
    .await;
    database
}

/// The tables with all their partitions.
async fn tables(client: &tokio_postgres::Client) -> Vec<String> {
    let rows = client
        .query(
            "select t.relid::regclass::text from unnest($1::text[]) p, pg_partition_tree(('points.' || p)::regclass) t
             union select 'points.' || p from unnest($1::text[]) p",
            &[&TABLES],
        )
        .await
        .unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn nobody_changes_or_deletes_a_ledger_row() {
    let database = filled().await;
    let client = database.client().await;
    let tables = tables(&client).await;
    assert!(tables.len() > 10, "{tables:?}");
    for table in &tables {
        let column: String = client
            .query_one(
                "select attname::text from pg_attribute where attrelid = $1::text::regclass and attnum = 1",
                &[table],
            )
            .await
            .unwrap()
            .get(0);
        let rows: i64 = client.query_one(&format!("select count(*) from {table}"), &[]).await.unwrap().get(0);
        let statements = [
            format!("update {table} set {column} = {column}"),
            format!("delete from {table}"),
            format!("truncate {table}"),
        ];
        for (number, statement) in statements.iter().enumerate() {
            // row triggers have nothing to refuse in a partition without rows
            if rows > 0 || number == 2 {
                let state = sqlstate(client.batch_execute(statement).await);
                // what is referenced cannot be truncated alone
                assert!(state == "LP900" || state == "0A000", "{statement} as superuser: {state}");
            }
            for role in ["jifen_owner", "jifen_gateway", "jifen_reader", "jifen_operator"] {
                client.batch_execute(&format!("set role {role}")).await.unwrap();
                assert_eq!(sqlstate(client.batch_execute(statement).await), "42501", "{statement} as {role}");
                client.batch_execute("reset role").await.unwrap();
            }
        }
        let after: i64 = client.query_one(&format!("select count(*) from {table}"), &[]).await.unwrap().get(0);
        assert_eq!(after, rows);
    }
}

#[tokio::test]
async fn every_table_and_default_partition_had_rows_to_lose() {
    let database = filled().await;
    let client = database.client().await;
    for table in TABLES.iter().copied().chain(["entry_default", "lot_use_default"]) {
        let any = client.query(&format!("select from points.{table} limit 1"), &[]).await.unwrap();
        assert_eq!(any.len(), 1, "{table}");
    }
}

#[tokio::test]
async fn the_owner_granting_itself_the_right_still_meets_the_guard() {
    let database = filled().await;
    let client = database.client_as("jifen_owner").await;
    client.batch_execute("grant update, delete on points.operation to jifen_owner").await.unwrap();
    assert_eq!(sqlstate(client.batch_execute("delete from points.operation").await), "LP900");
    assert_eq!(sqlstate(client.batch_execute("update points.operation set points = 0").await), "LP900");
}

#[tokio::test]
async fn every_table_that_says_so_is_guarded() {
    let database = Database::new().await;
    let client = database.client().await;
    let differ = "
        select c.relname::text from pg_class c
        where c.relnamespace = 'points'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
            and (obj_description(c.oid) ~ 'Append-only' <> exists (
                    select from pg_trigger t where t.tgrelid = c.oid and t.tgname = 'append_only')
                or obj_description(c.oid) ~ 'Append-only' and has_table_privilege('jifen_owner', c.oid, 'update, delete, truncate'))";
    let rows = client.query(differ, &[]).await.unwrap();
    let tables: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(tables, [""; 0]);
}
