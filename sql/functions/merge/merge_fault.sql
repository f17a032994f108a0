create or replace function points.merge_fault(p_request api.request) returns text[]
language plpgsql immutable parallel safe as $$
begin
    return case
        when p_request.kind is null or p_request.kind not in ('merge', 'unmerge')
            then array['kind', 'must be merge or unmerge']
        when (p_request.kind = 'merge') <> (p_request.counterparty is not null)
            then array['counterparty', 'is for merge, which needs it']
        when length(p_request.counterparty) not between 1 and 64
            then array['counterparty', 'must have 1 to 64 characters']
        when p_request.counterparty = p_request.user_id
            then array['counterparty', 'must be another member']
    end;
end
$$;

comment on function points.merge_fault(api.request) is
    'The first thing wrong with a request to points.run_merge that points.input_fault does not know, as path and message; null: nothing.';
