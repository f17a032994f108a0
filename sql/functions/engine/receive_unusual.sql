create or replace function points.receive_unusual(
    p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamptz,
    out drafts points.draft[], out asked api.request[], out account_ids bigint[], out merged bigint[], out redeems boolean,
    out occasions boolean, out copies boolean
)
language plpgsql volatile as $$
declare
    v_newcomers boolean;
begin
    drafts := p_drafts;
    asked := p_requests;
    select bool_or(d.account_id is null and d.refusal is null), bool_or(d.lot_source is not null and d.refusal is null),
        array_agg(d.account_id) filter (where d.level_due and d.refusal is null), bool_or(d.round is not null),
        count(*) > count(distinct d.operation_id)
    into v_newcomers, redeems, merged, occasions, copies
    from unnest(p_drafts) d;
    if redeems then
        drafts := points.screen_redeems(p_bucket, p_requests, drafts, p_now);
    end if;
    if occasions then
        asked := points.ask_occasions(p_requests);
        drafts := points.receive_occasions(p_bucket, p_requests, asked, drafts, p_now);
    end if;
    if redeems or occasions then
        v_newcomers := exists (select from unnest(drafts) d where d.account_id is null and d.refusal is null);
    end if;
    if v_newcomers then
        drafts := points.resolve(p_bucket, p_requests, drafts, p_now);
    end if;
    account_ids := array(select d.account_id from unnest(drafts) d where d.account_id is not null and d.refusal is null);
end
$$;

comment on function points.receive_unusual(smallint, api.request[], points.draft[], timestamptz) is
    'What points.receive has left where some request is refused, has no account yet, redeems, is on an account that was merged, or can be done once in a while only: further checks, and the accounts that are missing. Returns also what each is worked out as, the accounts to lock, those merged into others, and whether some key comes twice.';
