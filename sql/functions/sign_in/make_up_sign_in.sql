create or replace function api.make_up_sign_in(
    p_user_id text,
    p_day date,
    p_idempotency_key text,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if (p_day between '0001-01-01' and '9999-12-31') is not true then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'day', 'message', 'must be from 0001-01-01 to 9999-12-31'));
    end if;
    return query select * from points.execute_one(p_client, row('make_up', p_user_id, p_wallet, null, p_idempotency_key, null, null, null, null, null, null, null, null, null, null, null, p_metadata, to_char(p_day, 'YYYY-MM-DD'), null)::api.request);
end
$$;

comment on function api.make_up_sign_in(text, date, text, text, jsonb, text) is
    'Makes up a day on which a member did not sign in, for the price of the terms. The day counts in streaks from then on; it brings no points by itself, and no bonus for days signed before. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP131 ALREADY_SIGNED_IN, LP132 DAY_OUT_OF_RANGE, LP101 INSUFFICIENT_POINTS, LP102 LIMIT_REACHED, LP103 ACCOUNT_FROZEN.';
