create or replace function points.record_round(
    p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_returns boolean, p_now timestamptz
) returns void
language plpgsql volatile as $$
declare
    v_drafts points.draft[];
begin
    v_drafts := array(
        select d from unnest(p_drafts) d
        where d.ord is not null and ((p_requests[d.ord]).kind = 'return') = p_returns
        order by d.ord
    );
    perform points.record(p_bucket, array(select p_requests[d.ord] from unnest(v_drafts) d order by d.ord), v_drafts, p_now);
end
$$;

comment on function points.record_round(smallint, api.request[], points.draft[], boolean, timestamptz) is
    'Writes the operations of a round with special ones, so that the next round can undo them; p_returns: the returns, once they know what they have undone, or else the others.';
