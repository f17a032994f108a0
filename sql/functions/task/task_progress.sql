create or replace function api.task_progress(p_user_id text, p_wallet text default 'points', p_first int default 100, p_after text default null)
returns table (task api.task, done int, starts_on date, claimed_at timestamptz, claimable boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
    return query
        select * from points.read_tasks(points.bucket(p_user_id, p_wallet), p_user_id, p_wallet, greatest(least(p_first, 101), 0), p_after, now());
end
$$;

comment on function api.task_progress(text, text, int, text) is
    'The tasks of a wallet, by code, from p_after on, at most 101, and how far a member has come with each: steps done in the present period, its first day (null: it has one period for ever), when it was paid, and whether it can be claimed now.';
