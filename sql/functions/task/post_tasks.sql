create or replace function points.post_tasks(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns points.draft[]
language plpgsql volatile as $$
begin
    insert into points.task_progress (bucket, account_id, task, starts_on, done, needed)
    select b.bucket, d.account_id, t.code, points.period_day(t.period, p_now, p.time_zone),
        least((p_requests[d.ord]).points, t.steps), t.steps
    from unnest(p_drafts) d
    join points.lane b on b.bucket = p_bucket
    join points.task t on t.code = (p_requests[d.ord]).subject
    cross join points.program p
    where d.round is not null and d.refusal is null and (p_requests[d.ord]).kind = 'progress'
    on conflict (bucket, account_id, task, starts_on) do update
    set done = least(task_progress.done + excluded.done, excluded.needed), needed = excluded.needed
    -- What was paid stays as it was paid.
    where task_progress.claimed_at is null;

    update points.task_progress g
    set claimed_at = p_now, claimed_by = d.operation_id, done = t.steps, needed = t.steps
    from unnest(p_drafts) d
    join points.task t on t.code = (p_requests[d.ord]).subject
    cross join points.program p
    where d.round is not null and d.refusal is null and (p_requests[d.ord]).kind = 'claim'
        and g.bucket = p_bucket and g.account_id = d.account_id and g.task = t.code
        and g.starts_on = points.period_day(t.period, p_now, p.time_zone);

    return array(
        select case
            when g.task is null then d
            else row(
                d.ord, d.account_id, d.operation_id, d.entry_kind, d.rule_version, d.refusal,
                coalesce(d.refusal_detail, '{}') || jsonb_build_object('task', g.task, 'starts_on', nullif(g.starts_on, '-infinity'), 'done', g.done, 'needed', g.needed,
                    'claimed', g.claimed_at is not null),
                d.replayed, d.round, d.moved, d.happened_at, d.lot_source, d.lot_available_at, d.lot_expires_at, d.seq,
                d.pending_delta, d.available_delta, d.held_delta, d.debt_delta, d.pending_after, d.available_after, d.held_after,
                d.debt_after, d.earned_after, d.level_due, d.undo, d.undoes, d.lot_idle
            )::points.draft
        end
        from unnest(p_drafts) d
        cross join points.program p
        left join points.task t on d.round is not null and d.refusal is null and (p_requests[d.ord]).kind in ('progress', 'claim')
            and t.code = (p_requests[d.ord]).subject
        left join lateral (
            select * from points.task_progress g
            where g.bucket = p_bucket and g.account_id = d.account_id and g.task = t.code
                and g.starts_on = points.period_day(t.period, p_now, p.time_zone)
            limit 1
        ) g on true
        order by d.ord
    );
end
$$;

comment on function points.post_tasks(smallint, api.request[], points.draft[], timestamptz) is
    'Keeps the steps done and the claims of a round, and says how far the task has come in its period.';
