create or replace function points.admit(p_bucket smallint, p_drafts points.draft[])
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
            case when q.round is not null and q.verdict is null and q.moved <> 0 then q.version + 1 end,
            q.pending_delta, q.available_delta, q.held_delta, q.debt_delta,
            q.pending + q.pending_delta, q.available + q.available_delta, q.held + q.held_delta, q.debt + q.debt_delta,
            case when q.earns then q.earned + q.net end,
            q.earns and (q.net < 0 or q.earned + q.net >= q.level_until),
            q.undo, q.undoes, q.lot_idle
        )::points.draft
        from (
            select d.ordinality, d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version, d.refusal_detail, d.replayed, d.round, d.moved,
                d.happened_at, d.lot_source, d.lot_available_at, d.lot_expires_at, d.pending_delta, d.available_delta, d.held_delta,
                d.debt_delta, d.undo, d.undoes, d.lot_idle, b.version, b.pending, b.available, b.held, b.debt, b.earned + coalesce(b.inherited, 0) as earned,
                b.level_until, n.net,
                d.entry_kind in ('earn', 'clawback') as earns,
                case
                    when d.round is null or d.refusal is not null then d.refusal
                    when b.frozen and (d.entry_kind in ('spend', 'hold', 'capture') and d.moved < 0
                        -- What is being reversed may be taken back.
                        or d.entry_kind = 'transfer' and d.moved < 0 and (d.undo is null or d.held_delta < 0)
                        or d.entry_kind = 'earn' and not points.frozen_earns())
                        then 'ACCOUNT_FROZEN'
                    when d.available_delta < 0 and b.available < -d.available_delta then 'INSUFFICIENT_POINTS'
                    when greatest(
                        -- What has expired counts, since all the rest may expire, too.
                        b.expired + b.pending + b.available + b.held + n.net,
                        case when d.debt_delta > 0 then greatest(b.debt, b.adjusted) + d.debt_delta end,
                        abs(n.net + case
                            when d.entry_kind = 'earn' then b.earned
                            when d.entry_kind in ('spend', 'capture') then -b.spent
                            when d.entry_kind = 'adjust' then b.adjusted
                            when d.entry_kind = 'transfer' then b.transferred
                        end)
                    ) > 9007199254740991 then 'LIMIT_REACHED'
                end as verdict
            from unnest(p_drafts) with ordinality d
            left join lateral (
                select b.version, b.pending, b.available, b.held, b.debt, b.earned, b.spent, b.adjusted, b.transferred, b.expired, b.inherited,
                    b.level_until, b.frozen
                from points.balance b
                where b.bucket = p_bucket and b.account_id = d.account_id
                limit 1
            ) b on true
            cross join lateral (select d.pending_delta + d.available_delta + d.held_delta - d.debt_delta as net) n
            order by d.ordinality
            -- Keeps the planner from copying the verdict into every place that asks for it.
            offset 0
        ) q
        order by q.ordinality
    );
end
$$;

comment on function points.admit(smallint, points.draft[]) is
    'Decides each operation of a round against its settled account, and computes its entry: seq, deltas, pockets after it. ACCOUNT_FROZEN, INSUFFICIENT_POINTS, LIMIT_REACHED. A debit is the first of its account in a round, so the account''s row is what it meets; so is every entry, until points.chain_entries.';
