create or replace function api.create_reward(
    p_code text,
    p_name text,
    p_kind points.reward_kind,
    p_price bigint,
    p_idempotency_key text,
    p_stock bigint default null,
    p_wallet text default 'points',
    p_cash_amount numeric default null,
    p_on_sale_from timestamptz default null,
    p_on_sale_until timestamptz default null,
    p_quota int default null,
    p_quota_period points.quota_period default null,
    p_prizes jsonb default null,
    p_client text default 'psql'
) returns table (replayed boolean, reward api.reward)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_fault text[];
    v_replayed boolean;
begin
    v_fault := case
        when p_code is null or p_code !~ '^[A-Z][A-Z0-9_]{0,31}$' then array['code', 'must be 1 to 32 capital letters, digits and _']
        when p_kind is null then array['kind', 'must not be null']
        when not exists (select from points.wallet w where w.code = p_wallet) then array['wallet', 'no such wallet']
        when p_stock not between 0 and 9007199254740991 then array['stock', 'must be from 0 to 9007199254740991']
        when p_kind = 'coupon' and p_stock is not null then array['stock', 'is the number of codes, which are added by themselves']
        when (p_kind = 'cash') <> (p_cash_amount is not null) then array['cash_amount', 'is for cash, which needs it']
        when p_cash_amount <= 0 or p_cash_amount >= 1e12 or p_cash_amount = 'NaN' or scale(p_cash_amount) > 8
            then array['cash_amount', 'must be above 0 and less than 1000000000000, with at most 8 decimals']
        when (p_kind = 'draw') <> (p_prizes is not null) then array['prizes', 'are for a draw, which needs them']
        else coalesce(
            points.terms_fault(p_name, p_price, p_on_sale_from, p_on_sale_until, p_quota, p_quota_period),
            case when p_kind = 'draw' then points.prizes_fault(p_prizes) end)
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;

    v_replayed := (points.note_change(p_client, 'rewards', p_idempotency_key, 'create_reward', p_code, jsonb_build_object(
        'name', p_name, 'kind', p_kind, 'price', p_price, 'stock', p_stock, 'wallet', p_wallet, 'cash_amount', p_cash_amount,
        'on_sale_from', p_on_sale_from, 'on_sale_until', p_on_sale_until, 'quota', p_quota, 'quota_period', p_quota_period,
        'prizes', p_prizes))).replayed;
    if not v_replayed then
        insert into points.reward (
            code, name, wallet, kind, price, unlimited, cash_amount, on_sale_from, on_sale_until, quota, quota_period, created_at)
        values (
            p_code, p_name, p_wallet, p_kind, p_price, p_stock is null and p_kind <> 'coupon', p_cash_amount,
            coalesce(p_on_sale_from, '-infinity'), coalesce(p_on_sale_until, 'infinity'), p_quota, p_quota_period, clock_timestamp())
        on conflict (code) do nothing;
        if not found then
            perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'code', 'message', 'there is a reward of this code'));
        end if;
        perform points.open_stock(p_code, p_stock, p_prizes);
    end if;
    return query select v_replayed, w from api.reward w where w.code = p_code;
end
$$;

comment on function api.create_reward(text, text, points.reward_kind, bigint, text, bigint, text, numeric, timestamptz, timestamptz, int, points.quota_period, jsonb, text) is
    'Makes a reward. p_stock: pieces, null: unlimited, or a coupon, whose codes api.add_coupons adds. p_prizes, of a draw: an array of {"name", "weight", "stock"} in the order of their numbers; one, the consolation prize, has no stock. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
