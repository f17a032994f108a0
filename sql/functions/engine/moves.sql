create or replace function points.moves(p_drafts points.draft[], p_now timestamptz)
returns table (
    account_id bigint, seq bigint, pending bigint, available bigint, held bigint, debt bigint,
    earned bigint, spent bigint, adjusted bigint, transferred bigint, expired bigint, next_change_at timestamptz
)
language sql immutable as $$
    select d.account_id, d.seq, d.pending_delta, d.available_delta, d.held_delta, d.debt_delta,
        case when d.contra = 'issuance' then d.net else 0 end,
        case when d.contra = 'redemption' then -d.net else 0 end,
        case when d.contra in ('adjustment', 'write_off') then d.net else 0 end,
        case when d.contra = 'transfer' then d.net else 0 end,
        case when d.contra = 'expiry' then -d.net else 0 end,
        case
            when d.entry_kind = 'hold' then d.lot_expires_at
            when d.pending_delta > 0 then d.lot_available_at
            when d.available_delta > 0 and d.lot_expires_at > p_now then d.lot_expires_at
        end
    from (
        select d.account_id, d.entry_kind, d.seq, d.pending_delta, d.available_delta, d.held_delta, d.debt_delta, d.lot_available_at, d.lot_expires_at,
            points.contra_of(d.entry_kind) as contra, d.pending_delta + d.available_delta + d.held_delta - d.debt_delta as net
        from unnest(p_drafts) d
        where d.seq is not null
        -- Keeps the planner from copying both into every counter.
        offset 0
    ) d
$$;

comment on function points.moves(points.draft[], timestamptz) is
    'What each entry adds to the pockets and counters of its balance, and when its points change by themselves. Each counter is the sum of one contra account.';
