create or replace function points.wants_event(p_event points.webhook_event) returns boolean
language plpgsql stable as $$
begin
    return (select p_event = any (p.webhook_events) from points.program p);
end
$$;

comment on function points.wants_event(points.webhook_event) is
    'Whether some enabled webhook wants such events: others are not written.';
