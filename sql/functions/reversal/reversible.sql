create or replace function points.reversible(p_bucket smallint, p_account_id bigint, p_operation_id uuid, p_points bigint)
returns bigint
language plpgsql stable as $$
begin
    return p_points - coalesce((
        select r.reversed from points.reversal r
        where r.bucket = p_bucket and r.account_id = p_account_id and r.operation_id = p_operation_id
    ), 0);
end
$$;

comment on function points.reversible(smallint, bigint, uuid, bigint) is
    'What is left to undo of an operation that moved p_points.';
