create or replace function api.quote_deduction(p_user_id text, p_order_amount numeric, p_wallet text default 'points')
returns table (points bigint, money numeric, most_points bigint, least_points bigint, points_per_unit int)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_deduction points.deduction;
    v_available bigint;
begin
    if p_order_amount is null or p_order_amount < 0 or p_order_amount >= 1e12 or p_order_amount = 'NaN' or scale(p_order_amount) > 8 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object(
            'path', 'order_amount', 'message', 'must be from 0 to less than 1000000000000, with at most 8 decimals'));
    end if;
    select * into v_deduction from points.deduction d where d.wallet = p_wallet;
    if not found then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'wallet', 'message', 'its points pay for no orders'));
    end if;
    v_available := coalesce((
        select a.available from api.account a
        where a.bucket = points.bucket(p_user_id, p_wallet) and a.user_id = p_user_id and a.wallet = p_wallet
    ), 0);
    return query
        select q.points, round(
                div(q.points * power(10::numeric, v_deduction.decimals), v_deduction.points_per_unit)
                    / power(10::numeric, v_deduction.decimals), v_deduction.decimals),
            points.deductible(v_deduction, p_order_amount, null), v_deduction.min_points, v_deduction.points_per_unit
        from (select points.deductible(v_deduction, p_order_amount, v_available) as points) q;
end
$$;

comment on function api.quote_deduction(text, numeric, text) is
    'What a member may use for an order of this amount now: points, the money that they stand for, the most and the least that the settings allow whatever the member has, and the rate. Hold them with the order''s key and amount: api.hold_points checks the same. Raises LP001 INVALID_INPUT.';
