create or replace function points.change_period_levels(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_last points.draft[];
    v_ids bigint[];
begin
    insert into points.earned_day (bucket, account_id, day, points)
    select b.bucket, b.account_id, (case
            when d.entry_kind = 'earn' then d.happened_at at time zone points.zone_at(p_now)
            else coalesce(o.occurred_at, o.recorded_at) at time zone points.zone_at(o.recorded_at)
        end)::date, sum(d.pending_delta + d.available_delta + d.held_delta - d.debt_delta)
    from unnest(p_drafts) d
    cross join lateral (
        select * from points.balance b where b.bucket = p_bucket and b.account_id = d.account_id limit 1
    ) b
    left join lateral (
        select * from points.operation o
        where d.entry_kind = 'clawback' and o.bucket = p_bucket and o.account_id = d.account_id and o.id = d.undoes
        limit 1
    ) o on true
    where d.seq is not null and d.entry_kind in ('earn', 'clawback') and b.level_until = 0
    group by 1, 2, 3
    on conflict (bucket, account_id, day) do update set points = earned_day.points + excluded.points;

    v_last := array(
        select distinct on (d.account_id) d from unnest(p_drafts) d
        where d.seq is not null and d.entry_kind in ('earn', 'clawback', 'merge')
        order by d.account_id, d.seq desc
    );
    -- Whoever was not decided by the levels of now is when the account is next touched.
    v_ids := array(
        select b.account_id
        from unnest(v_last) d
        cross join lateral (
            select * from points.balance b where b.bucket = p_bucket and b.account_id = d.account_id limit 1
        ) b
        cross join points.program p
        where b.level_until = 0 and b.level_revision = p.level_revision
    );
    perform points.book_levels(
        p_bucket, array(select q from points.weigh_levels(p_bucket, v_ids, array_fill(p_now, array[cardinality(v_ids)])) q), v_last, p_now);
end
$$;

comment on function points.change_period_levels(smallint, points.draft[], timestamptz) is
    'Keeps, of these drafts, what was earned on which day, and decides levels that go by periods. An award counts on the day on which it happened; a clawback takes from the day on which its original counted. Where levels were changed since points.arrange looked, several drafts of an account are decided together, by the last.';
