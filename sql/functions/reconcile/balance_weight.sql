create or replace function points.balance_weight(p_balance points.balance) returns numeric
language sql immutable parallel safe
return case when greatest((p_balance).earned, (p_balance).spent, (p_balance).expired, abs((p_balance).adjusted), abs((p_balance).transferred)) <= 536870912 then
    (points.account_hash((p_balance).account_id, (p_balance).version, (p_balance).pending, (p_balance).available, (p_balance).held, (p_balance).debt)
        - points.account_hash((p_balance).account_id, 0, 0, 0, 0, 0)
        + points.contra_weight((p_balance).account_id, 1) * (p_balance).earned
        - points.contra_weight((p_balance).account_id, 2) * (p_balance).spent
        - points.contra_weight((p_balance).account_id, 3) * (p_balance).expired
        + points.contra_weight((p_balance).account_id, 4) * (p_balance).adjusted
        + points.contra_weight((p_balance).account_id, 5) * (p_balance).transferred)::numeric
else
    points.account_hash((p_balance).account_id, (p_balance).version, (p_balance).pending, (p_balance).available, (p_balance).held, (p_balance).debt)::numeric
        - points.account_hash((p_balance).account_id, 0, 0, 0, 0, 0)
        + points.contra_weight((p_balance).account_id, 1)::numeric * (p_balance).earned
        - points.contra_weight((p_balance).account_id, 2)::numeric * (p_balance).spent
        - points.contra_weight((p_balance).account_id, 3)::numeric * (p_balance).expired
        + points.contra_weight((p_balance).account_id, 4)::numeric * (p_balance).adjusted
        + points.contra_weight((p_balance).account_id, 5)::numeric * (p_balance).transferred
end;

comment on function points.balance_weight(points.balance) is
    'What a balance weighs for the reconciler: what its entries come to, if it is right.';
