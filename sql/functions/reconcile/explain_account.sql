create or replace function api.explain_account(p_user_id text, p_wallet text default 'points')
returns table (
    seq bigint, what text, kind text, idempotency_key text, pending bigint, available bigint, held bigint, debt bigint, pockets_after text, lot text,
    lot_points bigint, lot_granted bigint, lot_left bigint, available_at timestamptz, expires_at timestamptz, recorded_at timestamptz, wrong text
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_bucket smallint := points.bucket(p_user_id, p_wallet);
    v_id bigint := (select a.id from points.account a where a.bucket = v_bucket and a.user_id = p_user_id and a.wallet = p_wallet);
begin
    return query
        with entries as (
            select e.*, coalesce(lag(e.seq) over w, 0) as last_seq,
                coalesce(lag(row(e.pending_after, e.available_after, e.held_after, e.debt_after)::text) over w, '(0,0,0,0)') as last_after
            from points.entry_history e
            where e.bucket = v_bucket and e.account_id = v_id
            window w as (order by e.seq, e.recorded_at)
        )
        select * from (
            select e.seq, 'entry'::text as what, e.kind::text as kind, o.idempotency_key::text as key, e.pending_delta, e.available_delta, e.held_delta, e.debt_delta,
                row(e.pending_after, e.available_after, e.held_after, e.debt_after)::text, null::text as lot, null::bigint, null::bigint, null::bigint,
                null::timestamptz, null::timestamptz, e.recorded_at,
                nullif(concat_ws('; ', case when e.seq <> e.last_seq + 1 then 'comes after entry ' || e.last_seq end,
                    case when e.last_after <> row(e.pending_after - e.pending_delta, e.available_after - e.available_delta, e.held_after - e.held_delta, e.debt_after - e.debt_delta)::text
                        then 'starts from other pockets than ' || e.last_after end,
                    case when o.id is null then 'has no operation' end), '')
            from entries e
            left join points.operation o on o.bucket = v_bucket and o.account_id = v_id and o.id = e.operation_id
            union all
            select u.seq, 'use', case when u.points > 0 then 'takes' else 'gives back' end, null, null, null, null, null, null,
                u.lot_seq || '/' || u.lot_no, u.points, u.granted, null, u.available_at, u.expires_at, u.recorded_at,
                case when not exists (select from entries e where e.seq = u.seq) then 'has no entry' end
            from points.lot_use_history u
            where u.bucket = v_bucket and u.account_id = v_id
            union all
            select l.seq, 'lot', case when l.pending then 'pending' else 'available' end, null, null, null, null, null, null,
                l.seq || '/' || l.no, null, l.granted, l.remaining, l.available_at, l.expires_at, null,
                case when not exists (select from entries e where e.seq = l.seq) then 'has no entry' end
            from points.lot l
            where l.bucket = v_bucket and l.account_id = v_id
            union all
            select b.version, 'balance', case when b.frozen then 'frozen' end, null, b.pending, b.available, b.held, b.debt,
                row(b.pending, b.available, b.held, b.debt)::text, null, null, null, null, null, null, null,
                (select string_agg(f.check_name, ', ') from unnest(points.prove_account(v_bucket, v_id)) f)
            from points.balance b
            where b.bucket = v_bucket and b.account_id = v_id
        ) q
        order by q.seq, array_position(array['entry', 'use', 'lot', 'balance'], q.what), q.lot;
end
$$;

comment on function api.explain_account(text, text) is
    'Every entry of an account, what it took from lots or gave back, the lots that it granted and that are open, and the balance, side by side and in order, archived or not. wrong: what does not fit; at the balance, the checks that fail (points.reconciliation_check). Pockets are in the order pending, available, held, debt.';
