create or replace function points.levels_changed() returns trigger
language plpgsql volatile as $$
begin
    perform points.note_levels();
    return null;
end
$$;

comment on function points.levels_changed() is
    'For whoever changes levels by hand, without api.set_levels.';
