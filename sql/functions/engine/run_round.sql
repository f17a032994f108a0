create or replace function points.run_round(
    p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_several boolean, p_special boolean, p_occasions boolean, p_governed boolean, p_tight boolean,
    p_idle boolean, p_marks points.origin_mark[], p_chance uuid, p_now timestamptz
) returns points.draft[]
language plpgsql volatile as $$
declare
    v_drafts points.draft[] := p_drafts;
    v_shares points.share[];
    v_risks points.risk[];
    v_risky boolean;
    v_marks points.origin_mark[];
    v_crowded int[];
    v_several boolean := p_several or p_special or p_occasions;
begin
    if cardinality(p_marks) > 0 then
        v_marks := points.count_origins(p_bucket, p_marks, p_drafts);
        v_crowded := points.crowded(v_marks, p_drafts);
        if v_crowded <> '{}' then
            v_drafts := points.run_round(p_bucket, p_requests, array(select d from unnest(p_drafts) d where d.ord <> all (v_crowded)),
                p_several, p_special, p_occasions, p_governed, p_tight, p_idle, p_marks, p_chance, p_now);
            v_drafts := v_drafts || points.run_round(p_bucket, p_requests, array(select d from unnest(p_drafts) d where d.ord = any (v_crowded)),
                p_several, p_special, p_occasions, p_governed, p_tight, p_idle, p_marks, p_chance, p_now);
            return array(select d from unnest(v_drafts) d order by d.ord);
        end if;
    end if;
    if p_special then
        v_drafts := points.draft_closings(p_bucket, p_requests, v_drafts);
        v_drafts := points.draft_reviews(p_bucket, p_requests, v_drafts, p_now);
        v_drafts := points.draft_lot_changes(p_bucket, p_requests, v_drafts);
        v_drafts := points.draft_deductions(p_bucket, p_requests, v_drafts);
        perform points.reinstate(p_bucket, v_drafts, p_now);
        v_drafts := points.draft_undo(p_bucket, v_drafts);
        v_drafts := points.draft_returns(p_bucket, p_requests, v_drafts);
    end if;
    if p_occasions then
        v_drafts := points.draft_occasions(p_bucket, p_requests, v_drafts, p_now);
    end if;
    if p_governed then
        if cardinality(v_marks) > 0 then
            v_drafts := points.limit_origins(v_drafts, v_marks);
        end if;
        v_shares := points.draft_shares(p_bucket, v_drafts, p_now);
        if p_tight or exists (select from unnest(v_shares) s where s.refused or s.room < s.allowed) then
            v_shares := points.trim_shares(p_bucket, v_drafts, v_shares);
        end if;
        v_drafts := points.govern(v_drafts, v_shares);
        v_risks := points.weigh_risks(p_bucket, v_drafts, v_marks, p_now);
        v_risky := array_remove(v_risks, null) <> '{}';
        if v_risky then
            v_drafts := points.screen(v_drafts, v_risks);
        end if;
    end if;
    v_drafts := points.admit(p_bucket, v_drafts);
    if v_several then
        v_drafts := points.chain_entries(p_bucket, v_drafts, p_now);
    end if;
    if p_chance is not null then
        v_drafts := points.admit_redeems(p_bucket, p_requests, v_drafts, p_now);
    end if;
    perform points.post(p_bucket, v_drafts, p_now, v_several);
    if p_chance is not null then
        perform points.post_redeems(p_bucket, p_requests, v_drafts, p_chance, p_now);
    end if;
    if p_governed then
        perform points.post_shares(p_bucket, v_drafts, v_shares, p_now);
        if cardinality(v_marks) > 0 then
            perform points.post_origins(p_bucket, v_drafts, v_marks, p_now);
        end if;
    end if;
    if v_risky then
        perform points.post_reviews(p_bucket, p_requests, v_drafts, v_risks, p_now);
    end if;
    if p_occasions then
        v_drafts := points.post_occasions(p_bucket, p_requests, v_drafts, p_now);
    end if;
    if p_special then
        v_drafts := points.follow_up(p_bucket, p_requests, v_drafts, p_now);
    end if;
    if p_idle then
        perform points.note_activity(p_bucket, p_requests, v_drafts, p_now);
    end if;
    return v_drafts;
end
$$;

comment on function points.run_round(smallint, api.request[], points.draft[], boolean, boolean, boolean, boolean, boolean, boolean, points.origin_mark[], uuid, timestamptz) is
    'Admits and posts the operations of one round, whose accounts are settled. p_several: some account may have several. p_special: some of them undo something, freeze, fulfil, return or pay for an order, or are on an account with a debt or returned orders. p_occasions: some can be done once in a while only. p_governed: limits, campaigns or risk rules concern some awards. p_tight: a budget may not reach all of them. p_idle: some accounts have lots whose expiry activity puts off. p_marks: what counts by address or device. p_chance: some redeem, and this is for their draws.';
