create or replace view api.lot as
select
    l.bucket, l.account_id, l.seq, l.no, a.user_id, a.wallet, l.granted, l.remaining,
    l.available_at > now() as pending, l.source, l.available_at, l.expires_at, l.idle
from points.lot l
join points.account a on a.bucket = l.bucket and a.id = l.account_id
where l.expires_at > now();

comment on view api.lot is 'Open lots: points that are available or will be, with their expiry. In burn order by expires_at, seq, no.';
comment on column api.lot.bucket is 'Bucket of the account.';
comment on column api.lot.account_id is 'The account.';
comment on column api.lot.seq is 'The entry that granted it.';
comment on column api.lot.no is 'Number among the lots of that entry.';
comment on column api.lot.user_id is 'The member.';
comment on column api.lot.wallet is 'Kind of points.';
comment on column api.lot.granted is 'Points granted.';
comment on column api.lot.remaining is 'Points left.';
comment on column api.lot.pending is 'True: not yet available.';
comment on column api.lot.source is 'Rule that granted it, or adjust.';
comment on column api.lot.available_at is 'When the points become available.';
comment on column api.lot.expires_at is 'When the points expire; infinity: never.';
comment on column api.lot.idle is 'Time without activity after which they expire: each activity before that puts expires_at off. Null: it stays.';
