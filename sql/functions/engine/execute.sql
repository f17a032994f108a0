create or replace function points.execute(
    p_bucket smallint,
    p_requests api.request[],
    p_now timestamptz default null
) returns table (refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile as $$
declare
    v_drafts points.draft[] := points.carry_out(p_bucket, p_requests, p_now);
begin
    return query select * from points.answer(p_bucket, v_drafts);
end
$$;

comment on function points.execute(smallint, api.request[], timestamptz) is
    'api.execute for the engine itself: carries out operations and answers each, in order. p_now moves the clock in tests; null: the clock.';
