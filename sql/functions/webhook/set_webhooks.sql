create or replace function api.set_webhooks(p_to_private boolean, p_days int) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if p_to_private is null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'to_private', 'message', 'must not be null'));
    end if;
    if p_days is null or p_days not between 1 and 90 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'days', 'message', 'must be from 1 to 90'));
    end if;
    update points.program set webhooks_to_private = p_to_private, webhook_days = p_days;
end
$$;

comment on function api.set_webhooks(boolean, int) is
    'Whether events may be sent to private addresses (loopback, local networks and the like; false at first), and for how many days deliveries are kept after they were delivered or given up (7 at first). Raises LP001 INVALID_INPUT.';
