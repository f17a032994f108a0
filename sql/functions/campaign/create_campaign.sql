create or replace function api.create_campaign(
    p_code text,
    p_name text,
    p_basis points.campaign_basis,
    p_rules text[],
    p_idempotency_key text,
    p_multiplier numeric default null,
    p_bonus bigint default null,
    p_levels text[] default null,
    p_priority int default 100,
    p_exclusive boolean default false,
    p_member_cap bigint default null,
    p_budget bigint default null,
    p_starts_at timestamptz default null,
    p_ends_at timestamptz default null,
    p_client text default 'psql'
) returns table (replayed boolean, campaign api.campaign)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_now timestamptz := clock_timestamp();
    v_fault text[];
    v_change record;
begin
    v_fault := case
        when p_code is null or p_code !~ '^[A-Z][A-Z0-9_]{0,31}$' then array['code', 'must be 1 to 32 capital letters, digits and _']
        when p_basis is null then array['basis', 'must not be null']
        when (p_basis = 'multiplier') <> (p_multiplier is not null) then array['multiplier', 'is for the basis multiplier, which needs it']
        when p_multiplier <= 1 or p_multiplier > 100 or scale(p_multiplier) > 6
            then array['multiplier', 'must be above 1 and at most 100, with at most 6 decimals']
        when (p_basis = 'bonus') <> (p_bonus is not null) then array['bonus', 'is for the basis bonus, which needs it']
        when p_bonus not between 1 and 9007199254740991 then array['bonus', 'must be from 1 to 9007199254740991']
        when cardinality(p_levels) not between 1 and 100
            or exists (select from unnest(p_levels) n where n is null or not exists (select from points.level l where l.code = n))
            then array['levels', 'must be levels that there are']
        when p_budget not between 0 and 9007199254740991 then array['budget', 'must be from 0 to 9007199254740991']
        else coalesce(
            points.rules_fault(p_rules),
            points.campaign_fault(p_name, p_priority, p_exclusive, p_member_cap, coalesce(p_starts_at, v_now), p_ends_at))
    end;
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_change := points.note_change(p_client, 'rules', p_idempotency_key, 'create_campaign', p_code, jsonb_build_object(
        'name', p_name, 'basis', p_basis, 'rules', p_rules, 'multiplier', p_multiplier, 'bonus', p_bonus, 'levels', p_levels,
        'priority', p_priority, 'exclusive', p_exclusive, 'member_cap', p_member_cap, 'budget', p_budget,
        'starts_at', p_starts_at, 'ends_at', p_ends_at));
    if not v_change.replayed then
        insert into points.campaign (
            code, name, basis, multiplier, bonus, rules, levels, priority, exclusive, member_cap, status, starts_at, ends_at, created_at)
        values (p_code, p_name, p_basis, p_multiplier, p_bonus, p_rules, p_levels, p_priority, p_exclusive, p_member_cap,
            'active', coalesce(p_starts_at, v_now), coalesce(p_ends_at, 'infinity'), v_now)
        on conflict (code) do nothing;
        if not found then
            perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'code', 'message', 'there is a campaign of this code'));
        end if;
        perform points.open_budget(p_code, p_budget);
        perform points.note_governed();
    end if;
    return query select v_change.replayed, c from api.campaign c where c.code = p_code;
end
$$;

comment on function api.create_campaign(text, text, points.campaign_basis, text[], text, numeric, bigint, text[], int, boolean, bigint, bigint, timestamptz, timestamptz, text) is
    'Makes a campaign: points on top of what these rules award, from p_starts_at (null: now) to p_ends_at (null: no end), by when the event happened. p_budget: points for all members together, null: any. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
