set role jifen_owner;

create type points.undo as (
    seq         bigint,
    recorded_at timestamptz,
    passed      bigint,
    points      bigint
);
comment on type points.undo is 'Lots that an operation gives back or claws back, because of an earlier entry.';
comment on column points.undo.seq is 'The earlier entry: what it took from lots is given back, or what it granted is clawed back first.';
comment on column points.undo.recorded_at is 'When that was booked; names its partition.';
comment on column points.undo.passed is 'Points, from the last lot on, that were given back before.';
comment on column points.undo.points is 'Points to give back, from the last lot on; 0: nothing is, points are clawed back.';

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
    held_delta       bigint,
    debt_delta       bigint,
    pending_after    bigint,
    available_after  bigint,
    held_after       bigint,
    debt_after       bigint,
    earned_after     bigint,
    level_due        boolean,
    undo             points.undo,
    undoes           uuid,
    lot_idle         interval
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
comment on column points.draft.round is 'The round that carries it out; null: nothing to carry out. On receipt, until points.claim: 0, if it can be done once in a while only.';
comment on column points.draft.moved is 'Points that it is about; below 0: its account loses or reserves them.';
comment on column points.draft.happened_at is 'When it happened in the world.';
comment on column points.draft.lot_source is 'source of the lot that it grants; on receipt, until points.resolve, the reward that is asked for. order: a hold for an order of a known amount.';
comment on column points.draft.lot_available_at is 'available_at of the lot that it grants.';
comment on column points.draft.lot_expires_at is 'expires_at of the lot that it grants, or the deadline of the hold.';
comment on column points.draft.seq is 'seq of its entry; null: it moves nothing.';
comment on column points.draft.pending_delta is 'pending_delta of its entry.';
comment on column points.draft.available_delta is 'available_delta of its entry.';
comment on column points.draft.held_delta is 'held_delta of its entry.';
comment on column points.draft.debt_delta is 'debt_delta of its entry.';
comment on column points.draft.pending_after is 'pending_after of its entry.';
comment on column points.draft.available_after is 'available_after of its entry.';
comment on column points.draft.held_after is 'held_after of its entry.';
comment on column points.draft.debt_after is 'debt_after of its entry.';
comment on column points.draft.earned_after is 'Points that count for the level, after it: earned ever, with those inherited.';
comment on column points.draft.level_due is 'Whether it may change the level; on receipt, until points.lock_accounts, whether its account was merged into another; from points.price until points.arrange, whether a limit or campaign concerns it.';
comment on column points.draft.undo is 'Lots to give back or claw back; null: neither.';
comment on column points.draft.undoes is 'The operation that it reverses, the hold that it captures or releases, or the redemption that it cancels.';
comment on column points.draft.lot_idle is 'idle of the lot that it grants.';

reset role;
