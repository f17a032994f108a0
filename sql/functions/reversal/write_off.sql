create or replace function points.write_off(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
declare
    v_drafts points.draft[];
begin
    v_drafts := array(
        select row(
            null, b.account_id, api.operation_id(0, 'write_off:' || b.version + 1), 'write_off', null, null, null, false, 1,
            d.debt_delta, p_now, null, null, null,
            b.version + 1, 0, 0, 0, -d.debt_delta,
            b.pending, b.available, b.held, b.debt - d.debt_delta, null, false, null, null, null
        )::points.draft
        from unnest(p_drafts) d
        cross join lateral (
            select * from points.balance b where b.bucket = p_bucket and b.account_id = d.account_id limit 1
        ) b
        where d.seq is not null and d.debt_delta > 0 and not b.merged
        order by b.account_id
    );
    perform points.write_entries(p_bucket, v_drafts, p_now);
    perform points.record_due(p_bucket, v_drafts, p_now);
end
$$;

comment on function points.write_off(smallint, points.draft[], timestamptz) is
    'Forgives the debt that these clawbacks made: debt policy clamp. The debt of a merged account goes on first (points.forward).';
