-- Row triggers on a partitioned table reach every partition; TRUNCATE has statement triggers only, so
-- api.create_partitions gives each new partition its own.
create or replace trigger append_only before update or delete on points.operation
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.operation
    execute function points.refuse_change();

create or replace trigger append_only before update or delete on points.entry
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.entry
    execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.entry_default
    execute function points.refuse_change();
create or replace trigger not_archived before insert on points.entry_default
    for each row execute function points.refuse_archived();

create or replace trigger append_only before update or delete on points.lot_use
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.lot_use
    execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.lot_use_default
    execute function points.refuse_change();
create or replace trigger not_archived before insert on points.lot_use_default
    for each row execute function points.refuse_archived();

create or replace trigger append_only before update or delete on points.entry_archive
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.entry_archive
    execute function points.refuse_change();

create or replace trigger append_only before update or delete on points.lot_use_archive
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.lot_use_archive
    execute function points.refuse_change();

create or replace trigger append_only before update or delete on points.level_change
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.level_change
    execute function points.refuse_change();

create or replace trigger append_only before update or delete on points.rule_version
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.rule_version
    execute function points.refuse_change();

create or replace trigger append_only before update or delete on points.erasure
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.erasure
    execute function points.refuse_change();

create or replace trigger append_only before update or delete on points.prize
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.prize
    execute function points.refuse_change();

create or replace trigger append_only before update or delete on points.once_award
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.once_award
    execute function points.refuse_change();

create or replace trigger append_only before update or delete on points.sign_in
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.sign_in
    execute function points.refuse_change();

create or replace trigger append_only before update or delete on points.zone_change
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.zone_change
    execute function points.refuse_change();

create or replace trigger append_only before update or delete on points.notice
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.notice
    execute function points.refuse_change();

create or replace trigger append_only before update or delete on points.activity
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.activity
    execute function points.refuse_change();

create or replace trigger append_only before update or delete on points.catalogue_change
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.catalogue_change
    execute function points.refuse_change();

create or replace trigger append_only before update or delete on points.former_time_zone
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.former_time_zone
    execute function points.refuse_change();

create or replace trigger append_only before update or delete on points.invitation_code
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.invitation_code
    execute function points.refuse_change();

create or replace trigger append_only before update or delete on points.seal
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.seal
    execute function points.refuse_change();

create or replace trigger append_only before update or delete on points.seal_leaf
    for each row execute function points.refuse_change();
create or replace trigger append_only_truncate before truncate on points.seal_leaf
    execute function points.refuse_change();
