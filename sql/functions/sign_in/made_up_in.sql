create or replace function points.made_up_in(p_bucket smallint, p_account_id bigint, p_day date) returns int
language plpgsql stable as $$
begin
    -- What was made up then is at most 366 days older (sign_in_terms_make_up_in_range).
    return (
        select count(*)::int from points.sign_in s
        where s.bucket = p_bucket and s.account_id = p_account_id
            and s.day >= date_trunc('month', p_day)::date - 366 and s.day < p_day
            and s.made_on >= date_trunc('month', p_day)::date
    );
end
$$;

comment on function points.made_up_in(smallint, bigint, date) is
    'How many days an account has made up in the month of p_day, until that day.';
