use super::check;

#[tokio::test]
async fn security_definer_functions_look_for_nothing_where_their_caller_may_write() {
    check(
        // An empty path would have the types and tables of pg_temp found before those of pg_catalog.
        "select f.signature from functions f
         where f.prosecdef and not 'search_path=pg_catalog, pg_temp' = any (coalesce(f.proconfig, '{}'))
         order by 1",
        "create function points.bare() returns int language sql security definer stable set jit = off return 1;
         create function points.empty() returns int language sql security definer stable set search_path = '' return 1;
         create function points.loose() returns int language sql security definer stable set search_path = public return 1",
        &["points.bare()", "points.empty()", "points.loose()"],
    )
    .await;
}

#[tokio::test]
async fn nobody_but_the_owner_has_a_right_on_a_table() {
    check(
        "select c.oid::regclass || ' ' || g.privilege_type || ' ' || g.grantee::regrole
         from pg_class c
         cross join lateral aclexplode(c.relacl) g
         where c.relnamespace = 'points'::regnamespace and g.grantee <> c.relowner
         order by 1",
        "grant select on points.account to jifen_gateway",
        &["points.account SELECT jifen_gateway"],
    )
    .await;
}

#[tokio::test]
async fn views_are_for_reading_only() {
    check(
        "select c.oid::regclass || ' ' || g.privilege_type || ' ' || g.grantee::regrole
         from pg_class c
         cross join lateral aclexplode(c.relacl) g
         where c.relnamespace = 'api'::regnamespace and g.grantee <> c.relowner and g.privilege_type <> 'SELECT'
         order by 1",
        "grant update on api.level to jifen_operator",
        &["api.level UPDATE jifen_operator"],
    )
    .await;
}

#[tokio::test]
async fn nothing_is_executable_by_everybody() {
    check(
        "select f.signature from functions f
         cross join lateral aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) g
         where g.grantee = 0",
        "create function api.bare() returns int language sql stable return 1",
        &["api.bare()"],
    )
    .await;
}

#[tokio::test]
async fn everything_belongs_to_jifen_owner() {
    check(
        "select c.oid::regclass::text from pg_class c
         where c.relnamespace in ('points'::regnamespace, 'api'::regnamespace) and c.relowner <> 'jifen_owner'::regrole
         union all
         select f.signature from functions f where f.proowner <> 'jifen_owner'::regrole
         order by 1",
        "create table points.bare (); create function api.bare() returns int language sql stable return 1",
        &["api.bare()", "points.bare"],
    )
    .await;
}

/// A table is append-only when its comment says so.
#[tokio::test]
async fn append_only_tables_and_all_their_partitions_refuse_change() {
    check(
        r", ledger as (
              select t.oid from tables t where obj_description(t.oid, 'pg_class') ~ 'Append-only|Rows never change'
              union all
              select i.inhrelid from tables t join pg_inherits i on i.inhparent = t.oid
              where obj_description(t.oid, 'pg_class') ~ 'Append-only|Rows never change'
          )
          select l.oid::regclass || ' lets ' || g.grantee::regrole || ' ' || g.privilege_type
          from ledger l
          join pg_class c on c.oid = l.oid
          cross join lateral aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) g
          where g.privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE')
          union all
          select l.oid::regclass || ' has no trigger on ' || e.event
          from ledger l
          -- Bits of pg_trigger.tgtype.
          cross join (values ('delete', 8), ('update', 16), ('truncate', 32)) as e(event, bit)
          where not exists (
              select from pg_trigger t
              where t.tgrelid = l.oid and t.tgenabled in ('O', 'A') and t.tgtype & e.bit <> 0 and t.tgtype & 2 <> 0
                  and t.tgfoid = 'points.refuse_change'::regproc)
          order by 1",
        "grant update on points.entry_default to jifen_owner;
         alter table points.operation disable trigger append_only;
         drop trigger append_only_truncate on points.lot_use_default",
        &[
            "points.entry_default lets jifen_owner UPDATE",
            "points.lot_use_default has no trigger on truncate",
            "points.operation has no trigger on delete",
            "points.operation has no trigger on update",
        ],
    )
    .await;
}
