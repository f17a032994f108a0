create or replace function points.release_due(
    p_bucket smallint, p_account_ids bigint[], p_now timestamptz, p_until timestamptz
) returns void
language plpgsql volatile as $$
declare
    v_drafts points.draft[];
begin
    v_drafts := array(
        select row(
            null, h.account_id, api.operation_id(0, 'release:' || h.release_seq), 'release', null, null, null, false, 1,
            h.points, least(h.deadline, p_now), null, null, null,
            h.release_seq, 0, h.points, -h.points, 0,
            h.pending, h.available + h.released, h.held - h.released, h.debt, null, false,
            row(h.seq, h.held_at, 0, h.points)::points.undo, h.id, null
        )::points.draft
        from (
            select h.*, b.pending, b.available, b.held, b.debt,
                b.version + row_number() over w as release_seq, (sum(h.points) over w)::bigint as released
            from points.hold h
            cross join lateral (
                select * from points.balance b where b.bucket = p_bucket and b.account_id = h.account_id limit 1
            ) b
            where h.bucket = p_bucket and h.account_id = any (p_account_ids) and h.closed_at is null and h.deadline <= p_until
            window w as (partition by h.account_id order by h.deadline, h.seq)
        ) h
        order by h.account_id, h.release_seq
    );
    if v_drafts = '{}' then
        return;
    end if;

    perform points.write_entries(p_bucket, v_drafts, p_now);
    perform points.record_due(p_bucket, v_drafts, p_now);
    perform points.refill_lots(p_bucket, v_drafts, p_now);
    perform points.close_holds(p_bucket, v_drafts, p_now);
end
$$;

comment on function points.release_due(smallint, bigint[], timestamptz, timestamptz) is
    'Releases the holds of these locked accounts whose deadline is not after p_until (infinity: all), each by an operation of Jifen''s own.';
