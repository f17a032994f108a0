create or replace function points.receive_occasions(
    p_bucket smallint, p_requests api.request[], p_asked api.request[], p_drafts points.draft[], p_now timestamptz
) returns points.draft[]
language plpgsql stable as $$
declare
    -- Reading them takes some 20 ms, so once a batch, and none unless asked for.
    v_zones text[] := array(select r.subject from unnest(p_requests) r where r.kind = 'set_time_zone');
begin
    if v_zones <> '{}' then
        v_zones := array(select z.name from pg_catalog.pg_timezone_names z where z.name = any (v_zones));
    end if;
    return array(
        select case
            when q.refusal is not null or q.kind not in ('sign_in', 'make_up', 'set_time_zone', 'progress', 'claim', 'invite', 'join') then q.first
            when q.fault is null and q.closed is null then q.second
            else row(
                q.ord, q.account_id, q.operation_id, q.entry_kind, q.rule_version, case when q.fault is not null then 'INVALID_INPUT' else q.closed end,
                case when q.fault is not null then jsonb_build_object('path', q.fault[1], 'message', q.fault[2])
                    else points.task_detail(q.closed, q.subject, q.task) end, false,
                null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null
            )::points.draft
        end
        from (
            select r.*, p_drafts[r.ord] as first, s as second, k.task,
                -- A key that is known passes, to be replayed.
                case
                    when r.kind not in ('progress', 'claim', 'join') or exists (
                        select from points.operation o where o.bucket = p_bucket and o.account_id = r.account_id and o.id = r.operation_id
                    ) then null
                    when r.kind <> 'join' then points.task_refusal(k.task, coalesce(r.wallet, 'points'), p_now)
                    when (points.find_inviter(r.subject, coalesce(r.wallet, 'points'))).inviter_id is null then 'UNKNOWN_INVITATION'
                end as closed,
                case
                    when r.kind in ('sign_in', 'make_up') and t.wallet is null then array['wallet', 'has no sign-in']
                    when r.kind in ('invite', 'join') and v.wallet is null then array['wallet', 'has no invitations']
                    when r.kind = 'set_time_zone' and r.subject <> all (v_zones) then array['subject', 'no such time zone']
                end as fault
            from unnest(p_requests, p_drafts) r
            join unnest(points.receive(p_bucket, p_asked, p_now, false)) s on s.ord = r.ord
            left join points.invitation_terms v on v.wallet = coalesce(r.wallet, 'points')
            left join points.sign_in_terms t on t.wallet = coalesce(r.wallet, 'points')
            left join lateral (select k as task from points.task k where k.code = r.subject limit 1) k on true
        ) q
        order by q.ord
    );
end
$$;

comment on function points.receive_occasions(smallint, api.request[], api.request[], points.draft[], timestamptz) is
    'First stage for what can be done once in a while only: checks each as the award or debit p_asked that it comes to. INVALID_INPUT also for a wallet without terms and an unknown time zone; FORBIDDEN, UNKNOWN_RULE, UNKNOWN_TASK, TASK_CLOSED, UNKNOWN_INVITATION.';
