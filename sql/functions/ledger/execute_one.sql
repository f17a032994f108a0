create or replace function points.execute_one(p_client text, p_request api.request)
returns table (refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile as $$
begin
    select c.id into p_request.client_id from points.client c where c.name = p_client;
    return query
        select * from points.execute(
            coalesce(points.bucket(p_request.user_id, coalesce(p_request.wallet, 'points')), 0::smallint), array[p_request]);
end
$$;

comment on function points.execute_one(text, api.request) is
    'One operation in the name of a client: what the functions of schema api share.';
