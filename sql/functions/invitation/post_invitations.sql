create or replace function points.post_invitations(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns points.draft[]
language plpgsql volatile as $$
declare
    v_joined int;
begin
    insert into points.invitation_code (bucket, account_id, code, created_at)
    select b.bucket, d.account_id, points.new_code(b.bucket, gen_random_uuid()), p_now
    from unnest(p_drafts) d
    join points.lane b on b.bucket = p_bucket
    where d.round is not null and d.refusal is null and (p_requests[d.ord]).kind = 'invite'
    on conflict (bucket, account_id) do nothing;

    insert into points.invitation (
        bucket, account_id, wallet, inviter_bucket, inviter_id, inviter_since, created_at, joined_at, joined_by)
    select a.bucket, a.id, a.wallet, n.inviter_bucket, n.inviter_id, n.inviter_since, a.created_at, p_now, d.operation_id
    from unnest(p_drafts) d
    join points.account a on a.bucket = p_bucket and a.id = d.account_id
    cross join lateral points.find_inviter((p_requests[d.ord]).subject, a.wallet) n
    where d.round is not null and d.refusal is null and (p_requests[d.ord]).kind = 'join' and n.inviter_id is not null;
    get diagnostics v_joined = row_count;
    if v_joined < (select count(*) from unnest(p_drafts) d where d.round is not null and d.refusal is null and (p_requests[d.ord]).kind = 'join') then
        raise exception using errcode = 'serialization_failure', message = 'an inviter was merged or erased meanwhile; send it again';
    end if;

    update points.balance b
    set invited = true
    from unnest(p_drafts) d
    where b.bucket = p_bucket and b.account_id = d.account_id and d.round is not null and d.refusal is null
        and (p_requests[d.ord]).kind = 'join';

    return array(
        select case
            when c.code is null then d
            else row(
                d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version, d.refusal, jsonb_build_object('code', c.code),
                d.replayed, d.round, d.moved, d.happened_at, d.lot_source, d.lot_available_at, d.lot_expires_at, d.seq,
                d.pending_delta, d.available_delta, d.held_delta, d.debt_delta, d.pending_after, d.available_after, d.held_after,
                d.debt_after, d.earned_after, d.level_due, d.undo, d.undoes, d.lot_idle
            )::points.draft
        end
        from unnest(p_drafts) d
        left join points.invitation_code c
            on c.bucket = p_bucket and c.account_id = d.account_id and d.round is not null and d.refusal is null
            and (p_requests[d.ord]).kind = 'invite'
        order by d.ord
    );
end
$$;

comment on function points.post_invitations(smallint, api.request[], points.draft[], timestamptz) is
    'Makes the codes that a round asks for and that were not there, and keeps who was invited by whom. Raises 40001 when an inviter was merged or erased meanwhile: nothing is done.';
