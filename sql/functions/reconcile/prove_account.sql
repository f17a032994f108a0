create or replace function points.prove_account(p_of_bucket smallint, p_account_id bigint) returns points.finding[]
language plpgsql stable set plan_cache_mode = force_custom_plan set jit = off as $$
declare
    v_ids bigint[] := array[p_account_id];
    v_archive boolean := points.archive_there();
begin
    return points.find_wrong(
        p_of_bucket, points.weigh_parts(p_of_bucket, p_account_id - 1, p_account_id, array[(p_account_id & 63)::smallint], v_archive), v_ids, v_ids, v_ids, v_ids, '-infinity', v_archive);
end
$$;

comment on function points.prove_account(smallint, bigint) is
    'Proves one account by all its rows, by one snapshot.';
