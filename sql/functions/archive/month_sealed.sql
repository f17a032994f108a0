create or replace function points.month_sealed(p_month date) returns boolean
language plpgsql stable as $$
begin
    return exists (
        select from pg_catalog.pg_trigger t
        where t.tgrelid = ('points.' || points.month_table('entry', p_month))::regclass and t.tgname = 'sealed'
    );
end
$$;

comment on function points.month_sealed(date) is
    'Whether points.seal_month has been there.';
