create or replace function points.pin_months() returns void
language plpgsql volatile as $$
begin
    lock table points.entry, points.lot_use in access share mode;
end
$$;

comment on function points.pin_months() is
    'Keeps months from moving between the ledger and its archive until the end of the transaction: so what a later statement sees of points.ledger_month and points.checkpoint stays so.';
