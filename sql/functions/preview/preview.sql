create or replace function points.preview(p_request api.request, p_now timestamptz default null)
returns table (
    refusal text, detail jsonb, points bigint, available_at timestamptz, expires_at timestamptz, previous_level text, level text,
    account api.account, entries api.entry[], lots api.preview_lot[]
)
language plpgsql volatile as $$
declare
    v_bucket smallint := coalesce(points.bucket(p_request.user_id, coalesce(p_request.wallet, 'points')), 0::smallint);
    v_outcome record;
    v_before record;
    v_entries api.entry[];
    v_lots api.preview_lot[];
begin
    p_request.idempotency_key := 'preview ' || gen_random_uuid();
    begin
        -- Locked first, so that the operation meets what is read here.
        select b.account_id, b.version, (
            select c.level from api.account c where c.bucket = b.bucket and c.id = b.account_id
        ) as level into v_before
        from points.account a
        join points.balance b on b.bucket = a.bucket and b.account_id = a.id
        where a.bucket = v_bucket and a.user_id = p_request.user_id and a.wallet = coalesce(p_request.wallet, 'points')
        for no key update of b;
        select o.* into v_outcome from points.execute(v_bucket, array[p_request], p_now) o;
        v_entries := array(
            select e from api.entry e
            where e.bucket = v_bucket and e.account_id = (v_outcome.account).id and e.seq > coalesce(v_before.version, 0)
            order by e.seq
        );
        v_lots := array(
            select row(l.points, l.source, l.available_at, nullif(l.expires_at, 'infinity'))::api.preview_lot
            from (
                select e.seq, -u.points as points, u.source, u.available_at, u.expires_at, u.lot_seq, u.lot_no
                from unnest(v_entries) e
                join points.lot_use u on u.bucket = v_bucket and u.account_id = e.account_id and u.seq = e.seq and u.recorded_at = e.recorded_at
                where e.kind not in ('activate', 'expire')
                union all
                select l.seq, l.granted, l.source, l.available_at, l.expires_at, l.seq, l.no
                from unnest(v_entries) e
                join points.lot l on l.bucket = v_bucket and l.account_id = e.account_id and l.seq = e.seq
            ) l
            order by l.seq, l.expires_at, l.lot_seq, l.lot_no
        );
        raise exception using errcode = 'LP903', message = 'a preview is rolled back';
    -- Variables outlive the rollback; nothing else does, no lock either.
    exception when sqlstate 'LP903' then
        null;
    end;
    return query select v_outcome.refusal, v_outcome.detail, coalesce((v_outcome.operation).points, 0), (v_outcome.operation).available_at,
        (v_outcome.operation).expires_at, v_before.level, (v_outcome.account).level, v_outcome.account, v_entries, v_lots;
end
$$;

comment on function points.preview(api.request, timestamptz) is
    'What an operation would give: carries it out by points.execute in a subtransaction that is always rolled back. Its idempotency key does not count. p_now moves the clock in tests; null: the clock.';
