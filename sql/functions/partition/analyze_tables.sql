create or replace function api.analyze_tables() returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
    analyze points.account, points.balance, points.operation, points.entry, points.lot, points.lot_use, points.level_change;
end
$$;

comment on function api.analyze_tables() is
    'Tells the planner how large the tables are by now, and so makes every session plan anew. For whoever fills a new database quickly: autovacuum takes a minute to notice, and until then batches run by plans for empty tables.';
