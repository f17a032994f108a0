create or replace function points.post(p_bucket smallint, p_drafts points.draft[], p_now timestamptz, p_several boolean default true)
returns void
language plpgsql volatile as $$
declare
    v_grants boolean;
    v_burns boolean;
    v_more boolean;
    v_levels boolean;
    v_lapses boolean;
    v_holds boolean;
    v_undoes boolean;
    v_idle boolean;
    v_lapsed points.draft[];
begin
    select bool_or(d.moved > 0), bool_or(d.available_delta < 0),
        bool_or(d.level_due or d.lot_expires_at <= p_now or d.entry_kind = 'hold' or d.undo is not null or d.lot_idle is not null)
    into v_grants, v_burns, v_more
    from unnest(p_drafts) d
    where d.seq is not null;
    -- Each of these costs a call, so that most do without.
    if v_more then
        select bool_or(d.level_due), bool_or(d.moved > 0 and d.undo is null and d.lot_expires_at <= p_now),
            bool_or(d.entry_kind = 'hold'), bool_or(d.undo is not null), bool_or(d.lot_idle is not null)
        into v_levels, v_lapses, v_holds, v_undoes, v_idle
        from unnest(p_drafts) d
        where d.seq is not null;
        if v_levels then
            perform points.change_levels(p_bucket, p_drafts, p_now);
        end if;
        if v_lapses then
            v_lapsed := points.draft_lapsed(p_drafts, p_now);
        end if;
    end if;
    perform points.write_entries(p_bucket, p_drafts || v_lapsed, p_now, p_several or v_lapses is true);
    if v_levels then
        perform points.note_level_changes(p_bucket, array_agg(d.account_id), array_agg(d.seq), true, p_now)
        from unnest(p_drafts) d
        where d.seq is not null;
    end if;
    -- Debits go first in a round, so they must not meet the lots that it grants.
    if v_burns then
        perform points.burn_lots(p_bucket, p_drafts, p_now);
    end if;
    if v_grants then
        perform points.grant_lots(p_bucket, p_drafts, p_now);
    end if;
    if v_more then
        if v_idle then
            update points.balance b
            set active_on = '-infinity'
            from unnest(p_drafts) d
            where b.bucket = p_bucket and b.account_id = d.account_id and d.seq is not null and d.lot_idle is not null and b.active_on is null;
        end if;
        if v_lapses then
            perform points.expire_grants(p_bucket, v_lapsed, p_now);
        end if;
        if v_holds then
            perform points.open_holds(p_bucket, p_drafts, p_now);
        end if;
        if v_undoes then
            perform points.claw_lots(p_bucket, p_drafts, p_now);
            perform points.refill_lots(p_bucket, p_drafts, p_now);
        end if;
    end if;
end
$$;

comment on function points.post(smallint, points.draft[], timestamptz, boolean) is
    'Books the admitted operations of a round: levels, balances, entries, lots and lot uses, holds. A grant that has expired already is booked together with its expiry. p_several: some account may have several.';
