create or replace function points.refuse_change() returns trigger
language plpgsql volatile as $$
begin
    if tg_op = 'INSERT' then
        raise exception using
            errcode = 'LP900',
            message = format('%I.%I is archived, or about to be', tg_table_schema, tg_table_name),
            hint = 'Nothing is booked as of a year ago. Look at the clock of the server.';
    end if;
    raise exception using
        errcode = 'LP900',
        message = format('%I.%I is append-only', tg_table_schema, tg_table_name),
        hint = 'Ledger rows are never changed or deleted. Correct a mistake by another operation, e.g. api.adjust_points.';
end
$$;

comment on function points.refuse_change() is
    'Guard on append-only tables, against the owner''s and the superuser''s own slips; and on sealed months, to which nothing is added any more. Raises LP900.';
