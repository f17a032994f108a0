//! What the source and the catalog must keep to, whoever changes them.
//!
//! A rule is a query for what breaks it. Each test also plants something that does, so that a rule which finds nothing
//! any more is noticed.

mod comments;
mod engine;
mod files;
mod keys;
mod names;
mod page;
mod plpgsql_check;
mod refusals;
mod repeat;
mod rights;
mod snapshot;

use tokio_postgres::Client;

use crate::common::Database;

/// The tables of both schemas but for partitions. Those that grow with members have a column `bucket`.
const TABLES: &str = "
    select c.oid, c.oid::regclass::text as name, c.relname::text, b.attnum as bucket
    from pg_class c
    left join pg_attribute b on b.attrelid = c.oid and b.attname = 'bucket' and not b.attisdropped
    where c.relnamespace in ('points'::regnamespace, 'api'::regnamespace)
        and c.relkind in ('r', 'p') and not c.relispartition";

/// The functions of both schemas; `code` is the source without comments, hot ones work on one bucket.
const FUNCTIONS: &str = r"
    select p.oid, p.oid::regprocedure::text as signature, p.pronamespace::regnamespace || '.' || p.proname as name,
        l.lanname as language, p.prosecdef, p.proconfig, p.proargnames, p.proargmodes, p.prorettype, p.proacl, p.proowner,
        regexp_replace(p.prosrc, '--[^\n]*', '', 'g') as code,
        coalesce(p.proargnames[1] = 'p_bucket', false) as hot
    from pg_proc p
    join pg_language l on l.oid = p.prolang
    where p.pronamespace in ('points'::regnamespace, 'api'::regnamespace)";

/// Asserts that a rule finds nothing, and finds `expected` once `planted` is there.
async fn check(rule: &str, planted: &str, expected: &[&str]) {
    let rule = format!("with tables as ({TABLES}), functions as ({FUNCTIONS}) {rule}");
    let database = Database::new().await;
    let client = database.client().await;
    assert_eq!(strings(&client, &rule).await, [""; 0], "broken by these");
    client.batch_execute(&format!("begin; set local check_function_bodies = off; {planted}")).await.unwrap();
    assert_eq!(strings(&client, &rule).await, expected, "the rule misses what was planted");
}

/// The first column of a query's rows.
async fn strings(client: &Client, query: &str) -> Vec<String> {
    client.query(query, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}
