create or replace function points.note_invitations(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    if not exists (select from points.invitation_terms) then
        return;
    end if;
    update points.invitation i
    set qualified_by = q.operation_id
    from (
        select distinct on (d.account_id) d.account_id, d.operation_id, d.lot_source
        from unnest(p_drafts) d
        join points.balance b on b.bucket = p_bucket and b.account_id = d.account_id and b.invited
        join points.account a on a.bucket = p_bucket and a.id = d.account_id
        join points.invitation_terms t on t.wallet = a.wallet and t.qualifying_rule = d.lot_source
        where d.seq is not null and d.entry_kind = 'earn'
        order by d.account_id, d.seq
    ) q
    where i.bucket = p_bucket and i.account_id = q.account_id and i.qualified_by is null;

    update points.balance b
    set invited = false
    from unnest(p_drafts) d
    join points.invitation i on i.bucket = p_bucket and i.account_id = d.account_id and i.qualified_by = d.operation_id
    where b.bucket = p_bucket and b.account_id = d.account_id and b.invited;

    insert into points.invitation_due (bucket, account_id, invited_bucket, invited_id, due_at)
    select i.bucket, i.account_id, i.bucket, i.account_id, p_now
    from points.invitation i
    where i.bucket = p_bucket and exists (
        select from unnest(p_drafts) d
        where d.account_id = i.account_id and d.seq is not null and (d.operation_id = i.qualified_by or d.undoes = i.qualified_by
            or d.undoes = api.operation_id(0, format('invited:%s:%s', i.inviter_bucket, i.inviter_id)))
    ) and i.account_id = any (array(select d.account_id from unnest(p_drafts) d))
    union
    select i.bucket, i.account_id, i.invited_bucket, i.invited_id, p_now
    from unnest(p_drafts) d
    join points.invited i on i.bucket = p_bucket and i.account_id = d.account_id and i.operation_id = d.undoes
    where d.seq is not null
    on conflict (bucket, account_id, invited_bucket, invited_id) do update set due_at = excluded.due_at;
end
$$;

comment on function points.note_invitations(smallint, points.draft[], timestamptz) is
    'Notes which invited accounts a round has qualified, by their first award by the qualifying rule, and of which something was undone: the operation that qualified them, or what either side was paid. What follows touches two accounts: points.settle_one.';
