create or replace function points.put_levels(
    p_wallet text, p_levels jsonb, p_measure points.level_measure, p_downgrade points.level_downgrade, p_grace_days int, p_notice_days int,
    p_multiplied_rules text[], p_level_wallet text
) returns void
language plpgsql volatile as $$
begin
    delete from points.level l where l.wallet = p_wallet;
    insert into points.level (wallet, code, name, threshold, multiplier, privileges)
    select p_wallet, l.code, l.name, l.threshold, coalesce(l.multiplier, 1), coalesce(l.privileges, '{}')
    from jsonb_to_recordset(p_levels) as l(code text, name text, threshold bigint, multiplier numeric, privileges text[]);
    update points.wallet w
    set level_measure = p_measure, level_downgrade = p_downgrade, level_grace_days = p_grace_days, level_notice_days = p_notice_days,
        multiplied_rules = p_multiplied_rules, level_wallet = p_level_wallet
    where w.code = p_wallet;
    perform points.note_governed();
    perform points.note_levels();
end
$$;

comment on function points.put_levels(text, jsonb, points.level_measure, points.level_downgrade, int, int, text[], text) is
    'Gives a wallet these levels, and what they go by.';
