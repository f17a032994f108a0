create or replace function api.set_sign_in(
    p_rule text,
    p_idempotency_key text,
    p_bonus_every int default null,
    p_bonus_points bigint default null,
    p_make_up_days int default 0,
    p_make_up_times int default 0,
    p_make_up_price bigint default 0,
    p_wallet text default 'points',
    p_client text default 'psql'
) returns table (replayed boolean, sign_in_terms api.sign_in_terms)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_fault text[];
    v_replayed boolean;
begin
    v_fault := case
        when p_wallet is null or not exists (select from points.wallet w where w.code = p_wallet) then array['wallet', 'no such wallet']
        when p_rule is null or not exists (select from points.rule r where r.code = p_rule) then array['rule', 'no such rule']
        when (select v.basis from points.rule_version v where v.rule = p_rule order by v.starts_at desc, v.version desc limit 1) in ('amount', 'tiers') then array['rule', 'needs an amount, which a sign-in has not']
        when (p_bonus_every is null) <> (p_bonus_points is null) then array['bonus_points', 'goes with bonus_every']
        when p_bonus_every not between 1 and 3660 then array['bonus_every', 'must be from 1 to 3660']
        when p_bonus_points not between 1 and 9007199254740991 then array['bonus_points', 'must be from 1 to 9007199254740991']
        when p_make_up_days is null or p_make_up_days not between 0 and 366 then array['make_up_days', 'must be from 0 to 366']
        when p_make_up_times is null or p_make_up_times not between 0 and 366 then array['make_up_times', 'must be from 0 to 366']
        when (p_make_up_days = 0) <> (p_make_up_times = 0) then array['make_up_times', 'goes with make_up_days']
        when p_make_up_price is null or p_make_up_price not between 0 and 9007199254740991
            then array['make_up_price', 'must be from 0 to 9007199254740991']
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_replayed := (points.note_change(p_client, 'rewards', p_idempotency_key, 'set_sign_in', p_wallet, jsonb_build_object(
        'rule', p_rule, 'bonus_every', p_bonus_every, 'bonus_points', p_bonus_points, 'make_up_days', p_make_up_days,
        'make_up_times', p_make_up_times, 'make_up_price', p_make_up_price))).replayed;
    if not v_replayed then
        insert into points.sign_in_terms (wallet, rule, bonus_every, bonus_points, make_up_days, make_up_times, make_up_price)
        values (p_wallet, p_rule, p_bonus_every, p_bonus_points, p_make_up_days, p_make_up_times, p_make_up_price)
        on conflict (wallet) do update
        set rule = excluded.rule, bonus_every = excluded.bonus_every, bonus_points = excluded.bonus_points,
            make_up_days = excluded.make_up_days, make_up_times = excluded.make_up_times, make_up_price = excluded.make_up_price;
    end if;
    return query select v_replayed, t from api.sign_in_terms t where t.wallet = p_wallet;
end
$$;

comment on function api.set_sign_in(text, text, int, bigint, int, int, bigint, text, text) is
    'Sets what signing in gives in a wallet, all of it: the rule that prices it, the bonus on each p_bonus_every-th consecutive day, and how days can be made up: how many days back, how often a month, for how many points. Without: none. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
