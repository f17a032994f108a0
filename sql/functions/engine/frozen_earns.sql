create or replace function points.frozen_earns() returns boolean
language plpgsql stable as $$
begin
    return (select p.frozen_earns from points.program p);
end
$$;

comment on function points.frozen_earns() is
    'Whether frozen accounts earn. Apart, so that a batch without any does not prepare to look.';
