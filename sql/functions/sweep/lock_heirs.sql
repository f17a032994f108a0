create or replace function points.lock_heirs(p_accounts points.account[]) returns bigint[]
language plpgsql volatile as $$
declare
    v_account points.account;
    v_account_ids bigint[];
begin
    foreach v_account in array p_accounts loop
        if v_account.into_id is not null then
            perform from points.balance b
            where b.bucket = v_account.into_bucket and b.account_id = v_account.into_id
            for no key update skip locked;
            continue when not found;
        end if;
        v_account_ids := v_account_ids || v_account.id;
    end loop;
    return coalesce(v_account_ids, '{}');
end
$$;

comment on function points.lock_heirs(points.account[]) is
    'Those of these locked accounts that can be settled: a merged one only if the account that it was merged into could be locked too, since what it gets goes on there.';
