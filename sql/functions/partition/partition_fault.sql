create or replace function points.partition_fault(p_now timestamptz) returns text
language plpgsql stable set timezone = 'UTC' as $$
begin
    return (
        select string_agg(f.fault, '; ')
        from (
            select format('points.%s has no partition for %s', v.parent, to_char(v.month, 'YYYY-MM')) as fault
            from (
                select p.parent, generate_series(date_trunc('month', p_now), date_trunc('month', p_now) + interval '2 months', '1 month') as month
                from unnest(array['entry', 'lot_use']) as p (parent)
            ) v
            where not exists (
                select from pg_catalog.pg_inherits i
                where i.inhparent = ('points.' || v.parent)::regclass
                    and i.inhrelid = to_regclass('points.' || points.month_table(v.parent, v.month::date)))
            union all
            select format('points.entry_default has entries of %s: select api.create_partitions(''%s-01'')', d.month, d.month)
            from (select to_char(min(e.recorded_at), 'YYYY-MM') as month from points.entry_default e) d
            where d.month is not null
            union all
            select format('points.lot_use_default has uses of %s: select api.create_partitions(''%s-01'')', d.month, d.month)
            from (select to_char(min(u.recorded_at), 'YYYY-MM') as month from points.lot_use_default u) d
            where d.month is not null
        ) f
    );
end
$$;

comment on function points.partition_fault(timestamptz) is
    'What is wrong with the monthly partitions, in words: not there for this month and two more, or rows in a default one. Null: nothing.';
