create or replace function points.merge_seqs(p_from_bucket smallint, p_from_id bigint, p_into_bucket smallint, p_into_id bigint) returns bigint[]
language plpgsql stable as $$
begin
    return array(
        select o.seq
        from points.operation o
        where o.bucket = p_into_bucket and o.account_id = p_into_id and o.kind in ('merge', 'forward')
            and o.counterparty_bucket = p_from_bucket and o.counterparty_id = p_from_id
            and o.seq > coalesce((
                select max(u.seq) from points.operation u
                where u.bucket = p_into_bucket and u.account_id = p_into_id and u.kind = 'unmerge'
                    and u.counterparty_bucket = p_from_bucket and u.counterparty_id = p_from_id
            ), 0)
    );
end
$$;

comment on function points.merge_seqs(smallint, bigint, smallint, bigint) is
    'The entries by which a merged account brought points or debt to the second one, since it was merged.';
