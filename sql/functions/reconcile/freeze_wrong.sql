create or replace function points.freeze_wrong(p_id bigint) returns void
language plpgsql volatile as $$
declare
    v_discrepancy points.discrepancy;
begin
    select * into v_discrepancy from points.discrepancy d where d.id = p_id;
    if exists (
        select from points.balance b
        where b.bucket = v_discrepancy.account_bucket and b.account_id = v_discrepancy.account_id and not b.frozen and not b.closed
    ) then
        begin
            perform points.execute(a.bucket, array[row('freeze', a.user_id, a.wallet, 1, 'discrepancy:' || p_id, null, null, null, null, null, null, null, null, null,
                'discrepancy ' || p_id || ': ' || v_discrepancy.check_name, 'reconciliation', null, null, null)::api.request])
            from points.account a
            where a.bucket = v_discrepancy.account_bucket and a.id = v_discrepancy.account_id and a.user_id is not null;
        -- Whatever is wrong with it keeps the engine from settling it. Locks that were not to be had break the step, which is tried again.
        exception when data_exception or integrity_constraint_violation or cardinality_violation or plpgsql_error or sqlstate 'LP000' then
            raise warning 'account % in bucket %: % (%)', v_discrepancy.account_id, v_discrepancy.account_bucket, sqlerrm, sqlstate;
        end;
        update points.balance b set frozen = true, touched_version = b.version
        where b.bucket = v_discrepancy.account_bucket and b.account_id = v_discrepancy.account_id and not b.frozen;
    end if;
    update points.discrepancy d
    set to_freeze = false, frozen = exists (
        select from points.balance b where b.bucket = d.account_bucket and b.account_id = d.account_id and b.frozen)
    where d.id = p_id;
end
$$;

comment on function points.freeze_wrong(bigint) is
    'Freezes the account of a discrepancy by an operation that says why; where the account cannot be settled, without one. Last in its transaction, since it locks the account.';
