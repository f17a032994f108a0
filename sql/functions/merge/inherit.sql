create or replace function points.inherit(p_bucket smallint, p_account_id bigint, p_seq bigint, p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_draft points.draft;
begin
    update points.balance b
    set inherited = (
        select sum(s.earned)
        from points.account a
        join points.balance s on s.bucket = a.bucket and s.account_id = a.id
        where a.into_bucket = b.bucket and a.into_id = b.account_id
    )
    where b.bucket = p_bucket and b.account_id = p_account_id
    returning b.earned + coalesce(b.inherited, 0) into v_draft.earned_after;

    v_draft.account_id := p_account_id;
    v_draft.entry_kind := 'merge';
    v_draft.seq := p_seq;
    if (select b.level_until = 0 from points.balance b where b.bucket = p_bucket and b.account_id = p_account_id) then
        perform points.keep_days(p_bucket, array[p_account_id]);
    end if;
    perform points.change_levels(p_bucket, array[v_draft], p_now);
    perform points.note_level_changes(p_bucket, array[p_account_id], array[p_seq], true, p_now);
end
$$;

comment on function points.inherit(smallint, bigint, bigint, timestamptz) is
    'Counts anew what the accounts merged into this one have earned, and decides its level by that; p_seq is the entry that caused it. All of them are locked.';
