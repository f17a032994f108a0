create or replace function points.check_persons(p_of_bucket smallint, p_ids bigint[]) returns setof points.finding
language plpgsql stable as $$
begin
    return query
        select 'merges_leave_nothing', b.account_id, '', jsonb_build_object(
            'merged', b.merged, 'into', a.into_id, 'pockets', row(b.pending, b.available, b.held, b.debt)::text, 'inherited', b.inherited, 'should_inherit', s.earned)
        from unnest(p_ids) i(id)
        join points.balance b on b.bucket = p_of_bucket and b.account_id = i.id
        join points.account a on a.bucket = p_of_bucket and a.id = i.id
        left join (
            select m.into_id, sum(e.earned) as earned
            from points.account m
            join points.balance e on e.bucket = m.bucket and e.account_id = m.id
            where m.into_bucket = p_of_bucket and m.into_id is not null
            group by m.into_id
        ) s on s.into_id = i.id
        where not b.closed and (b.merged <> (a.into_id is not null) or b.merged and b.pending + b.available + b.debt > 0)
            or b.inherited::numeric is distinct from s.earned or s.earned is not null and b.merged
        union all
        select 'reviews_wait_as_pending', r.account_id, 'review ' || r.operation_id, jsonb_build_object('status', r.status, 'points', r.points, 'lot', to_jsonb(l))
        from unnest(p_ids) i(id)
        join points.review r on r.bucket = p_of_bucket and r.account_id = i.id
        join points.lot l on l.bucket = p_of_bucket and l.account_id = r.account_id and l.seq = r.seq
        left join points.reversal v on v.bucket = p_of_bucket and v.account_id = r.account_id and v.operation_id = r.operation_id
        where case r.status
            when 'waiting' then not l.pending or (l.available_at, l.expires_at, l.remaining) <> (r.deadline, r.deadline, r.points - coalesce(v.reversed, 0))
            when 'rejected' then true
            else false
        end
        union all
        select 'invitations_pay_both', n.account_id, '', jsonb_build_object('paid_at', n.paid_at, 'paid', o.id, 'inviter_paid', w.operation_id, 'revoked_at', n.revoked_at)
        from unnest(p_ids) i(id)
        join points.invitation n on n.bucket = p_of_bucket and n.account_id = i.id
        left join points.operation o on o.bucket = p_of_bucket and o.account_id = n.account_id
            and o.id = api.operation_id(0, format('invited:%s:%s', n.inviter_bucket, n.inviter_id)) and o.seq is not null
        left join points.invited w on w.bucket = n.inviter_bucket and w.account_id = n.inviter_id and w.invited_bucket = n.bucket and w.invited_id = n.account_id
        left join points.operation p on p.bucket = w.bucket and p.account_id = w.account_id and p.id = w.operation_id and p.seq is not null
        where n.refusal is null and ((n.paid_at is null) <> (o.id is null) or (n.paid_at is null) <> (p.id is null)
            or coalesce(w.revoked, false) <> (n.revoked_at is not null))
        union all
        select 'invitations_pay_both', b.account_id, '', jsonb_build_object('invited', b.invited)
        from unnest(p_ids) i(id)
        join points.balance b on b.bucket = p_of_bucket and b.account_id = i.id
        left join points.invitation n on n.bucket = p_of_bucket and n.account_id = b.account_id and n.qualified_by is null
        where b.invited <> (n.account_id is not null);
end
$$;

comment on function points.check_persons(smallint, bigint[]) is
    'Accounts that were merged, have awards in review, or were invited: merges_leave_nothing, reviews_wait_as_pending, invitations_pay_both.';
