create or replace function points.draft_occasions(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns points.draft[]
language plpgsql stable as $$
declare
    v_drafts points.draft[];
begin
    v_drafts := points.draft_sign_ins(p_bucket, p_requests, p_drafts, p_now);
    v_drafts := points.draft_tasks(p_bucket, p_requests, v_drafts, p_now);
    v_drafts := points.draft_invitations(p_bucket, p_requests, v_drafts);
    v_drafts := points.draft_zones(p_bucket, p_requests, v_drafts, p_now);
    return points.draft_once(p_bucket, v_drafts);
end
$$;

comment on function points.draft_occasions(smallint, api.request[], points.draft[], timestamptz) is
    'Refuses what has been done already of what can be done once in a while only, and works out what the rest moves, before points.admit. All of these refusals but TASK_NOT_DONE are final.';
