create or replace function points.post_occasions(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz)
returns points.draft[]
language plpgsql volatile as $$
declare
    v_drafts points.draft[];
begin
    insert into points.once_award (bucket, account_id, rule, operation_id)
    select b.bucket, d.account_id, r.code, d.operation_id
    from unnest(p_drafts) d
    join points.lane b on b.bucket = p_bucket
    join points.rule r on r.code = d.lot_source and r.once
    where d.seq is not null and d.rule_version is not null;

    perform points.post_zones(p_bucket, p_requests, p_drafts, p_now);
    v_drafts := points.post_sign_ins(p_bucket, p_requests, p_drafts, p_now);
    v_drafts := points.post_tasks(p_bucket, p_requests, v_drafts, p_now);
    return points.post_invitations(p_bucket, p_requests, v_drafts, p_now);
end
$$;

comment on function points.post_occasions(smallint, api.request[], points.draft[], timestamptz) is
    'Keeps what was done of what can be done once in a while only, and adds the facts of it.';
