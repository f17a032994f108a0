create or replace function points.check_undone(p_of_bucket smallint, p_ids bigint[], p_since timestamptz) returns setof points.finding
language plpgsql stable as $$
begin
    return query
        select 'reversals_equal_operations', q.account_id, '', jsonb_build_object('operations', jsonb_agg(jsonb_build_object(
            'operation', q.id, 'undone', q.undone, 'reversed', q.reversed, 'points', q.points, 'moved', q.moved)))
        from (
            select coalesce(u.account_id, r.account_id) as account_id, coalesce(u.original, r.operation_id) as id, u.points as undone, r.reversed, r.points, o.points as moved
            from (
                select r.account_id, r.original, sum(abs(r.points)) as points
                from unnest(p_ids) i(id)
                join points.operation r on r.bucket = p_of_bucket and r.account_id = i.id
                join points.operation o on o.bucket = p_of_bucket and o.account_id = r.account_id and o.id = r.original
                where r.kind in ('reverse', 'cancel', 'reject', 'cancel_award', 'reinstate') and r.refusal is null and o.kind <> 'hold' and r.recorded_at >= p_since
                group by r.account_id, r.original
            ) u
            full join (
                select r.* from unnest(p_ids) i(id) join points.reversal r on r.bucket = p_of_bucket and r.account_id = i.id
            ) r on r.account_id = u.account_id and r.operation_id = u.original
            left join points.operation o on o.bucket = p_of_bucket and o.account_id = r.account_id and o.id = r.operation_id
        ) q
        where (q.undone is distinct from q.reversed or q.points is distinct from abs(q.moved)) and (q.undone is not null or p_since = '-infinity')
        group by q.account_id
        union all
        select 'transfers_have_two_sides', t.account_id, '', jsonb_build_object('operations', jsonb_agg(jsonb_build_object(
            'operation', t.id, 'sent', t.points, 'received', r.points, 'sent_back', s.reversed, 'taken_back', u.reversed)))
        from unnest(p_ids) i(id)
        cross join lateral (
            select o.id
            from points.operation o
            where o.bucket = p_of_bucket and o.account_id = i.id and o.kind = 'transfer' and o.refusal is null and o.recorded_at >= p_since
            union
            select o.original
            from points.operation o
            where o.bucket = p_of_bucket and o.account_id = i.id and o.kind = 'reverse' and o.refusal is null and o.recorded_at >= p_since
        ) n
        join points.operation t on t.bucket = p_of_bucket and t.account_id = i.id and t.id = n.id and t.kind = 'transfer'
        left join lateral (
            select * from points.operation r
            where r.bucket = t.counterparty_bucket and r.account_id = t.counterparty_id
                and r.id = api.operation_id(0, format('receive:%s:%s', t.account_id, t.id)) and r.kind = 'receive' and r.original = t.id and r.counterparty_id = t.account_id
            limit 1
        ) r on true
        left join points.reversal s on s.bucket = t.bucket and s.account_id = t.account_id and s.operation_id = t.id
        left join points.reversal u on u.bucket = r.bucket and u.account_id = r.account_id and u.operation_id = r.id
        where r.points is distinct from t.points or s.reversed is distinct from u.reversed
        group by t.account_id;
end
$$;

comment on function points.check_undone(smallint, bigint[], timestamptz) is
    'What was undone of operations of accounts, and transfers that they sent: reversals_equal_operations, transfers_have_two_sides. p_since: only what was sent or undone since then.';
