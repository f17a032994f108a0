create or replace function points.task_refusal(p_task points.task, p_wallet text, p_now timestamptz) returns text
language sql immutable parallel safe
return case
    when (p_task).code is null then 'UNKNOWN_TASK'
    when (p_task).wallet <> p_wallet then 'INVALID_INPUT'
    when (p_task).status <> 'active' or p_now < (p_task).open_from or p_now >= (p_task).open_until then 'TASK_CLOSED'
end;

comment on function points.task_refusal(points.task, text, timestamptz) is
    'Why nobody can work on a task or claim it; null: they can.';
