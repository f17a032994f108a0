create or replace function points.note_levels() returns void
language plpgsql volatile as $$
begin
    update points.program p set level_revision = p.level_revision + 1;
end
$$;

comment on function points.note_levels() is
    'To be called after each change of what decides levels: from then on every account is decided anew when it is touched, read, or reached by the job evaluate_levels.';
