create or replace function points.streak_to(p_bucket smallint, p_account_id bigint, p_day date) returns int
language plpgsql stable as $$
begin
    return case when exists (
        select from points.sign_in s where s.bucket = p_bucket and s.account_id = p_account_id and s.day = p_day
    ) then p_day + 1 - (
        select s.day from points.sign_in s
        where s.bucket = p_bucket and s.account_id = p_account_id and s.day <= p_day
            and not exists (
                select from points.sign_in b where b.bucket = p_bucket and b.account_id = s.account_id and b.day = s.day - 1
            )
        order by s.day desc
        limit 1
    ) else 0 end;
end
$$;

comment on function points.streak_to(smallint, bigint, date) is
    'Consecutive days signed or made up that end with p_day; 0: that day is neither. Read from the rows, back to the first gap.';
