set role jifen_owner;

create type points.draft as (
    ord              int,
    account_id       bigint,
    operation_id     uuid,
    entry_kind       points.entry_kind,
    rule_version     int,
    refusal          text,
    refusal_detail   jsonb,
    replayed         boolean,
    round            int,
    moved            bigint,
    happened_at      timestamptz,
    lot_source       text,
    lot_available_at timestamptz,
    lot_expires_at   timestamptz,
    seq              bigint,
    pending_delta    bigint,
    available_delta  bigint,
    pending_after    bigint,
    available_after  bigint,
    held_after       bigint,
    earned_after     bigint,
    level_due        boolean
);
comment on type points.draft is 'An operation on its way through the engine: what the stages have worked out so far, in their order. No field shares its name with one of api.request, so that both unnest side by side.';
comment on column points.draft.ord is 'Place of the request in the batch, from 1; null: not asked for (points.draft_due, points.draft_lapsed).';
comment on column points.draft.account_id is 'The account; null: there is none.';
comment on column points.draft.operation_id is 'Id that the operation has or will have.';
comment on column points.draft.entry_kind is 'What its entry books.';
comment on column points.draft.rule_version is 'Version of the rule in force; null: none, or not an earn.';
comment on column points.draft.refusal is 'Why it is refused; null: it is not.';
comment on column points.draft.refusal_detail is 'Facts of the refusal.';
comment on column points.draft.replayed is 'Its key was used before for the same request, by a stored operation or earlier in the batch.';
comment on column points.draft.round is 'The round that carries it out; null: nothing to carry out.';
comment on column points.draft.moved is 'Points that its account gains, negative: loses.';
comment on column points.draft.happened_at is 'When it happened in the world.';
comment on column points.draft.lot_source is 'source of the lot that it grants.';
comment on column points.draft.lot_available_at is 'available_at of the lot that it grants.';
comment on column points.draft.lot_expires_at is 'expires_at of the lot that it grants.';
comment on column points.draft.seq is 'seq of its entry; null: it moves nothing.';
comment on column points.draft.pending_delta is 'pending_delta of its entry.';
comment on column points.draft.available_delta is 'available_delta of its entry.';
comment on column points.draft.pending_after is 'pending_after of its entry.';
comment on column points.draft.available_after is 'available_after of its entry.';
comment on column points.draft.held_after is 'held_after of its entry.';
comment on column points.draft.earned_after is 'Points earned ever, after it.';
comment on column points.draft.level_due is 'Whether it may change the level.';

reset role;
