create or replace function api.add_coupons(
    p_reward text,
    p_codes text[],
    p_idempotency_key text,
    p_client text default 'psql'
) returns table (replayed boolean, reward api.reward)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_kind points.reward_kind := (select w.kind from points.reward w where w.code = p_reward);
    v_fault text[];
    v_replayed boolean;
    v_last bigint;
begin
    if v_kind is null then
        perform points.raise_refusal('UNKNOWN_REWARD', jsonb_build_object('reward', p_reward));
    end if;
    v_fault := case
        when v_kind <> 'coupon' then array['reward', 'is not a coupon']
        when cardinality(p_codes) not between 1 and 10000 or p_codes is null then array['codes', 'must be 1 to 10000']
        when exists (select from unnest(p_codes) as c(code) where c.code is null or length(c.code) not between 1 and 128)
            then array['codes', 'must have 1 to 128 characters each']
        when (select count(distinct c.code) from unnest(p_codes) as c(code)) < cardinality(p_codes) then array['codes', 'must differ']
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;

    v_replayed := (points.note_change(p_client, 'rewards', p_idempotency_key, 'add_coupons', p_reward, to_jsonb(p_codes))).replayed;
    if not v_replayed then
        -- Also keeps another upload from taking the same numbers.
        perform from points.stock c where c.item = p_reward and c.prize = 0 for update;
        if exists (select from points.coupon c where c.reward = p_reward and c.code = any (p_codes)) then
            perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'codes', 'message', 'are partly in the pool, or were'));
        end if;
        v_last := (select coalesce(max(c.no), 0) from points.coupon c where c.reward = p_reward);
        insert into points.coupon (reward, no, code)
        select p_reward, v_last + c.place, c.code from unnest(p_codes) with ordinality as c(code, place);
        update points.stock c set remaining = c.remaining + cardinality(p_codes) where c.item = p_reward and c.prize = 0;
    end if;
    return query select v_replayed, w from api.reward w where w.code = p_reward;
end
$$;

comment on function api.add_coupons(text, text[], text, text) is
    'Adds up to 10,000 codes to the pool of a coupon, in the order of handing out: all, or none if one has ever been there. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP021 UNKNOWN_REWARD.';
