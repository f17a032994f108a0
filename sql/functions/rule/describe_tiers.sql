create or replace function points.describe_tiers(p_starts numeric[], p_rates numeric[], p_currency text) returns text
language sql immutable parallel safe
return (
    select string_agg(
        concat(
            case when t.no = 1 then points.counted(trim_scale(t.rate)) || ' for each ' || p_currency else trim_scale(t.rate)::text end,
            case
                when t.until is not null then ' up to ' || trim_scale(t.until)
                when t.no > 1 then ' above'
            end),
        ', ' order by t.no)
    from (
        select r.no, r.rate, p_starts[r.no + 1] as until from unnest(p_rates) with ordinality r(rate, no)
    ) t
);

comment on function points.describe_tiers(numeric[], numeric[], text) is
    'Tiers in words, e.g. 1 point for each USD up to 100, 2 above.';
