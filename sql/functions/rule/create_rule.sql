create or replace function api.create_rule(
    p_code text, p_name text, p_idempotency_key text default null, p_client text default 'psql', p_once boolean default false
) returns table (replayed boolean, rule api.rule)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_fault text[];
    v_replayed boolean;
begin
    v_fault := case
        when p_code is null or p_code !~ '^[A-Z][A-Z0-9_]{0,31}$' then array['code', 'must be 1 to 32 capital letters, digits and _']
        when p_name is null or length(p_name) not between 1 and 128 then array['name', 'must have 1 to 128 characters']
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;

    v_replayed := (points.note_change(
        p_client, 'rules', coalesce(p_idempotency_key, 'rule ' || p_code), 'create_rule', p_code,
        jsonb_build_object('name', p_name, 'once', p_once))).replayed;
    if not v_replayed then
        insert into points.rule (code, name, once, created_at) values (p_code, p_name, coalesce(p_once, false), clock_timestamp()) on conflict (code) do nothing;
        if not found then
            perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'code', 'message', 'there is a rule of this code'));
        end if;
    end if;
    return query select v_replayed, r from api.rule r where r.code = p_code;
end
$$;

comment on function api.create_rule(text, text, text, text, boolean) is
    'Makes a rule, which awards nothing until a version of it is published. p_once: it awards an account once for ever; nothing changes that later. p_idempotency_key null: its code names the request. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
