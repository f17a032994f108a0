create or replace function points.transfer_fault(p_request api.request) returns text[]
language plpgsql immutable parallel safe as $$
begin
    return case
        when p_request.kind is null or p_request.kind not in ('transfer', 'hold', 'release', 'reverse')
            then array['kind', 'must be transfer, hold (an offer), release or reverse']
        when p_request.kind in ('transfer', 'hold') and p_request.counterparty is null
            then array['counterparty', 'must not be null']
        when p_request.kind = 'reverse' and p_request.counterparty is not null
            then array['counterparty', 'is not for reversals']
        when length(p_request.counterparty) not between 1 and 64
            then array['counterparty', 'must have 1 to 64 characters']
        when p_request.counterparty = p_request.user_id
            then array['counterparty', 'must be another member']
        when num_nonnulls(p_request.order_key, p_request.amount, p_request.occurred_at) > 0
            then array['order_key', 'a transfer has no order, no amount and no time of its own']
        when p_request.kind = 'transfer' and p_request.expires_at is not null
            then array['expires_at', 'is the deadline of an offer']
        when p_request.kind = 'transfer' and p_request.original is not null and p_request.points is not null
            then array['points', 'an offer is accepted whole']
    end;
end
$$;

comment on function points.transfer_fault(api.request) is
    'The first thing wrong with a request to points.run_transfer that points.input_fault does not know, as path and message; null: nothing.';
