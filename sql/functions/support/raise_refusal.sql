create or replace function points.raise_refusal(p_code text, p_detail jsonb) returns void
language plpgsql stable as $$
declare
    v_refusal points.refusal;
begin
    select * into strict v_refusal from points.refusal r where r.code = p_code;
    raise exception using
        errcode = v_refusal.sqlstate,
        message = v_refusal.code,
        detail = coalesce(p_detail::text, ''),
        hint = v_refusal.meaning;
end
$$;

comment on function points.raise_refusal(text, jsonb) is
    'Raises a refusal as an error: SQLSTATE of points.refusal, the code as message, the facts as detail.';
