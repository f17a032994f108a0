create or replace function points.extendable(
    p_bucket smallint, p_account_id bigint, p_seq bigint, p_before text, p_expires_at timestamptz
) returns setof points.lot
language plpgsql stable as $$
begin
    return query
        select l.*
        from points.lot l
        where l.bucket = p_bucket and l.account_id = p_account_id and l.expires_at < p_expires_at
            and case when p_before is null then l.seq = p_seq else l.expires_at < p_before::timestamptz end
            -- Its lot ends with the review.
            and not exists (
                select from points.review r
                where r.bucket = p_bucket and r.account_id = p_account_id and r.seq = l.seq and r.closed_at is null and l.expires_at <= r.deadline
            );
end
$$;

comment on function points.extendable(smallint, bigint, bigint, text, timestamptz) is
    'The lots of an account that an entry granted, or, if p_before is given, that expire before it, as far as they expire before p_expires_at. Awards in review are left out.';
