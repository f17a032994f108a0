create or replace function points.offer_detail(p_refusal text, p_asked text, p_reward points.reward) returns jsonb
language sql immutable parallel safe
return case p_refusal
    when 'UNKNOWN_REWARD' then jsonb_build_object('reward', p_asked)
    when 'INVALID_INPUT' then jsonb_build_object('path', 'wallet', 'message', format('the reward is for %s', (p_reward).wallet))
    when 'NOT_ON_SALE' then jsonb_build_object('status', (p_reward).status,
        'on_sale_from', nullif((p_reward).on_sale_from, '-infinity'), 'on_sale_until', nullif((p_reward).on_sale_until, 'infinity'))
    when 'PRICE_CHANGED' then jsonb_build_object('price', (p_reward).price)
    when 'OUT_OF_STOCK' then jsonb_build_object('reward', p_asked)
end;

comment on function points.offer_detail(text, text, points.reward) is
    'Facts of a refusal by points.offer_refusal, or for want of stock.';
