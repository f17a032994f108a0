create or replace view api.operation as
select
    o.bucket, o.account_id, o.id, a.user_id, a.wallet, o.client_id, c.name as client, o.idempotency_key::text as idempotency_key, o.kind,
    o.rule, o.rule_version, o.order_key, o.reward, o.subject, o.original,
    case when o.counterparty_id is not null then points.user_id_of(o.counterparty_bucket, o.counterparty_id) end as counterparty, o.amount::numeric as amount, o.requested::bigint as requested, o.points::bigint as points, o.seq, o.refusal, o.detail, o.reason, o.actor, o.metadata,
    coalesce(o.occurred_at, o.recorded_at) as occurred_at, o.recorded_at, o.available_at, nullif(o.expires_at, 'infinity') as expires_at
from points.operation o
join points.account a on a.bucket = o.bucket and a.id = o.account_id
join points.client c on c.id = o.client_id;

comment on view api.operation is 'What was asked and what came of it. Find one by bucket, account_id and id = api.operation_id(client_id, idempotency_key).';
comment on column api.operation.bucket is 'Bucket of the account.';
comment on column api.operation.account_id is 'The account.';
comment on column api.operation.id is 'api.operation_id(client_id, idempotency_key).';
comment on column api.operation.user_id is 'The member.';
comment on column api.operation.wallet is 'Kind of points.';
comment on column api.operation.client_id is 'Who asked.';
comment on column api.operation.client is 'Name of who asked.';
comment on column api.operation.idempotency_key is 'The client''s key.';
comment on column api.operation.kind is 'What was asked.';
comment on column api.operation.rule is 'Rule that it earns by; null: it does not earn.';
comment on column api.operation.rule_version is 'Version of the rule that decided the award.';
comment on column api.operation.order_key is 'The host''s order that it belongs to.';
comment on column api.operation.reward is 'Reward redeemed.';
comment on column api.operation.subject is 'What it is done for: the local day made up, or the time zone set.';
comment on column api.operation.original is 'The operation that it reverses, or the hold that it captures or releases.';
comment on column api.operation.counterparty is 'The other member of a transfer.';
comment on column api.operation.amount is 'Amount of money, in the program''s currency.';
comment on column api.operation.requested is 'Points as asked; null: the rule decides.';
comment on column api.operation.points is 'Points that it was about; either sign for adjust and reverse; 0 when refused or when nothing was due.';
comment on column api.operation.seq is 'seq of its entry; null: it moved nothing.';
comment on column api.operation.refusal is 'Why it was refused; null: carried out.';
comment on column api.operation.detail is 'Facts of the refusal, or of what came of it.';
comment on column api.operation.reason is 'Why, in the words of who asked.';
comment on column api.operation.actor is 'Person behind the request.';
comment on column api.operation.metadata is 'Whatever the host keeps with it.';
comment on column api.operation.occurred_at is 'When it happened.';
comment on column api.operation.recorded_at is 'When it was booked.';
comment on column api.operation.available_at is 'When the points granted become available; null: it granted none.';
comment on column api.operation.expires_at is 'When the points granted expire; null: never, or it granted none.';
