create or replace function points.freed_shares(p_bucket smallint, p_account_id bigint, p_operation_id uuid, p_points bigint)
returns table (campaign text, points bigint)
language plpgsql stable as $$
begin
    return query
        select c.key, (div(c.value::numeric * v.reversed, v.points) - div(c.value::numeric * (v.reversed - p_points), v.points))::bigint
        from points.operation o
        join points.reversal v on v.bucket = o.bucket and v.account_id = o.account_id and v.operation_id = o.id
        cross join lateral jsonb_each_text(o.detail -> 'campaigns') as c
        where o.bucket = p_bucket and o.account_id = p_account_id and o.id = p_operation_id;
end
$$;

comment on function points.freed_shares(smallint, bigint, uuid, bigint) is
    'What campaigns get back of an award of which p_points more have just been undone: of each bonus floor(bonus * undone / award), less what came back before, so parts add up to the whole.';
