create or replace function points.run_rounds(
    p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_arranged boolean, p_special boolean, p_occasions boolean, p_governed boolean,
    p_tight boolean, p_idle boolean, p_marks points.origin_mark[], p_chance uuid, p_now timestamptz
) returns points.draft[]
language plpgsql volatile as $$
declare
    v_round points.draft[];
    v_done points.draft[];
begin
    if not p_arranged then
        return points.run_round(p_bucket, p_requests, p_drafts, false, p_special, p_occasions, p_governed, p_tight, p_idle, p_marks, p_chance, p_now);
    end if;
    v_done := array(select d from unnest(p_drafts) d where d.round is null);
    for v_number in 1 .. (select coalesce(max(d.round), 0) from unnest(p_drafts) d) loop
        v_round := array(select d from unnest(p_drafts) d where d.round = v_number);
        v_done := v_done || points.run_round(
            p_bucket, p_requests, v_round, true, p_special, p_occasions, p_governed, p_tight, p_idle, p_marks, p_chance, p_now);
    end loop;
    return array(select d from unnest(v_done) d order by d.ord);
end
$$;

comment on function points.run_rounds(smallint, api.request[], points.draft[], boolean, boolean, boolean, boolean, boolean, boolean, points.origin_mark[], uuid, timestamptz) is
    'Carries out a batch round by round, as points.arrange or its like has arranged it. p_arranged false: there is one, with no account twice. See points.run_round.';
