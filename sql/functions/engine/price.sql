create or replace function points.price(p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select row(
            q.ord, q.account_id, q.operation_id, q.entry_kind, q.rule_version, q.refusal, q.refusal_detail, q.replayed,
            case when q.refusal is null and not q.replayed then 1 end,
            q.priced, coalesce(q.occurred_at, p_now), case q.asked when 'earn' then q.rule when 'adjust' then 'adjust' when 'hold' then case when q.amount is not null then 'order' end end,
            q.available_from, q.expires,
            null,
            case when q.available_from > p_now then q.priced else 0 end,
            case when q.available_from > p_now then 0 else q.priced end,
            case when q.asked = 'hold' then -q.priced else 0 end,
            0,
            null, null, null, null, null, q.asked = 'earn' and q.rule = any (q.governed_rules), null, q.original, q.idle_time
        )::points.draft
        from (
            select r.ordinality, r.ord, r.account_id, r.operation_id, r.entry_kind, r.rule_version, r.refusal, r.refusal_detail, r.replayed,
                r.occurred_at, r.rule, r.amount, r.original, k.asked, p.governed_rules,
                case k.asked
                    when 'earn' then points.award(v, r.amount, r.points)
                    when 'adjust' then r.points
                    else case when k.asked is not null then -r.points end
                end as priced,
                case k.asked
                    when 'earn' then points.days_after(coalesce(r.occurred_at, p_now), v.pending_days, p.time_zone)
                    when 'adjust' then least(p_now, r.occurred_at)
                end as available_from,
                case k.asked
                    when 'earn' then points.expiry(v, coalesce(r.occurred_at, p_now), p_now, p.time_zone)
                    else coalesce(r.expires_at, 'infinity')
                end as expires,
                points.idle_time(v) as idle_time
            from unnest(p_requests, p_drafts) with ordinality r
            -- What is refused may hold numbers and times that no arithmetic survives.
            cross join lateral (select case when r.refusal is null then r.kind end as asked) k
            cross join points.program p
            left join points.rule_version v on k.asked = 'earn' and v.rule = r.rule and v.version = r.rule_version
            order by r.ordinality
            -- Keeps the planner from computing each of these wherever it is asked for.
            offset 0
        ) q
        order by q.ordinality
    );
end
$$;

comment on function points.price(api.request[], points.draft[], timestamptz) is
    'Computes what each operation that is to be done moves and when what it grants becomes available and expires: points.award, points.expiry.';
