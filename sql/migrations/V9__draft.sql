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
    held_after       bigint
);
comment on type points.draft is 'An operation on its way through the engine: what the stages have worked out so far, in their order. No field shares its name with one of api.request, so that both unnest side by side.';

reset role;
