create or replace function api.add_stock(
    p_reward text,
    p_pieces bigint,
    p_idempotency_key text,
    p_prize smallint default 0,
    p_client text default 'psql'
) returns table (replayed boolean, reward api.reward)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_kind points.reward_kind := (select w.kind from points.reward w where w.code = p_reward);
    v_central bigint;
    v_fault text[];
    v_replayed boolean;
begin
    if v_kind is null then
        perform points.raise_refusal('UNKNOWN_REWARD', jsonb_build_object('reward', p_reward));
    end if;
    select c.remaining into v_central from points.stock c where c.item = p_reward and c.prize = p_prize for update;
    v_fault := case
        when v_kind = 'coupon' then array['reward', 'has the stock of its codes']
        when v_central is null then array[case when p_prize = 0 then 'reward' else 'prize' end, 'has no stock']
        when p_pieces is null or p_pieces = 0 then array['pieces', 'must not be 0']
        when p_pieces not between -9007199254740991 and 9007199254740991 then array['pieces', 'must be within 9007199254740991 either way']
        when abs(p_pieces) > 9007199254740991 - points.stock_left(p_reward, p_prize) then array['pieces', 'must keep the stock within 9007199254740991']
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;

    v_replayed := (points.note_change(p_client, 'rewards', p_idempotency_key, 'add_stock', p_reward, jsonb_build_object(
        'pieces', p_pieces, 'prize', p_prize))).replayed;
    if not v_replayed then
        if p_pieces < 0 then
            perform points.gather_slices(p_reward, p_prize);
            if points.stock_left(p_reward, p_prize) < -p_pieces then
                perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'pieces', 'message', 'there are not as many left'));
            end if;
        end if;
        update points.stock c set remaining = c.remaining + p_pieces where c.item = p_reward and c.prize = p_prize;
    end if;
    return query select v_replayed, w from api.reward w where w.code = p_reward;
end
$$;

comment on function api.add_stock(text, bigint, text, smallint, text) is
    'Adds pieces to the stock of a reward, or of a draw''s prize; below 0: takes them away, as far as there are any. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT, LP021 UNKNOWN_REWARD.';
