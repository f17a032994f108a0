create or replace function points.refuse_change() returns trigger
language plpgsql volatile as $$
begin
    raise exception using
        errcode = 'LP900',
        message = format('%I.%I is append-only', tg_table_schema, tg_table_name),
        hint = 'Ledger rows are never changed or deleted. Correct a mistake by another operation, e.g. api.adjust_points.';
end
$$;

comment on function points.refuse_change() is
    'Guard on append-only tables, against the owner''s and the superuser''s own slips. Raises LP900.';
