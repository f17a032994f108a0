set role jifen_owner;

create type api.preview_lot as (
    points       bigint,
    source       text,
    available_at timestamptz,
    expires_at   timestamptz
);
comment on type api.preview_lot is 'Points that an operation would grant, take or give back, lot by lot.';
comment on column api.preview_lot.points is 'Points granted or given back; below 0: taken.';
comment on column api.preview_lot.source is 'Rule that grants or granted them, or adjust.';
comment on column api.preview_lot.available_at is 'When they become available.';
comment on column api.preview_lot.expires_at is 'When they expire; null: never.';

reset role;
