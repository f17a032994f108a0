create or replace function points.reserve(
    p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_redeems boolean, p_governed boolean,
    p_marks points.origin_mark[], p_chance uuid, p_now timestamptz
) returns boolean
language plpgsql volatile as $$
declare
    v_tight boolean := false;
begin
    if p_redeems then
        perform points.reserve_stock(p_bucket, p_requests, p_drafts, p_chance);
    end if;
    if p_governed then
        v_tight := points.reserve_budgets(p_bucket, p_requests, p_drafts);
    end if;
    if cardinality(p_marks) > 0 then
        perform points.reserve_origins(p_bucket, p_marks, p_drafts, p_now);
    end if;
    return v_tight;
end
$$;

comment on function points.reserve(smallint, api.request[], points.draft[], boolean, boolean, points.origin_mark[], uuid, timestamptz) is
    'Locks what accounts share, in one order: stock, then budgets, then origins. True: some budget may not reach all awards.';
