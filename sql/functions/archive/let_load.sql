create or replace function points.let_load(p_month date, p_allowed boolean) returns void
language plpgsql volatile set lock_timeout = '100ms' as $$
begin
    execute format('alter table points.%I %s trigger sealed', points.month_table('entry', p_month), case when p_allowed then 'disable' else 'enable' end);
    execute format('alter table points.%I %s trigger sealed', points.month_table('lot_use', p_month), case when p_allowed then 'disable' else 'enable' end);
end
$$;

comment on function points.let_load(date, boolean) is
    'Whether rows may be added to an archived month, for the while of loading it from its files. Those who read it go on.';
