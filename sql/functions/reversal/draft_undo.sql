create or replace function points.draft_undo(p_bucket smallint, p_drafts points.draft[]) returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select q.draft
        from (
            select d.ord, row(
                d.ord, d.account_id, coalesce(d.operation_id, api.operation_id(0, 'reverse:' || b.version + 1)),
                case
                    when d.entry_kind is not null or o.kind is null then d.entry_kind
                    when o.kind = 'hold' then 'release'
                    when o.kind = 'adjust' then 'adjust'
                    when o.kind in ('earn', 'sign_in', 'claim') then 'clawback'
                    else 'refund'
                end,
                d.rule_version, v.refusal,
                case v.refusal
                    when 'INSUFFICIENT_POINTS' then jsonb_build_object('available', h.points, 'requested', n.points)
                    when 'HOLD_CLOSED' then jsonb_build_object('captured', h.captured, 'closed_at', h.closed_at)
                    when 'NOT_REVERSIBLE' then jsonb_build_object('kind', o.kind)
                end,
                d.replayed, d.round,
                case when v.refusal is not null then 0 when n.captures or n.claws then -n.points else n.points end,
                d.happened_at, null, null, null, null,
                case when n.claws then -l.own_pending else 0 end,
                case
                    when n.captures then h.points - n.points
                    when n.claws then -l.own_available - l.other
                    else n.points
                end,
                case when h.id is not null then -h.points else 0 end,
                case when n.claws then n.points - l.own_pending - l.own_available - l.other else 0 end,
                null, null, null, null, null, null,
                case
                    when n.captures then row(h.seq, h.held_at, 0, h.points - n.points)::points.undo
                    when h.id is not null then row(h.seq, h.held_at, 0, h.points)::points.undo
                    when n.claws then row(o.seq, o.recorded_at, 0, 0)::points.undo
                    when c.id is not null then row(c.seq, c.held_at, c.points - c.captured + n.reversed, n.points)::points.undo
                    else row(o.seq, o.recorded_at, n.reversed, n.points)::points.undo
                end,
                d.undoes, null
            )::points.draft as draft
            from unnest(p_drafts) d
            left join lateral (
                select * from points.balance b where b.bucket = p_bucket and b.account_id = d.account_id limit 1
            ) b on true
            left join lateral (
                select * from points.operation o
                where o.bucket = p_bucket and o.account_id = d.account_id and o.id = d.undoes
                limit 1
            ) o on true
            left join lateral (
                select * from points.hold h
                where h.bucket = p_bucket and h.account_id = d.account_id and h.id = d.undoes
                limit 1
            ) h on true
            left join lateral (
                select * from points.hold c
                where o.kind in ('capture', 'transfer') and c.bucket = p_bucket and c.account_id = d.account_id and c.id = o.original
                limit 1
            ) c on true
            cross join lateral (
                select coalesce(o.kind in ('earn', 'receive', 'sign_in', 'claim') or o.kind = 'adjust' and o.points > 0, false) as claws,
                    points.reversible(p_bucket, d.account_id, o.id, abs(o.points)) as rest
            ) r
            cross join lateral (
                select r.claws, coalesce(d.entry_kind in ('capture', 'transfer') and h.id is not null, false) as captures, abs(o.points) - r.rest as reversed,
                    case when d.entry_kind = 'release' then h.points
                        when h.id is not null then coalesce(-d.moved, h.points)
                        else least(-d.moved, r.rest)
                    end as points
            ) n
            cross join lateral (
                select own.pending as own_pending, own.available as own_available,
                    least(n.points - own.pending - own.available, b.available - own.lot_available)::bigint as other
                from (
                    select least(n.points, q.pending) as pending, least(n.points - least(n.points, q.pending), q.available) as available,
                        q.available as lot_available
                    from (
                        select coalesce(sum(l.remaining) filter (where l.pending), 0)::bigint as pending,
                            coalesce(sum(l.remaining) filter (where not l.pending), 0)::bigint as available
                        from points.lot l
                        where n.claws and l.bucket = p_bucket and l.account_id = d.account_id and l.seq = o.seq
                    ) q
                ) own
            ) l
            cross join lateral (
                select case
                    when o.id is null or d.entry_kind in ('capture', 'release') and h.id is null
                        or d.entry_kind = 'capture' and o.counterparty_id is not null then 'UNKNOWN_OPERATION'
                    when h.closed_at is not null then 'HOLD_CLOSED'
                    when n.points > h.points then 'INSUFFICIENT_POINTS'
                    when d.entry_kind is null and (o.seq is null or o.kind not in ('earn', 'spend', 'adjust', 'hold', 'capture', 'redeem', 'sign_in', 'make_up', 'claim'))
                        or d.entry_kind = 'transfer' and h.id is null and (o.seq is null or o.kind not in ('transfer', 'receive'))
                        then 'NOT_REVERSIBLE'
                    when coalesce(d.entry_kind, 'transfer') = 'transfer' and h.id is null and r.rest = 0 then 'ALREADY_REVERSED'
                end as refusal
            ) v
            where d.undoes is not null and d.round is not null
            union all
            select d.ord, d from unnest(p_drafts) d where d.undoes is null or d.round is null
        ) q
        order by q.ord
    );
end
$$;

comment on function points.draft_undo(smallint, points.draft[]) is
    'Computes what captures, releases and reversals move, from what they undo: a hold or an operation, as much of it as has not been undone. Drafts of the entry kind transfer come from points.run_transfer: an offer accepted, or one of the two legs of a reversal. UNKNOWN_OPERATION, HOLD_CLOSED, INSUFFICIENT_POINTS, NOT_REVERSIBLE, ALREADY_REVERSED.';
