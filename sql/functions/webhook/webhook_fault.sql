create or replace function points.webhook_fault(
    p_url text, p_events points.webhook_event[], p_wallets text[], p_kinds points.entry_kind[], p_rules text[], p_minimum bigint, p_per_second int
) returns text[]
language plpgsql stable as $$
begin
    return case
        when p_url is null or length(p_url) > 2048 or p_url !~ '^https?://[A-Za-z0-9.:\[\]-]+([/?][!-"$-~]*)?$'
            then array['url', 'must be an address such as https://shop.example/jifen, without user, password and fragment, of at most 2048 characters']
        when p_events is null or array_ndims(p_events) > 1 or cardinality(p_events) = 0 or array_position(p_events, null) is not null
            or cardinality(p_events) > (select count(distinct e) from unnest(p_events) e)
            then array['events', 'must be one or more events, each once']
        when 'webhook.ping' = any (p_events) then array['events', 'a ping is asked for, not subscribed to']
        when cardinality(p_wallets) not between 1 and 100
            or exists (select from unnest(p_wallets) n where n is null or not exists (select from points.wallet w where w.code = n))
            then array['wallets', 'must be wallets that there are']
        when p_wallets is not null and p_events = '{bucket.sealed}' then array['wallets', 'a seal is of a bucket, whatever the wallet']
        when array_ndims(p_kinds) > 1 or cardinality(p_kinds) = 0 or array_position(p_kinds, null) is not null then array['kinds', 'must be one or more kinds of entries']
        when p_minimum not between 1 and 9007199254740991 then array['minimum', 'must be from 1 to 9007199254740991']
        when num_nonnulls(p_kinds, p_rules, p_minimum) > 0 and 'entry.booked' <> all (p_events)
            then array['events', 'kinds, rules and minimum are about entry.booked']
        when p_per_second is null or p_per_second not between 1 and 10000 then array['per_second', 'must be from 1 to 10000']
        when p_rules is not null then points.rules_fault(p_rules)
    end;
end
$$;

comment on function points.webhook_fault(text, points.webhook_event[], text[], points.entry_kind[], text[], bigint, int) is
    'What is wrong with the terms of a webhook, as path and message; null: nothing.';
