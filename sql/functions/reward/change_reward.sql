create or replace function api.change_reward(
    p_code text,
    p_name text,
    p_price bigint,
    p_status points.reward_status,
    p_idempotency_key text,
    p_on_sale_from timestamptz default null,
    p_on_sale_until timestamptz default null,
    p_quota int default null,
    p_quota_period points.quota_period default null,
    p_client text default 'psql'
) returns table (replayed boolean, reward api.reward)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_reward points.reward;
    v_fault text[];
    v_replayed boolean;
begin
    select * into v_reward from points.reward w where w.code = p_code for no key update;
    if not found then
        perform points.raise_refusal('UNKNOWN_REWARD', jsonb_build_object('reward', p_code));
    end if;
    v_fault := coalesce(
        case when p_status is null then array['status', 'must not be null'] end,
        points.terms_fault(p_name, p_price, p_on_sale_from, p_on_sale_until, p_quota, p_quota_period));
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;

    v_replayed := (points.note_change(p_client, 'rewards', p_idempotency_key, 'change_reward', p_code, jsonb_build_object(
        'name', p_name, 'price', p_price, 'status', p_status, 'on_sale_from', p_on_sale_from, 'on_sale_until', p_on_sale_until,
        'quota', p_quota, 'quota_period', p_quota_period))).replayed;
    if not v_replayed then
        if v_reward.status = 'retired' and p_status <> 'retired' then
            perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'status', 'message', 'a retired reward stays retired'));
        end if;
        update points.reward w
        set name = p_name, price = p_price, status = p_status, on_sale_from = coalesce(p_on_sale_from, '-infinity'),
            on_sale_until = coalesce(p_on_sale_until, 'infinity'), quota = p_quota, quota_period = p_quota_period
        where w.code = p_code;
    end if;
    return query select v_replayed, w from api.reward w where w.code = p_code;
end
$$;

comment on function api.change_reward(text, text, bigint, points.reward_status, text, timestamptz, timestamptz, int, points.quota_period, text) is
    'Gives a reward these terms from the next redemption on, all of them: what is left out is none. Redemptions keep theirs. Retired is for good. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP021 UNKNOWN_REWARD.';
