create or replace function points.pair_one(p_client text, p_request api.request)
returns table (replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile as $$
declare
    v_outcome record;
begin
    select c.id into p_request.client_id from points.client c where c.name = p_client;
    select * into v_outcome from points.run_pair(p_request);
    if v_outcome.refusal is not null then
        perform points.raise_refusal(v_outcome.refusal, v_outcome.detail);
    end if;
    return query select v_outcome.replayed, v_outcome.operation, v_outcome.entry, v_outcome.account;
end
$$;

comment on function points.pair_one(text, api.request) is
    'One operation between two members in the name of a client, raising a refusal as an error: what the functions of schema api share.';
