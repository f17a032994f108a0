create or replace function points.admit(p_bucket smallint, p_drafts points.draft[], p_now timestamptz)
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select row(
            q.ord, q.account_id, q.operation_id, q.entry_kind, q.rule_version,
            case when q.round is null then q.refusal else q.verdict end,
            case
                when q.round is null then q.refusal_detail
                when q.verdict = 'INSUFFICIENT_POINTS' then jsonb_build_object('available', q.available, 'requested', -q.moved)
                when q.verdict = 'LIMIT_REACHED' then jsonb_build_object('limit', 'points of an account', 'maximum', 9007199254740991)
            end,
            q.replayed, q.round, case when q.verdict is null then q.moved else 0 end,
            q.happened_at, q.lot_source, q.lot_available_at, q.lot_expires_at,
            -- A grant that has expired already takes two entries: its own, and then its expiry.
            case when q.moves then q.version + count(*) filter (where q.moves) over w
                + count(*) filter (where q.lapsed > 0) over w - (q.lapsed > 0)::int end,
            case when q.moves then q.pending_delta end,
            case when q.moves then q.available_delta end,
            q.pending + sum(q.pending_delta) filter (where q.moves) over w,
            q.available + sum(q.available_delta - q.lapsed) filter (where q.moves) over w + q.lapsed,
            q.held,
            q.earned + sum(q.moved) filter (where q.moves and q.entry_kind = 'earn') over w,
            q.entry_kind = 'earn' and q.earned + sum(q.moved) filter (where q.moves and q.entry_kind = 'earn') over w >= q.level_until
        )::points.draft
        from (
            select d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version, d.refusal, d.refusal_detail, d.replayed,
                d.round, d.moved, d.happened_at, d.lot_source, d.lot_available_at, d.lot_expires_at,
                b.version, b.pending, b.available, b.held, b.earned, b.level_until, v.verdict,
                d.round is not null and v.verdict is null and d.moved <> 0 as moves,
                case when d.lot_available_at > p_now then d.moved else 0 end as pending_delta,
                case when d.lot_available_at > p_now then 0 else d.moved end as available_delta,
                case when v.verdict is null and d.lot_expires_at <= p_now then d.moved else 0 end as lapsed
            from unnest(p_drafts) d
            left join lateral (
                select * from points.balance b where b.bucket = p_bucket and b.account_id = d.account_id limit 1
            ) b on true
            cross join lateral (
                select case
                    when d.moved < 0 and b.available < -d.moved then 'INSUFFICIENT_POINTS'
                    -- What has expired counts, since all the rest may expire, too.
                    when b.expired + b.pending + b.available + b.held + d.moved > 9007199254740991
                        or d.entry_kind = 'earn' and b.earned + d.moved > 9007199254740991
                        or d.entry_kind = 'spend' and b.spent - d.moved > 9007199254740991
                        or d.entry_kind = 'adjust' and abs(b.adjusted + d.moved) > 9007199254740991
                        then 'LIMIT_REACHED'
                end as verdict
            ) v
        ) q
        window w as (partition by q.account_id, q.round order by q.ord)
        order by q.ord
    );
end
$$;

comment on function points.admit(smallint, points.draft[], timestamptz) is
    'Decides each operation of a round against its settled account, and computes its entry: seq, deltas, pockets after it. INSUFFICIENT_POINTS, LIMIT_REACHED. A debit is the first of its account in a round, so the account''s row is what it meets.';
