create or replace function points.run_pair(p_request api.request)
returns table (refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile as $$
begin
    if p_request.kind in ('merge', 'unmerge') then
        return query select * from points.run_merge(p_request);
    else
        return query select * from points.run_transfer(p_request);
    end if;
end
$$;

comment on function points.run_pair(api.request) is
    'An operation on two accounts, both locked first, in one transaction: points.run_merge or points.run_transfer.';
