create or replace function points.run_round(p_bucket smallint, p_drafts points.draft[], p_now timestamptz)
returns points.draft[]
language plpgsql volatile as $$
declare
    v_drafts points.draft[];
begin
    perform points.settle(p_bucket, array(
        select d.account_id from unnest(p_drafts) d where d.round is not null
    ), p_now);
    v_drafts := points.admit(p_bucket, p_drafts, p_now);
    perform points.post(p_bucket, v_drafts, p_now);
    return v_drafts;
end
$$;

comment on function points.run_round(smallint, points.draft[], timestamptz) is
    'Settles, admits and posts the operations of one round.';
