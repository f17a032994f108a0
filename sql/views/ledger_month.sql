create or replace view api.ledger_month as
select t.month, coalesce(m.entries, t.entries) as entries, coalesce(m.lot_uses, t.lot_uses) as lot_uses, m.archived_at,
    m.open_lots, m.open_holds, m.checked_at, m.exported_at, encode(m.entry_sha256, 'hex') as entry_sha256, encode(m.lot_use_sha256, 'hex') as lot_use_sha256
from (
    select to_date(right(c.relname, 7), 'YYYY_MM') as month,
        max(nullif(c.reltuples, -1)) filter (where p.relname in ('entry', 'entry_archive'))::bigint as entries,
        max(nullif(c.reltuples, -1)) filter (where p.relname in ('lot_use', 'lot_use_archive'))::bigint as lot_uses
    from pg_catalog.pg_class p
    join pg_catalog.pg_inherits i on i.inhparent = p.oid
    join pg_catalog.pg_class c on c.oid = i.inhrelid
    where p.oid = any (array['points.entry', 'points.entry_archive', 'points.lot_use', 'points.lot_use_archive']::regclass[])
        and c.relname ~ '^(entry|lot_use)_\d{4}_\d{2}$'
    group by 1
) t
left join points.ledger_month m on m.month = t.month;

comment on view api.ledger_month is 'The months of entries and lot uses, in UTC: live, waiting or archived. Reads of the ledger are the same in either case.';
comment on column api.ledger_month.month is 'Its first day.';
comment on column api.ledger_month.entries is 'Its entries: counted when it was archived, an estimate before; null: there is none yet.';
comment on column api.ledger_month.lot_uses is 'Its lot uses, likewise.';
comment on column api.ledger_month.archived_at is 'When it moved to the archive; null: it is live.';
comment on column api.ledger_month.open_lots is 'Lots that it opened and that were not used up when it was looked at: it waits for them; null: it is not due.';
comment on column api.ledger_month.open_holds is 'Open holds that it waits for; null: it is not due.';
comment on column api.ledger_month.checked_at is 'When lots and holds were counted; null: it is not due.';
comment on column api.ledger_month.exported_at is 'When its files were last written; null: never.';
comment on column api.ledger_month.entry_sha256 is 'SHA-256 of the file of its entries, in hexadecimal.';
comment on column api.ledger_month.lot_use_sha256 is 'SHA-256 of the file of its lot uses, in hexadecimal.';
