set role jifen_owner;

alter table points.program add column archive_after_months int;
-- The engine looks back as far as risk rules do, 365 days, without opening the archive.
alter table points.program add constraint program_archives_after_a_year check (archive_after_months between 12 and 1200);
comment on column points.program.archive_after_months is 'Whole months after which a month of entries and lot uses moves to the archive, once all lots that it opened are closed; null: none does.';

create table points.entry_archive (like points.entry including comments, primary key (bucket, account_id, seq, recorded_at))
partition by range (recorded_at);
comment on table points.entry_archive is 'Entries of archived months, in the very tables that they were booked in: the months before all of those in points.entry. Append-only.';

create table points.lot_use_archive (like points.lot_use including comments, primary key (bucket, account_id, seq, lot_seq, lot_no, expires_at, recorded_at))
partition by range (recorded_at);
comment on table points.lot_use_archive is 'Lot uses of archived months, as points.entry_archive has their entries. Append-only.';

create table points.checkpoint (
    account_id bigint not null,
    seq        bigint not null,
    pending    points.pocket not null,
    available  points.pocket not null,
    held       points.pocket not null,
    debt       points.pocket not null,
    bucket     smallint not null,
    primary key (bucket, account_id),
    constraint checkpoint_seq_positive check (seq > 0)
);
comment on table points.checkpoint is 'Opening balances: what accounts with archived entries had after the last of them. Their entries in points.entry go on from there.';
comment on column points.checkpoint.account_id is 'The account.';
comment on column points.checkpoint.seq is 'Its last archived entry; the first one in points.entry has the next number.';
comment on column points.checkpoint.pending is 'pending after it, the sum of all archived entries.';
comment on column points.checkpoint.available is 'available after it.';
comment on column points.checkpoint.held is 'held after it.';
comment on column points.checkpoint.debt is 'debt after it.';
comment on column points.checkpoint.bucket is 'Bucket of the account.';

create table points.ledger_month (
    month          date primary key,
    checked_at     timestamptz not null,
    open_lots      bigint not null,
    open_holds     bigint not null,
    archived_at    timestamptz,
    entries        bigint,
    lot_uses       bigint,
    exported_at    timestamptz,
    entry_sha256   bytea,
    lot_use_sha256 bytea,
    constraint ledger_month_begins_a_month check (extract(day from month) = 1),
    constraint ledger_month_counts_not_negative check (open_lots >= 0 and open_holds >= 0 and entries >= 0 and lot_uses >= 0),
    constraint ledger_month_archived_when_closed check (archived_at is null or open_lots = 0 and open_holds = 0),
    constraint ledger_month_archived_whole check ((archived_at is null) = (entries is null) and (archived_at is null) = (lot_uses is null)),
    constraint ledger_month_exported_whole check (
        (exported_at is null) = (entry_sha256 is null) and (exported_at is null) = (lot_use_sha256 is null)),
    constraint ledger_month_exported_from_archive check (exported_at is null or archived_at is not null),
    constraint ledger_month_checksums_are_sha256 check (length(entry_sha256) = 32 and length(lot_use_sha256) = 32)
);
comment on table points.ledger_month is 'Months that the archive is about: those in it, and the one that is due and waits for lots or holds.';
comment on column points.ledger_month.month is 'Its first day; months are in UTC.';
comment on column points.ledger_month.checked_at is 'When lots and holds were counted.';
comment on column points.ledger_month.open_lots is 'Lots that its entries opened and that were not used up then: it waits for them.';
comment on column points.ledger_month.open_holds is 'Holds that were made in it, or took from lots that it opened, and were open then: it waits for them.';
comment on column points.ledger_month.archived_at is 'When it moved to the archive; null: it waits.';
comment on column points.ledger_month.entries is 'Its entries; null: it is not archived.';
comment on column points.ledger_month.lot_uses is 'Its lot uses; null: it is not archived.';
comment on column points.ledger_month.exported_at is 'When its files were last written; null: never.';
comment on column points.ledger_month.entry_sha256 is 'SHA-256 of the file of its entries, as it was written.';
comment on column points.ledger_month.lot_use_sha256 is 'SHA-256 of the file of its lot uses.';

reset role;
