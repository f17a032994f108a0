use super::check;

#[tokio::test]
async fn every_table_and_view_has_a_comment() {
    check(
        "select c.oid::regclass::text from pg_class c
         where c.relnamespace in ('points'::regnamespace, 'api'::regnamespace) and c.relkind in ('r', 'p', 'v', 'm', 'f')
             and obj_description(c.oid, 'pg_class') is null
         order by 1",
        "create table points.bare (); create view api.bare_view as select 1 as a",
        &["api.bare_view", "points.bare"],
    )
    .await;
}

#[tokio::test]
async fn every_column_has_a_comment() {
    check(
        "select c.oid::regclass || '.' || a.attname
         from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where c.relnamespace in ('points'::regnamespace, 'api'::regnamespace) and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
             and not c.relispartition and col_description(c.oid, a.attnum) is null
         order by 1",
        "create table points.bare (a int, b int); comment on column points.bare.b is 'B.';
         create type api.pair as (first int)",
        &["api.pair.first", "points.bare.a"],
    )
    .await;
}

#[tokio::test]
async fn every_type_has_a_comment() {
    check(
        "select t.oid::regtype::text from pg_type t
         left join pg_class c on c.oid = t.typrelid
         where t.typnamespace in ('points'::regnamespace, 'api'::regnamespace)
             and (t.typtype in ('e', 'd') or c.relkind = 'c') and obj_description(t.oid, 'pg_type') is null
         order by 1",
        "create type points.bare as enum ('a'); create domain api.bare_domain as int; create type points.pair as (first int)",
        &["api.bare_domain", "points.bare", "points.pair"],
    )
    .await;
}

#[tokio::test]
async fn every_function_has_a_comment() {
    check(
        "select f.signature from functions f where obj_description(f.oid, 'pg_proc') is null",
        "create function points.bare(p_a int) returns int language sql immutable return p_a",
        &["points.bare(integer)"],
    )
    .await;
}
