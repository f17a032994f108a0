create or replace function points.settle_swept(p_bucket smallint, p_account_ids bigint[], p_now timestamptz) returns void
language plpgsql volatile as $$
begin
    perform points.settle(p_bucket, p_account_ids, p_now);
    perform points.forward(p_bucket, p_account_ids, p_now);
end
$$;

comment on function points.settle_swept(smallint, bigint[], timestamptz) is
    'Settles these locked accounts as an operation on them would; what merged ones get goes on.';
