create or replace function points.repeated_keys(p_requests api.request[], p_drafts points.draft[]) returns int[]
language plpgsql stable as $$
declare
    v_bucket smallint;
    v_places int[] := array[]::int[];
    v_from int := 1;
    v_use record;
begin
    select points.bucket(r.user_id, coalesce(r.wallet, 'points')) into v_bucket
    from unnest(p_requests, p_drafts) r
    where r.account_id is not null
    limit 1;
    for v_use in
        select q.ord, nth_value(q.ord, nullif(q.uses / 2, 0)::int) over (partition by q.user_id, q.wallet, q.operation_id order by q.ord) as half
        from (
            select r.ord, r.user_id, k.wallet, r.operation_id,
                row_number() over (partition by r.user_id, k.wallet, r.operation_id order by r.ord) as uses,
                bool_or(r.refusal is null) over (partition by r.user_id, k.wallet, r.operation_id) as stores
            from unnest(p_requests, p_drafts) r
            cross join lateral (select coalesce(r.wallet, 'points') as wallet) k
            where not exists (
                select from points.operation o where o.bucket = v_bucket and o.account_id = r.account_id and o.id = r.operation_id)
        ) q
        where q.stores
        order by q.ord
    loop
        if v_use.half >= v_from then
            v_from := v_use.ord;
            v_places := v_places || v_from;
        end if;
    end loop;
    return v_places;
end
$$;

comment on function points.repeated_keys(api.request[], points.draft[]) is
    'Places where a batch is cut because keys that are new come again in it: its parts are carried out one after another, so that a copy finds what became of the first. What is known by then is replayed, as often as it comes, in one part; where nothing was stored, the part is cut in turn. A part has no more uses of a key than stand before it, give or take one, so that cuts in cuts end soon.';
