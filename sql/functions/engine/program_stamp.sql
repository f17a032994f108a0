create or replace function points.program_stamp() returns xid
language plpgsql stable as $$
begin
    return (select p.xmin from points.program p);
end
$$;

comment on function points.program_stamp() is
    'What has last changed limits, campaigns, levels or risk rules. Apart, so that batches which share no rounds do not prepare to look.';
