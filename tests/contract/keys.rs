use super::check;

#[tokio::test]
async fn keys_of_bucket_tables_begin_with_the_bucket() {
    check(
        "select i.indexrelid::regclass::text
         from tables t
         join pg_index i on i.indrelid = t.oid and (i.indisunique or i.indisexclusion)
         where i.indkey[0] <> t.bucket",
        "create table points.child (bucket smallint not null, id bigint, code text, primary key (bucket, id), unique (code));
         create unique index child_hidden on points.child (id, bucket)",
        &["points.child_code_key", "points.child_hidden"],
    )
    .await;
}

#[tokio::test]
async fn every_table_has_a_primary_key_and_buckets_are_smallints() {
    check(
        "select t.name || ' has no primary key' from tables t
         where not exists (select from pg_index i where i.indrelid = t.oid and i.indisprimary)
         union all
         select t.name || '.bucket is not smallint not null' from tables t
         join pg_attribute a on a.attrelid = t.oid and a.attnum = t.bucket
         where a.atttypid <> 'smallint'::regtype or not a.attnotnull
         order by 1",
        "create table points.child (bucket int, id bigint)",
        &["points.child has no primary key", "points.child.bucket is not smallint not null"],
    )
    .await;
}

#[tokio::test]
async fn foreign_keys_stay_in_the_bucket_or_go_to_reference_tables() {
    check(
        "select c.conname::text
         from tables t
         join pg_constraint c on c.conrelid = t.oid and c.contype = 'f' and c.conparentid = 0
         join tables r on r.oid = c.confrelid
         where r.bucket is not null and (t.bucket is null
             -- The same place in both lists.
             or array_position(c.conkey, t.bucket) is distinct from array_position(c.confkey, r.bucket)
             or array_position(c.conkey, t.bucket) is null)
         order by 1",
        "create table points.parent (bucket smallint not null, id bigint, primary key (bucket, id), unique (id), unique (id, bucket));
         create table points.child (
             bucket smallint not null, id bigint, wallet text references points.wallet, primary key (bucket, id),
             constraint child_good foreign key (bucket, id) references points.parent,
             constraint child_crosses foreign key (id) references points.parent (id));
         create table points.reference (bucket_no smallint, id bigint primary key,
             constraint reference_counts foreign key (bucket_no, id) references points.parent)",
        &["child_crosses", "reference_counts"],
    )
    .await;
}

/// An index in the order of a language is out of order once the operating system has another idea of that language, and a
/// unique one then lets a name in twice.
#[tokio::test]
async fn texts_in_indexes_are_in_the_order_of_their_bytes() {
    check(
        "select distinct i.indexrelid::regclass::text
         from tables t
         join pg_index i on i.indrelid = t.oid
         cross join unnest(i.indcollation::oid[]) c(oid)
         where c.oid not in (0, '\"C\"'::regcollation)
         order by 1",
        "create table points.child (code text primary key, name text collate \"C\" unique, label text unique)",
        &["points.child_label_key", "points.child_pkey"],
    )
    .await;
}

#[tokio::test]
async fn ids_of_bucket_tables_are_bigints() {
    check(
        "select t.name || '.' || a.attname
         from tables t
         join pg_attribute a on a.attrelid = t.oid and a.attnum > 0
         left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
         where t.bucket is not null and a.atttypid in ('smallint'::regtype, 'int'::regtype)
             and (a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) like 'nextval(%')
         order by 1",
        "create table points.child (bucket smallint, id int generated always as identity, no serial, big bigint generated always as identity)",
        &["points.child.id", "points.child.no"],
    )
    .await;
}
