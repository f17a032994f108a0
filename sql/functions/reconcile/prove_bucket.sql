create or replace function points.prove_bucket(
    p_of_bucket smallint, p_parts smallint[], p_suspects bigint[], p_special bigint[], out findings points.finding[], out special bigint[]
)
language plpgsql stable
set enable_seqscan = on set plan_cache_mode = force_custom_plan set work_mem = '64MB' set jit = off set max_parallel_workers_per_gather = 0 as $$
declare
    v_archive boolean := points.archive_there();
    v_wrong bigint[] := array[]::bigint[];
    v_doubtful bigint[] := array[]::bigint[];
begin
    if p_parts <> '{}' then
        v_wrong := points.weigh_parts(p_of_bucket, -1, 9223372036854775807, p_parts, v_archive);
        v_doubtful := array(
            select b.account_id from points.balance b where b.bucket = p_of_bucket and (b.account_id & 63)::smallint = any (p_parts));
    end if;
    findings := points.find_wrong(p_of_bucket, v_wrong, p_suspects, array[]::bigint[], null, null, '-infinity', v_archive)
        || array(select f from points.check_owners(p_of_bucket) f);
    special := array(
        select i from unnest(p_special || v_doubtful || points.special_accounts(p_of_bucket)) i
        except
        select i from unnest(v_wrong || p_suspects) i
        order by i);
end
$$;

comment on function points.prove_bucket(smallint, smallint[], bigint[], bigint[]) is
    'Proves what weighing leaves to prove of a bucket, by one snapshot: accounts that do not come to 0, row by row, and what sums know nothing of. So if something changed since it was weighed, it is right by itself. special: the accounts, in order, that are left for points.prove_special.';
