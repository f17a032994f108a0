create or replace function points.merge_into(
    p_from_bucket smallint, p_from_id bigint, p_into_bucket smallint, p_into_id bigint, p_request api.request, p_now timestamptz
) returns points.draft
language plpgsql volatile as $$
declare
    v_draft points.draft;
begin
    update points.account a
    set into_bucket = p_into_bucket, into_id = p_into_id
    where a.into_bucket = p_from_bucket and a.into_id = p_from_id or a.bucket = p_from_bucket and a.id = p_from_id;
    update points.balance b
    set merged = true, touched_version = b.version
    where b.bucket = p_from_bucket and b.account_id = p_from_id;
    perform points.announce(a.bucket, a.id::text) from points.account a where a.into_bucket = p_into_bucket and a.into_id = p_into_id;
    v_draft := points.move_all(p_from_bucket, p_from_id, p_into_bucket, p_into_id, p_request, p_now);
    -- Those that had been merged into it count for its heir from now on, and not for its own level.
    perform points.inherit(p_from_bucket, p_from_id, v_draft.seq, p_now);
    return v_draft;
end
$$;

comment on function points.merge_into(smallint, bigint, smallint, bigint, api.request, timestamptz) is
    'Merges an account into another, and with it those that had been merged into it, so that one step leads to where points go. All are settled and locked.';
