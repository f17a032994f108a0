create or replace function points.note_governed() returns void
language plpgsql volatile as $$
begin
    perform from points.program for no key update;
    update points.program p
    set governed_rules = array(
        select unnest(l.rules) as rule from points.earn_limit l where l.active
        union
        select unnest(c.rules) from points.campaign c where c.status <> 'ended'
        union
        select unnest(k.rules) from points.risk_rule k where k.mode <> 'off'
        union
        select unnest(w.multiplied_rules) from points.wallet w
        where exists (select from points.level l where l.wallet = w.code and l.multiplier > 1)
        order by rule
    ), governs_origins = exists (select from points.earn_limit l where l.active and l.per <> 'member')
        or exists (select from points.risk_rule k where k.mode <> 'off' and points.looks_at_origins(k.measure));
end
$$;

comment on function points.note_governed() is
    'Keeps program.governed_rules and program.governs_origins, after each change of limits, campaigns, risk rules and levels.';
