create or replace function api.create_rule(p_code text, p_name text, p_once boolean default false) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
    insert into points.rule (code, name, once) values (p_code, p_name, p_once);
end
$$;

comment on function api.create_rule(text, text, boolean) is
    'Makes a rule, which awards nothing until it has a version. p_once: it awards an account once for ever; fixed for good.';
