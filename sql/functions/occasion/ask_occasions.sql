create or replace function points.ask_occasions(p_requests api.request[]) returns api.request[]
language plpgsql stable as $$
begin
    return array(
        select row(
            case r.kind when 'sign_in' then 'earn' when 'claim' then 'earn' when 'make_up' then 'spend' else r.kind end,
            r.user_id, r.wallet, r.client_id, r.idempotency_key,
            case r.kind when 'sign_in' then t.rule when 'claim' then k.rule else r.rule end,
            r.order_key, r.reward, r.original, r.counterparty, r.amount,
            case r.kind when 'make_up' then greatest(t.make_up_price, 1) when 'claim' then k.points else r.points end,
            r.occurred_at, r.expires_at, r.reason, r.actor, r.metadata,
            case when r.kind not in ('sign_in', 'make_up', 'claim') then r.subject end, r.origin
        )::api.request
        from unnest(p_requests) with ordinality
            as r(kind, user_id, wallet, client_id, idempotency_key, rule, order_key, reward, original, counterparty, amount, points, occurred_at, expires_at, reason, actor, metadata, subject, origin, ord)
        left join lateral (
            select * from points.sign_in_terms t where r.kind in ('sign_in', 'make_up') and t.wallet = coalesce(r.wallet, 'points') limit 1
        ) t on true
        left join lateral (
            select * from points.task k where r.kind = 'claim' and k.code = r.subject limit 1
        ) k on true
        order by r.ord
    );
end
$$;

comment on function points.ask_occasions(api.request[]) is
    'The requests as the awards and debits that they come to: a sign-in is an earn by the rule of its terms, a claim one by the rule of its task, a day made up a spend of its price, at least 1 here. So they are checked and priced like these.';
