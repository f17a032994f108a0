create or replace function points.find_wrong(
    p_of_bucket smallint, p_wrong bigint[], p_suspects bigint[], p_special bigint[], p_levels bigint[], p_all bigint[], p_since timestamptz, p_archive boolean
) returns points.finding[]
language plpgsql stable as $$
declare
    v_suspects bigint[] := array(select distinct i from unnest(p_wrong || p_suspects) i);
    v_special bigint[] := p_special;
    v_found points.finding[] := array[]::points.finding[];
begin
    if v_suspects <> '{}' then
        v_found := v_found
            || array(select f from points.check_entries(p_of_bucket, v_suspects) f)
            || array(select f from points.check_operations(p_of_bucket, v_suspects, p_archive) f)
            || array(select f from points.check_lots(p_of_bucket, v_suspects, p_archive) f);
        if p_archive then
            v_found := v_found || array(select f from points.check_history(p_of_bucket, v_suspects) f);
        end if;
    end if;
    -- What is new of them first; where that does not meet, all there is.
    if isfinite(p_since) and v_special <> '{}' then
        v_special := array(select f.account_id from points.check_special(p_of_bucket, v_special, p_since, p_archive) f);
    end if;
    v_special := array(select distinct i from unnest(v_suspects || v_special) i);
    if v_special <> '{}' then
        v_found := v_found || array(select f from points.check_special(p_of_bucket, v_special, '-infinity', p_archive) f);
    end if;
    if p_levels is null or p_levels <> '{}' then
        v_found := v_found || array(select f from points.check_levels(p_of_bucket, p_levels) f);
    end if;
    if p_all is null or p_all <> '{}' then
        v_found := v_found || array(select f from points.check_limits(p_of_bucket, p_all) f);
    end if;
    -- What the sums know and no check can name is not passed over.
    return v_found || array(
        select row('books_sum_to_zero', i, '', '{}'::jsonb)::points.finding
        from unnest(p_wrong) i
        where not exists (select from unnest(v_found) f where f.account_id = i));
end
$$;

comment on function points.find_wrong(smallint, bigint[], bigint[], bigint[], bigint[], bigint[], timestamptz, boolean) is
    'Looks at accounts row by row, all by one snapshot: those that do not come to 0 (p_wrong) or are suspect otherwise, those with operations of special kinds, by what was recorded since p_since (-infinity: by all), the levels of p_levels and what p_all have used of limits (null: of all of the bucket). books_sum_to_zero: the sums say that something is wrong, and no check finds what.';
