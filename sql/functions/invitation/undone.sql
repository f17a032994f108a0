create or replace function points.undone(p_bucket smallint, p_account_id bigint, p_operation_id uuid) returns boolean
language plpgsql stable as $$
begin
    return exists (
        select from points.reversal r
        where r.bucket = p_bucket and r.account_id = p_account_id and r.operation_id = p_operation_id and r.reversed = r.points
    );
end
$$;

comment on function points.undone(smallint, bigint, uuid) is
    'Whether all that an operation moved has been undone.';
