create or replace function points.draft_due(p_bucket smallint, p_account_ids bigint[], p_now timestamptz)
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select row(
            null, e.account_id, api.operation_id(0, e.kind || ':' || e.seq), e.kind, null, null, null, false, 1,
            case e.kind when 'activate' then e.points else -e.points end, e.at, null, null, null,
            e.seq,
            case e.kind when 'activate' then -e.points else 0 end,
            case e.kind when 'activate' then e.points else -e.points end,
            0, 0, e.pending_after, e.available_after, e.held, e.debt, null, false, null, null, null
        )::points.draft
        from (
            select b.account_id, b.held, b.debt, e.kind, e.at, e.points,
                b.version + row_number() over w as seq,
                b.pending - sum(case e.kind when 'activate' then e.points else 0 end) over w as pending_after,
                b.available + sum(case e.kind when 'activate' then e.points else -e.points end) over w as available_after
            from points.balance b
            cross join lateral (
                select 'activate'::points.entry_kind as kind, l.available_at as at, sum(l.remaining)::bigint as points
                from points.lot l
                -- No index finds these among the account's lots.
                where b.pending > 0 and l.bucket = p_bucket and l.account_id = b.account_id and l.pending and l.available_at <= p_now
                group by l.available_at
                union all
                select 'expire', l.expires_at, sum(l.remaining)::bigint
                from points.lot l
                where l.bucket = p_bucket and l.account_id = b.account_id and l.expires_at <= p_now
                group by l.expires_at
            ) e
            where b.bucket = p_bucket and b.account_id = any (p_account_ids)
            -- A lot expires after it became available, so at one instant activations go first.
            window w as (partition by b.account_id order by e.at, e.kind)
        ) e
        order by e.account_id, e.seq
    );
end
$$;

comment on function points.draft_due(smallint, bigint[], timestamptz) is
    'Drafts the entries that points.settle books.';
