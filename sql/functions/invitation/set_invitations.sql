create or replace function api.set_invitations(
    p_qualifying_rule text,
    p_inviter_rule text,
    p_invited_rule text,
    p_idempotency_key text,
    p_cap int default null,
    p_wallet text default 'points',
    p_client text default 'psql'
) returns table (replayed boolean, invitation_terms api.invitation_terms)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_fault text[];
    v_replayed boolean;
begin
    v_fault := case
        when not exists (select from points.wallet w where w.code = p_wallet) then array['wallet', 'no such wallet']
        when not exists (select from points.rule r where r.code = p_qualifying_rule) then array['qualifying_rule', 'no such rule']
        when not exists (select from points.rule r where r.code = p_inviter_rule) then array['inviter_rule', 'no such rule']
        when not exists (select from points.rule r where r.code = p_invited_rule) then array['invited_rule', 'no such rule']
        when p_qualifying_rule in (p_inviter_rule, p_invited_rule) then array['qualifying_rule', 'must not be what invitations are paid by']
        when p_cap < 1 then array['cap', 'must be positive']
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_replayed := (points.note_change(p_client, 'rewards', p_idempotency_key, 'set_invitations', p_wallet, jsonb_build_object(
        'qualifying_rule', p_qualifying_rule, 'inviter_rule', p_inviter_rule, 'invited_rule', p_invited_rule, 'cap', p_cap))).replayed;
    if not v_replayed then
        insert into points.invitation_terms (wallet, qualifying_rule, inviter_rule, invited_rule, cap)
        values (p_wallet, p_qualifying_rule, p_inviter_rule, p_invited_rule, p_cap)
        on conflict (wallet) do update
        set qualifying_rule = excluded.qualifying_rule, inviter_rule = excluded.inviter_rule, invited_rule = excluded.invited_rule,
            cap = excluded.cap;
    end if;
    return query select v_replayed, t from api.invitation_terms t where t.wallet = p_wallet;
end
$$;

comment on function api.set_invitations(text, text, text, text, int, text, text) is
    'Sets what invitations give in a wallet: by whose first award an invited member qualifies (REGISTER: registration; ORDER: the first order), by which rules both sides are paid, and for how many an inviter is. Rules that award fixed points, or given points with a default. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
