create or replace function api.adjust_points_batch(
    p_user_ids text[],
    p_points bigint[],
    p_idempotency_keys text[],
    p_reason text,
    p_actor text default session_user,
    p_expires_at timestamptz default null,
    p_wallet text default 'points',
    p_metadata jsonb default null,
    p_client text default 'psql'
) returns table (no int, user_id text, refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_client_id int := (select c.id from points.client c where c.name = p_client);
    v_count int := coalesce(cardinality(p_user_ids), 0);
    v_buckets smallint[];
    v_numbers int[];
    v_known smallint[];
    v_drafts points.draft[];
begin
    if v_count not between 1 and 500 or cardinality(p_points) is distinct from v_count or cardinality(p_idempotency_keys) is distinct from v_count then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object(
            'path', 'user_ids', 'message', 'must be 1 to 500 members, with as many points and idempotency_keys'));
    end if;
    v_buckets := array(select coalesce(points.bucket(u.user_id, p_wallet), 0::smallint) from unnest(p_user_ids) with ordinality u(user_id, no) order by u.no);
    -- All that there are and what they were merged into, in the one order: the buckets come one after the other below.
    select array_agg(a.bucket), array_agg(jsonb_populate_record(null::points.draft, jsonb_build_object('account_id', a.id)))
    into v_known, v_drafts
    from unnest(p_user_ids, v_buckets) u(user_id, bucket)
    join points.account a on a.bucket = u.bucket and a.user_id = u.user_id and a.wallet = p_wallet;
    perform points.lock_pair(v_known, v_drafts);
    for v_bucket in 0 .. points.bucket_count() - 1 loop
        v_numbers := array(select b.no from unnest(v_buckets) with ordinality b(bucket, no) where b.bucket = v_bucket order by b.no);
        continue when v_numbers = '{}';
        return query
            select v_numbers[e.place], p_user_ids[v_numbers[e.place]], e.refusal, e.detail, e.replayed, e.operation, e.entry, e.account
            from points.execute(v_bucket::smallint, array(
                select row('adjust', p_user_ids[n.no], p_wallet, v_client_id, p_idempotency_keys[n.no], null, null, null, null, null, null, p_points[n.no],
                    null, p_expires_at, p_reason, p_actor, p_metadata, null, null)::api.request
                from unnest(v_numbers) with ordinality n(no, place)
                order by n.place
            )) with ordinality as e(refusal, detail, replayed, operation, entry, account, place);
    end loop;
end
$$;

comment on function api.adjust_points_batch(text[], bigint[], text[], text, text, timestamptz, text, jsonb, text) is
    'Corrects up to 500 accounts by hand, as api.adjust_points does one, for one reason and actor: arrays side by side. Each is carried out or refused by itself, and a refusal is an answer: refusal and detail say why. no: its place in the arrays. Rows come bucket by bucket. Raises LP001 INVALID_INPUT when the arrays do not fit.';
