create or replace function points.draft_invitations(p_bucket smallint, p_requests api.request[], p_drafts points.draft[])
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select q.draft
        from (
            select d.ord, row(
                d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version, v.refusal,
                case v.refusal
                    when 'NOT_INVITABLE' then jsonb_build_object('because', v.because)
                    when 'LIMIT_REACHED' then jsonb_build_object('limit', 'invitations of the inviter', 'maximum', t.cap)
                end,
                d.replayed, d.round, 0, d.happened_at, null, null, null, null, 0, 0, 0, 0, null, null, null, null, null, null, null, null, null
            )::points.draft as draft
            from unnest(p_drafts) d
            cross join lateral (
                select (p_requests[d.ord]).kind, (p_requests[d.ord]).subject, coalesce((p_requests[d.ord]).wallet, 'points') as wallet
            ) r
            join points.invitation_terms t on t.wallet = r.wallet
            join points.account a on a.bucket = p_bucket and a.id = d.account_id
            left join lateral (select * from points.find_inviter(r.subject, r.wallet) where r.kind = 'join') n on true
            left join points.invitation i on i.bucket = p_bucket and i.account_id = d.account_id
            cross join lateral (
                select b.because, case
                    when r.kind = 'invite' then null
                    when i.account_id is not null then 'ALREADY_INVITED'
                    when b.because is not null then 'NOT_INVITABLE'
                    when n.paid >= t.cap then 'LIMIT_REACHED'
                end as refusal
                from (
                    select case
                        when r.kind = 'invite' then null
                        when (n.inviter_bucket, n.inviter_id) = (p_bucket, d.account_id) then 'self'
                        when n.inviter_since >= a.created_at then 'older'
                        when points.has_qualified(p_bucket, d.account_id, t.qualifying_rule) then 'qualified'
                    end as because
                ) b
            ) v
            where d.round is not null and d.refusal is null and r.kind in ('invite', 'join')
            union all
            select d.ord, d from unnest(p_drafts) d
            where d.round is null or d.refusal is not null or ((p_requests[d.ord]).kind in ('invite', 'join')) is not true
        ) q
        order by q.ord
    );
end
$$;

comment on function points.draft_invitations(smallint, api.request[], points.draft[]) is
    'Refuses to join by an invitation: ALREADY_INVITED; NOT_INVITABLE (because: self; older, the account is not younger than the inviter''s, so that there are no rings; qualified, it is too late); LIMIT_REACHED, the inviter''s cap.';
