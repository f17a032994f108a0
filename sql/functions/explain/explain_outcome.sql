create or replace function points.explain_outcome(p_operation points.operation, p_time_zone text)
returns table (step text, words text, result bigint, at timestamptz, agrees boolean)
language plpgsql stable as $$
begin
    if p_operation.refusal is not null then
        return query
            select 'refused', format('Refused for good: %s. %s', r.code, r.meaning) || coalesce(' ' || p_operation.detail::text, ''),
                null::bigint, p_operation.recorded_at, null::boolean
            from points.refusal r
            where r.code = p_operation.refusal;
    elsif p_operation.seq is null then
        return query
            select 'booked', coalesce('It brought about: ' || replace(facts.words, '_', ' ') || '.', 'It moved nothing.'),
                0::bigint, p_operation.recorded_at, null::boolean
            from (
                select string_agg(d.key || ' ' || d.value, ', ' order by d.key) as words from jsonb_each_text(p_operation.detail) d
            ) facts;
    end if;

    return query
        select 'booked', format('Entry %s, %s: %s.', e.seq, e.kind, concat_ws(', ',
                'pending ' || to_char(nullif(e.pending_delta, 0), 'SGFM9999999999999999'),
                'available ' || to_char(nullif(e.available_delta, 0), 'SGFM9999999999999999'),
                'held ' || to_char(nullif(e.held_delta, 0), 'SGFM9999999999999999'),
                'debt ' || to_char(nullif(e.debt_delta, 0), 'SGFM9999999999999999'))),
            p_operation.points::bigint, e.recorded_at, null::boolean
        from points.entry_history e
        where e.bucket = p_operation.bucket and e.account_id = p_operation.account_id and e.seq = p_operation.seq
            and e.recorded_at = p_operation.recorded_at;
    return query
        select 'lot', format('%s %s of %s, which %s.', case when u.points > 0 then 'Took' else 'Gave back' end,
                points.counted(abs(u.points)), u.source, case
                when isfinite(u.expires_at) then 'expire at ' || points.moment(u.expires_at, p_time_zone)
                else 'never expire'
            end), abs(u.points), nullif(u.expires_at, 'infinity'), null::boolean
        from points.lot_use_history u
        where u.bucket = p_operation.bucket and u.account_id = p_operation.account_id and u.seq = p_operation.seq
            and u.recorded_at = p_operation.recorded_at
        order by u.expires_at, u.lot_seq, u.lot_no;
    return query
        select 'undone', format('%s of its %s have been undone by returns and reversals%s.', r.reversed, points.counted(r.points),
                ', among them ' || u.names), r.reversed, u.at, null::boolean
        from points.reversal r
        cross join lateral (
            select string_agg(format('%s %s', o.kind, o.idempotency_key), ', ' order by o.recorded_at, o.id) as names,
                max(o.recorded_at) as at
            from points.operation o
            where o.bucket = p_operation.bucket and o.account_id = p_operation.account_id
                and (o.original = p_operation.id and o.kind in ('reverse', 'cancel') or o.kind = 'return' and o.order_key = coalesce(
                    p_operation.order_key, case when p_operation.kind = 'earn' and p_operation.amount is not null then p_operation.idempotency_key end))
                and o.refusal is null and o.client_id <> 0
        ) u
        where r.bucket = p_operation.bucket and r.account_id = p_operation.account_id and r.operation_id = p_operation.id
            and r.reversed > 0;
    if p_operation.available_at is not null then
        return query
            select 'left', format('%s of it %s left.', points.counted(l.remaining), case when l.remaining = 1 then 'is' else 'are' end),
                l.remaining, null::timestamptz, null::boolean
            from (
                select coalesce(sum(l.remaining), 0)::bigint as remaining
                from points.lot l
                where l.bucket = p_operation.bucket and l.account_id = p_operation.account_id and l.seq = p_operation.seq
                    and l.expires_at > now()
            ) l;
        return query
            select 'put_off', format('Activity has put the expiry of %s off, to %s.', points.counted(sum(l.remaining)), points.moment(l.expires_at, p_time_zone)),
                sum(l.remaining)::bigint, l.expires_at, null::boolean
            from points.lot l
            left join points.review r on r.bucket = l.bucket and r.account_id = l.account_id and r.operation_id = p_operation.id
            where l.bucket = p_operation.bucket and l.account_id = p_operation.account_id and l.seq = p_operation.seq
                and l.idle is not null and l.expires_at > greatest(now(), p_operation.expires_at, r.expires_at)
                and l.expires_at = points.put_off_expiry(l.bucket, l.account_id, l.seq, l.idle, coalesce(r.expires_at, p_operation.expires_at))
            group by l.expires_at
            order by l.expires_at;
    end if;
end
$$;

comment on function points.explain_outcome(points.operation, text) is
    'Says what an operation booked, why it was refused, and what has become of it.';
