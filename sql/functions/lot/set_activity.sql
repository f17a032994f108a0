create or replace function api.set_activity(p_kinds points.operation_kind[], p_idempotency_key text, p_client text default 'psql')
returns table (replayed boolean, activity_kinds points.operation_kind[])
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_kinds text[] := array(select distinct k.kind::text from unnest(p_kinds) k(kind) order by 1);
    v_replayed boolean;
begin
    if p_kinds is null or not v_kinds <@ array[
        'earn', 'spend', 'adjust', 'hold', 'capture', 'transfer', 'redeem', 'sign_in', 'make_up', 'set_time_zone', 'progress', 'claim', 'invite', 'join']
    then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'kinds', 'message',
            'must be of earn, spend, adjust, hold, capture, transfer, redeem, sign_in, make_up, set_time_zone, progress, claim, invite and join'));
    end if;
    v_replayed := (points.note_change(p_client, 'rules', p_idempotency_key, 'set_activity', 'program', jsonb_build_object('kinds', v_kinds))).replayed;
    if not v_replayed then
        update points.program p set activity_kinds = v_kinds;
    end if;
    return query select v_replayed, p.activity_kinds from api.program p;
end
$$;

comment on function api.set_activity(points.operation_kind[], text, text) is
    'Which kinds of operations count as a member''s activity, from now on: it puts off the expiry of points by rules with an idle time. What is refused, reversals, and what Jifen does by itself never count; {}: nothing does. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
