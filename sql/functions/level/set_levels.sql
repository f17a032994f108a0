create or replace function api.set_levels(
    p_wallet text,
    p_levels jsonb,
    p_idempotency_key text,
    p_measure points.level_measure default 'ever',
    p_downgrade points.level_downgrade default 'never',
    p_grace_days int default 0,
    p_notice_days int default 30,
    p_multiplied_rules text[] default '{}',
    p_level_wallet text default null,
    p_client text default 'psql'
) returns table (replayed boolean, wallet api.wallet, levels api.level[])
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
    v_fault text[];
    v_change record;
begin
    -- One at a time: what is checked must still be so when it is written.
    perform from points.wallet w order by w.code for no key update;
    v_fault := points.levels_fault(
        p_wallet, p_levels, p_measure, p_downgrade, p_grace_days, p_notice_days, p_multiplied_rules, p_level_wallet);
    if v_fault is not null then
        perform points.raise_refusal('INVALID_INPUT', jsonb_build_object('path', v_fault[1], 'message', v_fault[2]));
    end if;
    v_change := points.note_change(p_client, 'rules', p_idempotency_key, 'set_levels', p_wallet, jsonb_build_object(
        'levels', p_levels, 'measure', p_measure, 'downgrade', p_downgrade, 'grace_days', p_grace_days, 'notice_days', p_notice_days,
        'multiplied_rules', p_multiplied_rules, 'level_wallet', p_level_wallet));
    if not v_change.replayed then
        perform points.put_levels(
            p_wallet, p_levels, p_measure, p_downgrade, p_grace_days, p_notice_days, p_multiplied_rules, p_level_wallet);
        -- Any account may have another level now.
        perform pg_notify('jifen', '*');
    end if;
    return query
        select v_change.replayed, w, array(select l from api.level l where l.wallet = p_wallet order by l.threshold)
        from api.wallet w
        where w.code = p_wallet;
end
$$;

comment on function api.set_levels(text, jsonb, text, points.level_measure, points.level_downgrade, int, int, text[], text, text) is
    'Gives a wallet these levels, all of them, and what they go by: what is left out is none. p_levels: an array of {"code", "name", "threshold", "multiplier", "privileges"}, the last two optional. p_level_wallet: its accounts show the member''s level in that wallet instead. Members are decided by them at once when they are read or touched; the job evaluate_levels books the rest. api.preview_levels says before who would move. Raises LP001 INVALID_INPUT, LP003 FORBIDDEN, LP004 IDEMPOTENCY_CONFLICT.';
