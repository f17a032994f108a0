create or replace view api.seal as
select s.bucket, s.number, s.entries, s.accounts, s.sealed_at, encode(s.previous, 'hex') as previous, encode(s.leaves_root, 'hex') as leaves_root,
    encode(s.root, 'hex') as root
from points.seal s;

comment on view api.seal is 'Seals of the ledger: whoever keeps their roots elsewhere can tell later whether an entry was changed.';
comment on column api.seal.bucket is 'The bucket.';
comment on column api.seal.number is 'Number in the bucket, from 1 without gaps.';
comment on column api.seal.entries is 'Entries that it seals.';
comment on column api.seal.accounts is 'Accounts of these.';
comment on column api.seal.sealed_at is 'When it was made.';
comment on column api.seal.previous is 'root of the seal before it, in hexadecimal.';
comment on column api.seal.leaves_root is 'Root of the Merkle tree over its leaves, in hexadecimal.';
comment on column api.seal.root is 'Its root, in hexadecimal: what to keep elsewhere.';
