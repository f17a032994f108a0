create or replace function api.import_client(p_scope text default 'earn') returns int
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_client points.client;
begin
    select * into v_client from points.client c where c.name = 'import';
    if not found then
        insert into points.client (name, scopes) values ('import', '{earn,adjust}') on conflict (name) do nothing;
        select * into strict v_client from points.client c where c.name = 'import';
    end if;
    if v_client.revoked_at is not null or p_scope <> all (v_client.scopes) then
        perform points.raise_refusal('FORBIDDEN', '{"client": "import"}');
    end if;
    return v_client.id;
end
$$;

comment on function api.import_client(text) is
    'Id of the client named import, which owns the operations of `jifen import` and has no API key; made if it isn''t there. Raises LP003 FORBIDDEN when it was revoked, or has not the scope p_scope.';
