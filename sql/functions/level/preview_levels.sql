create or replace function api.preview_levels(
    p_wallet text,
    p_levels jsonb,
    p_measure points.level_measure default 'ever',
    p_downgrade points.level_downgrade default 'never',
    p_grace_days int default 0,
    p_notice_days int default 30,
    p_multiplied_rules text[] default '{}',
    p_level_wallet text default null
) returns table (previous text, level text, members bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set work_mem = '64MB' as $$
declare
    v_now timestamptz := clock_timestamp();
    v_fault text[] := points.levels_fault(
        p_wallet, p_levels, p_measure, p_downgrade, p_grace_days, p_notice_days, p_multiplied_rules, p_level_wallet);
    v_moves jsonb;
begin
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    begin
        -- As api.set_levels does, so that the two do not wait for each other in a circle.
        perform from points.wallet w order by w.code for no key update;
        perform points.put_levels(
            p_wallet, p_levels, p_measure, p_downgrade, p_grace_days, p_notice_days, p_multiplied_rules, p_level_wallet);
        v_moves := (
            select jsonb_agg(m)
            from (
                select m.previous, m.level, sum(m.members) as members
                from generate_series(0, points.bucket_count() - 1) b(bucket)
                cross join lateral points.count_moves(b.bucket::smallint, p_wallet, v_now) m
                group by m.previous, m.level
            ) m
        );
        raise exception using errcode = 'LP903', message = 'a preview is rolled back';
    -- Variables outlive the rollback.
    exception when sqlstate 'LP903' then
        null;
    end;
    return query
        select m.previous, m.level, m.members
        from jsonb_to_recordset(v_moves) as m(previous text, level text, members bigint)
        order by m.members desc, m.previous, m.level;
end
$$;

comment on function api.preview_levels(text, jsonb, points.level_measure, points.level_downgrade, int, int, text[], text) is
    'How many members these levels would move from which level, as booked, to which, and how many stay. Changes nothing: what api.set_levels would do is carried out and rolled back, and no account is locked. Null: below the lowest. Erased and merged accounts do not count. Raises LP001 INVALID_INPUT.';
