set role jifen_owner;

create table points.reversal (
    account_id   bigint not null,
    operation_id uuid not null,
    points       bigint not null,
    reversed     bigint not null,
    bucket       smallint not null,
    primary key (bucket, account_id, operation_id),
    constraint reversal_within_original check (reversed between 0 and points)
);
comment on table points.reversal is 'How much of an operation has been undone, by reversals and returns together.';
comment on column points.reversal.account_id is 'The account.';
comment on column points.reversal.operation_id is 'The operation undone.';
comment on column points.reversal.points is 'Points that it moved.';
comment on column points.reversal.reversed is 'Points of them that have been undone.';
comment on column points.reversal.bucket is 'Bucket of the account.';

create table points.order_return (
    account_id bigint not null,
    amount     points.money not null,
    whole      boolean not null,
    bucket     smallint not null,
    order_key  text collate "C" not null,
    primary key (bucket, account_id, order_key)
);
comment on table points.order_return is 'What has been returned of a host''s order, known to Jifen already or not.';
comment on column points.order_return.account_id is 'The account.';
comment on column points.order_return.amount is 'Amount of money returned, all returns together.';
comment on column points.order_return.whole is 'Whether all of it was returned.';
comment on column points.order_return.bucket is 'Bucket of the account.';
comment on column points.order_return.order_key is 'The order.';

reset role;
