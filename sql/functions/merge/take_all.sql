create or replace function points.take_all(
    p_bucket smallint, p_account_id bigint, p_entry_kind points.entry_kind, p_operation_id uuid, p_now timestamptz
) returns points.draft
language plpgsql volatile as $$
declare
    v_drafts points.draft[];
begin
    v_drafts := array(
        select row(
            1, b.account_id, p_operation_id, p_entry_kind, null, null, null, false, 1,
            b.debt - b.pending - b.available, p_now, null, null, null,
            case when p_entry_kind = 'merge' or greatest(b.pending, b.available, b.debt) > 0 then b.version + 1 end,
            -b.pending, -b.available, 0, -b.debt, 0, 0, b.held, 0, null, false, null, null, null
        )::points.draft
        from points.balance b
        where b.bucket = p_bucket and b.account_id = p_account_id
    );
    perform points.write_entries(p_bucket, v_drafts, p_now);
    perform points.take_lots(p_bucket, v_drafts, null, p_now);
    return v_drafts[1];
end
$$;

comment on function points.take_all(smallint, bigint, points.entry_kind, uuid, timestamptz) is
    'Takes all that a settled account has, pending and available, and what it owes, by one entry: write_off when its member is erased, merge when it goes to another account. What it holds stays.';
