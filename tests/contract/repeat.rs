//! Migrating again changes nothing, and two at once do not collide.

use jifen::{
    database::{Config, connect, parse_url},
    migrate::{MIGRATIONS, Report, migrate},
};

use super::{snapshot::catalog, strings};
use crate::common::Database;

/// What the snapshot leaves out: bodies, definitions of views, comments, exact rights.
const DETAILS: &str = "
    select concat_ws(' ', pg_get_functiondef(p.oid), p.proacl) from pg_proc p
    where p.pronamespace in ('points'::regnamespace, 'api'::regnamespace)
    union all
    select concat_ws(' ', c.oid::regclass, c.relowner::regrole, c.relacl, c.reloptions,
        case c.relkind when 'v' then pg_get_viewdef(c.oid) end)
    from pg_class c where c.relnamespace in ('points'::regnamespace, 'api'::regnamespace)
    union all
    select concat_ws(' ', pg_get_triggerdef(t.oid), t.tgenabled) from pg_trigger t where not t.tgisinternal
    union all
    select concat_ws(' ', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description) from pg_description d
    where d.objoid > 16383
    union all
    select concat_ws(' ', n.nspname, n.nspacl) from pg_namespace n where n.nspname in ('points', 'api')
    order by 1";

#[tokio::test]
async fn applying_the_bundle_again_leaves_the_catalog_as_it_was() {
    let database = Database::new().await;
    let mut client = database.client().await;
    let before = (catalog(&client).await, strings(&client, DETAILS).await);
    assert!(before.1.len() > 400, "{}", before.1.len());

    client.execute("delete from points.bundle", &[]).await.unwrap();
    assert_eq!(migrate(&mut client, 8).await.unwrap(), Report { migrations: 0, bundle: true });
    assert_eq!((catalog(&client).await, strings(&client, DETAILS).await), before);
}

#[tokio::test]
async fn the_bundle_undoes_what_was_done_by_hand() {
    let database = Database::new().await;
    let mut client = database.client().await;
    let before = strings(&client, DETAILS).await;
    client
        .batch_execute(
            "grant update on points.entry to jifen_owner;
             grant execute on function api.revoke_client(text) to public;
             create or replace function points.refuse_change() returns trigger language plpgsql as 'begin end';
             delete from points.bundle",
        )
        .await
        .unwrap();
    assert_ne!(strings(&client, DETAILS).await, before);
    migrate(&mut client, 8).await.unwrap();
    assert_eq!(strings(&client, DETAILS).await, before);
}

#[tokio::test]
async fn migrating_a_second_time_does_nothing() {
    let database = Database::new().await;
    let new = new_database(&database, "second_time").await;
    let mut client = connect(&new).await.unwrap();
    let first = migrate(&mut client, 8).await.unwrap();
    assert_eq!(first, Report { migrations: MIGRATIONS.len(), bundle: true });
    assert_eq!(migrate(&mut client, 8).await.unwrap(), Report { migrations: 0, bundle: false });
}

#[tokio::test]
async fn two_migrating_a_new_database_at_once_both_succeed() {
    let database = Database::new().await;
    let new = new_database(&database, "two_at_once").await;
    let (mut one, mut two) = (connect(&new).await.unwrap(), connect(&new).await.unwrap());
    let (one, two) = tokio::join!(migrate(&mut one, 8), migrate(&mut two, 8));
    let mut reports = [one.unwrap(), two.unwrap()].map(|report| (report.migrations, report.bundle));
    reports.sort();
    assert_eq!(reports, [(0, false), (MIGRATIONS.len(), true)]);
}

/// A database on the same server that nobody has migrated.
async fn new_database(beside: &Database, name: &str) -> Config {
    beside.client().await.batch_execute(&format!("create database {name}")).await.unwrap();
    let mut config = parse_url(&beside.url()).unwrap();
    config.dbname(name);
    config
}
