use super::check;

#[tokio::test]
async fn constraints_are_named_as_sentences_about_their_table() {
    check(
        r"select t.name || ' ' || c.conname
          from tables t
          join pg_constraint c on c.conrelid = t.oid
          where case c.contype
              when 'p' then c.conname <> t.relname || '_pkey'
              when 'f' then c.conname not like t.relname || '\_%'
                  or c.conname ~ '_fkey\d*$' and exists (select from tables r where r.oid = c.confrelid and r.bucket is not null)
              when 'n' then false
              else c.conname not like t.relname || '\_%' or c.conname ~ '_(check|key|excl)\d*$'
          end
          order by 1",
        "create table points.parent (bucket smallint, id bigint, primary key (bucket, id));
         create table points.child (
             bucket smallint, id bigint check (id > 0), wallet text references points.wallet,
             constraint positive check (id > 0), constraint child_id_even check (id % 2 = 0), unique (id),
             foreign key (bucket, id) references points.parent)",
        &[
            "points.child child_bucket_id_fkey",
            "points.child child_id_check",
            "points.child child_id_key",
            "points.child positive",
        ],
    )
    .await;
}

#[tokio::test]
async fn arguments_start_with_p() {
    check(
        r"select f.signature || ' ' || coalesce(a.name, '$' || a.place)
          from functions f
          join pg_proc p on p.oid = f.oid
          cross join lateral generate_series(1, coalesce(array_length(p.proallargtypes, 1), p.pronargs)) as place
          cross join lateral (
              select place, nullif(f.proargnames[place], '') as name, coalesce(f.proargmodes[place], 'i') as mode
          ) a
          where a.mode in ('i', 'b', 'v') and (a.name is null or a.name not like 'p\_%')
          order by 1",
        "create function points.bare(int, a int, p_b int, out c int) language sql immutable return 1",
        &["points.bare(integer,integer,integer) $1", "points.bare(integer,integer,integer) a"],
    )
    .await;
}

#[tokio::test]
async fn variables_start_with_v() {
    check(
        r"select f.signature || ' ' || v.name[1]
          from functions f
          cross join lateral regexp_matches(f.code, '\mdeclare\M(.*?)\mbegin\M', 'g') as d(block)
          cross join lateral regexp_matches(d.block[1], '^\s*(\w+)\s', 'gn') as v(name)
          where f.language = 'plpgsql' and v.name[1] not like 'v\_%'",
        "create function points.bare() returns void language plpgsql as $$
         declare
             v_a int := 1;
             b int;
         begin
         end $$",
        &["points.bare() b"],
    )
    .await;
}
