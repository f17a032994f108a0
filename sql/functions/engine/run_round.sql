create or replace function points.run_round(p_bucket smallint, p_drafts points.draft[], p_now timestamptz)
returns points.draft[]
language plpgsql volatile as $$
declare
    v_drafts points.draft[] := points.admit(p_bucket, p_drafts, p_now);
begin
    perform points.post(p_bucket, v_drafts, p_now);
    return v_drafts;
end
$$;

comment on function points.run_round(smallint, points.draft[], timestamptz) is
    'Admits and posts the operations of one round, whose accounts are settled.';
