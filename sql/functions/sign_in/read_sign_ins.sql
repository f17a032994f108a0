create or replace function points.read_sign_ins(p_bucket smallint, p_user_id text, p_month date, p_wallet text, p_now timestamptz)
returns table (
    time_zone text, days date[], made_up date[], streak int,
    today date, signed_today boolean, today_streak int, today_points bigint, today_bonus bigint,
    tomorrow date, tomorrow_streak int, tomorrow_points bigint, tomorrow_bonus bigint,
    make_up_from date, make_up_left int, make_up_price bigint
)
language plpgsql stable as $$
begin
    return query
        select m.time_zone, d.days, d.made_up, s.streak,
            m.day, s.signed, f.reached, w.today + points.streak_bonus(t, f.reached), points.streak_bonus(t, f.reached),
            m.day + 1, f.reached + 1, w.tomorrow + points.streak_bonus(t, f.reached + 1), points.streak_bonus(t, f.reached + 1),
            case when t.make_up_days > 0 then
                greatest(m.day - t.make_up_days, (coalesce(a.created_at, p_now) at time zone m.time_zone)::date) end,
            greatest(t.make_up_times - points.made_up_in(p_bucket, a.id, m.day), 0), t.make_up_price
        from points.sign_in_terms t
        left join lateral (
            select * from points.account a where a.bucket = p_bucket and a.user_id = p_user_id and a.wallet = p_wallet limit 1
        ) a on true
        cross join lateral points.member_day(p_bucket, a.id, p_now) m
        cross join lateral (
            select points.streak_now(p_bucket, a.id, m.day) as streak, points.streak_to(p_bucket, a.id, m.day) > 0 as signed
        ) s
        cross join lateral (select case when s.signed then s.streak else s.streak + 1 end as reached) f
        cross join lateral (
            select points.sign_in_worth(t.rule, p_now) as today,
                points.sign_in_worth(t.rule, greatest((m.day + 1)::timestamp at time zone m.time_zone, p_now)) as tomorrow
        ) w
        cross join lateral (
            select coalesce(array_agg(i.day order by i.day), '{}') as days,
                coalesce(array_agg(i.day order by i.day) filter (where i.made_on is not null), '{}') as made_up
            from points.sign_in i
            where i.bucket = p_bucket and i.account_id = a.id
                and i.day >= date_trunc('month', coalesce(p_month, m.day))::date
                and i.day < (date_trunc('month', coalesce(p_month, m.day)) + interval '1 month')::date
        ) d
        where t.wallet = p_wallet;
end
$$;

comment on function points.read_sign_ins(smallint, text, date, text, timestamptz) is
    'A month of a member''s sign-ins, and what today (having signed in or not yet) and tomorrow bring; no row: the wallet has no sign-in. p_now: the clock.';
