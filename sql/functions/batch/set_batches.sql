create or replace function api.set_batches(p_rows bigint, p_rows_a_client bigint, p_days int) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if p_rows is null or p_rows not between 1 and 1000000000 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'rows', 'message', 'must be from 1 to 1000000000'));
    end if;
    if p_rows_a_client is null or p_rows_a_client not between 1 and p_rows then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'rows_a_client', 'message', 'must be from 1 to those of all'));
    end if;
    if p_days is null or p_days not between 1 and 90 then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'days', 'message', 'must be from 1 to 90'));
    end if;
    update points.program set batch_rows = p_rows, batch_rows_a_client = p_rows_a_client, batch_days = p_days;
end
$$;

comment on function api.set_batches(bigint, bigint, int) is
    'How many rows of batches may wait altogether (10,000,000 at first) and of one client (2,000,000), and for how many days batches are kept after they are done (7). Raises LP001 INVALID_INPUT.';
