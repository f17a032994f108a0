set role jifen_owner;

create table points.invitation_terms (
    wallet          text collate "C" primary key references points.wallet,
    qualifying_rule text collate "C" not null references points.rule,
    inviter_rule    text collate "C" not null references points.rule,
    invited_rule    text collate "C" not null references points.rule,
    cap             int,
    constraint invitation_terms_cap_positive check (cap > 0)
);
comment on table points.invitation_terms is 'What invitations give in a wallet. A wallet without a row has none.';
comment on column points.invitation_terms.wallet is 'The wallet.';
comment on column points.invitation_terms.qualifying_rule is 'Rule by whose first award an invited member qualifies, e.g. REGISTER or ORDER.';
comment on column points.invitation_terms.inviter_rule is 'Rule that prices what the inviter gets.';
comment on column points.invitation_terms.invited_rule is 'Rule that prices what the invited member gets.';
comment on column points.invitation_terms.cap is 'Invitations for which an inviter is paid at most, those clawed back not counted; null: any number.';

create table points.invitation_code (
    account_id bigint not null,
    created_at timestamptz not null,
    bucket     smallint not null,
    code       text collate "C" not null,
    primary key (bucket, account_id),
    constraint invitation_code_once unique (bucket, code),
    constraint invitation_code_tells_its_bucket check (
        left(code, 3) = upper(lpad(to_hex(bucket::int), 3, '0')) and code ~ '^[0-9A-F]{3}[2-9A-HJ-NP-Z]{12}$')
);
comment on table points.invitation_code is 'The code by which an account invites others, made on request: three digits that tell the bucket, and 60 random bits. Append-only.';
comment on column points.invitation_code.account_id is 'The account.';
comment on column points.invitation_code.created_at is 'When it was made.';
comment on column points.invitation_code.bucket is 'Bucket of the account.';
comment on column points.invitation_code.code is 'The code.';

create table points.invitation (
    account_id     bigint not null,
    inviter_id     bigint not null,
    created_at     timestamptz not null,
    inviter_since  timestamptz not null,
    joined_at      timestamptz not null,
    joined_by      uuid not null,
    qualified_by   uuid,
    paid_at        timestamptz,
    revoked_at     timestamptz,
    bucket         smallint not null,
    inviter_bucket smallint not null,
    wallet         text collate "C" not null,
    refusal        text collate "C" references points.refusal,
    primary key (bucket, account_id),
    constraint invitation_inviter_is_older check (inviter_since < created_at),
    constraint invitation_paid_when_qualified check (paid_at is null or qualified_by is not null and refusal is null),
    constraint invitation_revoked_when_paid check (revoked_at is null or paid_at is not null)
);
comment on table points.invitation is 'Who invited an account: once for ever. An inviter''s account is older than one invited, so there are no rings, however long.';
comment on column points.invitation.account_id is 'The account invited.';
comment on column points.invitation.inviter_id is 'The inviter''s account.';
comment on column points.invitation.created_at is 'When the invited account was made.';
comment on column points.invitation.inviter_since is 'When the inviter''s account was made.';
comment on column points.invitation.joined_at is 'When the invited member named the code.';
comment on column points.invitation.joined_by is 'The operation that did it.';
comment on column points.invitation.qualified_by is 'The invited account''s operation that qualified it; null: none has yet.';
comment on column points.invitation.paid_at is 'When both were paid; null: they were not.';
comment on column points.invitation.revoked_at is 'When both were clawed back; null: they were not.';
comment on column points.invitation.bucket is 'Bucket of the account invited.';
comment on column points.invitation.inviter_bucket is 'Bucket of the inviter''s account.';
comment on column points.invitation.wallet is 'Wallet of both.';
comment on column points.invitation.refusal is 'Why neither was paid, for good; null: see paid_at.';

create table points.invited (
    account_id     bigint not null,
    invited_id     bigint not null,
    operation_id   uuid not null,
    bucket         smallint not null,
    invited_bucket smallint not null,
    revoked        boolean not null default false,
    primary key (bucket, account_id, invited_bucket, invited_id)
);
comment on table points.invited is 'What an inviter was paid for, in the inviter''s bucket: what the cap counts.';
comment on column points.invited.account_id is 'The inviter''s account.';
comment on column points.invited.invited_id is 'The account invited.';
comment on column points.invited.operation_id is 'The inviter''s operation.';
comment on column points.invited.bucket is 'Bucket of the inviter''s account.';
comment on column points.invited.invited_bucket is 'Bucket of the account invited.';
comment on column points.invited.revoked is 'Whether it was clawed back.';

create index invited_by_operation on points.invited (bucket, account_id, operation_id);
comment on index points.invited_by_operation is 'Whether what is reversed was paid for an invitation.';

create table points.invitation_due (
    account_id     bigint not null,
    invited_id     bigint not null,
    due_at         timestamptz not null,
    bucket         smallint not null,
    invited_bucket smallint not null,
    primary key (bucket, account_id, invited_bucket, invited_id)
);
comment on table points.invitation_due is 'Invitations to look at: one has qualified, or something of it was undone. Written in the bucket and the transaction where that happened; points.settle_one does the rest, on both accounts at once.';
comment on column points.invitation_due.account_id is 'The account where it happened.';
comment on column points.invitation_due.invited_id is 'The account invited.';
comment on column points.invitation_due.due_at is 'When to look at it.';
comment on column points.invitation_due.bucket is 'Bucket of the account where it happened.';
comment on column points.invitation_due.invited_bucket is 'Bucket of the account invited.';

create index invitation_due_next on points.invitation_due (due_at);
comment on index points.invitation_due_next is 'What is to be looked at next.';

reset role;
