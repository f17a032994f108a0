create or replace function points.point_value(p_wallet text) returns numeric
language plpgsql stable as $$
begin
    return (
        select coalesce(w.point_value, 1.0 / d.points_per_unit)
        from points.wallet w
        left join points.deduction d on d.wallet = w.code
        where w.code = p_wallet
    );
end
$$;

comment on function points.point_value(text) is
    'What a point of the wallet is worth in the program''s currency: as set, or else what it pays for of an order; null: nothing is known.';
