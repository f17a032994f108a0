create or replace function points.redemption_event(p_redemption points.redemption) returns jsonb
language sql stable parallel safe
return jsonb_build_object(
    'id', p_redemption.id, 'reward', p_redemption.reward, 'price', p_redemption.price, 'status', p_redemption.status,
    'prize', p_redemption.prize, 'redeemedAt', points.instant_text(p_redemption.redeemed_at),
    'closedAt', points.instant_text(p_redemption.closed_at));

comment on function points.redemption_event(points.redemption) is
    'What receivers are told of a redemption: all but its coupon, which whoever may read can ask for.';
