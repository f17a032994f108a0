create or replace function points.terms_fault(
    p_name text, p_price bigint, p_on_sale_from timestamptz, p_on_sale_until timestamptz, p_quota int, p_quota_period points.quota_period
) returns text[]
language sql immutable parallel safe
return case
    when p_name is null or length(p_name) not between 1 and 128 then array['name', 'must have 1 to 128 characters']
    when p_price is null or p_price not between 1 and 9007199254740991 then array['price', 'must be from 1 to 9007199254740991']
    when p_on_sale_until <= p_on_sale_from then array['on_sale_until', 'must be after on_sale_from']
    when p_quota < 1 then array['quota', 'must be positive']
    when (p_quota is null) <> (p_quota_period is null) then array['quota_period', 'goes with a quota']
end;

comment on function points.terms_fault(text, bigint, timestamptz, timestamptz, int, points.quota_period) is
    'The first thing wrong with a reward''s terms, as path and message; null: nothing.';
