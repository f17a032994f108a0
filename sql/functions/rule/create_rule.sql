create or replace function api.create_rule(p_code text, p_name text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
    insert into points.rule (code, name) values (p_code, p_name);
end
$$;

comment on function api.create_rule(text, text) is
    'Makes a rule, which awards nothing until it has a version.';
