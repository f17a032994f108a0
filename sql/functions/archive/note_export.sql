create or replace function points.note_export(p_month date, p_entry_sha256 bytea, p_lot_use_sha256 bytea) returns void
language plpgsql volatile as $$
begin
    perform points.month_complete(p_month);
    update points.ledger_month m
    set exported_at = clock_timestamp(), entry_sha256 = p_entry_sha256, lot_use_sha256 = p_lot_use_sha256
    where m.month = p_month;
end
$$;

comment on function points.note_export(date, bytea, bytea) is
    'Keeps the checksums of the files that an archived month was written to. Raises LP904 when it had not all of its rows.';
