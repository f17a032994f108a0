create or replace function points.set_aside(p_ticket uuid) returns int[]
language sql stable
return (
    select coalesce(array_agg((e.value ->> 'number')::int order by (e.value ->> 'number')::int), '{}')
    from points.batch_result r
    cross join lateral jsonb_array_elements(r.results) e
    where r.ticket = p_ticket and r.attempt = 0
);

comment on function points.set_aside(uuid) is
    'Numbers of the rows of a batch that were set aside when it was queued.';
