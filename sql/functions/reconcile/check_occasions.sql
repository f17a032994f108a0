create or replace function points.check_occasions(p_of_bucket smallint, p_ids bigint[], p_since timestamptz) returns setof points.finding
language plpgsql stable as $$
begin
    return query
        with asked as (
            select o.* from unnest(p_ids) i(id)
            join points.operation o on o.bucket = p_of_bucket and o.account_id = i.id and o.refusal is null
            where o.kind in ('sign_in', 'make_up', 'claim') and o.recorded_at >= p_since
        )
        select 'sign_ins_are_operations', coalesce(s.account_id, o.account_id), '', jsonb_build_object('days', jsonb_agg(coalesce(s.day::text, o.detail ->> 'day')))
        from (
            select s.* from unnest(p_ids) i(id) join points.sign_in s on s.bucket = p_of_bucket and s.account_id = i.id and s.signed_at >= p_since
        ) s
        full join (select * from asked o where o.kind in ('sign_in', 'make_up')) o on o.account_id = s.account_id and o.id = s.operation_id
        where s.day is distinct from (o.detail ->> 'day')::date or (s.made_on is not null) is distinct from (o.kind = 'make_up')
            or s.signed_at is distinct from o.recorded_at
        group by coalesce(s.account_id, o.account_id)
        union all
        select 'tasks_are_paid_once', coalesce(g.account_id, o.account_id), coalesce(g.task, o.subject), jsonb_build_object('operations', jsonb_agg(coalesce(o.id, g.claimed_by)))
        from (
            select g.* from unnest(p_ids) i(id)
            join points.task_progress g on g.bucket = p_of_bucket and g.account_id = i.id and g.claimed_at >= p_since
        ) g
        full join (select * from asked o where o.kind = 'claim') o on o.account_id = g.account_id and o.id = g.claimed_by
        where g.task is distinct from o.subject or g.claimed_at is distinct from o.recorded_at
        group by coalesce(g.account_id, o.account_id), coalesce(g.task, o.subject)
        union all
        select 'once_is_once', coalesce(w.account_id, o.account_id), coalesce(w.rule, o.rule), jsonb_build_object('kept', w.operation_id, 'operations', o.ids)
        from (
            select w.* from unnest(p_ids) i(id) join points.once_award w on w.bucket = p_of_bucket and w.account_id = i.id
        ) w
        full join (
            select o.account_id, o.rule, array_agg(o.id) as ids
            from unnest(p_ids) i(id)
            join points.operation o on o.bucket = p_of_bucket and o.account_id = i.id and o.points > 0 and o.recorded_at >= p_since
            join points.rule r on r.code = o.rule and r.once
            group by o.account_id, o.rule
        ) o on o.account_id = w.account_id and o.rule = w.rule
        where o.ids is distinct from array[w.operation_id] and (o.ids is not null or p_since = '-infinity');
end
$$;

comment on function points.check_occasions(smallint, bigint[], timestamptz) is
    'What accounts can do once a day, once a period or once for ever, against their operations: sign_ins_are_operations, tasks_are_paid_once, once_is_once. p_since: only what was recorded since then.';
