set role jifen_owner;

create table points.erasure (
    id          uuid not null,
    recorded_at timestamptz not null,
    points      bigint not null,
    client_id   int not null,
    accounts    int not null,
    bucket      smallint not null,
    primary key (bucket, id),
    constraint erasure_accounts_not_negative check (accounts >= 0),
    constraint erasure_points_not_negative check (points >= 0)
);
comment on table points.erasure is 'Members who were erased: what a repeated request is known by, and nothing that names them. Append-only.';
comment on column points.erasure.id is 'Hash of client, key and user_id: only who sends all three again finds it.';
comment on column points.erasure.recorded_at is 'When it was done.';
comment on column points.erasure.points is 'Points written off, pending and available, of all accounts.';
comment on column points.erasure.client_id is 'Who asked (points.client).';
comment on column points.erasure.accounts is 'Accounts erased; each has an operation that says why.';
comment on column points.erasure.bucket is 'Bucket that the member''s wallet points has or would have.';

reset role;
