create or replace function points.erase_accounts(
    p_request api.request, p_buckets smallint[], p_drafts points.draft[], p_now timestamptz
) returns table (refusal text, detail jsonb, replayed boolean, accounts int, points bigint, erased_at timestamptz)
language plpgsql volatile as $$
declare
    v_points bigint := 0::bigint;
begin
    for v_number in 1 .. cardinality(p_buckets) loop
        v_points := v_points + points.erase_account(p_buckets[v_number], (p_drafts[v_number]).account_id, p_request, p_now);
    end loop;
    insert into points.erasure (bucket, id, client_id, recorded_at, accounts, points)
    values (points.bucket(p_request.user_id, 'points'), points.erasure_id(p_request), p_request.client_id, p_now, cardinality(p_buckets), v_points);
    return query select null, null::jsonb, false, cardinality(p_buckets), v_points, p_now;
end
$$;

comment on function points.erase_accounts(api.request, smallint[], points.draft[], timestamptz) is
    'Erases these locked accounts of a member, and keeps that it was done.';
