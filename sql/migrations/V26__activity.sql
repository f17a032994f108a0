set role jifen_owner;

create table points.activity (
    account_id bigint not null,
    seq        bigint not null,
    at         timestamptz not null,
    bucket     smallint not null,
    primary key (bucket, account_id, seq, at)
);
comment on table points.activity is 'Activity that put off the expiry of an account''s idle lots: the first of a local day, and the first after such lots came from elsewhere. So lots that something had taken meanwhile can be given back with the expiry that they would have (points.put_off_expiry). Append-only.';
comment on column points.activity.account_id is 'The account.';
comment on column points.activity.seq is 'seq of its last entry then: what later entries took had its expiry put off before.';
comment on column points.activity.at is 'When it was recorded.';
comment on column points.activity.bucket is 'Bucket of the account.';

reset role;
