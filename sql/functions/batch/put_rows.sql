create or replace function api.put_rows(p_ticket uuid, p_no int, p_fence int, p_answers jsonb) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    return points.answer_piece(p_ticket, p_no, p_fence, p_answers);
end
$$;

comment on function api.put_rows(uuid, int, int, jsonb) is
    'Answers for a piece of a batch, for a gateway that has carried it out: points.answer_piece by the clock.';
