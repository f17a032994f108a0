create or replace function points.execute(
    p_bucket smallint,
    p_requests api.request[],
    p_now timestamptz default null
) returns table (refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
language plpgsql volatile as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_drafts points.draft[];
    v_locked record;
    v_merged bigint[];
    v_repeats boolean;
    v_special boolean;
    v_newcomers boolean;
    v_redeems boolean;
    v_governed boolean;
    v_free boolean := false;
    v_program xid;
    v_tight boolean;
    v_idle boolean;
    v_occasions boolean;
    v_asked api.request[] := p_requests;
    v_chance uuid;
    v_parts int[];
    v_marks points.origin_mark[];
begin
    v_drafts := points.receive(p_bucket, p_requests, v_now);
    select bool_or(d.account_id is null and d.refusal is null), bool_or(d.lot_source is not null and d.refusal is null),
        array_agg(d.account_id) filter (where d.level_due and d.refusal is null), bool_or(d.round is not null),
        count(*) > count(distinct d.operation_id)
    into v_newcomers, v_redeems, v_merged, v_occasions, v_repeats
    from unnest(v_drafts) d;
    if v_repeats then
        v_parts := points.repeated_keys(p_requests, v_drafts);
    end if;
    if v_redeems then
        v_drafts := points.screen_redeems(p_bucket, p_requests, v_drafts, v_now);
    end if;
    if v_occasions then
        v_asked := points.ask_occasions(p_requests);
        v_drafts := points.receive_occasions(p_bucket, p_requests, v_asked, v_drafts, v_now);
    end if;
    if v_redeems or v_occasions then
        v_newcomers := exists (select from unnest(v_drafts) d where d.account_id is null and d.refusal is null);
    end if;
    if v_newcomers then
        v_drafts := points.resolve(p_bucket, p_requests, v_drafts, v_now);
    end if;
    if v_merged is not null then
        perform points.lock_pair(array_fill(p_bucket, array[cardinality(v_drafts)]), v_drafts);
        v_parts := array(select generate_series(2, cardinality(p_requests)));
    end if;
    v_locked := points.lock_accounts(p_bucket, v_drafts);
    if not v_locked.merged <@ coalesce(v_merged, '{}') then
        raise exception using errcode = 'serialization_failure', message = 'an account was merged while this waited for it; send it again';
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
    select count(*) > count(distinct d.account_id), v_locked.careful or coalesce(bool_or(d.entry_kind is null or d.undoes is not null or d.entry_kind = 'hold' and d.lot_source is not null), false),
        coalesce(bool_or(d.level_due), false), v_locked.idle or coalesce(bool_or(d.lot_idle is not null), false)
    into v_repeats, v_special, v_governed, v_idle
    from unnest(v_drafts) d
    where d.round = 1;
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
    v_tight := points.reserve(p_bucket, p_requests, v_drafts, v_redeems, v_governed, v_marks, v_chance, v_now);
    if v_tight and v_free then
        -- Rounds by account would not come to a budget in the order of the batch.
        v_free := false;
        v_special := true;
        v_drafts := points.arrange_batch(p_bucket, v_drafts, true, false);
    end if;
    -- After all the locks, so that parts take none out of order.
    if v_parts <> '{}' then
        for v_number in 0 .. cardinality(v_parts) loop
            return query select * from points.execute(
                p_bucket, p_requests[coalesce(v_parts[v_number], 1) : coalesce(v_parts[v_number + 1] - 1, cardinality(p_requests))], p_now);
        end loop;
        return;
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
    return query select * from points.answer(p_bucket, v_drafts);
end
$$;

comment on function points.execute(smallint, api.request[], timestamptz) is
    'Carries out operations on accounts of one bucket, all in one transaction, and answers each, in order: exactly what they would give one by one. A refusal is an outcome, never an error. p_now moves the clock in tests; null: the clock.';
