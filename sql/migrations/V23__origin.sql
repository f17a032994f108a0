set role jifen_owner;

create table points.origin_key (
    id        boolean primary key default true,
    inner_pad bytea not null,
    outer_pad bytea not null,
    constraint origin_key_is_one_row check (id),
    constraint origin_key_fills_a_block check (length(inner_pad) = 64 and length(outer_pad) = 64)
);
comment on table points.origin_key is 'The key by which addresses and devices are hashed (HMAC-SHA-256), made with the database, and never changed: one row, which nobody but the owner reads.';
comment on column points.origin_key.id is 'Always true, so that there is one row.';
comment on column points.origin_key.inner_pad is 'The key, filled up with zeros to 64 bytes, each xor 0x36.';
comment on column points.origin_key.outer_pad is 'The key, filled up with zeros to 64 bytes, each xor 0x5c.';

-- Each uuid has 122 bits of the system's randomness.
with key as materialized (
    select sha256(string_agg(uuid_send(gen_random_uuid()), '')) as key from generate_series(1, 4)
)
insert into points.origin_key (inner_pad, outer_pad)
select string_agg(set_byte('\x00', 0, b.byte # 54), '' order by b.no), string_agg(set_byte('\x00', 0, b.byte # 92), '' order by b.no)
from (
    select n.no, case when n.no < 32 then get_byte(k.key, n.no) else 0 end as byte
    from key k
    cross join generate_series(0, 63) as n(no)
) b;

create table points.origin (
    origin  bytea primary key,
    made_at timestamptz not null,
    constraint origin_is_hashed check (length(origin) = 32)
);
comment on table points.origin is 'The row that is locked while awards from an address or device are counted and booked, by accounts of any bucket, until its limits are full.';
comment on column points.origin.origin is 'Keyed hash of the address or device: points.origin_hash.';
comment on column points.origin.made_at is 'When it was made: points.origin rows are forgotten after a day, and made again when needed.';

create index origin_oldest on points.origin (made_at);
comment on index points.origin_oldest is 'What may be forgotten.';

create table points.origin_use (
    origin    bytea not null,
    starts_at timestamptz not null,
    until     timestamptz not null,
    times     bigint not null,
    max_times bigint not null,
    code      text collate "C" not null,
    primary key (origin, code, starts_at),
    constraint origin_use_is_hashed check (length(origin) = 32),
    constraint origin_use_within_limit check (times between 1 and max_times)
) with (fillfactor = 60);
comment on table points.origin_use is 'How many awards an address or device has got in a period, for a limit. Nothing tells whose they were.';
comment on column points.origin_use.origin is 'Keyed hash of the address or device.';
comment on column points.origin_use.starts_at is 'When the period began; -infinity: the limit is for ever.';
comment on column points.origin_use.until is 'When it may be forgotten: a week after its period; infinity: never.';
comment on column points.origin_use.times is 'Awards.';
comment on column points.origin_use.max_times is 'max_times of the limit when something was awarded last.';
comment on column points.origin_use.code is 'The limit.';

create index origin_use_oldest on points.origin_use (until);
comment on index points.origin_use_oldest is 'What may be forgotten.';

create table points.origin_award (
    origin         bytea not null,
    account_id     bigint not null,
    no             bigint not null,
    recorded_at    timestamptz not null,
    until          timestamptz not null,
    account_bucket smallint not null,
    code           text collate "C" not null,
    primary key (origin, code, account_bucket, account_id, no),
    constraint origin_award_is_hashed check (length(origin) = 32)
);
comment on table points.origin_award is 'Awards from an address or device, or accounts that got one, for a risk rule: as long as its window. Erasing a member deletes the account''s.';
comment on column points.origin_award.origin is 'Keyed hash of the address or device.';
comment on column points.origin_award.account_id is 'The account.';
comment on column points.origin_award.no is 'seq of the entry; 0: the rule counts accounts, and this is the last award of this one.';
comment on column points.origin_award.recorded_at is 'When it was booked.';
comment on column points.origin_award.until is 'When it may be forgotten: at the end of the window that the rule had.';
comment on column points.origin_award.account_bucket is 'Bucket of the account.';
comment on column points.origin_award.code is 'The risk rule.';

create index origin_award_newest on points.origin_award (origin, code, recorded_at);
comment on index points.origin_award_newest is 'What a window holds.';
create index origin_award_of_account on points.origin_award (account_bucket, account_id);
comment on index points.origin_award_of_account is 'What erasing a member deletes.';
create index origin_award_oldest on points.origin_award (until);
comment on index points.origin_award_oldest is 'What may be forgotten.';

create type points.origin_mark as (
    ord        int,
    account_id bigint,
    origin     bytea,
    code       text,
    starts_at  timestamptz,
    since      timestamptz,
    until      timestamptz,
    most       bigint,
    members    boolean,
    decides    boolean,
    known      boolean,
    used       bigint
);
comment on type points.origin_mark is 'That a limit or risk rule counts an award by its address or device.';
comment on column points.origin_mark.ord is 'The award: ord of its draft.';
comment on column points.origin_mark.account_id is 'Its account.';
comment on column points.origin_mark.origin is 'Keyed hash of the address or device.';
comment on column points.origin_mark.code is 'The limit or risk rule.';
comment on column points.origin_mark.starts_at is 'Begin of the period that it counts in; null: a risk rule.';
comment on column points.origin_mark.since is 'A risk rule''s window begins after this instant; null: a limit.';
comment on column points.origin_mark.until is 'When what is counted may be forgotten.';
comment on column points.origin_mark.most is 'With so many before it, the award passes the limit, or meets the rule.';
comment on column points.origin_mark.members is 'Whether accounts are counted, and not awards.';
comment on column points.origin_mark.decides is 'Whether it decides, or only watches.';
comment on column points.origin_mark.known is 'Whether the account is counted already; from points.count_origins on.';
comment on column points.origin_mark.used is 'How many came before, this account left out, at most one more than most; from points.count_origins on.';

reset role;
