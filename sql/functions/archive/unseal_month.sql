create or replace function points.unseal_month(p_month date) returns void
language plpgsql volatile as $$
begin
    execute format('drop trigger sealed on points.%I', points.month_table('entry', p_month));
    execute format('drop trigger sealed on points.%I', points.month_table('lot_use', p_month));
end
$$;

comment on function points.unseal_month(date) is
    'Lets rows be added to a month again: when it is restored, or loaded from its files.';
