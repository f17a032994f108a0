create or replace function api.set_notice_days(p_days int[]) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
    if p_days is null or array_ndims(p_days) > 1 or cardinality(p_days) > 10 or array_position(p_days, null) is not null
        or exists (select from unnest(p_days) as d (days) where d.days not between 1 and 365)
    then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', 'days', 'message', 'must be at most 10 numbers from 1 to 365'));
    end if;
    update points.program set notice_days = p_days;
end
$$;

comment on function api.set_notice_days(int[]) is
    'How many days before points expire a notice is written, e.g. {30,7,1}; {}: none. Counts from the next run of the job write_notices on. Raises LP001 INVALID_INPUT.';
