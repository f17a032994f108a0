create or replace function api.set_point_value(p_value numeric, p_idempotency_key text, p_wallet text default 'points', p_client text default 'psql')
returns table (replayed boolean, point_value numeric)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_change record;
begin
    if p_wallet is null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'wallet', 'message', 'must not be null'));
    end if;
    v_change := points.note_change(p_client, 'rules', p_idempotency_key, 'set_point_value', p_wallet, jsonb_build_object('value', p_value));
    if not v_change.replayed then
        if not (p_value >= 0 and p_value < 1e6) or scale(p_value) > 12 then
            perform points.raise_refusal('INVALID_INPUT', jsonb_build_object(
                'path', 'value', 'message', 'must be from 0 to less than 1000000, with at most 12 decimals'));
        end if;
        update points.wallet w set point_value = p_value where w.code = p_wallet;
        if not found then
            perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'wallet', 'message', 'no such wallet'));
        end if;
    end if;
    return query select v_change.replayed, points.point_value(p_wallet);
end
$$;

comment on function api.set_point_value(numeric, text, text, text) is
    'Sets what a point of a wallet is reckoned to cost, in the program''s currency, where liability is valued; null: as much as it pays for of an order. Nothing that is booked depends on it. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
