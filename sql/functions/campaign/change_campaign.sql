create or replace function api.change_campaign(
    p_code text,
    p_name text,
    p_status points.campaign_status,
    p_idempotency_key text,
    p_priority int default 100,
    p_exclusive boolean default false,
    p_member_cap bigint default null,
    p_ends_at timestamptz default null,
    p_client text default 'psql'
) returns table (replayed boolean, campaign api.campaign)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_campaign points.campaign;
    v_fault text[];
    v_change record;
begin
    select * into v_campaign from points.campaign c where c.code = p_code for no key update;
    v_fault := case
        when not found then array['code', 'no such campaign']
        when p_status is null then array['status', 'must not be null']
        else points.campaign_fault(p_name, p_priority, p_exclusive, p_member_cap, v_campaign.starts_at, p_ends_at)
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_change := points.note_change(p_client, 'rules', p_idempotency_key, 'change_campaign', p_code, jsonb_build_object(
        'name', p_name, 'status', p_status, 'priority', p_priority, 'exclusive', p_exclusive, 'member_cap', p_member_cap, 'ends_at', p_ends_at));
    if not v_change.replayed then
        if v_campaign.status = 'ended' and p_status <> 'ended' then
            perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'status', 'message', 'a campaign that has ended stays ended'));
        end if;
        update points.campaign c
        set name = p_name, status = p_status, priority = p_priority, exclusive = p_exclusive, member_cap = p_member_cap,
            ends_at = coalesce(p_ends_at, 'infinity')
        where c.code = p_code;
        perform points.note_governed();
    end if;
    return query select v_change.replayed, c from api.campaign c where c.code = p_code;
end
$$;

comment on function api.change_campaign(text, text, points.campaign_status, text, int, boolean, bigint, timestamptz, text) is
    'Gives a campaign these terms from the next award on, all of them: what is left out is none. What it adds, to which rules and for which levels stays, and so does its budget, which api.add_budget changes. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
