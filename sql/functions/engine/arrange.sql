create or replace function points.arrange(p_bucket smallint, p_drafts points.draft[])
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select row(
            q.ord, q.account_id, q.operation_id, q.entry_kind, q.rule_version, q.refusal, q.refusal_detail, q.replayed,
            case when q.live then 1 + count(*) filter (where q.starts_round) over (partition by q.account_id, q.live order by q.ord) end,
            q.moved, q.happened_at, q.lot_source, q.lot_available_at, q.lot_expires_at,
            null, q.pending_delta, q.available_delta, q.held_delta, q.debt_delta, null, null, null, null, null, null, null, q.undoes, q.lot_idle
        )::points.draft
        from (
            select d.*, live,
                row_number() over w > 1 and (
                    d.moved < 0 or b.debt > 0 or b.has_returns
                    or b.level_until = 0 or b.level_revision <> (select p.level_revision from points.program p)
                    or bool_or(d.entry_kind is null or d.undoes is not null) over (partition by d.account_id, live)
                    or greatest(b.earned, b.spent, abs(b.adjusted), b.expired + b.pending + b.available + b.held)
                        + sum(abs(d.moved)) over (partition by d.account_id, live) > 9007199254740991
                ) as starts_round
            from unnest(p_drafts) d
            cross join lateral (select d.round is not null as live) l
            left join lateral (
                select * from points.balance b where b.bucket = p_bucket and b.account_id = d.account_id limit 1
            ) b on true
            window w as (partition by d.account_id, live order by d.ord)
        ) q
        order by q.ord
    );
end
$$;

comment on function points.arrange(smallint, points.draft[]) is
    'Gives each operation its round, where some account has several, so that a round may be done set-wise and yet equals one by one. On each account a new round starts with whatever must see what went before: a debit, every operation of an account close to the limit of 2^53 - 1, with a debt, with returned orders or with a level that goes by periods or is to be decided anew, and every operation beside one that undoes something.';
