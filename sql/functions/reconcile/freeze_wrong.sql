create or replace function points.freeze_wrong(p_discrepancy points.discrepancy) returns void
language plpgsql volatile as $$
begin
    if exists (
        select from points.balance b
        where b.bucket = p_discrepancy.account_bucket and b.account_id = p_discrepancy.account_id and not b.frozen and not b.closed
    ) then
        begin
            perform points.execute(a.bucket, array[row('freeze', a.user_id, a.wallet, 1, 'discrepancy:' || p_discrepancy.id, null, null, null, null, null, null, null, null, null,
                'discrepancy ' || p_discrepancy.id || ': ' || p_discrepancy.check_name, 'reconciliation', null, null, null)::api.request])
            from points.account a
            where a.bucket = p_discrepancy.account_bucket and a.id = p_discrepancy.account_id and a.user_id is not null;
        exception when others then
            -- Whatever is wrong with it keeps the engine from settling it.
            raise warning 'account % in bucket %: % (%)', p_discrepancy.account_id, p_discrepancy.account_bucket, sqlerrm, sqlstate;
        end;
        update points.balance b set frozen = true, touched_version = b.version
        where b.bucket = p_discrepancy.account_bucket and b.account_id = p_discrepancy.account_id and not b.frozen;
    end if;
    update points.discrepancy d set frozen = true
    where d.id = p_discrepancy.id and exists (
        select from points.balance b where b.bucket = p_discrepancy.account_bucket and b.account_id = p_discrepancy.account_id and b.frozen);
end
$$;

comment on function points.freeze_wrong(points.discrepancy) is
    'Freezes the account of a discrepancy by an operation that says why; where the account cannot be settled, without one.';
