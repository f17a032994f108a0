create or replace function points.client_fault(
    p_name text, p_scopes text[], p_rules text[], p_wallets text[], p_rate numeric, p_burst int, p_expires_at timestamptz
) returns text[]
language plpgsql stable as $$
declare
    v_scopes constant text[] := array['earn', 'spend', 'reverse', 'adjust', 'rewards', 'rules', 'webhooks', 'read', 'audit'];
begin
    return case
        when p_name is null or length(p_name) not between 1 and 64 then array['name', 'must have 1 to 64 characters']
        when exists (select from points.client c where c.name = p_name and c.id < 100)
            then array['name', format('%s is Jifen''s own name', p_name)]
        when p_scopes is null then array['scopes', 'must be at least one']
        when not p_scopes <@ v_scopes
            then array['scopes', format('must be of %s, or operator or auditor', array_to_string(v_scopes, ', '))]
        when exists (select from unnest(p_rules) r(code) where r.code is null or r.code not in (select u.code from points.rule u))
            then array['rules', 'no such rule']
        when exists (select from unnest(p_wallets) w(code) where w.code is null or w.code not in (select u.code from points.wallet u))
            then array['wallets', 'no such wallet']
        when p_rate < 0.001 or p_rate > 1000000 then array['rate', 'must be from 0.001 to 1000000 a second']
        when p_burst not between 1 and 1000000 then array['burst', 'must be from 1 to 1000000']
        when p_burst is not null and p_rate is null then array['burst', 'goes with a rate']
        when p_expires_at <= now() then array['expires_at', 'must be in the future']
    end;
end
$$;

comment on function points.client_fault(text, text[], text[], text[], numeric, int, timestamptz) is
    'The first thing wrong with a client, as path and message; null: nothing.';
