-- api.set_levels says so itself; this is for whoever changes levels by hand.
create or replace trigger levels_changed after insert or update or delete or truncate on points.level
    execute function points.levels_changed();
create or replace trigger levels_changed after update of level_measure, level_downgrade, level_grace_days, level_wallet on points.wallet
    execute function points.levels_changed();
