//! Functions whose first argument is p_bucket work on one bucket, set-wise, and run whole on one node of a cluster.
//! These read their text, as well as a text can be read.

use super::check;

#[tokio::test]
async fn hot_functions_avoid_what_is_slow_or_does_not_scale_out() {
    check(
        r"select f.signature || ': ' || w.what
          from functions f
          join (values
              ('merge', '\mmerge\s+into\M'),
              ('a writing CTE', '\mas\s+(not\s+)?(materialized\s+)?\(\s*(insert|update|delete|merge)\M'),
              ('an advisory lock', 'advisory'),
              ('an exception block', '\mexception\s+when\M'),
              ('a clock', '\m(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\(|\m(current|local)_?(time|date)'),
              ('set_config', '\mset_config\M|\mset\s+(local|session)\M'),
              ('dynamic SQL', '\mexecute\M(?!\()'),
              ('a loop over rows', '\mforeach\M|\mfor\s+\w+\s+in\s+(?!(reverse\s+)?[\w.]+\s*\.\.)')
          ) as w(what, pattern) on f.code ~* w.pattern
          where f.hot and not (f.name = 'points.carry_out' and w.what = 'a clock')
          order by 1",
        "create function points.bad1(p_bucket smallint) returns void language plpgsql as $$ begin
             merge into points.lot using points.lot l on false when matched then do nothing;
             with a as (insert into points.wallet values ('a', 'A') returning *) select * from a;
             perform pg_advisory_xact_lock(1);
             perform set_config('a', 'b', true);
         exception when others then
         end $$;
         create function points.bad2(p_bucket smallint) returns void language plpgsql as $$ begin
             perform now();
             execute 'select 1';
             for v_row in select 1 loop end loop;
         end $$;
         create function points.good(p_bucket smallint) returns void language plpgsql as $$ begin
             for v_number in 1 .. v_rounds loop perform points.execute(p_bucket, null); end loop; -- not now()
         end $$",
        &[
            "points.bad1(smallint): a writing CTE",
            "points.bad1(smallint): an advisory lock",
            "points.bad1(smallint): an exception block",
            "points.bad1(smallint): merge",
            "points.bad1(smallint): set_config",
            "points.bad2(smallint): a clock",
            "points.bad2(smallint): a loop over rows",
            "points.bad2(smallint): dynamic SQL",
        ],
    )
    .await;
}

#[tokio::test]
async fn hot_functions_are_plpgsql_and_take_the_bucket_as_a_smallint() {
    check(
        "select f.signature from functions f join pg_proc p on p.oid = f.oid
         where f.hot and (f.language <> 'plpgsql' or p.proargtypes[0] <> 'smallint'::regtype)
         order by 1",
        "create function points.bad1(p_bucket smallint) returns int language sql stable return 1;
         create function points.bad2(p_bucket int) returns int language plpgsql as $$ begin return 1; end $$",
        &["points.bad1(smallint)", "points.bad2(integer)"],
    )
    .await;
}

/// Every table with a bucket has it equal to p_bucket, or to the bucket of another table of the statement.
#[tokio::test]
async fn every_statement_of_a_hot_function_keeps_to_its_bucket() {
    check(
        r"
        , bucketed as (
            select t.name from tables t where t.bucket is not null
            union all
            select c.oid::regclass::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'bucket'
            where c.relnamespace in ('points'::regnamespace, 'api'::regnamespace) and c.relkind = 'v'
        ), statements as (
            select f.signature, s.no, s.code
            from functions f
            cross join lateral regexp_split_to_table(f.code, ';') with ordinality as s(code, no)
            where f.hot
        ), mentions as (
            -- The type of a cast or of a variable is no table.
            select s.signature, s.no, s.code, m[1] as name
            from statements s
            cross join lateral regexp_matches(s.code, '(?<!:)(?<!\mv_\w+\s)\m((?:points|api)\.\w+)\M(?!\()', 'g') m
            where m[1] in (select name from bucketed)
        ), reads as (
            select s.signature, s.no, s.code, r[1] as name, r[2] as alias
            from statements s
            cross join lateral regexp_matches(s.code, '\m(?:from|join|update|using)\s+((?:points|api)\.\w+)(?:\s+as)?\s+(\w+)', 'g') r
            where r[1] in (select name from bucketed)
        ), writes as (
            select s.signature, s.no, s.code, w[1] as name, w[2] as columns_and_values
            from statements s
            cross join lateral regexp_matches(s.code, '\minsert\s+into\s+((?:points|api)\.\w+)(.*)', 'g') w
            where w[1] in (select name from bucketed)
        )
        select r.signature || ' reads ' || r.name || ' of other buckets'
        from reads r
        where r.code !~ format('\m%1$s\.bucket\s*=\s*(p_bucket\M|\w+\.bucket\M)|\m\w+\.bucket\s*=\s*%1$s\.bucket\M', r.alias)
            or r.code !~ '\.bucket\s*=\s*p_bucket\M'
        union all
        select w.signature || ' writes ' || w.name || ' without the bucket first'
        from writes w
        where w.columns_and_values !~ '^\s*\(\s*bucket\M' or w.columns_and_values !~ '\mselect\s+(distinct\s+on\s*\([^)]*\)\s*)?(p_bucket|\w+\.bucket)\M'
        union all
        -- On a cluster such an INSERT is not sent whole to the node. An account can't be joined before it exists.
        select w.signature || ' writes ' || w.name || ' from arrays alone'
        from writes w
        where w.name <> 'points.account'
            and not exists (select from reads r where (r.signature, r.no) = (w.signature, w.no))
        union all
        select m.signature || ' names ' || m.name || ' in a way that this test cannot read'
        from mentions m
        group by m.signature, m.no, m.name
        having count(*) <> (
            select count(*) from (
                select r.signature, r.no, r.name from reads r union all select w.signature, w.no, w.name from writes w
            ) u
            where (u.signature, u.no, u.name) = (m.signature, m.no, m.name))
        order by 1",
        "create function points.bad1(p_bucket smallint) returns void language plpgsql as $$ begin
             perform from points.account a where a.id = 1;
             perform from points.account a join points.lot l on l.account_id = a.id where a.bucket = p_bucket;
             delete from points.lot l using points.account a where l.bucket = a.bucket;
             perform from api.entry e, api.lot l where e.bucket = p_bucket and l.bucket = p_bucket;
         end $$;
         create function points.bad2(p_bucket smallint) returns void language plpgsql as $$ begin
             insert into points.lot (account_id, bucket) select a.id, a.bucket from points.account a where a.bucket = p_bucket;
             insert into points.lot (bucket) select p_bucket from unnest(array[1]);
         end $$",
        &[
            "points.bad1(smallint) names api.lot in a way that this test cannot read",
            "points.bad1(smallint) reads points.account of other buckets",
            "points.bad1(smallint) reads points.account of other buckets",
            "points.bad1(smallint) reads points.lot of other buckets",
            "points.bad1(smallint) reads points.lot of other buckets",
            "points.bad2(smallint) writes points.lot from arrays alone",
            "points.bad2(smallint) writes points.lot without the bucket first",
        ],
    )
    .await;
}
