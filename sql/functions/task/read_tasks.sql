create or replace function points.read_tasks(
    p_bucket smallint, p_user_id text, p_wallet text, p_first int, p_after text, p_now timestamptz
) returns table (task api.task, done int, starts_on date, claimed_at timestamptz, claimable boolean)
language plpgsql stable as $$
begin
    return query
        select v, least(coalesce(g.done, 0), t.steps), nullif(points.period_day(t.period, p_now, p.time_zone), '-infinity'), g.claimed_at,
            g.claimed_at is null and coalesce(g.done, 0) >= t.steps and points.task_refusal(t, p_wallet, p_now) is null
        from points.task t
        join api.task v on v.code = t.code
        cross join points.program p
        left join points.account a on a.bucket = p_bucket and a.user_id = p_user_id and a.wallet = p_wallet
        left join points.task_progress g
            on g.bucket = p_bucket and g.account_id = a.id and g.task = t.code and g.starts_on = points.period_day(t.period, p_now, p.time_zone)
        where t.wallet = p_wallet and t.code > coalesce(p_after, '')
        order by t.code
        limit p_first;
end
$$;

comment on function points.read_tasks(smallint, text, text, int, text, timestamptz) is
    'A page of the tasks of a wallet, by code, and how far a member has come with each in its present period. p_now: the clock.';
