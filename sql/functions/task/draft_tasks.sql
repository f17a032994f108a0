create or replace function points.draft_tasks(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns points.draft[]
language plpgsql stable as $$
begin
    return array(
        select q.draft
        from (
            select d.ord, row(
                d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version, v.refusal,
                case v.refusal
                    when 'TASK_NOT_DONE' then jsonb_build_object('task', t.code, 'done', least(coalesce(g.done, 0), t.steps), 'needed', t.steps)
                    when 'ALREADY_CLAIMED' then
                        jsonb_build_object('task', t.code, 'starts_on', nullif(g.starts_on, '-infinity'), 'operation_id', g.claimed_by)
                    -- So that the award can be computed again, whatever becomes of the task.
                    else case when r.kind = 'claim' and t.points is not null then jsonb_build_object('task_points', t.points) end
                end,
                d.replayed, case when v.refusal is distinct from 'TASK_NOT_DONE' then d.round end,
                v.moved, d.happened_at, d.lot_source, d.lot_available_at, d.lot_expires_at, null,
                case when v.moved > 0 then d.pending_delta else 0 end, case when v.moved > 0 then d.available_delta else 0 end, 0, 0,
                null, null, null, null, null, null, null, null, d.lot_idle
            )::points.draft as draft
            from unnest(p_drafts) d
            cross join lateral (select (p_requests[d.ord]).kind, (p_requests[d.ord]).subject) r
            join points.task t on t.code = r.subject
            cross join points.program p
            left join lateral (
                select * from points.task_progress g
                where g.bucket = p_bucket and g.account_id = d.account_id and g.task = t.code
                    and g.starts_on = points.period_day(t.period, p_now, p.time_zone)
                limit 1
            ) g on true
            cross join lateral (
                select f.refusal, case when r.kind = 'claim' and f.refusal is null then d.moved else 0 end as moved
                from (
                    select case
                        when r.kind = 'progress' then null
                        when g.claimed_at is not null then 'ALREADY_CLAIMED'
                        when coalesce(g.done, 0) < t.steps then 'TASK_NOT_DONE'
                    end as refusal
                ) f
            ) v
            where d.round is not null and d.refusal is null and r.kind in ('progress', 'claim')
            union all
            select d.ord, d from unnest(p_drafts) d
            where d.round is null or d.refusal is not null or ((p_requests[d.ord]).kind in ('progress', 'claim')) is not true
        ) q
        order by q.ord
    );
end
$$;

comment on function points.draft_tasks(smallint, api.request[], points.draft[], timestamptz) is
    'Refuses claims of tasks that are not done in the present period (TASK_NOT_DONE, which leaves the key free) or that were paid in it (ALREADY_CLAIMED), and notes what the task gives its rule. Progress moves no points.';
