create or replace function points.admit(p_bucket smallint, p_drafts points.draft[], p_now timestamptz)
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select row(
            q.ord, q.account_id, q.operation_id, q.entry_kind, q.rule_version,
            q.verdict,
            coalesce(q.refusal_detail, case q.verdict
                when 'INSUFFICIENT_POINTS' then jsonb_build_object('available', q.available, 'requested', -q.moved)
                when 'LIMIT_REACHED' then jsonb_build_object('limit', 'points of an account', 'maximum', 9007199254740991)
            end),
            q.replayed, q.round, case when q.verdict is null then coalesce(q.moved, 0) else 0 end,
            q.happened_at, q.lot_source, q.lot_available_at, q.lot_expires_at,
            -- A grant that has expired already takes two entries: its own, and then its expiry.
            case when q.moves then q.version + count(*) filter (where q.moves) over w
                + count(*) filter (where q.lapsed > 0) over w - (q.lapsed > 0)::int end,
            q.pending_delta, q.available_delta, q.held_delta, q.debt_delta,
            q.pending + sum(q.pending_delta) filter (where q.moves) over w,
            q.available + sum(q.available_delta - q.lapsed) filter (where q.moves) over w + q.lapsed,
            q.held + sum(q.held_delta) filter (where q.moves) over w,
            q.debt + q.debt_delta,
            q.earned + sum(q.net) filter (where q.moves and q.earns) over w,
            q.earns and (q.net < 0 or q.earned + sum(q.net) filter (where q.moves and q.earns) over w >= q.level_until),
            q.undo, q.undoes, q.lot_idle
        )::points.draft
        from (
            select d.*, b.version, b.pending, b.available, b.held, b.debt, b.earned + coalesce(b.inherited, 0) as earned, b.level_until, v.verdict, n.net,
                d.round is not null and v.verdict is null and d.moved <> 0 as moves,
                d.entry_kind in ('earn', 'clawback') as earns,
                case when v.verdict is null and d.undo is null and d.lot_expires_at <= p_now then d.moved else 0 end as lapsed
            from unnest(p_drafts) d
            left join lateral (
                select * from points.balance b where b.bucket = p_bucket and b.account_id = d.account_id limit 1
            ) b on true
            cross join lateral (select d.pending_delta + d.available_delta + d.held_delta - d.debt_delta as net) n
            cross join lateral (
                select case
                    when d.round is null or d.refusal is not null then d.refusal
                    when b.frozen and (d.entry_kind in ('spend', 'hold', 'capture') and d.moved < 0
                        -- What is being reversed may be taken back.
                        or d.entry_kind = 'transfer' and d.moved < 0 and (d.undo is null or d.held_delta < 0)
                        or d.entry_kind = 'earn' and not (select p.frozen_earns from points.program p))
                        then 'ACCOUNT_FROZEN'
                    when d.available_delta < 0 and b.available < -d.available_delta then 'INSUFFICIENT_POINTS'
                    -- What has expired counts, since all the rest may expire, too.
                    when b.expired + b.pending + b.available + b.held + n.net > 9007199254740991
                        or d.debt_delta > 0 and greatest(b.debt, b.adjusted) + d.debt_delta > 9007199254740991
                        or d.entry_kind = 'earn' and b.earned + n.net > 9007199254740991
                        or d.entry_kind in ('spend', 'capture') and b.spent - n.net > 9007199254740991
                        or d.entry_kind = 'adjust' and abs(b.adjusted + n.net) > 9007199254740991
                        or d.entry_kind = 'transfer' and abs(b.transferred + n.net) > 9007199254740991
                        then 'LIMIT_REACHED'
                end as verdict
            ) v
            -- Keeps the planner from copying the verdict into every place that asks for it.
            offset 0
        ) q
        window w as (partition by q.account_id, q.round order by q.ord)
        order by q.ord
    );
end
$$;

comment on function points.admit(smallint, points.draft[], timestamptz) is
    'Decides each operation of a round against its settled account, and computes its entry: seq, deltas, pockets after it. ACCOUNT_FROZEN, INSUFFICIENT_POINTS, LIMIT_REACHED. A debit is the first of its account in a round, so the account''s row is what it meets.';
