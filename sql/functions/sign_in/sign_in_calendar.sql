create or replace function api.sign_in_calendar(p_user_id text, p_month date, p_wallet text default 'points')
returns table (
    time_zone text, days date[], made_up date[], streak int,
    today date, signed_today boolean, today_streak int, today_points bigint, today_bonus bigint,
    tomorrow date, tomorrow_streak int, tomorrow_points bigint, tomorrow_bonus bigint,
    make_up_from date, make_up_left int, make_up_price bigint
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    if p_month not between '1900-01-01' and '9999-12-31' then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'month', 'message', 'must be from 1900 to 9999'));
    end if;
    return query
        select * from points.read_sign_ins(points.bucket(p_user_id, p_wallet), p_user_id, p_month, p_wallet, now());
    if not found then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'wallet', 'message', 'has no sign-in'));
    end if;
end
$$;

comment on function api.sign_in_calendar(text, date, text) is
    'The days of the month of p_month (null: this one) that a member signed (those made up among them, and by themselves), in the member''s time zone; the streak, which ends today or yesterday; what today brings or brought, and what tomorrow will if today is signed, bonus included and by itself; from which day on days can be made up (null: they cannot), how many more this month, and for how many points each. Raises LP001 INVALID_INPUT.';
