create or replace function points.find_pair(
    p_bucket smallint, p_request api.request, p_account_id bigint, p_to_bucket smallint, p_to_id bigint,
    out known boolean, out kind points.operation_kind, out to_bucket smallint, out to_id bigint, out taken_by uuid, out erased boolean
)
language plpgsql stable as $$
begin
    select true, o.kind, o.counterparty_bucket, o.counterparty_id,
        api.operation_id(0, format('receive:%s:%s', o.account_id, o.id)),
        o.counterparty_id is not null and points.user_id_of(o.counterparty_bucket, o.counterparty_id) is null
    into known, kind, to_bucket, to_id, taken_by, erased
    from points.operation o
    where o.bucket = p_bucket and o.account_id = p_account_id and o.id = p_request.original
        and (p_request.kind = 'reverse' or o.kind = 'hold' and o.counterparty_id is not null
            and (p_request.counterparty is null or (o.counterparty_bucket, o.counterparty_id) = (p_to_bucket, p_to_id)));
    if not found then
        known := false;
        to_bucket := p_to_bucket;
        to_id := p_to_id;
    end if;
end
$$;

comment on function points.find_pair(smallint, api.request, bigint, smallint, bigint) is
    'The offer that is accepted, declined or cancelled, or the operation that is reversed, and whose account the other is; not known: the sender has no such one, or offered it to another member. taken_by: the receiver''s operation. erased: the receiver is no more. Operations never change, so this needs no lock.';
