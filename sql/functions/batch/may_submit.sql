create or replace function points.may_submit(p_client_id int) returns void
language plpgsql stable as $$
begin
    if not exists (
        select from points.client c
        where c.id = p_client_id and c.revoked_at is null and c.scopes && array['earn', 'spend', 'adjust']
    ) then
        perform points.raise_refusal('FORBIDDEN', jsonb_build_object('scope', 'earn'));
    end if;
end
$$;

comment on function points.may_submit(int) is
    'Raises LP003 FORBIDDEN if the client may submit no operations at all.';
