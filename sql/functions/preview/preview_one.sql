create or replace function points.preview_one(p_client text, p_request api.request)
returns table (
    refusal text, detail jsonb, points bigint, available_at timestamptz, expires_at timestamptz, previous_level text, level text,
    account api.account, entries api.entry[], lots api.preview_lot[]
)
language plpgsql volatile as $$
begin
    select c.id into p_request.client_id from points.client c where c.name = p_client;
    return query select p.* from points.preview(p_request) p;
end
$$;

comment on function points.preview_one(text, api.request) is
    'Previews an operation in the name of a client: what the functions of schema api share.';
