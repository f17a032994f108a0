create or replace function points.task_detail(p_refusal text, p_asked text, p_task points.task) returns jsonb
language sql immutable parallel safe
return case p_refusal
    when 'UNKNOWN_TASK' then jsonb_build_object('task', p_asked)
    when 'INVALID_INPUT' then jsonb_build_object('path', 'wallet', 'message', format('the task is for %s', (p_task).wallet))
    when 'TASK_CLOSED' then jsonb_build_object('status', (p_task).status,
        'open_from', nullif((p_task).open_from, '-infinity'), 'open_until', nullif((p_task).open_until, 'infinity'))
end;

comment on function points.task_detail(text, text, points.task) is
    'Facts of a refusal by points.task_refusal.';
