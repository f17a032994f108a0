create or replace function api.add_budget(
    p_campaign text, p_points bigint, p_idempotency_key text, p_client text default 'psql'
) returns table (replayed boolean, campaign api.campaign)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_central bigint;
    v_fault text[];
    v_change record;
begin
    -- The centre first, as whoever takes from it does.
    select s.remaining into v_central from points.stock s where s.item = p_campaign and s.prize = -1 for update;
    v_fault := case
        when not exists (select from points.campaign c where c.code = p_campaign) then array['campaign', 'no such campaign']
        when v_central is null then array['campaign', 'has no budget']
        when p_points is null or p_points = 0 then array['points', 'must not be 0']
        when p_points not between -9007199254740991 and 9007199254740991 then array['points', 'must be within 9007199254740991 either way']
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_change := points.note_change(
        p_client, 'rules', p_idempotency_key, 'add_budget', p_campaign, jsonb_build_object('points', p_points));
    if not v_change.replayed then
        perform points.gather_slices(p_campaign, -1::smallint);
        update points.stock s
        set remaining = s.remaining + p_points
        where s.item = p_campaign and s.prize = -1 and s.remaining + p_points between 0 and 9007199254740991;
        if not found then
            perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'points', 'message', 'less than nothing, or more than can be counted, would be left'));
        end if;
    end if;
    return query select v_change.replayed, c from api.campaign c where c.code = p_campaign;
end
$$;

comment on function api.add_budget(text, bigint, text, text) is
    'Adds points to the budget of a campaign that has one; below 0: takes them away, as far as there are any. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
