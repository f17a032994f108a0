create or replace function points.carry_out(p_bucket smallint, p_requests api.request[], p_now timestamptz default null)
returns points.draft[]
language plpgsql volatile as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_drafts points.draft[];
    v_done points.draft[];
    v_ids bigint[];
    v_locked record;
    v_merged bigint[];
    v_copies boolean := false;
    v_repeats boolean := false;
    v_special boolean;
    v_redeems boolean := false;
    v_governed boolean := false;
    v_free boolean := false;
    v_program xid;
    v_tight boolean := false;
    v_idle boolean;
    v_occasions boolean := false;
    v_asked api.request[] := p_requests;
    v_chance uuid;
    v_parts int[];
    v_marks points.origin_mark[];
begin
    v_drafts := points.receive(p_bucket, p_requests, v_now);
    v_ids := array(
        select d.account_id from unnest(v_drafts) d
        where d.account_id is not null and d.refusal is null and not d.level_due and d.lot_source is null and d.round is null);
    if cardinality(v_ids) < cardinality(p_requests) then
        select r.* into v_drafts, v_asked, v_ids, v_merged, v_redeems, v_occasions, v_copies
        from points.receive_unusual(p_bucket, p_requests, v_drafts, v_now) r;
    end if;
    if v_merged is not null then
        perform points.lock_pair(array_fill(p_bucket, array[cardinality(v_drafts)]), v_drafts);
        v_parts := array(select generate_series(2, cardinality(p_requests)));
    end if;
    v_locked := points.lock_accounts(p_bucket, v_ids);
    if not v_locked.merged <@ coalesce(v_merged, '{}') then
        raise exception using errcode = 'serialization_failure', message = 'an account was merged while this waited for it; send it again';
    end if;
    if v_merged is null and (v_copies or v_locked.accounts < cardinality(v_ids)) then
        v_parts := points.repeated_keys(p_requests, v_drafts);
    end if;
    -- Waiting for locks takes time; nothing may be booked before what the last holder booked.
    v_now := coalesce(p_now, clock_timestamp());
    v_drafts := points.claim(p_bucket, p_requests, v_drafts);
    v_drafts := points.price(v_asked, v_drafts, v_now);
    if v_locked.kin then
        v_drafts := points.refuse_merged(p_bucket, p_requests, v_drafts);
    end if;
    if v_redeems then
        v_drafts := points.price_redeems(p_requests, v_drafts, v_now);
        v_chance := gen_random_uuid();
    end if;
    v_special := v_locked.careful;
    v_idle := v_locked.idle;
    -- For most batches this is all that is asked of their drafts.
    if v_locked.accounts < cardinality(v_ids) or exists (
        select from unnest(v_drafts) d
        where d.entry_kind is null or d.undoes is not null or d.entry_kind = 'hold' or d.level_due or d.lot_idle is not null
    ) then
        select count(*) > count(distinct d.account_id), v_special or coalesce(bool_or(d.entry_kind is null or d.undoes is not null or d.entry_kind = 'hold' and d.lot_source is not null), false),
            coalesce(bool_or(d.level_due), false), v_idle or coalesce(bool_or(d.lot_idle is not null), false)
        into v_repeats, v_special, v_governed, v_idle
        from unnest(v_drafts) d
        where d.round = 1;
    end if;
    if v_governed then
        v_marks := points.mark_origins(p_requests, v_drafts, v_now);
        if v_repeats and not v_special then
            v_program := points.program_stamp();
            v_free := not (v_redeems or v_occasions or v_marks <> '{}' or v_locked.settles_at <= v_now or points.may_bind(p_bucket, v_drafts, v_now));
            -- What an award may be bound by is read from what went before, and operations are written at the end of a round only if it is special.
            v_special := not v_free;
        end if;
    end if;
    v_repeats := v_repeats or v_special and (v_redeems or v_governed);
    if v_repeats then
        v_drafts := points.arrange_batch(p_bucket, v_drafts, v_redeems or v_governed and not v_free, v_occasions);
    end if;
    if v_locked.settles_at <= v_now then
        perform points.settle(p_bucket, array(select d.account_id from unnest(v_drafts) d where d.round is not null), v_now);
    end if;
    if v_redeems or v_governed then
        v_tight := points.reserve(p_bucket, p_requests, v_drafts, v_redeems, v_governed, v_marks, v_chance, v_now);
    end if;
    if v_tight and v_free then
        -- Rounds by account would not come to a budget in the order of the batch.
        v_free := false;
        v_special := true;
        v_drafts := points.arrange_batch(p_bucket, v_drafts, true, false);
    end if;
    -- After all the locks, so that parts take none out of order.
    if v_parts <> '{}' then
        for v_number in 0 .. cardinality(v_parts) loop
            v_done := v_done || points.carry_out(
                p_bucket, p_requests[coalesce(v_parts[v_number], 1) : coalesce(v_parts[v_number + 1] - 1, cardinality(p_requests))], p_now);
        end loop;
        return v_done;
    end if;
    v_drafts := points.run_rounds(p_bucket, p_requests, v_drafts, v_repeats, v_special, v_occasions, v_governed, v_tight, v_idle, v_marks, v_chance, v_now);
    if v_free and v_program <> points.program_stamp() then
        raise exception using errcode = 'serialization_failure', message = 'limits, campaigns, levels or risk rules changed while this used them; send it again';
    end if;
    if not v_special then
        perform points.record(p_bucket, p_requests, v_drafts, v_now);
    end if;
    if (v_special or v_occasions) and not points.caller_announces() then
        -- These change accounts without an entry as well.
        perform points.announce(p_bucket, (select string_agg(d.account_id::text, ',') from unnest(v_drafts) d where d.round is not null));
    end if;
    return v_drafts;
end
$$;

comment on function points.carry_out(smallint, api.request[], timestamptz) is
    'Carries out operations on accounts of one bucket, all in one transaction: exactly what they would be one by one. Returns what came of each, in order, for points.answer. A refusal is an outcome, never an error. p_now: see points.execute.';
