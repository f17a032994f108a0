create or replace function points.streak_now(p_bucket smallint, p_account_id bigint, p_today date) returns int
language plpgsql stable as $$
begin
    return coalesce(nullif(points.streak_to(p_bucket, p_account_id, p_today), 0), points.streak_to(p_bucket, p_account_id, p_today - 1));
end
$$;

comment on function points.streak_now(smallint, bigint, date) is
    'The streak that an account has on p_today: the one that ends today, or, not having signed in yet, yesterday.';
