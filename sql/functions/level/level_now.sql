create or replace function points.level_now(p_of_bucket smallint, p_account_id bigint, p_at timestamptz)
returns table (wallet text, weighed points.weighed_level)
language plpgsql stable security definer
-- A plan made while tables were empty must not read them whole later.
set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    v_bucket smallint := p_of_bucket;
    v_account_id bigint := p_account_id;
    v_wallet text;
    v_user_id text;
    v_shown text;
begin
    select a.wallet, a.user_id, w.level_wallet into v_wallet, v_user_id, v_shown
    from points.account a
    join points.wallet w on w.code = a.wallet
    where a.bucket = p_of_bucket and a.id = p_account_id;
    if v_shown is not null then
        v_wallet := v_shown;
        v_bucket := points.bucket(v_user_id, v_shown);
        v_account_id := (select a.id from points.account a where a.bucket = v_bucket and a.user_id = v_user_id and a.wallet = v_shown);
        if v_account_id is null then
            return query
                select t.wallet, row(null, p_at, t.measure, t.codes[r.rank], t.codes[r.rank + 1], 0, t.thresholds[r.rank + 1],
                    null, null, 'infinity', 'infinity', t.revision)::points.weighed_level
                from points.level_terms t
                cross join lateral (select width_bucket(0::bigint, t.thresholds) as rank) r
                where t.wallet = v_shown;
            return;
        end if;
    end if;
    return query select v_wallet, q from points.weigh_levels(v_bucket, array[v_account_id], array[p_at]) q;
end
$$;

comment on function points.level_now(smallint, bigint, timestamptz) is
    'The level that an account shows at an instant, booked or not, with the wallet that it is of: its own, or the one whose level that shows. The member''s account there is only read, so nothing locks two accounts. Who has none there yet is where 0 points are.';
