create or replace function points.close_holds(p_bucket smallint, p_drafts points.draft[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    update points.hold h
    set captured = h.points - d.available_delta, closed_at = p_now, closed_by = d.operation_id
    from unnest(p_drafts) d
    where h.bucket = p_bucket and h.account_id = d.account_id and h.id = d.undoes
        and d.seq is not null and d.entry_kind in ('capture', 'release', 'transfer');
end
$$;

comment on function points.close_holds(smallint, points.draft[], timestamptz) is
    'Closes the holds that were captured, transferred or released: what did not go back is captured.';
