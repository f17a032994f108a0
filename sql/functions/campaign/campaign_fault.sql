create or replace function points.campaign_fault(
    p_name text, p_priority int, p_exclusive boolean, p_member_cap bigint, p_starts_at timestamptz, p_ends_at timestamptz
) returns text[]
language plpgsql immutable parallel safe as $$
begin
    return case
        when p_name is null or length(p_name) not between 1 and 128 then array['name', 'must have 1 to 128 characters']
        when p_priority is null or p_priority not between 1 and 1000 then array['priority', 'must be from 1 to 1000']
        when p_exclusive is null then array['exclusive', 'must not be null']
        when p_member_cap not between 1 and 9007199254740991 then array['member_cap', 'must be from 1 to 9007199254740991']
        when p_starts_at is not null and not isfinite(p_starts_at) then array['starts_at', 'must be an instant']
        when p_ends_at is not null and not isfinite(p_ends_at) then array['ends_at', 'must be an instant']
        when p_ends_at <= p_starts_at then array['ends_at', 'must be after it starts']
    end;
end
$$;

comment on function points.campaign_fault(text, int, boolean, bigint, timestamptz, timestamptz) is
    'The first thing wrong with the terms of a campaign that can change, as path and message; null: nothing.';
