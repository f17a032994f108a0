create or replace function points.offer_refusal(p_reward points.reward, p_wallet text, p_expected bigint, p_now timestamptz) returns text
language sql immutable parallel safe
return case
    when (p_reward).code is null then 'UNKNOWN_REWARD'
    when (p_reward).wallet <> p_wallet then 'INVALID_INPUT'
    when (p_reward).status <> 'active' or p_now < (p_reward).on_sale_from or p_now >= (p_reward).on_sale_until then 'NOT_ON_SALE'
    when p_expected <> (p_reward).price then 'PRICE_CHANGED'
end;

comment on function points.offer_refusal(points.reward, text, bigint, timestamptz) is
    'Why a reward cannot be redeemed on these terms, whatever is left of it; null: it can.';
