-- What the catalog holds once everything is applied, but for monthly partitions. Read it in reviews; never run it.
-- Written by JIFEN_BLESS=1 cargo test snapshot.

schema api
    grant create to jifen_owner
    grant usage to jifen_gateway, jifen_operator, jifen_owner, jifen_reader

schema points
    grant create to jifen_owner
    grant usage to jifen_owner

enum points.alert_kind (hourly_flow, hourly_jump, total_difference, reconciliation_overdue, discrepancies, queue_lag, job_lag, job_failing, expiry_lag, webhook_lag, partitions_missing, budget_used, raised)

enum points.alert_severity (info, warning, critical)

enum points.alert_state (pending, open, acknowledged, silenced, resolved)

domain points.balance_shape as points.balance_facts
    balance_is_within_safe_integers: CHECK ((((((VALUE).pending)::bigint + ((VALUE).available)::bigint) + ((VALUE).held)::bigint) <= '9007199254740991'::bigint))
    balance_pockets_equal_flows: CHECK (((((((VALUE).pending)::bigint + ((VALUE).available)::bigint) + ((VALUE).held)::bigint) - ((VALUE).debt)::bigint) = ((((((VALUE).earned)::bigint + ((VALUE).adjusted)::bigint) + ((VALUE).transferred)::bigint) - ((VALUE).spent)::bigint) - ((VALUE).expired)::bigint)))

enum points.batch_state (queued, running, done)

enum points.calendar_unit (day, month, year)

enum points.campaign_basis (multiplier, bonus)

enum points.campaign_status (active, paused, ended)

enum points.chunk_kind (entries, operations, lot_uses, bucket, stock, months, outbox, rest)

enum points.contra (issuance, redemption, adjustment, expiry, transfer, write_off, internal)

enum points.delivery_state (waiting, delivered, dead)

enum points.discrepancy_state (open, acknowledged, closed)

enum points.entry_kind (earn, spend, adjust, hold, capture, release, clawback, refund, transfer, merge, activate, expire, reinstate, repay, write_off)

domain points.entry_shape as points.entry_facts
    entry_nets_as_its_kind_says: CHECK (
CASE
    WHEN ((VALUE).kind = ANY (ARRAY['earn'::points.entry_kind, 'refund'::points.entry_kind, 'reinstate'::points.entry_kind])) THEN ((VALUE).net > 0)
    WHEN ((VALUE).kind = ANY (ARRAY['spend'::points.entry_kind, 'capture'::points.entry_kind, 'clawback'::points.entry_kind, 'expire'::points.entry_kind])) THEN ((VALUE).net < 0)
    WHEN ((VALUE).kind = 'merge'::points.entry_kind) THEN true
    WHEN ((VALUE).kind = ANY (ARRAY['adjust'::points.entry_kind, 'transfer'::points.entry_kind, 'write_off'::points.entry_kind])) THEN ((VALUE).net <> 0)
    ELSE ((VALUE).net = 0)
END)
    entry_seq_positive: CHECK (((VALUE).seq > 0))

domain points.flow as bigint
    flow_is_safe_integer: CHECK (((VALUE >= '-9007199254740991'::bigint) AND (VALUE <= '9007199254740991'::bigint)))

enum points.flow_measure (issued, clawed_back, used, expired, adjusted, net)

enum points.hold_status (open, captured, released)

domain points.idempotency_key as text collate "C"
    idempotency_key_length: CHECK (((length(VALUE) >= 1) AND (length(VALUE) <= 128)))

enum points.level_cause (award, clawback, merge, period_end, levels_changed)

enum points.level_downgrade (never, one_step, to_earned)

enum points.level_measure (ever, rolling_year, calendar_year, membership_year)

enum points.limit_excess (cut, refuse)

enum points.limit_subject (member, address, device)

domain points.lot_shape as points.lot_facts
    lot_expires_not_before_available: CHECK (((VALUE).expires_at >= (VALUE).available_at))
    lot_remaining_positive: CHECK (((VALUE).remaining > 0))
    lot_remaining_within_granted: CHECK (((VALUE).remaining <= (VALUE).granted))

domain points.money as numeric
    money_not_negative: CHECK ((VALUE >= (0)::numeric))

enum points.notice_kind (expiry)

enum points.operation_kind (earn, spend, adjust, hold, capture, release, reverse, return, transfer, redeem, fulfil, cancel, freeze, unfreeze, merge, unmerge, approve, reject, sign_in, make_up, set_time_zone, progress, claim, invite, join, extend, cancel_award, activate, reinstate, expire, repay, write_off, receive, forward, erase)

domain points.operation_shape as points.operation_facts
    operation_adjust_has_reason_and_actor: CHECK (((((VALUE).kind <> ALL (ARRAY['adjust'::points.operation_kind, 'freeze'::points.operation_kind, 'unfreeze'::points.operation_kind, 'merge'::points.operation_kind, 'unmerge'::points.operation_kind, 'approve'::points.operation_kind, 'reject'::points.operation_kind, 'erase'::points.operation_kind, 'extend'::points.operation_kind, 'cancel_award'::points.operation_kind])) AND (((VALUE).kind <> ALL (ARRAY['activate'::points.operation_kind, 'reinstate'::points.operation_kind])) OR ((VALUE).original IS NULL))) OR ((COALESCE(length((VALUE).reason), 0) > 0) AND (COALESCE(length((VALUE).actor), 0) > 0))))
    operation_earn_names_rule_version: CHECK (((((VALUE).kind = ANY (ARRAY['earn'::points.operation_kind, 'sign_in'::points.operation_kind, 'claim'::points.operation_kind])) = ((VALUE).rule IS NOT NULL)) AND (((VALUE).rule IS NULL) = ((VALUE).rule_version IS NULL))))
    operation_moves_points_by_an_entry: CHECK ((((VALUE).points = 0) OR ((VALUE).seq IS NOT NULL)))
    operation_nothing_only_from_earn: CHECK ((((VALUE).points <> 0) OR ((VALUE).refusal IS NOT NULL) OR ((VALUE).kind = ANY (ARRAY['earn'::points.operation_kind, 'release'::points.operation_kind, 'return'::points.operation_kind, 'fulfil'::points.operation_kind, 'freeze'::points.operation_kind, 'unfreeze'::points.operation_kind, 'merge'::points.operation_kind, 'unmerge'::points.operation_kind, 'approve'::points.operation_kind, 'forward'::points.operation_kind, 'erase'::points.operation_kind, 'sign_in'::points.operation_kind, 'make_up'::points.operation_kind, 'set_time_zone'::points.operation_kind, 'progress'::points.operation_kind, 'claim'::points.operation_kind, 'invite'::points.operation_kind, 'join'::points.operation_kind, 'extend'::points.operation_kind, 'activate'::points.operation_kind]))))
    operation_original_fits_kind: CHECK (
CASE
    WHEN ((VALUE).kind = ANY (ARRAY['capture'::points.operation_kind, 'reverse'::points.operation_kind, 'fulfil'::points.operation_kind, 'cancel'::points.operation_kind, 'receive'::points.operation_kind, 'approve'::points.operation_kind, 'reject'::points.operation_kind, 'cancel_award'::points.operation_kind])) THEN ((VALUE).original IS NOT NULL)
    WHEN ((VALUE).kind = ANY (ARRAY['release'::points.operation_kind, 'transfer'::points.operation_kind, 'extend'::points.operation_kind, 'activate'::points.operation_kind, 'reinstate'::points.operation_kind])) THEN true
    ELSE ((VALUE).original IS NULL)
END)
    operation_points_fit_kind: CHECK ((((VALUE).points >= 0) OR ((VALUE).kind = ANY (ARRAY['adjust'::points.operation_kind, 'reverse'::points.operation_kind, 'reject'::points.operation_kind, 'erase'::points.operation_kind]))))
    operation_refusal_is_final: CHECK (((VALUE).refusal = ANY (ARRAY['INSUFFICIENT_POINTS'::text, 'LIMIT_REACHED'::text, 'ACCOUNT_FROZEN'::text, 'HOLD_CLOSED'::text, 'NOT_REVERSIBLE'::text, 'ALREADY_REVERSED'::text, 'RETURN_TOO_LARGE'::text, 'UNKNOWN_OPERATION'::text, 'REDEMPTION_CLOSED'::text, 'ALREADY_SIGNED_IN'::text, 'DAY_OUT_OF_RANGE'::text, 'ALREADY_EARNED'::text, 'ALREADY_CLAIMED'::text, 'ALREADY_INVITED'::text, 'NOT_INVITABLE'::text, 'AWARD_DENIED'::text, 'REVIEW_CLOSED'::text, 'NOT_PENDING'::text])))
    operation_refused_moves_nothing: CHECK ((((VALUE).refusal IS NULL) OR (((VALUE).points = 0) AND ((VALUE).seq IS NULL))))

domain points.pocket as bigint
    pocket_is_safe_integer: CHECK ((VALUE <= '9007199254740991'::bigint))
    pocket_not_negative: CHECK ((VALUE >= 0))

enum points.quota_period (day, week, month, year, ever)

enum points.reconciliation_mode (full, incremental)

enum points.redemption_status (reserved, fulfilled, cancelled)

enum points.review_status (waiting, approved, rejected)

enum points.reward_kind (goods, coupon, draw, cash)

enum points.reward_status (active, paused, retired)

enum points.risk_decision (review, deny)

enum points.risk_measure (award_points, window_points, window_awards, source_share, local_hour, address_awards, device_awards, address_members, device_members)

enum points.risk_mode (off, watch, on)

enum points.rounding (down, half_up, up)

enum points.row_state (waiting, done, refused, failed)

enum points.rule_basis (fixed, amount, tiers, given, none)

enum points.task_status (active, paused, retired)

enum points.version_state (draft, scheduled, in_force, superseded, retired)

enum points.webhook_event (entry.booked, level.changed, points.expiring, redemption.changed, review.changed, webhook.ping, alert.raised, alert.resolved, bucket.sealed)

type api.backtest_day
    day           date
    operations    bigint
    points_before bigint
    points_after  bigint

type api.backtest_member
    user_id       text
    wallet        text
    operations    bigint
    points_before bigint
    points_after  bigint

type api.breakage_cohort
    month       date
    granted     bigint
    used        bigint
    clawed_back bigint
    expired     bigint
    other       bigint
    outstanding bigint

type api.liability_part
    expires_month date
    source        text
    points        bigint
    held          bigint

type api.origin
    address inet
    device  text

type api.preview_lot
    points       bigint
    source       text
    available_at timestamp with time zone
    expires_at   timestamp with time zone

type api.request
    kind            points.operation_kind
    user_id         text
    wallet          text
    client_id       integer
    idempotency_key text
    rule            text
    order_key       text
    reward          text
    original        uuid
    counterparty    text
    amount          numeric
    points          bigint
    occurred_at     timestamp with time zone
    expires_at      timestamp with time zone
    reason          text
    actor           text
    metadata        jsonb
    subject         text
    origin          api.origin

type points.alert_reading
    rule    text
    subject text
    wallet  text
    value   numeric
    message text

type points.balance_facts
    pending     points.pocket
    available   points.pocket
    held        points.pocket
    debt        points.pocket
    earned      points.pocket
    adjusted    points.flow
    transferred points.flow
    spent       points.pocket
    expired     points.pocket

type points.draft
    ord              integer
    account_id       bigint
    operation_id     uuid
    entry_kind       points.entry_kind
    rule_version     integer
    refusal          text
    refusal_detail   jsonb
    replayed         boolean
    round            integer
    moved            bigint
    happened_at      timestamp with time zone
    lot_source       text
    lot_available_at timestamp with time zone
    lot_expires_at   timestamp with time zone
    seq              bigint
    pending_delta    bigint
    available_delta  bigint
    held_delta       bigint
    debt_delta       bigint
    pending_after    bigint
    available_after  bigint
    held_after       bigint
    debt_after       bigint
    earned_after     bigint
    level_due        boolean
    undo             points.undo
    undoes           uuid
    lot_idle         interval

type points.entry_facts
    kind points.entry_kind
    seq  bigint
    net  bigint

type points.finding
    check_name text
    account_id bigint
    subject    text
    evidence   jsonb

type points.lot_facts
    granted      bigint
    remaining    bigint
    available_at timestamp with time zone
    expires_at   timestamp with time zone

type points.operation_facts
    kind         points.operation_kind
    points       bigint
    seq          bigint
    refusal      text
    rule         text
    rule_version integer
    original     uuid
    reason       text
    actor        text

type points.origin_mark
    ord        integer
    account_id bigint
    origin     bytea
    code       text
    starts_at  timestamp with time zone
    since      timestamp with time zone
    until      timestamp with time zone
    most       bigint
    members    boolean
    decides    boolean
    known      boolean
    used       bigint

type points.risk
    decision     points.risk_decision
    detail       jsonb
    deadline     timestamp with time zone
    available_at timestamp with time zone
    expires_at   timestamp with time zone

type points.share
    allowed   bigint
    campaigns text[]
    bonuses   bigint[]
    refused   boolean
    detail    jsonb
    budgeted  boolean
    capped    boolean
    base      bigint
    room      bigint

type points.undo
    seq         bigint
    recorded_at timestamp with time zone
    passed      bigint
    points      bigint

type points.weighed_level
    account_id bigint
    at         timestamp with time zone
    measure    points.level_measure
    level      text
    next       text
    measured   bigint
    to_next    bigint
    to_keep    bigint
    until      bigint
    ends_at    timestamp with time zone
    earn_by    timestamp with time zone
    revision   integer

table points.account
    id          bigint not null generated always as identity
    created_at  timestamp with time zone not null
    bucket      smallint not null
    erased_at   timestamp with time zone
    into_id     bigint
    into_bucket smallint
    user_id     text collate "C"
    wallet      text collate "C" not null
    account_pkey: PRIMARY KEY (bucket, id)
    account_once_per_user_and_wallet: UNIQUE (bucket, user_id, wallet)
    account_wallet_fkey: FOREIGN KEY (wallet) REFERENCES points.wallet(code)
    account_bucket_is_its_hash: CHECK ((bucket = points.bucket(user_id, wallet)))
    account_is_somebodys_until_erased: CHECK (((user_id IS NULL) = (erased_at IS NOT NULL)))
    account_merged_into_another: CHECK ((((into_id IS NULL) = (into_bucket IS NULL)) AND (into_id <> id)))
    account_user_id_length: CHECK (((length(user_id) >= 1) AND (length(user_id) <= 64)))
    CREATE INDEX account_merged ON points.account USING btree (into_bucket, into_id) WHERE (into_id IS NOT NULL)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.activity
    account_id bigint not null
    seq        bigint not null
    at         timestamp with time zone not null
    bucket     smallint not null
    activity_pkey: PRIMARY KEY (bucket, account_id, seq, at)
    trigger append_only before delete or update on points.activity for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.activity for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

table points.alert with (fillfactor=80)
    id             bigint not null generated always as identity
    rule           text collate "C" not null
    subject        text collate "C" not null
    wallet         text collate "C"
    state          points.alert_state not null
    severity       points.alert_severity not null
    value          numeric not null
    message        text not null
    since          timestamp with time zone not null
    raised_at      timestamp with time zone
    silenced_until timestamp with time zone
    resolved_at    timestamp with time zone
    decided_at     timestamp with time zone
    decided_by     text
    reason         text
    version        bigint not null
    alert_pkey: PRIMARY KEY (id)
    alert_rule_fkey: FOREIGN KEY (rule) REFERENCES points.alert_rule(name)
    alert_wallet_fkey: FOREIGN KEY (wallet) REFERENCES points.wallet(code)
    alert_decided_by_somebody: CHECK ((((decided_at IS NULL) = (decided_by IS NULL)) AND ((reason IS NULL) OR (decided_at IS NOT NULL))))
    alert_message_is_some: CHECK ((length(message) > 0))
    alert_raised_unless_pending: CHECK (((state = 'pending'::points.alert_state) = (raised_at IS NULL)))
    alert_resolved_at_an_instant: CHECK (((state = 'resolved'::points.alert_state) = (resolved_at IS NOT NULL)))
    alert_silenced_until_an_instant: CHECK (((state = 'silenced'::points.alert_state) = (silenced_until IS NOT NULL)))
    CREATE INDEX alert_changed ON points.alert USING btree (version, id) WHERE (state <> 'pending'::points.alert_state)
    CREATE INDEX alert_listed ON points.alert USING btree (state, id)
    CREATE UNIQUE INDEX alert_one_of_a_subject ON points.alert USING btree (rule, subject) WHERE (state <> 'resolved'::points.alert_state)
    CREATE INDEX alert_resolved ON points.alert USING btree (resolved_at) WHERE (state = 'resolved'::points.alert_state)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.alert_clock
    id      boolean not null default true
    version bigint not null
    alert_clock_pkey: PRIMARY KEY (id)
    alert_clock_is_one_row: CHECK (id)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.alert_rule
    name         text collate "C" not null
    description  text not null
    kind         points.alert_kind not null
    flow         points.flow_measure
    wallet       text collate "C"
    threshold    numeric not null
    clear_at     numeric
    minimum      bigint
    hold_seconds integer not null default 0
    severity     points.alert_severity not null default 'warning'::points.alert_severity
    enabled      boolean not null default true
    changed_at   timestamp with time zone not null
    alert_rule_pkey: PRIMARY KEY (name)
    alert_rule_wallet_fkey: FOREIGN KEY (wallet) REFERENCES points.wallet(code)
    alert_rule_clears_below_threshold: CHECK (((clear_at >= (0)::numeric) AND (clear_at <= threshold) AND (scale(clear_at) <= 6)))
    alert_rule_description_length: CHECK (((length(description) >= 1) AND (length(description) <= 500)))
    alert_rule_flow_where_one_is_measured: CHECK (((kind = ANY (ARRAY['hourly_flow'::points.alert_kind, 'hourly_jump'::points.alert_kind])) = (flow IS NOT NULL)))
    alert_rule_hold_in_range: CHECK (((hold_seconds >= 0) AND (hold_seconds <= 86400)))
    alert_rule_minimum_is_for_jumps: CHECK ((((kind = 'hourly_jump'::points.alert_kind) = (minimum IS NOT NULL)) AND ((minimum >= 1) AND (minimum <= '9007199254740991'::bigint))))
    alert_rule_name_is_plain: CHECK ((name ~ '^[a-z][a-z0-9_]{0,47}$'::text))
    alert_rule_threshold_in_range: CHECK (((threshold >= (0)::numeric) AND (threshold < '1000000000000000000'::numeric) AND (scale(threshold) <= 6)))
    alert_rule_wallet_where_one_is_measured: CHECK (((wallet IS NULL) OR (kind = ANY (ARRAY['hourly_flow'::points.alert_kind, 'hourly_jump'::points.alert_kind, 'total_difference'::points.alert_kind]))))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.balance with (fillfactor=60)
    account_id      bigint not null
    pending         points.pocket not null default 0
    available       points.pocket not null default 0
    held            points.pocket not null default 0
    earned          points.pocket not null default 0
    spent           points.pocket not null default 0
    expired         points.pocket not null default 0
    adjusted        points.flow not null default 0
    debt            points.pocket not null default 0
    transferred     points.flow not null default 0
    version         bigint not null default 0
    next_change_at  timestamp with time zone not null default 'infinity'::timestamp with time zone
    level_until     bigint not null
    level_ends_at   timestamp with time zone not null default 'infinity'::timestamp with time zone
    inherited       points.pocket
    touched_version bigint
    level_revision  integer not null default 0
    active_on       date
    bucket          smallint not null
    frozen          boolean not null default false
    has_returns     boolean not null default false
    closed          boolean not null default false
    merged          boolean not null default false
    invited         boolean not null default false
    level           text
    balance_pkey: PRIMARY KEY (bucket, account_id)
    balance_of_an_account: FOREIGN KEY (bucket, account_id) REFERENCES points.account(bucket, id)
    balance_is_in_shape: CHECK (((ROW(pending, available, held, debt, earned, adjusted, transferred, spent, expired))::points.balance_shape IS DISTINCT FROM NULL))
    CREATE INDEX balance_next_change ON points.balance USING btree (bucket, next_change_at) WHERE (next_change_at < 'infinity'::timestamp with time zone)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.batch with (fillfactor=70, autovacuum_vacuum_scale_factor=0.05)
    ticket          uuid not null default gen_random_uuid()
    touched_at      timestamp with time zone not null
    queued_at       timestamp with time zone
    started_at      timestamp with time zone
    done_at         timestamp with time zone
    due_at          timestamp with time zone
    tried_since     timestamp with time zone
    client_id       integer not null
    size            integer not null default 0
    done            integer not null default 0
    refused         integer not null default 0
    failed          integer not null default 0
    at_no           integer not null default 1
    fence           integer not null default 0
    attempts        integer not null default 0
    unanswered      integer not null default 0
    idempotency_key points.idempotency_key
    label           text
    fingerprint     bytea
    batch_pkey: PRIMARY KEY (ticket)
    batch_key_once_per_client: UNIQUE (client_id, idempotency_key)
    batch_client_id_fkey: FOREIGN KEY (client_id) REFERENCES points.client(id)
    batch_answers_within_size: CHECK (((LEAST(done, refused, failed) >= 0) AND (((done + refused) + failed) <= size)))
    batch_attempts_not_negative: CHECK (((at_no > 0) AND (attempts <= fence) AND ((unanswered >= 0) AND (unanswered <= attempts)) AND ((attempts = 0) = (tried_since IS NULL))))
    batch_done_when_all_answered: CHECK (((done_at IS NOT NULL) = ((queued_at IS NOT NULL) AND (((done + refused) + failed) = size))))
    batch_due_until_done: CHECK (((due_at IS NOT NULL) = ((queued_at IS NOT NULL) AND (done_at IS NULL))))
    batch_fingerprint_is_sha256: CHECK ((length(fingerprint) = 32))
    batch_key_when_whole: CHECK ((num_nulls(idempotency_key, fingerprint, queued_at) = ANY (ARRAY[0, 3])))
    batch_label_length: CHECK (((length(label) >= 1) AND (length(label) <= 128)))
    batch_size_in_range: CHECK (((size >= 0) AND (size <= 1000000)))
    CREATE INDEX batch_done ON points.batch USING btree (done_at) WHERE (done_at IS NOT NULL)
    CREATE INDEX batch_due ON points.batch USING btree (client_id, due_at) WHERE (due_at IS NOT NULL)
    CREATE INDEX batch_not_whole ON points.batch USING btree (touched_at) WHERE (queued_at IS NULL)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.batch_piece with (autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=1000, autovacuum_vacuum_cost_delay=0)
    ticket  uuid not null
    no      integer not null
    numbers integer[] not null
    rows    jsonb not null
    batch_piece_pkey: PRIMARY KEY (ticket, no)
    batch_piece_ticket_fkey: FOREIGN KEY (ticket) REFERENCES points.batch(ticket)
    batch_piece_rows_are_numbered: CHECK (((jsonb_array_length(rows) = cardinality(numbers)) AND ((cardinality(numbers) >= 1) AND (cardinality(numbers) <= 500))))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.batch_result
    ticket  uuid not null
    no      integer not null
    attempt integer not null
    done    integer not null
    refused integer not null
    failed  integer not null
    results jsonb not null
    batch_result_pkey: PRIMARY KEY (ticket, no, attempt)
    batch_result_ticket_fkey: FOREIGN KEY (ticket) REFERENCES points.batch(ticket)
    batch_result_counts_its_rows: CHECK (((LEAST(done, refused, failed) >= 0) AND (((done + refused) + failed) = jsonb_array_length(results))))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.batch_turn with (fillfactor=20, autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=200)
    client_id integer not null
    waiting   bigint not null default 0
    served_at timestamp with time zone not null default '-infinity'::timestamp with time zone
    batch_turn_pkey: PRIMARY KEY (client_id)
    batch_turn_client_id_fkey: FOREIGN KEY (client_id) REFERENCES points.client(id)
    batch_turn_waiting_not_negative: CHECK ((waiting >= 0))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.bundle
    id         boolean not null default true
    hash       bytea not null
    applied_at timestamp with time zone not null
    migration  integer not null
    rights     text[]
    bundle_pkey: PRIMARY KEY (id)
    bundle_is_one_row: CHECK (id)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.campaign
    code       text collate "C" not null
    name       text not null
    basis      points.campaign_basis not null
    multiplier numeric
    bonus      bigint
    rules      text[] not null
    levels     text[]
    priority   integer not null
    exclusive  boolean not null
    member_cap bigint
    status     points.campaign_status not null
    starts_at  timestamp with time zone not null
    ends_at    timestamp with time zone not null
    created_at timestamp with time zone not null
    campaign_pkey: PRIMARY KEY (code)
    campaign_basis_has_its_input: CHECK ((((basis = 'multiplier'::points.campaign_basis) = (multiplier IS NOT NULL)) AND ((basis = 'bonus'::points.campaign_basis) = (bonus IS NOT NULL))))
    campaign_bonus_in_range: CHECK (((bonus >= 1) AND (bonus <= '9007199254740991'::bigint)))
    campaign_code_is_plain: CHECK ((code ~ '^[A-Z][A-Z0-9_]{0,31}$'::text))
    campaign_ends_after_it_starts: CHECK ((ends_at > starts_at))
    campaign_member_cap_in_range: CHECK (((member_cap >= 1) AND (member_cap <= '9007199254740991'::bigint)))
    campaign_multiplier_in_range: CHECK (((multiplier > (1)::numeric) AND (multiplier <= (100)::numeric) AND (scale(multiplier) <= 6)))
    campaign_name_length: CHECK (((length(name) >= 1) AND (length(name) <= 128)))
    campaign_names_levels: CHECK ((((cardinality(levels) >= 1) AND (cardinality(levels) <= 100)) AND (num_nulls(VARIADIC levels) = 0)))
    campaign_names_rules: CHECK ((((cardinality(rules) >= 1) AND (cardinality(rules) <= 100)) AND (num_nulls(VARIADIC rules) = 0)))
    campaign_priority_in_range: CHECK (((priority >= 1) AND (priority <= 1000)))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.campaign_use with (fillfactor=60)
    account_id bigint not null
    points     bigint not null
    cap        bigint not null
    bucket     smallint not null
    campaign   text collate "C" not null
    campaign_use_pkey: PRIMARY KEY (bucket, account_id, campaign)
    campaign_use_within_cap: CHECK (((points >= 0) AND (points <= cap)))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.catalogue_change
    client_id       integer not null
    idempotency_key points.idempotency_key not null
    what            text collate "C" not null
    code            text collate "C" not null
    version         integer
    inputs          jsonb not null
    recorded_at     timestamp with time zone not null
    catalogue_change_pkey: PRIMARY KEY (client_id, idempotency_key)
    catalogue_change_client_id_fkey: FOREIGN KEY (client_id) REFERENCES points.client(id)
    catalogue_change_is_known: CHECK ((what = ANY (ARRAY['create_rule'::text, 'draft_rule_version'::text, 'publish_rule_version'::text, 'discard_rule_draft'::text, 'retire_rule'::text, 'create_limit'::text, 'change_limit'::text, 'create_campaign'::text, 'change_campaign'::text, 'add_budget'::text, 'set_risk_rule'::text, 'create_reward'::text, 'change_reward'::text, 'add_stock'::text, 'add_coupons'::text, 'create_task'::text, 'change_task'::text, 'set_sign_in'::text, 'set_invitations'::text, 'set_levels'::text, 'set_job'::text, 'run_job'::text, 'set_activity'::text, 'set_archive'::text, 'acknowledge_discrepancy'::text, 'set_integrity'::text, 'create_webhook'::text, 'change_webhook'::text, 'rotate_webhook_secret'::text, 'delete_webhook'::text, 'ping_webhook'::text, 'replay_webhook_deliveries'::text, 'set_alert_rule'::text, 'acknowledge_alert'::text, 'silence_alert'::text, 'resolve_alert'::text, 'set_point_value'::text])))
    CREATE INDEX catalogue_change_of ON points.catalogue_change USING btree (code, what)
    trigger append_only before delete or update on points.catalogue_change for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.catalogue_change for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

table points.checkpoint
    account_id bigint not null
    seq        bigint not null
    pending    points.pocket not null
    available  points.pocket not null
    held       points.pocket not null
    debt       points.pocket not null
    bucket     smallint not null
    checkpoint_pkey: PRIMARY KEY (bucket, account_id)
    checkpoint_seq_positive: CHECK ((seq > 0))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.client
    id         integer not null generated by default as identity
    name       text collate "C" not null
    scopes     text[] not null
    rules      text[]
    wallets    text[]
    rate       numeric
    burst      integer
    created_at timestamp with time zone not null default now()
    revoked_at timestamp with time zone
    client_pkey: PRIMARY KEY (id)
    client_name_once: UNIQUE (name)
    client_burst_goes_with_rate: CHECK (((rate IS NULL) = (burst IS NULL)))
    client_name_length: CHECK (((length(name) >= 1) AND (length(name) <= 64)))
    client_rate_in_bounds: CHECK ((((rate >= 0.001) AND (rate <= (1000000)::numeric)) AND ((burst >= 1) AND (burst <= 1000000))))
    client_scopes_are_known: CHECK ((scopes <@ ARRAY['earn'::text, 'spend'::text, 'reverse'::text, 'adjust'::text, 'rewards'::text, 'rules'::text, 'webhooks'::text, 'read'::text, 'audit'::text]))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.client_key
    key_sha256   bytea not null
    client_id    integer not null
    created_at   timestamp with time zone not null default now()
    expires_at   timestamp with time zone not null default 'infinity'::timestamp with time zone
    last_used_at timestamp with time zone
    client_key_pkey: PRIMARY KEY (key_sha256)
    client_key_client_id_fkey: FOREIGN KEY (client_id) REFERENCES points.client(id)
    client_key_is_sha256: CHECK ((length(key_sha256) = 32))
    CREATE INDEX client_key_client ON points.client_key USING btree (client_id)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.coupon
    reward            text collate "C" not null
    no                bigint not null
    code              text collate "C" not null
    account_id        bigint
    redemption_id     uuid
    handed_out_at     timestamp with time zone
    redemption_bucket smallint
    coupon_pkey: PRIMARY KEY (reward, no)
    coupon_code_once_per_reward: UNIQUE (reward, code)
    coupon_reward_fkey: FOREIGN KEY (reward) REFERENCES points.reward(code)
    coupon_code_length: CHECK (((length(code) >= 1) AND (length(code) <= 128)))
    coupon_is_handed_out_whole: CHECK ((num_nulls(redemption_bucket, account_id, redemption_id, handed_out_at) = ANY (ARRAY[0, 4])))
    CREATE INDEX coupon_in_pool ON points.coupon USING btree (reward, no) WHERE (redemption_id IS NULL)
    CREATE INDEX coupon_of_account ON points.coupon USING btree (redemption_bucket, account_id) WHERE (account_id IS NOT NULL)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.deduction
    wallet          text collate "C" not null
    points_per_unit integer not null
    max_share       numeric not null
    max_amount      points.money
    min_points      bigint not null
    decimals        smallint not null
    deduction_pkey: PRIMARY KEY (wallet)
    deduction_wallet_fkey: FOREIGN KEY (wallet) REFERENCES points.wallet(code)
    deduction_decimals_in_range: CHECK (((decimals >= 0) AND (decimals <= 4)))
    deduction_min_points_in_range: CHECK (((min_points >= 1) AND (min_points <= '9007199254740991'::bigint)))
    deduction_points_per_unit_positive: CHECK ((points_per_unit > 0))
    deduction_share_is_of_the_order: CHECK (((max_share > (0)::numeric) AND (max_share <= (1)::numeric)))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.discrepancy
    id              bigint not null generated always as identity
    account_id      bigint
    first_run       bigint not null
    last_run        bigint not null
    first_seen_at   timestamp with time zone not null
    last_seen_at    timestamp with time zone not null
    acknowledged_at timestamp with time zone
    closed_at       timestamp with time zone
    account_bucket  smallint
    frozen          boolean not null default false
    to_freeze       boolean not null default false
    state           points.discrepancy_state not null default 'open'::points.discrepancy_state
    check_name      text collate "C" not null
    subject         text collate "C" not null
    actor           text
    reason          text
    evidence        jsonb not null
    discrepancy_pkey: PRIMARY KEY (id)
    discrepancy_check_name_fkey: FOREIGN KEY (check_name) REFERENCES points.reconciliation_check(name)
    discrepancy_account_is_whole: CHECK (((account_id IS NULL) = (account_bucket IS NULL)))
    discrepancy_acknowledged_whole: CHECK ((num_nulls(acknowledged_at, actor, reason) = ANY (ARRAY[0, 3])))
    discrepancy_state_says_so: CHECK ((((state = 'closed'::points.discrepancy_state) = (closed_at IS NOT NULL)) AND ((state <> 'acknowledged'::points.discrepancy_state) OR (acknowledged_at IS NOT NULL))))
    CREATE INDEX discrepancy_newest ON points.discrepancy USING btree (state, id)
    CREATE INDEX discrepancy_of_account ON points.discrepancy USING btree (account_bucket, account_id) WHERE (closed_at IS NULL)
    CREATE UNIQUE INDEX discrepancy_once ON points.discrepancy USING btree (check_name, COALESCE((account_bucket)::integer, '-1'::integer), COALESCE(account_id, ('-1'::integer)::bigint), subject) WHERE (closed_at IS NULL)
    CREATE INDEX discrepancy_to_freeze ON points.discrepancy USING btree (id) WHERE (to_freeze AND (closed_at IS NULL))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.earn_limit
    code       text collate "C" not null
    name       text not null
    rules      text[] not null
    period     points.quota_period not null
    max_times  integer
    max_points bigint
    excess     points.limit_excess not null
    per        points.limit_subject not null
    gives_back boolean not null
    active     boolean not null
    created_at timestamp with time zone not null
    earn_limit_pkey: PRIMARY KEY (code)
    earn_limit_code_is_plain: CHECK ((code ~ '^[A-Z][A-Z0-9_]{0,31}$'::text))
    earn_limit_in_range: CHECK (((max_times > 0) AND ((max_points >= 1) AND (max_points <= '9007199254740991'::bigint))))
    earn_limit_limits_something: CHECK ((num_nonnulls(max_times, max_points) > 0))
    earn_limit_name_length: CHECK (((length(name) >= 1) AND (length(name) <= 128)))
    earn_limit_names_rules: CHECK ((((cardinality(rules) >= 1) AND (cardinality(rules) <= 100)) AND (num_nulls(VARIADIC rules) = 0)))
    earn_limit_of_origins_counts_times: CHECK (((per = 'member'::points.limit_subject) OR ((max_points IS NULL) AND (NOT gives_back))))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.earned_day
    account_id bigint not null
    points     points.flow not null default 0
    inherited  points.flow not null default 0
    day        date not null
    bucket     smallint not null
    earned_day_pkey: PRIMARY KEY (bucket, account_id, day)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.entry partition by range (recorded_at)
    account_id      bigint not null
    seq             bigint not null
    operation_id    uuid not null
    pending_delta   bigint not null
    available_delta bigint not null
    held_delta      bigint not null
    debt_delta      bigint not null
    pending_after   points.pocket not null
    available_after points.pocket not null
    held_after      points.pocket not null
    debt_after      points.pocket not null
    occurred_at     timestamp with time zone not null
    recorded_at     timestamp with time zone not null
    kind            points.entry_kind not null
    bucket          smallint not null
    entry_pkey: PRIMARY KEY (bucket, account_id, seq, recorded_at)
    entry_is_in_shape: CHECK (((ROW(kind, seq, (((pending_delta + available_delta) + held_delta) - debt_delta)))::points.entry_shape IS DISTINCT FROM NULL))
    CREATE INDEX entry_recorded_brin ON ONLY points.entry USING brin (recorded_at) WITH (autosummarize='on')
    trigger append_only before delete or update on points.entry for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.entry for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

table points.entry_archive partition by range (recorded_at)
    account_id      bigint not null
    seq             bigint not null
    operation_id    uuid not null
    pending_delta   bigint not null
    available_delta bigint not null
    held_delta      bigint not null
    debt_delta      bigint not null
    pending_after   points.pocket not null
    available_after points.pocket not null
    held_after      points.pocket not null
    debt_after      points.pocket not null
    occurred_at     timestamp with time zone not null
    recorded_at     timestamp with time zone not null
    kind            points.entry_kind not null
    bucket          smallint not null
    entry_archive_pkey: PRIMARY KEY (bucket, account_id, seq, recorded_at)
    trigger append_only before delete or update on points.entry_archive for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.entry_archive for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

table points.erasure
    id          uuid not null
    recorded_at timestamp with time zone not null
    points      bigint not null
    client_id   integer not null
    accounts    integer not null
    bucket      smallint not null
    erasure_pkey: PRIMARY KEY (bucket, id)
    erasure_accounts_not_negative: CHECK ((accounts >= 0))
    erasure_points_not_negative: CHECK ((points >= 0))
    trigger append_only before delete or update on points.erasure for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.erasure for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

table points.flow_count
    id            boolean not null default true
    counted_until timestamp with time zone
    mark_at       timestamp with time zone
    mark_by       xid8
    mark_xid      xid8
    slice         interval not null default '00:01:00'::interval
    flow_count_pkey: PRIMARY KEY (id)
    flow_count_is_one_row: CHECK (id)
    flow_count_mark_is_whole: CHECK ((((mark_at IS NULL) = (mark_by IS NULL)) AND ((mark_xid IS NULL) OR (mark_at IS NOT NULL))))
    flow_count_slice_in_range: CHECK (((slice >= '00:00:01'::interval) AND (slice <= '01:00:00'::interval)))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.former_time_zone
    until     timestamp with time zone not null
    time_zone text not null
    former_time_zone_pkey: PRIMARY KEY (until)
    trigger append_only before delete or update on points.former_time_zone for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.former_time_zone for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

table points.guard
    of_table   text collate "C" not null
    name       text collate "C" not null
    definition text not null
    guard_pkey: PRIMARY KEY (of_table, name)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.hold
    account_id bigint not null
    id         uuid not null
    seq        bigint not null
    points     bigint not null
    captured   bigint
    held_at    timestamp with time zone not null
    deadline   timestamp with time zone not null
    closed_at  timestamp with time zone
    closed_by  uuid
    bucket     smallint not null
    hold_pkey: PRIMARY KEY (bucket, account_id, id)
    hold_captured_within_points: CHECK (((captured >= 0) AND (captured <= points)))
    hold_closed_once_and_whole: CHECK ((((closed_at IS NULL) = (captured IS NULL)) AND ((closed_at IS NULL) = (closed_by IS NULL))))
    hold_points_positive: CHECK ((points > 0))
    CREATE INDEX hold_open ON points.hold USING btree (bucket, account_id, deadline) WHERE (closed_at IS NULL)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.hourly_flow
    hour    timestamp with time zone not null
    wallet  text collate "C" not null
    kind    points.entry_kind not null
    rule    text collate "C" not null
    entries bigint not null
    points  bigint not null
    hourly_flow_pkey: PRIMARY KEY (hour, wallet, kind, rule)
    hourly_flow_wallet_fkey: FOREIGN KEY (wallet) REFERENCES points.wallet(code)
    hourly_flow_entries_not_negative: CHECK ((entries >= 0))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.invitation
    account_id     bigint not null
    inviter_id     bigint not null
    created_at     timestamp with time zone not null
    inviter_since  timestamp with time zone not null
    joined_at      timestamp with time zone not null
    joined_by      uuid not null
    qualified_by   uuid
    paid_at        timestamp with time zone
    revoked_at     timestamp with time zone
    bucket         smallint not null
    inviter_bucket smallint not null
    wallet         text collate "C" not null
    refusal        text collate "C"
    invitation_pkey: PRIMARY KEY (bucket, account_id)
    invitation_refusal_fkey: FOREIGN KEY (refusal) REFERENCES points.refusal(code)
    invitation_inviter_is_older: CHECK ((inviter_since < created_at))
    invitation_paid_when_qualified: CHECK (((paid_at IS NULL) OR ((qualified_by IS NOT NULL) AND (refusal IS NULL))))
    invitation_revoked_when_paid: CHECK (((revoked_at IS NULL) OR (paid_at IS NOT NULL)))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.invitation_code
    account_id bigint not null
    created_at timestamp with time zone not null
    bucket     smallint not null
    code       text collate "C" not null
    invitation_code_pkey: PRIMARY KEY (bucket, account_id)
    invitation_code_once: UNIQUE (bucket, code)
    invitation_code_tells_its_bucket: CHECK ((("left"(code, 3) = upper(lpad(to_hex((bucket)::integer), 3, '0'::text))) AND (code ~ '^[0-9A-F]{3}[2-9A-HJ-NP-Z]{12}$'::text)))
    trigger append_only before delete or update on points.invitation_code for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.invitation_code for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

table points.invitation_due
    account_id     bigint not null
    invited_id     bigint not null
    due_at         timestamp with time zone not null
    bucket         smallint not null
    invited_bucket smallint not null
    invitation_due_pkey: PRIMARY KEY (bucket, account_id, invited_bucket, invited_id)
    CREATE INDEX invitation_due_next ON points.invitation_due USING btree (due_at)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.invitation_terms
    wallet          text collate "C" not null
    qualifying_rule text collate "C" not null
    inviter_rule    text collate "C" not null
    invited_rule    text collate "C" not null
    cap             integer
    invitation_terms_pkey: PRIMARY KEY (wallet)
    invitation_terms_invited_rule_fkey: FOREIGN KEY (invited_rule) REFERENCES points.rule(code)
    invitation_terms_inviter_rule_fkey: FOREIGN KEY (inviter_rule) REFERENCES points.rule(code)
    invitation_terms_qualifying_rule_fkey: FOREIGN KEY (qualifying_rule) REFERENCES points.rule(code)
    invitation_terms_wallet_fkey: FOREIGN KEY (wallet) REFERENCES points.wallet(code)
    invitation_terms_cap_positive: CHECK ((cap > 0))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.invited
    account_id     bigint not null
    invited_id     bigint not null
    operation_id   uuid not null
    bucket         smallint not null
    invited_bucket smallint not null
    revoked        boolean not null default false
    invited_pkey: PRIMARY KEY (bucket, account_id, invited_bucket, invited_id)
    CREATE INDEX invited_by_operation ON points.invited USING btree (bucket, account_id, operation_id)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.job
    name            text collate "C" not null
    description     text not null
    schedule        text not null
    enabled         boolean not null default true
    step_limit      integer not null
    timeout_seconds integer not null
    next_run_at     timestamp with time zone
    planned_at      timestamp with time zone
    started_at      timestamp with time zone
    ended_at        timestamp with time zone
    done            integer not null default 0
    due_since       timestamp with time zone
    failure         text
    failed_at       timestamp with time zone
    failures        integer not null default 0
    at_bucket       smallint
    at_account_id   bigint
    slow            boolean not null default false
    job_pkey: PRIMARY KEY (name)
    job_done_not_negative: CHECK (((done >= 0) AND (failures >= 0)))
    job_failure_is_whole: CHECK ((((failure IS NULL) = (failed_at IS NULL)) AND ((failures = 0) OR (failure IS NOT NULL))))
    job_name_is_plain: CHECK ((name ~ '^[a-z][a-z0-9_]{0,47}$'::text))
    job_place_is_whole: CHECK (((at_bucket IS NULL) = (at_account_id IS NULL)))
    job_schedule_is_cron_or_interval: CHECK ((schedule ~ '^(PT[1-9][0-9]{0,4}[SMH]|([0-9*/,-]{1,64} ){4}[0-9*/,-]{1,64})$'::text))
    job_step_is_bounded: CHECK ((((step_limit >= 1) AND (step_limit <= 1000000)) AND ((timeout_seconds >= 1) AND (timeout_seconds <= 3600))))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.key_proof
    proven_to timestamp with time zone not null
    total     numeric
    part      smallint not null
    bucket    smallint not null
    key_proof_pkey: PRIMARY KEY (bucket, part)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.lane
    bucket smallint not null
    lane_pkey: PRIMARY KEY (bucket)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.ledger_month
    month          date not null
    checked_at     timestamp with time zone not null
    open_lots      bigint not null
    open_holds     bigint not null
    archived_at    timestamp with time zone
    entries        bigint
    lot_uses       bigint
    exported_at    timestamp with time zone
    entry_sha256   bytea
    lot_use_sha256 bytea
    ledger_month_pkey: PRIMARY KEY (month)
    ledger_month_archived_when_closed: CHECK (((archived_at IS NULL) OR ((open_lots = 0) AND (open_holds = 0))))
    ledger_month_archived_whole: CHECK ((((archived_at IS NULL) = (entries IS NULL)) AND ((archived_at IS NULL) = (lot_uses IS NULL))))
    ledger_month_begins_a_month: CHECK ((EXTRACT(day FROM month) = (1)::numeric))
    ledger_month_checksums_are_sha256: CHECK (((length(entry_sha256) = 32) AND (length(lot_use_sha256) = 32)))
    ledger_month_counts_not_negative: CHECK (((open_lots >= 0) AND (open_holds >= 0) AND (entries >= 0) AND (lot_uses >= 0)))
    ledger_month_exported_from_archive: CHECK (((exported_at IS NULL) OR (archived_at IS NOT NULL)))
    ledger_month_exported_whole: CHECK ((((exported_at IS NULL) = (entry_sha256 IS NULL)) AND ((exported_at IS NULL) = (lot_use_sha256 IS NULL))))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.level
    wallet     text collate "C" not null
    code       text collate "C" not null
    name       text not null
    threshold  bigint not null
    privileges text[] not null default '{}'::text[]
    multiplier numeric not null default 1
    level_pkey: PRIMARY KEY (wallet, code)
    level_threshold_once_per_wallet: UNIQUE (wallet, threshold)
    level_wallet_fkey: FOREIGN KEY (wallet) REFERENCES points.wallet(code)
    level_code_is_plain: CHECK ((code ~ '^[A-Z][A-Z0-9_]{0,31}$'::text))
    level_multiplier_in_range: CHECK ((((multiplier >= (1)::numeric) AND (multiplier <= (100)::numeric)) AND (scale(multiplier) <= 6)))
    level_names_privileges: CHECK (((cardinality(privileges) <= 100) AND (array_position(privileges, NULL::text) IS NULL)))
    level_threshold_in_range: CHECK (((threshold >= 0) AND (threshold <= '9007199254740991'::bigint)))
    trigger levels_changed after insert or delete or update or truncate on points.level for each statement execute function points.levels_changed()
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.level_change
    account_id  bigint not null
    seq         bigint not null
    measured    bigint not null
    changed_at  timestamp with time zone not null
    recorded_at timestamp with time zone not null
    cause       points.level_cause not null
    measure     points.level_measure not null
    bucket      smallint not null
    no          smallint not null
    previous    text
    level       text
    level_change_pkey: PRIMARY KEY (bucket, account_id, seq, no)
    level_change_changes_level: CHECK ((level IS DISTINCT FROM previous))
    level_change_is_by_an_entry_or_later: CHECK (((no = 0) = (cause = ANY (ARRAY['award'::points.level_cause, 'clawback'::points.level_cause, 'merge'::points.level_cause]))))
    trigger append_only before delete or update on points.level_change for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.level_change for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

table points.level_evaluation
    bucket   smallint not null
    revision integer not null
    done_to  bigint not null
    level_evaluation_pkey: PRIMARY KEY (bucket)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.limit_use with (fillfactor=60)
    account_id bigint not null
    starts_at  timestamp with time zone not null
    points     bigint not null
    max_points bigint
    times      integer not null
    max_times  integer
    bucket     smallint not null
    code       text collate "C" not null
    limit_use_pkey: PRIMARY KEY (bucket, account_id, code, starts_at)
    limit_use_within_limit: CHECK ((((times >= 0) AND (times <= max_times)) AND ((points >= 0) AND (points <= max_points))))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.lot with (fillfactor=80)
    account_id   bigint not null
    seq          bigint not null
    granted      bigint not null
    remaining    bigint not null
    available_at timestamp with time zone not null
    expires_at   timestamp with time zone not null
    bucket       smallint not null
    no           smallint not null
    pending      boolean not null
    source       text not null
    idle         interval
    lot_pkey: PRIMARY KEY (bucket, account_id, expires_at, seq, no)
    lot_is_in_shape: CHECK (((ROW(granted, remaining, available_at, expires_at))::points.lot_shape IS DISTINCT FROM NULL))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.lot_use partition by range (recorded_at)
    account_id   bigint not null
    seq          bigint not null
    lot_seq      bigint not null
    points       bigint not null
    granted      bigint not null
    available_at timestamp with time zone not null
    expires_at   timestamp with time zone not null
    recorded_at  timestamp with time zone not null
    bucket       smallint not null
    lot_no       smallint not null
    source       text not null
    idle         interval
    lot_use_pkey: PRIMARY KEY (bucket, account_id, seq, lot_seq, lot_no, expires_at, recorded_at)
    lot_use_points_not_zero: CHECK ((points <> 0))
    lot_use_points_within_granted: CHECK ((abs(points) <= granted))
    CREATE INDEX lot_use_recorded ON ONLY points.lot_use USING brin (recorded_at) WITH (autosummarize='on')
    trigger append_only before delete or update on points.lot_use for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.lot_use for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

table points.lot_use_archive partition by range (recorded_at)
    account_id   bigint not null
    seq          bigint not null
    lot_seq      bigint not null
    points       bigint not null
    granted      bigint not null
    available_at timestamp with time zone not null
    expires_at   timestamp with time zone not null
    recorded_at  timestamp with time zone not null
    bucket       smallint not null
    lot_no       smallint not null
    source       text not null
    idle         interval
    lot_use_archive_pkey: PRIMARY KEY (bucket, account_id, seq, lot_seq, lot_no, expires_at, recorded_at)
    trigger append_only before delete or update on points.lot_use_archive for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.lot_use_archive for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

table points.notice
    account_id bigint not null
    points     bigint not null
    expires_at timestamp with time zone not null
    noted_at   timestamp with time zone not null
    expires_on date not null
    days       integer not null
    lots       integer not null
    bucket     smallint not null
    kind       points.notice_kind not null
    notice_pkey: PRIMARY KEY (bucket, account_id, kind, expires_on, days)
    notice_days_not_negative: CHECK ((days >= 0))
    notice_points_positive: CHECK (((points > 0) AND (lots > 0)))
    trigger append_only before delete or update on points.notice for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.notice for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

table points.once_award
    account_id   bigint not null
    operation_id uuid not null
    bucket       smallint not null
    rule         text collate "C" not null
    once_award_pkey: PRIMARY KEY (bucket, account_id, rule)
    trigger append_only before delete or update on points.once_award for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.once_award for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

table points.operation with (autovacuum_vacuum_insert_scale_factor=0.02)
    account_id          bigint not null
    id                  uuid not null
    recorded_at         timestamp with time zone not null
    occurred_at         timestamp with time zone
    points              points.flow not null
    requested           points.flow
    seq                 bigint
    original            uuid
    counterparty_id     bigint
    available_at        timestamp with time zone
    expires_at          timestamp with time zone
    client_id           integer not null
    kind                points.operation_kind not null
    rule_version        integer
    counterparty_bucket smallint
    bucket              smallint not null
    idempotency_key     points.idempotency_key not null
    rule                text
    order_key           text collate "C"
    reward              text
    subject             text
    amount              points.money
    refusal             text
    reason              text
    actor               text
    detail              jsonb
    metadata            jsonb
    operation_pkey: PRIMARY KEY (bucket, account_id, id)
    operation_is_in_shape: CHECK (((ROW(kind, (points)::bigint, seq, refusal, rule, rule_version, original, reason, actor))::points.operation_shape IS DISTINCT FROM NULL))
    CREATE INDEX operation_order_key ON points.operation USING btree (bucket, account_id, order_key) WHERE (order_key IS NOT NULL)
    CREATE INDEX operation_recorded ON points.operation USING brin (recorded_at) WITH (autosummarize='on')
    trigger append_only before delete or update on points.operation for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.operation for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

table points.order_return
    account_id bigint not null
    amount     points.money not null
    whole      boolean not null
    bucket     smallint not null
    order_key  text collate "C" not null
    order_return_pkey: PRIMARY KEY (bucket, account_id, order_key)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.origin
    origin  bytea not null
    made_at timestamp with time zone not null
    origin_pkey: PRIMARY KEY (origin)
    origin_is_hashed: CHECK ((length(origin) = 32))
    CREATE INDEX origin_oldest ON points.origin USING btree (made_at)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.origin_award
    origin         bytea not null
    account_id     bigint not null
    no             bigint not null
    recorded_at    timestamp with time zone not null
    until          timestamp with time zone not null
    account_bucket smallint not null
    code           text collate "C" not null
    origin_award_pkey: PRIMARY KEY (origin, code, account_bucket, account_id, no)
    origin_award_is_hashed: CHECK ((length(origin) = 32))
    CREATE INDEX origin_award_newest ON points.origin_award USING btree (origin, code, recorded_at)
    CREATE INDEX origin_award_of_account ON points.origin_award USING btree (account_bucket, account_id)
    CREATE INDEX origin_award_oldest ON points.origin_award USING btree (until)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.origin_key
    id        boolean not null default true
    inner_pad bytea not null
    outer_pad bytea not null
    origin_key_pkey: PRIMARY KEY (id)
    origin_key_fills_a_block: CHECK (((length(inner_pad) = 64) AND (length(outer_pad) = 64)))
    origin_key_is_one_row: CHECK (id)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.origin_use with (fillfactor=60)
    origin    bytea not null
    starts_at timestamp with time zone not null
    until     timestamp with time zone not null
    times     bigint not null
    max_times bigint not null
    code      text collate "C" not null
    origin_use_pkey: PRIMARY KEY (origin, code, starts_at)
    origin_use_is_hashed: CHECK ((length(origin) = 32))
    origin_use_within_limit: CHECK (((times >= 1) AND (times <= max_times)))
    CREATE INDEX origin_use_oldest ON points.origin_use USING btree (until)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.outbox with (autovacuum_vacuum_scale_factor=0, autovacuum_vacuum_threshold=5000)
    id          bigint not null generated always as identity
    account_id  bigint
    seq         bigint
    happened_at timestamp with time zone not null
    bucket      smallint not null
    event       points.webhook_event not null
    facts       jsonb
    outbox_pkey: PRIMARY KEY (bucket, id)
    outbox_event_is_whole: CHECK ((((event = 'entry.booked'::points.webhook_event) = (seq IS NOT NULL)) AND ((seq IS NULL) = (facts IS NOT NULL)) AND ((event = ANY (ARRAY['webhook.ping'::points.webhook_event, 'alert.raised'::points.webhook_event, 'alert.resolved'::points.webhook_event, 'bucket.sealed'::points.webhook_event])) = (account_id IS NULL))))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.prize
    reward      text collate "C" not null
    no          smallint not null
    name        text not null
    weight      integer not null
    consolation boolean not null
    prize_pkey: PRIMARY KEY (reward, no)
    prize_reward_fkey: FOREIGN KEY (reward) REFERENCES points.reward(code)
    prize_name_length: CHECK (((length(name) >= 1) AND (length(name) <= 128)))
    prize_no_in_range: CHECK (((no >= 1) AND (no <= 100)))
    prize_weight_in_range: CHECK (((weight >= 0) AND (weight <= 1000000)))
    CREATE UNIQUE INDEX prize_one_consolation ON points.prize USING btree (reward) WHERE consolation
    trigger append_only before delete or update on points.prize for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.prize for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

table points.program
    id                    boolean not null default true
    name                  text not null
    time_zone             text not null
    currency              text not null
    debt_policy           text not null
    frozen_earns          boolean not null default true
    transfer_minimum      bigint
    transfer_maximum      bigint
    transfer_times_a_day  integer
    transfer_points_a_day bigint
    governed_rules        text[] not null default '{}'::text[]
    governs_origins       boolean not null default false
    notice_days           integer[] not null default '{30,7,1}'::integer[]
    level_revision        integer not null default 1
    activity_kinds        text[] not null default '{earn,sign_in,claim,spend,redeem}'::text[]
    archive_after_months  integer
    webhook_events        points.webhook_event[] not null default '{}'::points.webhook_event[]
    webhooks_to_private   boolean not null default false
    webhook_days          integer not null default 7
    batch_rows            bigint not null default 10000000
    batch_rows_a_client   bigint not null default 2000000
    batch_days            integer not null default 7
    freezes_discrepancies boolean not null default false
    program_pkey: PRIMARY KEY (id)
    program_activity_is_what_members_do: CHECK ((activity_kinds <@ ARRAY['earn'::text, 'spend'::text, 'adjust'::text, 'hold'::text, 'capture'::text, 'transfer'::text, 'redeem'::text, 'sign_in'::text, 'make_up'::text, 'set_time_zone'::text, 'progress'::text, 'claim'::text, 'invite'::text, 'join'::text]))
    program_archives_after_a_year: CHECK (((archive_after_months >= 12) AND (archive_after_months <= 1200)))
    program_batch_days_in_range: CHECK (((batch_days >= 1) AND (batch_days <= 90)))
    program_batch_rows_in_range: CHECK ((((batch_rows_a_client >= 1) AND (batch_rows_a_client <= batch_rows)) AND (batch_rows <= 1000000000)))
    program_currency_is_iso_code: CHECK ((currency ~ '^[A-Z]{3}$'::text))
    program_debt_policy_is_known: CHECK ((debt_policy = ANY (ARRAY['debt'::text, 'clamp'::text])))
    program_is_one_row: CHECK (id)
    program_notice_days_in_range: CHECK (((cardinality(notice_days) <= 10) AND (array_position(notice_days, NULL::integer) IS NULL) AND (1 <= ALL (notice_days)) AND (365 >= ALL (notice_days))))
    program_transfer_limits_in_range: CHECK (((LEAST(transfer_minimum, transfer_maximum, (transfer_times_a_day)::bigint, transfer_points_a_day) > 0) AND (GREATEST(transfer_minimum, transfer_maximum, transfer_points_a_day) <= '9007199254740991'::bigint)))
    program_transfer_range_not_empty: CHECK ((transfer_minimum <= transfer_maximum))
    program_webhook_days_in_range: CHECK (((webhook_days >= 1) AND (webhook_days <= 90)))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.quota_use
    account_id bigint not null
    starts_at  timestamp with time zone not null
    used       integer not null
    quota      integer not null
    bucket     smallint not null
    period     points.quota_period not null
    reward     text collate "C" not null
    quota_use_pkey: PRIMARY KEY (bucket, account_id, reward, period, starts_at)
    quota_use_within_quota: CHECK (((used >= 0) AND (used <= quota)))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.reconciliation_check
    name        text collate "C" not null
    law         text not null
    incremental boolean not null
    reconciliation_check_pkey: PRIMARY KEY (name)
    reconciliation_check_name_is_plain: CHECK ((name ~ '^[a-z][a-z_]{0,47}$'::text))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.reconciliation_chunk
    run           bigint not null
    no            integer not null
    from_block    bigint
    to_block      bigint
    at_account_id bigint not null default '-1'::integer
    to_account_id bigint not null default '9223372036854775807'::bigint
    snapshot_xid  xid8
    accounts      bigint not null default 0
    entries       bigint not null default 0
    discrepancies bigint not null default 0
    progress_at   timestamp with time zone
    kind          points.chunk_kind not null
    done          boolean not null default false
    trial         jsonb
    counts        jsonb not null default '{}'::jsonb
    special       bigint[]
    buckets       smallint[]
    reconciliation_chunk_pkey: PRIMARY KEY (run, no)
    reconciliation_chunk_run_fkey: FOREIGN KEY (run) REFERENCES points.reconciliation_run(id) ON DELETE CASCADE
    reconciliation_chunk_is_blocks_or_a_bucket: CHECK ((((kind = ANY (ARRAY['entries'::points.chunk_kind, 'operations'::points.chunk_kind, 'lot_uses'::points.chunk_kind])) = (from_block IS NOT NULL)) AND ((from_block IS NULL) = (to_block IS NULL)) AND ((kind = 'bucket'::points.chunk_kind) = (buckets IS NOT NULL))))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.reconciliation_result
    run           bigint not null
    check_name    text collate "C" not null
    accounts      bigint not null
    discrepancies bigint not null
    reconciliation_result_pkey: PRIMARY KEY (run, check_name)
    reconciliation_result_check_name_fkey: FOREIGN KEY (check_name) REFERENCES points.reconciliation_check(name)
    reconciliation_result_run_fkey: FOREIGN KEY (run) REFERENCES points.reconciliation_run(id) ON DELETE CASCADE
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.reconciliation_run
    id            bigint not null generated always as identity
    mode          points.reconciliation_mode not null
    started_at    timestamp with time zone not null
    ended_at      timestamp with time zone
    given_up      boolean not null default false
    since         timestamp with time zone
    marked_at     timestamp with time zone not null
    marked_xid    xid8 not null
    settled_at    timestamp with time zone
    proven_up_to  timestamp with time zone
    accounts      bigint not null default 0
    entries       bigint not null default 0
    discrepancies bigint not null default 0
    trial         jsonb
    reconciliation_run_pkey: PRIMARY KEY (id)
    reconciliation_run_counts_not_negative: CHECK (((accounts >= 0) AND (entries >= 0) AND (discrepancies >= 0)))
    reconciliation_run_full_is_since_ever: CHECK (((mode = 'incremental'::points.reconciliation_mode) OR (since = '-infinity'::timestamp with time zone)))
    reconciliation_run_proves_when_ended: CHECK (((proven_up_to IS NULL) OR (ended_at IS NOT NULL)))
    CREATE UNIQUE INDEX reconciliation_run_one_at_a_time ON points.reconciliation_run USING btree (mode) WHERE (ended_at IS NULL)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.reconciliation_sum
    run         bigint not null
    no          integer not null
    total       numeric not null
    archived    numeric not null
    strange     bigint not null
    entries     bigint not null
    part        smallint not null
    bucket      smallint not null
    special     bigint[] not null
    proven_keys numeric not null default 0
    keys        numeric not null default 0
    reconciliation_sum_pkey: PRIMARY KEY (bucket, run, no, part)
    reconciliation_sum_run_fkey: FOREIGN KEY (run) REFERENCES points.reconciliation_run(id) ON DELETE CASCADE
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.redemption
    account_id      bigint not null
    id              uuid not null
    price           bigint not null
    redeemed_at     timestamp with time zone not null
    closed_at       timestamp with time zone
    closed_by       uuid
    quota_starts_at timestamp with time zone
    bucket          smallint not null
    drawn           smallint
    prize           smallint
    status          points.redemption_status not null
    quota_period    points.quota_period
    reward          text collate "C" not null
    coupon          text
    seed            bytea
    weights         integer[]
    redemption_pkey: PRIMARY KEY (bucket, account_id, id)
    redemption_closed_once_and_whole: CHECK ((((status = 'reserved'::points.redemption_status) = (closed_at IS NULL)) AND ((closed_at IS NULL) = (closed_by IS NULL))))
    redemption_draw_is_whole: CHECK ((num_nulls(seed, weights, drawn, prize) = ANY (ARRAY[0, 4])))
    redemption_drawn_is_one_of_the_weights: CHECK (((drawn >= 1) AND (drawn <= cardinality(weights))))
    redemption_price_positive: CHECK ((price > 0))
    redemption_quota_has_its_period: CHECK (((quota_period IS NULL) = (quota_starts_at IS NULL)))
    redemption_seed_is_sha256: CHECK ((length(seed) = 32))
    CREATE INDEX redemption_newest ON points.redemption USING btree (bucket, account_id, redeemed_at, id)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.refusal
    code     text collate "C" not null
    sqlstate text collate "C" not null
    final    boolean not null
    meaning  text not null
    refusal_pkey: PRIMARY KEY (code)
    refusal_sqlstate_once: UNIQUE (sqlstate)
    refusal_sqlstate_is_class_lp: CHECK ((sqlstate ~ '^LP[0-9]{3}$'::text))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.reversal
    account_id   bigint not null
    operation_id uuid not null
    points       bigint not null
    reversed     bigint not null
    bucket       smallint not null
    reversal_pkey: PRIMARY KEY (bucket, account_id, operation_id)
    reversal_within_original: CHECK (((reversed >= 0) AND (reversed <= points)))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.review
    account_id   bigint not null
    operation_id uuid not null
    seq          bigint not null
    points       bigint not null
    asked_at     timestamp with time zone not null
    deadline     timestamp with time zone not null
    available_at timestamp with time zone not null
    expires_at   timestamp with time zone not null
    closed_at    timestamp with time zone
    closed_by    uuid
    bucket       smallint not null
    status       points.review_status not null default 'waiting'::points.review_status
    asker        text
    reasons      text[] not null
    review_pkey: PRIMARY KEY (bucket, account_id, operation_id)
    review_closed_once_and_whole: CHECK ((((closed_at IS NULL) = (status = 'waiting'::points.review_status)) AND ((closed_at IS NULL) = (closed_by IS NULL))))
    review_points_positive: CHECK ((points > 0))
    CREATE INDEX review_waiting ON points.review USING btree (asked_at, account_id, operation_id) WHERE (closed_at IS NULL)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.reward
    code          text collate "C" not null
    name          text not null
    wallet        text collate "C" not null
    kind          points.reward_kind not null
    price         bigint not null
    unlimited     boolean not null
    cash_amount   points.money
    status        points.reward_status not null default 'active'::points.reward_status
    on_sale_from  timestamp with time zone not null default '-infinity'::timestamp with time zone
    on_sale_until timestamp with time zone not null default 'infinity'::timestamp with time zone
    quota         integer
    quota_period  points.quota_period
    created_at    timestamp with time zone not null
    reward_pkey: PRIMARY KEY (code)
    reward_wallet_fkey: FOREIGN KEY (wallet) REFERENCES points.wallet(code)
    reward_cash_has_its_amount: CHECK (((kind = 'cash'::points.reward_kind) = (COALESCE((cash_amount)::numeric, (0)::numeric) > (0)::numeric)))
    reward_code_is_plain: CHECK ((code ~ '^[A-Z][A-Z0-9_]{0,31}$'::text))
    reward_coupon_is_limited: CHECK (((kind <> 'coupon'::points.reward_kind) OR (NOT unlimited)))
    reward_name_length: CHECK (((length(name) >= 1) AND (length(name) <= 128)))
    reward_price_in_range: CHECK (((price >= 1) AND (price <= '9007199254740991'::bigint)))
    reward_quota_has_its_period: CHECK (((quota IS NULL) = (quota_period IS NULL)))
    reward_quota_positive: CHECK ((quota > 0))
    reward_sale_ends_after_it_begins: CHECK ((on_sale_until > on_sale_from))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.risk_rule
    code           text collate "C" not null
    name           text not null
    rules          text[] not null
    measure        points.risk_measure not null
    threshold      bigint
    window_minutes integer
    min_awards     integer
    from_hour      integer
    to_hour        integer
    decision       points.risk_decision not null
    wait_days      integer
    mode           points.risk_mode not null
    created_at     timestamp with time zone not null
    risk_rule_pkey: PRIMARY KEY (code)
    risk_rule_code_is_plain: CHECK ((code ~ '^[A-Z][A-Z0-9_]{0,31}$'::text))
    risk_rule_hours_differ: CHECK ((((from_hour >= 0) AND (from_hour <= 23)) AND ((to_hour >= 0) AND (to_hour <= 23)) AND (from_hour <> to_hour)))
    risk_rule_measure_has_its_inputs: CHECK ((((measure = 'local_hour'::points.risk_measure) = (threshold IS NULL)) AND ((measure = 'local_hour'::points.risk_measure) = (from_hour IS NOT NULL)) AND ((measure = 'local_hour'::points.risk_measure) = (to_hour IS NOT NULL)) AND ((measure = ANY (ARRAY['award_points'::points.risk_measure, 'local_hour'::points.risk_measure])) = (window_minutes IS NULL)) AND ((measure = 'source_share'::points.risk_measure) = (min_awards IS NOT NULL))))
    risk_rule_min_awards_in_range: CHECK (((min_awards >= 1) AND (min_awards <= 1000000)))
    risk_rule_name_length: CHECK (((length(name) >= 1) AND (length(name) <= 128)))
    risk_rule_names_rules: CHECK ((((cardinality(rules) >= 1) AND (cardinality(rules) <= 100)) AND (num_nulls(VARIADIC rules) = 0)))
    risk_rule_threshold_in_range: CHECK (((threshold >= 1) AND (threshold <= CASE WHEN (measure = 'source_share'::points.risk_measure) THEN (100)::bigint WHEN (measure >= 'address_awards'::points.risk_measure) THEN (10000)::bigint ELSE '9007199254740991'::bigint END)))
    risk_rule_wait_is_for_review: CHECK ((((wait_days >= 1) AND (wait_days <= 3650)) AND ((wait_days IS NULL) OR (decision = 'review'::points.risk_decision))))
    risk_rule_window_in_range: CHECK (((window_minutes >= 1) AND (window_minutes <= 525600)))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.rule
    code       text collate "C" not null
    name       text not null
    once       boolean not null default false
    created_at timestamp with time zone not null default now()
    rule_pkey: PRIMARY KEY (code)
    rule_code_is_plain: CHECK ((code ~ '^[A-Z][A-Z0-9_]{0,31}$'::text))
    rule_name_length: CHECK (((length(name) >= 1) AND (length(name) <= 128)))
    CREATE INDEX rule_once ON points.rule USING btree (code) WHERE once
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.rule_draft
    rule         text collate "C" not null
    version      integer not null
    revision     integer not null default 1
    terms        jsonb not null
    discarded_at timestamp with time zone
    created_at   timestamp with time zone not null default now()
    rule_draft_pkey: PRIMARY KEY (rule, version)
    rule_draft_rule_fkey: FOREIGN KEY (rule) REFERENCES points.rule(code)
    rule_draft_number_positive: CHECK ((version > 0))
    rule_draft_revision_positive: CHECK ((revision > 0))
    rule_draft_terms_are_an_object: CHECK ((jsonb_typeof(terms) = 'object'::text))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.rule_version
    rule            text collate "C" not null
    version         integer not null
    starts_at       timestamp with time zone not null
    basis           points.rule_basis not null
    fixed_points    bigint
    points_per_unit numeric
    tier_starts     numeric[]
    tier_rates      numeric[]
    rounding        points.rounding not null
    cap_points      bigint
    pending_days    integer not null
    valid_days      integer
    valid_months    integer
    valid_end       points.calendar_unit
    valid_until     date
    idle            boolean not null default false
    wallet          text collate "C"
    created_at      timestamp with time zone not null default now()
    rule_version_pkey: PRIMARY KEY (rule, version)
    rule_version_rule_fkey: FOREIGN KEY (rule) REFERENCES points.rule(code)
    rule_version_wallet_fkey: FOREIGN KEY (wallet) REFERENCES points.wallet(code)
    rule_version_basis_has_its_inputs: CHECK ( CASE basis WHEN 'fixed'::points.rule_basis THEN ((fixed_points IS NOT NULL) AND (num_nonnulls(points_per_unit, tier_starts) = 0)) WHEN 'amount'::points.rule_basis THEN ((points_per_unit IS NOT NULL) AND (num_nonnulls(fixed_points, tier_starts) = 0)) WHEN 'tiers'::points.rule_basis THEN ((tier_starts IS NOT NULL) AND (num_nonnulls(fixed_points, points_per_unit) = 0)) WHEN 'given'::points.rule_basis THEN (num_nonnulls(points_per_unit, tier_starts) = 0) WHEN 'none'::points.rule_basis THEN ((pending_days = 0) AND (num_nonnulls(fixed_points, points_per_unit, tier_starts, cap_points, valid_days, valid_months, valid_end, valid_until, wallet) = 0)) ELSE NULL::boolean END)
    rule_version_cap_in_range: CHECK (((cap_points >= 1) AND (cap_points <= '9007199254740991'::bigint)))
    rule_version_expires_after_pending: CHECK (((num_nonnulls(valid_days, valid_months, valid_end) = 0) OR ((COALESCE(valid_days, 0) + (28 * COALESCE(valid_months, 0))) > pending_days) OR ((valid_end IS NOT NULL) AND (pending_days = 0))))
    rule_version_expires_in_one_way: CHECK (((valid_until IS NULL) OR (num_nonnulls(valid_days, valid_months, valid_end) = 0)))
    rule_version_fixed_points_in_range: CHECK (((fixed_points >= 1) AND (fixed_points <= '9007199254740991'::bigint)))
    rule_version_idle_time_is_a_duration: CHECK (((NOT idle) OR ((num_nonnulls(valid_days, valid_months) > 0) AND (num_nonnulls(valid_end, valid_until) = 0))))
    rule_version_number_positive: CHECK ((version > 0))
    rule_version_pending_days_in_range: CHECK (((pending_days >= 0) AND (pending_days <= 3650)))
    rule_version_points_per_unit_in_range: CHECK (((points_per_unit > (0)::numeric) AND (points_per_unit <= (100000)::numeric) AND (scale(points_per_unit) <= 6)))
    rule_version_tier_rates_in_range: CHECK (((num_nulls(VARIADIC tier_rates) = 0) AND ((0)::numeric <= ALL (tier_rates)) AND ((100000)::numeric >= ALL (tier_rates)) AND ((0)::numeric < ANY (tier_rates)) AND (tier_rates = (tier_rates)::numeric(12,6)[])))
    rule_version_tiers_ascend_from_0: CHECK (((tier_starts[1] = (0)::numeric) AND points.ascends(tier_starts) AND (num_nulls(VARIADIC tier_starts) = 0) AND (('1000000000000'::bigint)::numeric > ALL (tier_starts)) AND (tier_starts = (tier_starts)::numeric(20,8)[])))
    rule_version_tiers_pair_up: CHECK (((NOT (array_dims(tier_starts) IS DISTINCT FROM array_dims(tier_rates))) AND ((cardinality(tier_starts) >= 1) AND (cardinality(tier_starts) <= 20)) AND (array_ndims(tier_starts) = 1) AND (array_lower(tier_starts, 1) = 1)))
    rule_version_valid_days_in_range: CHECK (((valid_days >= 1) AND (valid_days <= 36500)))
    rule_version_valid_months_in_range: CHECK (((valid_months >= 1) AND (valid_months <= 1200)))
    rule_version_valid_until_in_range: CHECK (((valid_until >= '1970-01-01'::date) AND (valid_until <= '9999-12-31'::date)))
    CREATE INDEX rule_version_by_start ON points.rule_version USING btree (rule, starts_at, version)
    trigger append_only before delete or update on points.rule_version for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.rule_version for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

table points.seal
    number      bigint not null
    entries     bigint not null
    accounts    bigint not null
    sealed_at   timestamp with time zone not null
    bucket      smallint not null
    previous    bytea not null
    leaves_root bytea not null
    root        bytea not null
    seal_pkey: PRIMARY KEY (bucket, number)
    seal_has_something: CHECK (((entries > 0) AND ((accounts >= 1) AND (accounts <= entries))))
    seal_hashes_are_sha256: CHECK (((length(previous) = 32) AND (length(leaves_root) = 32) AND (length(root) = 32)))
    seal_number_positive: CHECK ((number > 0))
    trigger append_only before delete or update on points.seal for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.seal for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

table points.seal_leaf
    account_id bigint not null
    seq        bigint not null
    number     bigint not null
    bucket     smallint not null
    head       bytea not null
    seal_leaf_pkey: PRIMARY KEY (bucket, account_id, number)
    seal_leaf_head_is_sha256: CHECK ((length(head) = 32))
    seal_leaf_seq_positive: CHECK ((seq > 0))
    CREATE INDEX seal_leaf_of_seal ON points.seal_leaf USING btree (bucket, number, account_id)
    trigger append_only before delete or update on points.seal_leaf for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.seal_leaf for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

table points.seal_window
    since         timestamp with time zone not null default '-infinity'::timestamp with time zone
    until         timestamp with time zone
    at_account_id bigint not null default '-1'::integer
    mark_at       timestamp with time zone
    mark_xid      xid8
    looked_at     timestamp with time zone not null default '-infinity'::timestamp with time zone
    bucket        smallint not null
    seal_window_pkey: PRIMARY KEY (bucket)
    seal_window_mark_is_whole: CHECK (((mark_at IS NULL) = (mark_xid IS NULL)))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.sign_in
    account_id   bigint not null
    operation_id uuid not null
    signed_at    timestamp with time zone not null
    day          date not null
    made_on      date
    bucket       smallint not null
    sign_in_pkey: PRIMARY KEY (bucket, account_id, day)
    sign_in_is_made_up_later: CHECK ((made_on > day))
    trigger append_only before delete or update on points.sign_in for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.sign_in for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

table points.sign_in_terms
    wallet        text collate "C" not null
    rule          text collate "C" not null
    bonus_every   integer
    bonus_points  bigint
    make_up_days  integer not null default 0
    make_up_times integer not null default 0
    make_up_price bigint not null default 0
    sign_in_terms_pkey: PRIMARY KEY (wallet)
    sign_in_terms_rule_fkey: FOREIGN KEY (rule) REFERENCES points.rule(code)
    sign_in_terms_wallet_fkey: FOREIGN KEY (wallet) REFERENCES points.wallet(code)
    sign_in_terms_bonus_in_range: CHECK ((((bonus_every >= 1) AND (bonus_every <= 3660)) AND ((bonus_points >= 1) AND (bonus_points <= '9007199254740991'::bigint))))
    sign_in_terms_bonus_is_whole: CHECK (((bonus_every IS NULL) = (bonus_points IS NULL)))
    sign_in_terms_make_up_in_range: CHECK ((((make_up_days >= 0) AND (make_up_days <= 366)) AND ((make_up_times >= 0) AND (make_up_times <= 366)) AND ((make_up_price >= 0) AND (make_up_price <= '9007199254740991'::bigint))))
    sign_in_terms_make_up_is_whole: CHECK (((make_up_days = 0) = (make_up_times = 0)))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.stock with (fillfactor=50)
    item      text collate "C" not null
    prize     smallint not null
    remaining bigint not null
    stock_pkey: PRIMARY KEY (item, prize)
    stock_is_safe_integer: CHECK ((remaining <= '9007199254740991'::bigint))
    stock_not_negative: CHECK ((remaining >= 0))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.stock_slice with (fillfactor=50)
    remaining bigint not null
    bucket    smallint not null
    prize     smallint not null
    item      text collate "C" not null
    stock_slice_pkey: PRIMARY KEY (bucket, item, prize)
    stock_slice_not_negative: CHECK ((remaining >= 0))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.task
    code       text collate "C" not null
    name       text not null
    wallet     text collate "C" not null
    rule       text collate "C" not null
    points     bigint
    period     points.quota_period not null
    steps      integer not null
    status     points.task_status not null default 'active'::points.task_status
    open_from  timestamp with time zone not null default '-infinity'::timestamp with time zone
    open_until timestamp with time zone not null default 'infinity'::timestamp with time zone
    created_at timestamp with time zone not null
    task_pkey: PRIMARY KEY (code)
    task_rule_fkey: FOREIGN KEY (rule) REFERENCES points.rule(code)
    task_wallet_fkey: FOREIGN KEY (wallet) REFERENCES points.wallet(code)
    task_code_is_plain: CHECK ((code ~ '^[A-Z][A-Z0-9_]{0,31}$'::text))
    task_ends_after_it_begins: CHECK ((open_until > open_from))
    task_name_length: CHECK (((length(name) >= 1) AND (length(name) <= 128)))
    task_points_in_range: CHECK (((points >= 1) AND (points <= '9007199254740991'::bigint)))
    task_steps_in_range: CHECK (((steps >= 1) AND (steps <= 1000000)))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.task_progress
    account_id bigint not null
    claimed_at timestamp with time zone
    claimed_by uuid
    starts_on  date not null
    done       integer not null
    needed     integer not null
    bucket     smallint not null
    task       text collate "C" not null
    task_progress_pkey: PRIMARY KEY (bucket, account_id, task, starts_on)
    task_progress_claimed_once_and_whole: CHECK (((claimed_at IS NULL) = (claimed_by IS NULL)))
    task_progress_claimed_when_done: CHECK (((claimed_at IS NULL) OR (done = needed)))
    task_progress_done_in_range: CHECK (((done >= 1) AND (done <= needed)))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.total_check
    wallet     text collate "C" not null
    checked_at timestamp with time zone not null
    expected   bigint not null
    actual     bigint not null
    total_check_pkey: PRIMARY KEY (wallet)
    total_check_wallet_fkey: FOREIGN KEY (wallet) REFERENCES points.wallet(code)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.transfer_day
    account_id bigint not null
    points     points.pocket not null
    day        date not null
    times      integer not null
    bucket     smallint not null
    transfer_day_pkey: PRIMARY KEY (bucket, account_id, day)
    transfer_day_points_cover_times: CHECK (((points)::bigint >= times))
    transfer_day_times_positive: CHECK ((times > 0))
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.wallet
    code              text collate "C" not null
    name              text not null
    level_measure     points.level_measure not null default 'ever'::points.level_measure
    level_downgrade   points.level_downgrade not null default 'never'::points.level_downgrade
    level_grace_days  integer not null default 0
    level_notice_days integer not null default 30
    level_wallet      text collate "C"
    multiplied_rules  text[] not null default '{}'::text[]
    point_value       numeric
    wallet_pkey: PRIMARY KEY (code)
    wallet_level_wallet_fkey: FOREIGN KEY (level_wallet) REFERENCES points.wallet(code)
    wallet_code_is_plain: CHECK ((code ~ '^[a-z][a-z0-9_]{0,31}$'::text))
    wallet_level_earned_ever_ends_never: CHECK (((level_measure <> 'ever'::points.level_measure) OR (level_downgrade = 'never'::points.level_downgrade)))
    wallet_level_grace_within_period: CHECK (((level_grace_days >= 0) AND (level_grace_days <= CASE WHEN (level_downgrade = 'never'::points.level_downgrade) THEN 0 WHEN (level_measure = 'rolling_year'::points.level_measure) THEN 27 ELSE 180 END)))
    wallet_level_notice_days_in_range: CHECK (((level_notice_days >= 0) AND (level_notice_days <= 366)))
    wallet_names_multiplied_rules: CHECK (((cardinality(multiplied_rules) <= 100) AND (array_position(multiplied_rules, NULL::text) IS NULL)))
    wallet_point_value_in_range: CHECK (((point_value >= (0)::numeric) AND (point_value < '1000000'::numeric) AND (scale(point_value) <= 12)))
    wallet_shows_level_of_another: CHECK ((level_wallet <> code))
    trigger levels_changed after update of level_measure, level_downgrade, level_grace_days, level_wallet on points.wallet for each statement execute function points.levels_changed()
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.webhook
    id               integer not null generated always as identity
    name             text collate "C" not null
    url              text not null
    events           points.webhook_event[] not null
    wallets          text[]
    kinds            points.entry_kind[]
    rules            text[]
    minimum          bigint
    per_second       integer not null
    enabled          boolean not null default true
    created_at       timestamp with time zone not null
    deleted_at       timestamp with time zone
    inner_pad        bytea not null
    outer_pad        bytea not null
    former_inner_pad bytea
    former_outer_pad bytea
    former_until     timestamp with time zone
    allowance        double precision not null default 0
    allowed_at       timestamp with time zone not null
    failures         integer not null default 0
    failing_since    timestamp with time zone
    retry_at         timestamp with time zone
    delivered_at     timestamp with time zone
    failed_at        timestamp with time zone
    failure          text
    webhook_pkey: PRIMARY KEY (id)
    webhook_deleted_is_disabled: CHECK (((deleted_at IS NULL) OR (NOT enabled)))
    webhook_events_are_some: CHECK (((cardinality(events) > 0) AND (array_position(events, NULL::points.webhook_event) IS NULL)))
    webhook_failures_not_negative: CHECK (((failures >= 0) AND ((failures < 5) OR (retry_at IS NOT NULL))))
    webhook_filter_is_about_something: CHECK (((LEAST((cardinality(wallets))::bigint, (cardinality(kinds))::bigint, (cardinality(rules))::bigint, minimum) > 0) AND (array_position(wallets, NULL::text) IS NULL) AND (array_position(kinds, NULL::points.entry_kind) IS NULL) AND (array_position(rules, NULL::text) IS NULL)))
    webhook_former_secret_is_whole: CHECK ((num_nulls(former_inner_pad, former_outer_pad, former_until) = ANY (ARRAY[0, 3])))
    webhook_name_is_plain: CHECK ((name ~ '^[a-z][a-z0-9_-]{0,31}$'::text))
    webhook_pads_fill_a_block: CHECK (((length(inner_pad) = 64) AND (length(outer_pad) = 64) AND (length(former_inner_pad) = 64) AND (length(former_outer_pad) = 64)))
    webhook_rate_in_range: CHECK (((per_second >= 1) AND (per_second <= 10000)))
    webhook_seals_are_of_all_wallets: CHECK (((wallets IS NULL) OR (events <> '{bucket.sealed}'::points.webhook_event[])))
    webhook_url_is_http: CHECK (((url ~ '^https?://[A-Za-z0-9.:\[\]-]+([/?][!-"$-~]*)?$'::text) AND (length(url) <= 2048)))
    CREATE UNIQUE INDEX webhook_name_once ON points.webhook USING btree (name) WHERE (deleted_at IS NULL)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.webhook_delivery with (autovacuum_vacuum_scale_factor=0.05)
    event       bigint not null
    account_id  bigint
    happened_at timestamp with time zone not null
    queued_at   timestamp with time zone not null
    due_at      timestamp with time zone
    claimed_at  timestamp with time zone
    tried_since timestamp with time zone
    done_at     timestamp with time zone
    webhook     integer not null
    attempts    integer not null default 0
    status      integer
    bucket      smallint not null
    state       points.delivery_state not null default 'waiting'::points.delivery_state
    kind        points.webhook_event not null
    facts       jsonb not null
    failure     text
    webhook_delivery_pkey: PRIMARY KEY (bucket, event, webhook)
    webhook_delivery_webhook_fkey: FOREIGN KEY (webhook) REFERENCES points.webhook(id)
    webhook_delivery_attempts_not_negative: CHECK (((attempts >= 0) AND ((attempts = 0) = (tried_since IS NULL))))
    webhook_delivery_claimed_is_due: CHECK (((claimed_at IS NULL) OR (due_at IS NOT NULL)))
    webhook_delivery_done_at_an_instant: CHECK (((state = 'waiting'::points.delivery_state) = (done_at IS NULL)))
    webhook_delivery_due_while_waiting: CHECK (((due_at IS NULL) OR (state = 'waiting'::points.delivery_state)))
    CREATE INDEX webhook_delivery_behind ON points.webhook_delivery USING btree (account_id, webhook, event) WHERE (done_at IS NULL)
    CREATE INDEX webhook_delivery_done ON points.webhook_delivery USING btree (done_at) WHERE (done_at IS NOT NULL)
    CREATE INDEX webhook_delivery_due ON points.webhook_delivery USING btree (webhook, due_at) WHERE (due_at IS NOT NULL)
    CREATE INDEX webhook_delivery_listed ON points.webhook_delivery USING btree (state, webhook, happened_at)
    CREATE UNIQUE INDEX webhook_delivery_one_of_an_account ON points.webhook_delivery USING btree (bucket, account_id, webhook) WHERE (due_at IS NOT NULL)
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

table points.zone_change
    account_id   bigint not null
    effective_at timestamp with time zone not null
    day          date not null
    first_day    date not null
    bucket       smallint not null
    time_zone    text not null
    zone_change_pkey: PRIMARY KEY (bucket, account_id, day)
    trigger append_only before delete or update on points.zone_change for each row execute function points.refuse_change()
    trigger append_only_truncate before truncate on points.zone_change for each statement execute function points.refuse_change()
    grant insert, references, select, trigger to jifen_owner

view api.account
    bucket      smallint
    id          bigint
    user_id     text collate "C"
    wallet      text collate "C"
    pending     bigint
    available   bigint
    held        bigint
    debt        bigint
    earned      bigint
    spent       bigint
    expired     bigint
    adjusted    bigint
    transferred bigint
    version     bigint
    level       text
    frozen      boolean
    created_at  timestamp with time zone
    merged_into text
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.account_clock
    bucket          smallint
    account_id      bigint
    version         bigint
    touched_version bigint
    next_change_at  timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.account_level
    bucket         smallint
    account_id     bigint
    user_id        text collate "C"
    wallet         text collate "C"
    level_wallet   text
    level          text
    next           text
    measure        points.level_measure
    measured       bigint
    points_to_next bigint
    points_to_keep bigint
    valid_until    timestamp with time zone
    earn_by        timestamp with time zone
    ends_soon      boolean
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.alert
    id             bigint
    rule           text collate "C"
    kind           points.alert_kind
    subject        text collate "C"
    wallet         text collate "C"
    state          points.alert_state
    severity       points.alert_severity
    value          numeric
    threshold      numeric
    message        text
    since          timestamp with time zone
    raised_at      timestamp with time zone
    silenced_until timestamp with time zone
    resolved_at    timestamp with time zone
    decided_at     timestamp with time zone
    decided_by     text
    reason         text
    version        bigint
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.alert_clock
    version bigint
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.alert_rule
    name         text collate "C"
    description  text
    kind         points.alert_kind
    flow         points.flow_measure
    wallet       text collate "C"
    threshold    numeric
    clear_at     numeric
    minimum      bigint
    hold_seconds integer
    severity     points.alert_severity
    enabled      boolean
    changed_at   timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.batch
    ticket          uuid
    client_id       integer
    client          text collate "C"
    idempotency_key text collate "C"
    label           text
    state           points.batch_state
    size            integer
    waiting         integer
    done            integer
    refused         integer
    failed          integer
    queued_at       timestamp with time zone
    started_at      timestamp with time zone
    done_at         timestamp with time zone
    attempts        integer
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.campaign
    code             text collate "C"
    name             text
    basis            points.campaign_basis
    multiplier       numeric
    bonus            bigint
    rules            text[]
    levels           text[]
    priority         integer
    exclusive        boolean
    member_cap       bigint
    remaining_budget bigint
    status           points.campaign_status
    starts_at        timestamp with time zone
    ends_at          timestamp with time zone
    running          boolean
    created_at       timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.client
    id         integer
    name       text collate "C"
    scopes     text[]
    rules      text[]
    wallets    text[]
    rate       numeric
    burst      integer
    created_at timestamp with time zone
    revoked_at timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.client_key
    client       text collate "C"
    fingerprint  text
    created_at   timestamp with time zone
    expires_at   timestamp with time zone
    last_used_at timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.discrepancy
    id              bigint
    check_name      text collate "C"
    law             text
    account_bucket  smallint
    account_id      bigint
    user_id         text collate "C"
    wallet          text collate "C"
    subject         text collate "C"
    evidence        jsonb
    state           text
    first_run       bigint
    last_run        bigint
    first_seen_at   timestamp with time zone
    last_seen_at    timestamp with time zone
    closed_at       timestamp with time zone
    acknowledged_at timestamp with time zone
    actor           text
    reason          text
    frozen          boolean
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.earn_limit
    code       text collate "C"
    name       text
    rules      text[]
    period     points.quota_period
    max_times  integer
    max_points bigint
    excess     points.limit_excess
    gives_back boolean
    per        points.limit_subject
    active     boolean
    created_at timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.entry
    bucket          smallint
    account_id      bigint
    seq             bigint
    user_id         text collate "C"
    wallet          text collate "C"
    operation_id    uuid
    kind            points.entry_kind
    pending_delta   bigint
    available_delta bigint
    held_delta      bigint
    debt_delta      bigint
    pending_after   bigint
    available_after bigint
    held_after      bigint
    debt_after      bigint
    contra          text
    occurred_at     timestamp with time zone
    recorded_at     timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.hold
    bucket     smallint
    account_id bigint
    id         uuid
    user_id    text collate "C"
    wallet     text collate "C"
    seq        bigint
    points     bigint
    held_at    timestamp with time zone
    deadline   timestamp with time zone
    captured   bigint
    closed_at  timestamp with time zone
    closed_by  uuid
    open       boolean
    status     points.hold_status
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.hourly_flow
    hour    timestamp with time zone
    wallet  text collate "C"
    kind    points.entry_kind
    rule    text collate "C"
    entries bigint
    points  bigint
    whole   boolean
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.integrity
    proven_up_to          timestamp with time zone
    last_full_at          timestamp with time zone
    last_incremental_at   timestamp with time zone
    open_discrepancies    bigint
    freezes_discrepancies boolean
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.invitation
    bucket       smallint
    account_id   bigint
    user_id      text collate "C"
    wallet       text collate "C"
    inviter      text
    joined_at    timestamp with time zone
    qualified_by uuid
    paid_at      timestamp with time zone
    revoked_at   timestamp with time zone
    refusal      text collate "C"
    status       text
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.invitation_terms
    wallet          text collate "C"
    qualifying_rule text collate "C"
    inviter_rule    text collate "C"
    invited_rule    text collate "C"
    cap             integer
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.job
    name            text collate "C"
    description     text
    schedule        text
    enabled         boolean
    step_limit      integer
    timeout_seconds integer
    next_run_at     timestamp with time zone
    started_at      timestamp with time zone
    ended_at        timestamp with time zone
    done            integer
    lag_seconds     integer
    failure         text
    failed_at       timestamp with time zone
    failures        integer
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.ledger_month
    month          date
    entries        bigint
    lot_uses       bigint
    archived_at    timestamp with time zone
    open_lots      bigint
    open_holds     bigint
    checked_at     timestamp with time zone
    exported_at    timestamp with time zone
    entry_sha256   text
    lot_use_sha256 text
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.level
    wallet     text collate "C"
    code       text collate "C"
    name       text
    threshold  bigint
    privileges text[]
    multiplier numeric
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.level_change
    bucket       smallint
    account_id   bigint
    seq          bigint
    no           smallint
    user_id      text collate "C"
    wallet       text collate "C"
    previous     text
    level        text
    cause        points.level_cause
    measure      points.level_measure
    measured     bigint
    changed_at   timestamp with time zone
    recorded_at  timestamp with time zone
    operation_id uuid
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.limit_use
    bucket     smallint
    account_id bigint
    user_id    text collate "C"
    wallet     text collate "C"
    code       text collate "C"
    name       text
    period     points.quota_period
    max_times  integer
    max_points bigint
    times      integer
    points     bigint
    starts_at  timestamp with time zone
    resets_at  timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.lot
    bucket       smallint
    account_id   bigint
    seq          bigint
    no           smallint
    user_id      text collate "C"
    wallet       text collate "C"
    granted      bigint
    remaining    bigint
    pending      boolean
    source       text
    available_at timestamp with time zone
    expires_at   timestamp with time zone
    idle         interval
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.notice
    bucket     smallint
    account_id bigint
    user_id    text collate "C"
    wallet     text collate "C"
    kind       points.notice_kind
    expires_on date
    days       integer
    points     bigint
    lots       integer
    expires_at timestamp with time zone
    noted_at   timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.operation
    bucket          smallint
    account_id      bigint
    id              uuid
    user_id         text collate "C"
    wallet          text collate "C"
    client_id       integer
    client          text collate "C"
    idempotency_key text collate "C"
    kind            points.operation_kind
    rule            text
    rule_version    integer
    order_key       text collate "C"
    reward          text
    subject         text
    original        uuid
    counterparty    text
    amount          numeric
    requested       bigint
    points          bigint
    seq             bigint
    refusal         text
    detail          jsonb
    reason          text
    actor           text
    metadata        jsonb
    occurred_at     timestamp with time zone
    recorded_at     timestamp with time zone
    available_at    timestamp with time zone
    expires_at      timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.prize
    reward      text collate "C"
    no          smallint
    name        text
    weight      integer
    consolation boolean
    stock       bigint
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.program
    name                  text
    time_zone             text
    currency              text
    debt_policy           text
    frozen_earns          boolean
    transfer_minimum      bigint
    transfer_maximum      bigint
    transfer_times_a_day  integer
    transfer_points_a_day bigint
    bucket_count          smallint
    notice_days           integer[]
    activity_kinds        points.operation_kind[]
    archive_after_months  integer
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.reconciliation_check
    name            text collate "C"
    law             text
    incremental     boolean
    last_run_at     timestamp with time zone
    accounts_proven bigint
    discrepancies   bigint
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.reconciliation_run
    id            bigint
    mode          text
    started_at    timestamp with time zone
    ended_at      timestamp with time zone
    given_up      boolean
    since         timestamp with time zone
    proven_up_to  timestamp with time zone
    accounts      bigint
    entries       bigint
    discrepancies bigint
    chunks_done   bigint
    chunks        bigint
    trial         jsonb
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.redemption
    bucket      smallint
    account_id  bigint
    id          uuid
    user_id     text collate "C"
    wallet      text collate "C"
    reward      text collate "C"
    price       bigint
    status      points.redemption_status
    coupon      text
    seed        bytea
    weights     integer[]
    drawn       smallint
    recomputed  smallint
    prize       smallint
    redeemed_at timestamp with time zone
    closed_at   timestamp with time zone
    closed_by   uuid
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.review
    bucket       smallint
    account_id   bigint
    operation_id uuid
    user_id      text collate "C"
    wallet       text collate "C"
    points       bigint
    asked_at     timestamp with time zone
    deadline     timestamp with time zone
    available_at timestamp with time zone
    expires_at   timestamp with time zone
    closed_at    timestamp with time zone
    closed_by    uuid
    waiting      boolean
    status       text
    asker        text
    reasons      text[]
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.reward
    code          text collate "C"
    name          text
    wallet        text collate "C"
    kind          points.reward_kind
    price         bigint
    stock         bigint
    cash_amount   numeric
    status        points.reward_status
    on_sale_from  timestamp with time zone
    on_sale_until timestamp with time zone
    quota         integer
    quota_period  points.quota_period
    created_at    timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.risk_rule
    code           text collate "C"
    name           text
    rules          text[]
    measure        points.risk_measure
    threshold      bigint
    window_minutes integer
    min_awards     integer
    from_hour      integer
    to_hour        integer
    decision       points.risk_decision
    wait_days      integer
    mode           points.risk_mode
    created_at     timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.rule
    code       text collate "C"
    name       text
    version    integer
    retired    boolean
    once       boolean
    created_at timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.rule_version
    rule            text collate "C"
    version         integer
    draft_revision  integer
    state           points.version_state
    starts_at       timestamp with time zone
    ends_at         timestamp with time zone
    basis           points.rule_basis
    fixed_points    bigint
    points_per_unit numeric
    tier_starts     numeric[]
    tier_rates      numeric[]
    rounding        points.rounding
    cap_points      bigint
    pending_days    integer
    valid_days      integer
    valid_months    integer
    valid_end       points.calendar_unit
    valid_until     date
    idle            boolean
    wallet          text collate "C"
    description     text
    created_at      timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.seal
    bucket      smallint
    number      bigint
    entries     bigint
    accounts    bigint
    sealed_at   timestamp with time zone
    previous    text
    leaves_root text
    root        text
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.sign_in
    bucket       smallint
    account_id   bigint
    user_id      text collate "C"
    wallet       text collate "C"
    day          date
    made_on      date
    operation_id uuid
    signed_at    timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.sign_in_terms
    wallet        text collate "C"
    rule          text collate "C"
    bonus_every   integer
    bonus_points  bigint
    make_up_days  integer
    make_up_times integer
    make_up_price bigint
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.task
    code       text collate "C"
    name       text
    wallet     text collate "C"
    rule       text collate "C"
    points     bigint
    period     points.quota_period
    steps      integer
    status     points.task_status
    open_from  timestamp with time zone
    open_until timestamp with time zone
    created_at timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.wallet
    code              text collate "C"
    name              text
    level_measure     points.level_measure
    level_downgrade   points.level_downgrade
    level_grace_days  integer
    level_notice_days integer
    level_wallet      text collate "C"
    multiplied_rules  text[]
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.webhook
    id            integer
    name          text collate "C"
    url           text
    events        points.webhook_event[]
    wallets       text[]
    kinds         points.entry_kind[]
    rules         text[]
    minimum       bigint
    per_second    integer
    enabled       boolean
    created_at    timestamp with time zone
    former_until  timestamp with time zone
    lag_seconds   integer
    waiting       integer
    dead_letters  integer
    failures      integer
    failing_since timestamp with time zone
    retry_at      timestamp with time zone
    delivered_at  timestamp with time zone
    failed_at     timestamp with time zone
    failure       text
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view api.webhook_delivery
    webhook_id  integer
    bucket      smallint
    event       bigint
    id          text
    type        points.webhook_event
    user_id     text collate "C"
    wallet      text collate "C"
    facts       jsonb
    state       points.delivery_state
    happened_at timestamp with time zone
    queued_at   timestamp with time zone
    attempts    integer
    due_at      timestamp with time zone
    claimed_at  timestamp with time zone
    status      integer
    failure     text
    done_at     timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner
    grant select to jifen_gateway, jifen_operator, jifen_reader

view points.award_bonus
    code       text collate "C"
    wallet     text collate "C"
    multiplier numeric
    bonus      bigint
    rules      text[]
    levels     text[] collate "C"
    priority   integer
    exclusive  boolean
    member_cap bigint
    status     points.campaign_status
    starts_at  timestamp with time zone
    ends_at    timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

view points.entry_history
    account_id      bigint
    seq             bigint
    operation_id    uuid
    pending_delta   bigint
    available_delta bigint
    held_delta      bigint
    debt_delta      bigint
    pending_after   points.pocket
    available_after points.pocket
    held_after      points.pocket
    debt_after      points.pocket
    occurred_at     timestamp with time zone
    recorded_at     timestamp with time zone
    kind            points.entry_kind
    bucket          smallint
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

view points.entry_weight
    place           tid
    archived        boolean
    bucket          smallint
    account_id      bigint
    seq             bigint
    recorded_at     timestamp with time zone
    goes_on         bigint
    told            bigint
    granted         bigint
    net             bigint
    contra          integer
    weight          bigint
    large_weight    numeric
    large           boolean
    before_hash     bigint
    after_hash      bigint
    pending_delta   bigint
    available_delta bigint
    gains           boolean
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

view points.level_range
    wallet       text collate "C"
    level        text collate "C"
    from_points  bigint
    until_points bigint
    measure      points.level_measure
    ends_at      timestamp with time zone
    revision     integer
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

view points.level_step
    wallet    text collate "C"
    code      text collate "C"
    threshold bigint
    until     bigint
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

view points.level_terms
    wallet       text collate "C"
    measure      points.level_measure
    downgrade    points.level_downgrade
    grace_days   integer
    months       integer
    span         integer
    looks_back   integer
    level_wallet text collate "C"
    codes        text[] collate "C"
    thresholds   bigint[]
    time_zone    text
    revision     integer
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

view points.lot_use_history
    account_id   bigint
    seq          bigint
    lot_seq      bigint
    points       bigint
    granted      bigint
    available_at timestamp with time zone
    expires_at   timestamp with time zone
    recorded_at  timestamp with time zone
    bucket       smallint
    lot_no       smallint
    source       text
    idle         interval
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

view points.lot_use_weight
    place        tid
    archived     boolean
    bucket       smallint
    account_id   bigint
    seq          bigint
    lot_seq      bigint
    recorded_at  timestamp with time zone
    points       bigint
    weight       bigint
    large_weight numeric
    large        boolean
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

view points.operation_weight
    place       tid
    bucket      smallint
    account_id  bigint
    seq         bigint
    recorded_at timestamp with time zone
    id          uuid
    kind        points.operation_kind
    rule        text
    points      points.flow
    weight      bigint
    strange     boolean
    key_hash    bigint
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

view points.queue_state
    waiting   bigint
    oldest_at timestamp with time zone
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

view points.reconciliation_state
    last_full_at        timestamp with time zone
    last_incremental_at timestamp with time zone
    proven_up_to        timestamp with time zone
    open_discrepancies  bigint
    grant delete, insert, references, select, trigger, truncate, update to jifen_owner

function api.accept_transfer(p_user_id text, p_to_user_id text, p_transfer_id uuid, p_idempotency_key text, p_reason text DEFAULT NULL::text, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.acknowledge_alert(p_id bigint, p_actor text, p_idempotency_key text, p_reason text DEFAULT NULL::text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, alert api.alert)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.acknowledge_discrepancy(p_id bigint, p_reason text, p_actor text, p_idempotency_key text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, discrepancy api.discrepancy)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.activate_award(p_user_id text, p_operation_id uuid, p_idempotency_key text, p_reason text, p_actor text DEFAULT SESSION_USER, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.add_budget(p_campaign text, p_points bigint, p_idempotency_key text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, campaign api.campaign)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.add_coupons(p_reward text, p_codes text[], p_idempotency_key text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, reward api.reward)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.add_stock(p_reward text, p_pieces bigint, p_idempotency_key text, p_prize smallint DEFAULT 0, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, reward api.reward)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.adjust_points(p_user_id text, p_points bigint, p_idempotency_key text, p_reason text, p_actor text DEFAULT SESSION_USER, p_expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.adjust_points_batch(p_user_ids text[], p_points bigint[], p_idempotency_keys text[], p_reason text, p_actor text DEFAULT SESSION_USER, p_expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(no integer, user_id text, refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.append_rows(p_client_id integer, p_ticket uuid, p_rows jsonb)
    returns void
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway

function api.approve_award(p_user_id text, p_operation_id uuid, p_idempotency_key text, p_reason text, p_actor text DEFAULT SESSION_USER, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.authenticate(p_key_sha256 bytea, p_now timestamp with time zone DEFAULT NULL::timestamp with time zone)
    returns TABLE(id integer, scopes text[], wallets text[], rate double precision, burst integer, expires_at timestamp with time zone)
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway

function api.backtest_rule(p_rule text, p_version integer, p_from timestamp with time zone, p_to timestamp with time zone)
    returns TABLE(operations bigint, refused bigint, capped bigint, points_before bigint, points_after bigint, members bigint, gaining bigint, losing bigint, levels_up bigint, levels_down bigint, days api.backtest_day[], most_gained api.backtest_member[], most_lost api.backtest_member[])
    plpgsql stable security definer set search_path=pg_catalog, pg_temp, plan_cache_mode=force_custom_plan, jit=off, enable_seqscan=on, enable_hashjoin=on, enable_mergejoin=on, max_parallel_workers_per_gather=2
    grant execute to jifen_gateway, jifen_operator

function api.batch_rows(p_ticket uuid, p_after integer, p_limit integer, p_state points.row_state DEFAULT NULL::points.row_state)
    returns TABLE(number integer, idempotency_key text, state points.row_state, points bigint, operation_id uuid, code text, message text, details jsonb)
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function api.breakage(p_from date, p_to date, p_wallet text DEFAULT 'points'::text)
    returns TABLE(closed_granted bigint, closed_expired bigint, rate numeric, cohorts api.breakage_cohort[])
    plpgsql stable security definer set search_path=pg_catalog, pg_temp, enable_seqscan=on, plan_cache_mode=auto
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function api.bucket(p_user_id text, p_wallet text DEFAULT 'points'::text)
    returns smallint
    sql immutable parallel safe
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function api.cancel_award(p_user_id text, p_operation_id uuid, p_idempotency_key text, p_reason text, p_actor text DEFAULT SESSION_USER, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.cancel_redemption(p_user_id text, p_redemption_id uuid, p_idempotency_key text, p_reason text DEFAULT NULL::text, p_actor text DEFAULT SESSION_USER, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.cancel_transfer(p_user_id text, p_transfer_id uuid, p_idempotency_key text, p_reason text DEFAULT NULL::text, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.capture_hold(p_user_id text, p_hold_id uuid, p_idempotency_key text, p_points bigint DEFAULT NULL::bigint, p_reason text DEFAULT NULL::text, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.change_campaign(p_code text, p_name text, p_status points.campaign_status, p_idempotency_key text, p_priority integer DEFAULT 100, p_exclusive boolean DEFAULT false, p_member_cap bigint DEFAULT NULL::bigint, p_ends_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, campaign api.campaign)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.change_limit(p_code text, p_name text, p_rules text[], p_active boolean, p_idempotency_key text, p_max_times integer DEFAULT NULL::integer, p_max_points bigint DEFAULT NULL::bigint, p_excess points.limit_excess DEFAULT 'refuse'::points.limit_excess, p_gives_back boolean DEFAULT NULL::boolean, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, earn_limit api.earn_limit)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.change_reward(p_code text, p_name text, p_price bigint, p_status points.reward_status, p_idempotency_key text, p_on_sale_from timestamp with time zone DEFAULT NULL::timestamp with time zone, p_on_sale_until timestamp with time zone DEFAULT NULL::timestamp with time zone, p_quota integer DEFAULT NULL::integer, p_quota_period points.quota_period DEFAULT NULL::points.quota_period, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, reward api.reward)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.change_task(p_code text, p_name text, p_rule text, p_status points.task_status, p_idempotency_key text, p_points bigint DEFAULT NULL::bigint, p_steps integer DEFAULT 1, p_open_from timestamp with time zone DEFAULT NULL::timestamp with time zone, p_open_until timestamp with time zone DEFAULT NULL::timestamp with time zone, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, task api.task)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.change_webhook(p_name text, p_url text, p_events points.webhook_event[], p_enabled boolean, p_idempotency_key text, p_wallets text[] DEFAULT NULL::text[], p_kinds points.entry_kind[] DEFAULT NULL::points.entry_kind[], p_rules text[] DEFAULT NULL::text[], p_minimum bigint DEFAULT NULL::bigint, p_per_second integer DEFAULT 100, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, webhook api.webhook)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.claim_task(p_user_id text, p_task text, p_idempotency_key text, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text, p_address inet DEFAULT NULL::inet, p_device text DEFAULT NULL::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.close_batch(p_client_id integer, p_ticket uuid, p_idempotency_key text, p_label text, p_fingerprint bytea)
    returns TABLE(replayed boolean, ticket uuid)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway

function api.create_campaign(p_code text, p_name text, p_basis points.campaign_basis, p_rules text[], p_idempotency_key text, p_multiplier numeric DEFAULT NULL::numeric, p_bonus bigint DEFAULT NULL::bigint, p_levels text[] DEFAULT NULL::text[], p_priority integer DEFAULT 100, p_exclusive boolean DEFAULT false, p_member_cap bigint DEFAULT NULL::bigint, p_budget bigint DEFAULT NULL::bigint, p_starts_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_ends_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, campaign api.campaign)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.create_client(p_name text, p_key_sha256 bytea, p_scopes text[], p_rules text[] DEFAULT NULL::text[], p_wallets text[] DEFAULT NULL::text[], p_rate numeric DEFAULT NULL::numeric, p_burst integer DEFAULT NULL::integer, p_expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_replace boolean DEFAULT false)
    returns integer
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.create_invitation_code(p_user_id text, p_idempotency_key text, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.create_limit(p_code text, p_name text, p_rules text[], p_period points.quota_period, p_idempotency_key text, p_max_times integer DEFAULT NULL::integer, p_max_points bigint DEFAULT NULL::bigint, p_excess points.limit_excess DEFAULT 'refuse'::points.limit_excess, p_gives_back boolean DEFAULT NULL::boolean, p_per points.limit_subject DEFAULT 'member'::points.limit_subject, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, earn_limit api.earn_limit)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.create_partitions(p_from timestamp with time zone DEFAULT now())
    returns integer
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.create_reward(p_code text, p_name text, p_kind points.reward_kind, p_price bigint, p_idempotency_key text, p_stock bigint DEFAULT NULL::bigint, p_wallet text DEFAULT 'points'::text, p_cash_amount numeric DEFAULT NULL::numeric, p_on_sale_from timestamp with time zone DEFAULT NULL::timestamp with time zone, p_on_sale_until timestamp with time zone DEFAULT NULL::timestamp with time zone, p_quota integer DEFAULT NULL::integer, p_quota_period points.quota_period DEFAULT NULL::points.quota_period, p_prizes jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, reward api.reward)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.create_rule(p_code text, p_name text, p_idempotency_key text DEFAULT NULL::text, p_client text DEFAULT 'psql'::text, p_once boolean DEFAULT false)
    returns TABLE(replayed boolean, rule api.rule)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.create_rule_version(p_rule text, p_basis points.rule_basis, p_fixed_points bigint DEFAULT NULL::bigint, p_points_per_unit numeric DEFAULT NULL::numeric, p_rounding points.rounding DEFAULT 'down'::points.rounding, p_cap_points bigint DEFAULT NULL::bigint, p_valid_days integer DEFAULT NULL::integer, p_pending_days integer DEFAULT 0, p_starts_at timestamp with time zone DEFAULT now(), p_tier_starts numeric[] DEFAULT NULL::numeric[], p_tier_rates numeric[] DEFAULT NULL::numeric[], p_valid_months integer DEFAULT NULL::integer, p_valid_end points.calendar_unit DEFAULT NULL::points.calendar_unit, p_valid_until date DEFAULT NULL::date, p_wallet text DEFAULT NULL::text, p_idle boolean DEFAULT false)
    returns integer
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.create_task(p_code text, p_name text, p_rule text, p_period points.quota_period, p_idempotency_key text, p_points bigint DEFAULT NULL::bigint, p_steps integer DEFAULT 1, p_open_from timestamp with time zone DEFAULT NULL::timestamp with time zone, p_open_until timestamp with time zone DEFAULT NULL::timestamp with time zone, p_wallet text DEFAULT 'points'::text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, task api.task)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.create_webhook(p_name text, p_url text, p_events points.webhook_event[], p_idempotency_key text, p_wallets text[] DEFAULT NULL::text[], p_kinds points.entry_kind[] DEFAULT NULL::points.entry_kind[], p_rules text[] DEFAULT NULL::text[], p_minimum bigint DEFAULT NULL::bigint, p_per_second integer DEFAULT 100, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, secret text, webhook api.webhook)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.decline_transfer(p_user_id text, p_to_user_id text, p_transfer_id uuid, p_idempotency_key text, p_reason text DEFAULT NULL::text, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.delete_webhook(p_name text, p_idempotency_key text, p_client text DEFAULT 'psql'::text)
    returns boolean
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.discard_rule_draft(p_rule text, p_version integer, p_idempotency_key text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, rule api.rule)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.doctor(p_clock timestamp with time zone DEFAULT NULL::timestamp with time zone, p_connections integer DEFAULT NULL::integer, p_migration integer DEFAULT NULL::integer, p_bundle bytea DEFAULT NULL::bytea)
    returns TABLE(topic text, state text, finding text, remedy text)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function api.draft_rule_version(p_rule text, p_basis points.rule_basis, p_idempotency_key text, p_fixed_points bigint DEFAULT NULL::bigint, p_points_per_unit numeric DEFAULT NULL::numeric, p_tier_starts numeric[] DEFAULT NULL::numeric[], p_tier_rates numeric[] DEFAULT NULL::numeric[], p_rounding points.rounding DEFAULT 'down'::points.rounding, p_cap_points bigint DEFAULT NULL::bigint, p_pending_days integer DEFAULT 0, p_valid_days integer DEFAULT NULL::integer, p_valid_months integer DEFAULT NULL::integer, p_valid_end points.calendar_unit DEFAULT NULL::points.calendar_unit, p_valid_until date DEFAULT NULL::date, p_wallet text DEFAULT NULL::text, p_version integer DEFAULT NULL::integer, p_client text DEFAULT 'psql'::text, p_idle boolean DEFAULT false)
    returns TABLE(replayed boolean, version api.rule_version)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.drop_batch(p_client_id integer, p_ticket uuid)
    returns void
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway

function api.earn_points(p_user_id text, p_rule text, p_idempotency_key text, p_amount numeric DEFAULT NULL::numeric, p_points bigint DEFAULT NULL::bigint, p_occurred_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_order_key text DEFAULT NULL::text, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text, p_address inet DEFAULT NULL::inet, p_device text DEFAULT NULL::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.erase_member(p_user_id text, p_idempotency_key text, p_reason text, p_actor text DEFAULT SESSION_USER, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, accounts integer, points bigint, erased_at timestamp with time zone)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.execute(p_bucket smallint, p_requests api.request[])
    returns TABLE(refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp, plan_cache_mode=force_generic_plan, jit=off, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off, max_parallel_workers_per_gather=0
    grant execute to jifen_gateway

function api.execute_erase(p_request api.request)
    returns TABLE(refusal text, detail jsonb, replayed boolean, accounts integer, points bigint, erased_at timestamp with time zone)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway

function api.execute_pair(p_request api.request)
    returns TABLE(refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp, plan_cache_mode=force_generic_plan, jit=off, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off, max_parallel_workers_per_gather=0
    grant execute to jifen_gateway

function api.execute_preview(p_request api.request)
    returns TABLE(refusal text, detail jsonb, points bigint, available_at timestamp with time zone, expires_at timestamp with time zone, previous_level text, level text, account api.account, entries api.entry[], lots api.preview_lot[])
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway

function api.expiring_points(p_user_id text, p_days integer DEFAULT 30, p_wallet text DEFAULT 'points'::text)
    returns SETOF api.lot
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function api.expiry_horizon(p_days integer)
    returns timestamp with time zone
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function api.explain_account(p_user_id text, p_wallet text DEFAULT 'points'::text)
    returns TABLE(seq bigint, what text, kind text, idempotency_key text, pending bigint, available bigint, held bigint, debt bigint, pockets_after text, lot text, lot_points bigint, lot_granted bigint, lot_left bigint, available_at timestamp with time zone, expires_at timestamp with time zone, recorded_at timestamp with time zone, wrong text)
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function api.explain_operation(p_user_id text, p_operation_id uuid, p_wallet text DEFAULT 'points'::text)
    returns TABLE(no integer, step text, words text, result bigint, at timestamp with time zone, agrees boolean)
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function api.extend_expiry(p_user_id text, p_expires_at timestamp with time zone, p_idempotency_key text, p_reason text, p_operation_id uuid DEFAULT NULL::uuid, p_before timestamp with time zone DEFAULT NULL::timestamp with time zone, p_actor text DEFAULT SESSION_USER, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.flows(p_from timestamp with time zone, p_until timestamp with time zone, p_unit text, p_wallet text DEFAULT 'points'::text, p_after timestamp with time zone DEFAULT NULL::timestamp with time zone, p_limit integer DEFAULT 100)
    returns TABLE(starts_at timestamp with time zone, ends_at timestamp with time zone, whole boolean, total boolean, rule text, entries bigint, issued bigint, clawed_back bigint, used bigint, refunded bigint, expired bigint, reinstated bigint, adjusted bigint, transferred bigint, written_off bigint, net bigint)
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function api.freeze_account(p_user_id text, p_idempotency_key text, p_reason text, p_actor text DEFAULT SESSION_USER, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.fulfil_redemption(p_user_id text, p_redemption_id uuid, p_idempotency_key text, p_reason text DEFAULT NULL::text, p_actor text DEFAULT SESSION_USER, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.hold_points(p_user_id text, p_points bigint, p_idempotency_key text, p_deadline timestamp with time zone DEFAULT NULL::timestamp with time zone, p_reason text DEFAULT NULL::text, p_order_key text DEFAULT NULL::text, p_amount numeric DEFAULT NULL::numeric, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.import_client(p_scope text DEFAULT 'earn'::text)
    returns integer
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway

function api.invitations(p_user_id text, p_wallet text DEFAULT 'points'::text)
    returns TABLE(code text, paid integer, revoked integer, inviter text, status text, joined_at timestamp with time zone)
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function api.join_by_invitation(p_user_id text, p_code text, p_idempotency_key text, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.liability(p_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_wallet text DEFAULT 'points'::text)
    returns TABLE(at timestamp with time zone, points bigint, held bigint, debt bigint, point_value numeric, value numeric, parts api.liability_part[])
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function api.make_up_sign_in(p_user_id text, p_day date, p_idempotency_key text, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.measurements()
    returns TABLE(name text, labels text[], value double precision)
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function api.merge_accounts(p_user_id text, p_into_user_id text, p_idempotency_key text, p_reason text, p_actor text DEFAULT SESSION_USER, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.next_job(p_slow boolean DEFAULT NULL::boolean)
    returns TABLE(name text, schedule text, planned boolean, timeout_seconds integer, time_zone text, at timestamp with time zone)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway

function api.note_key_uses(p_keys_sha256 bytea[], p_used_at timestamp with time zone[])
    returns integer
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway

function api.open_batch(p_client_id integer, p_idempotency_key text, p_label text)
    returns TABLE(ticket uuid, known boolean)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway

function api.operation_id(p_client_id integer, p_idempotency_key text)
    returns uuid
    sql stable parallel safe
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function api.ping_webhook(p_name text, p_idempotency_key text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, webhook api.webhook)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.preview_earn(p_user_id text, p_rule text, p_amount numeric DEFAULT NULL::numeric, p_points bigint DEFAULT NULL::bigint, p_occurred_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_order_key text DEFAULT NULL::text, p_wallet text DEFAULT 'points'::text, p_client text DEFAULT 'psql'::text)
    returns TABLE(refusal text, detail jsonb, points bigint, available_at timestamp with time zone, expires_at timestamp with time zone, previous_level text, level text, account api.account, entries api.entry[], lots api.preview_lot[])
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.preview_levels(p_wallet text, p_levels jsonb, p_measure points.level_measure DEFAULT 'ever'::points.level_measure, p_downgrade points.level_downgrade DEFAULT 'never'::points.level_downgrade, p_grace_days integer DEFAULT 0, p_notice_days integer DEFAULT 30, p_multiplied_rules text[] DEFAULT '{}'::text[], p_level_wallet text DEFAULT NULL::text)
    returns TABLE(previous text, level text, members bigint)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp, work_mem=64MB
    grant execute to jifen_gateway, jifen_operator

function api.preview_return(p_user_id text, p_order_key text, p_amount numeric DEFAULT NULL::numeric, p_wallet text DEFAULT 'points'::text, p_client text DEFAULT 'psql'::text)
    returns TABLE(refusal text, detail jsonb, points bigint, available_at timestamp with time zone, expires_at timestamp with time zone, previous_level text, level text, account api.account, entries api.entry[], lots api.preview_lot[])
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.preview_spend(p_user_id text, p_points bigint, p_order_key text DEFAULT NULL::text, p_amount numeric DEFAULT NULL::numeric, p_wallet text DEFAULT 'points'::text, p_client text DEFAULT 'psql'::text)
    returns TABLE(refusal text, detail jsonb, points bigint, available_at timestamp with time zone, expires_at timestamp with time zone, previous_level text, level text, account api.account, entries api.entry[], lots api.preview_lot[])
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.progress_task(p_user_id text, p_task text, p_idempotency_key text, p_steps integer DEFAULT 1, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.publish_rule_version(p_rule text, p_version integer, p_idempotency_key text, p_starts_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_draft_revision integer DEFAULT NULL::integer, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, version api.rule_version)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.put_deliveries(p_buckets smallint[], p_events bigint[], p_webhooks integer[], p_attempts integer[], p_statuses integer[], p_failures text[])
    returns void
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway

function api.put_off(p_name text, p_next timestamp with time zone, p_failure text DEFAULT NULL::text)
    returns void
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway

function api.put_rows(p_ticket uuid, p_no integer, p_fence integer, p_answers jsonb)
    returns boolean
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway

function api.quote_deduction(p_user_id text, p_order_amount numeric, p_wallet text DEFAULT 'points'::text)
    returns TABLE(points bigint, money numeric, most_points bigint, least_points bigint, points_per_unit integer)
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function api.receipt(p_user_id text, p_operation_id uuid, p_wallet text DEFAULT 'points'::text)
    returns jsonb
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function api.reconcile_account(p_user_id text, p_wallet text DEFAULT 'points'::text)
    returns TABLE(check_name text, law text, subject text, evidence jsonb)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.recount_flows()
    returns bigint
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.redeem_reward(p_user_id text, p_reward text, p_idempotency_key text, p_expected_price bigint DEFAULT NULL::bigint, p_order_key text DEFAULT NULL::text, p_amount numeric DEFAULT NULL::numeric, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.reinstate_points(p_user_id text, p_operation_id uuid, p_expires_at timestamp with time zone, p_idempotency_key text, p_reason text, p_actor text DEFAULT SESSION_USER, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.reject_award(p_user_id text, p_operation_id uuid, p_idempotency_key text, p_reason text, p_actor text DEFAULT SESSION_USER, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.release_hold(p_user_id text, p_hold_id uuid, p_idempotency_key text, p_reason text DEFAULT NULL::text, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.replay_webhook_deliveries(p_name text, p_idempotency_key text, p_ids text[] DEFAULT NULL::text[], p_since timestamp with time zone DEFAULT NULL::timestamp with time zone, p_delivered boolean DEFAULT false, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, deliveries integer, more boolean, webhook api.webhook)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.resolve_alert(p_id bigint, p_actor text, p_idempotency_key text, p_reason text DEFAULT NULL::text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, alert api.alert)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.restore_month(p_month date)
    returns void
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.retire_rule(p_rule text, p_idempotency_key text, p_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, rule api.rule)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.return_order(p_user_id text, p_order_key text, p_idempotency_key text, p_amount numeric DEFAULT NULL::numeric, p_reason text DEFAULT NULL::text, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.reverse_operation(p_user_id text, p_operation_id uuid, p_idempotency_key text, p_reason text DEFAULT NULL::text, p_actor text DEFAULT NULL::text, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.reverse_transfer(p_user_id text, p_transfer_id uuid, p_idempotency_key text, p_reason text DEFAULT NULL::text, p_actor text DEFAULT NULL::text, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.revoke_client(p_name text)
    returns boolean
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.rotate_key(p_name text, p_key_sha256 bytea, p_valid_until timestamp with time zone, p_expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone, p_now timestamp with time zone DEFAULT NULL::timestamp with time zone)
    returns integer
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.rotate_webhook_secret(p_name text, p_idempotency_key text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, secret text, webhook api.webhook)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.run_job(p_name text, p_steps integer DEFAULT 1, p_idempotency_key text DEFAULT NULL::text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, steps integer, done integer, more boolean, failure text, job api.job)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.set_activity(p_kinds points.operation_kind[], p_idempotency_key text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, activity_kinds points.operation_kind[])
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.set_alert_rule(p_name text, p_description text, p_kind points.alert_kind, p_threshold numeric, p_idempotency_key text, p_flow points.flow_measure DEFAULT NULL::points.flow_measure, p_wallet text DEFAULT NULL::text, p_clear_at numeric DEFAULT NULL::numeric, p_minimum bigint DEFAULT NULL::bigint, p_hold_seconds integer DEFAULT 0, p_severity points.alert_severity DEFAULT 'warning'::points.alert_severity, p_enabled boolean DEFAULT true, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, alert_rule api.alert_rule)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.set_archive(p_after_months integer, p_idempotency_key text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, archive_after_months integer)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.set_batches(p_rows bigint, p_rows_a_client bigint, p_days integer)
    returns void
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.set_deduction(p_points_per_unit integer, p_max_share numeric DEFAULT 1, p_max_amount numeric DEFAULT NULL::numeric, p_min_points bigint DEFAULT 1, p_decimals smallint DEFAULT 2, p_wallet text DEFAULT 'points'::text)
    returns void
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.set_integrity(p_freezes_discrepancies boolean, p_idempotency_key text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, freezes_discrepancies boolean)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.set_invitations(p_qualifying_rule text, p_inviter_rule text, p_invited_rule text, p_idempotency_key text, p_cap integer DEFAULT NULL::integer, p_wallet text DEFAULT 'points'::text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, invitation_terms api.invitation_terms)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.set_job(p_name text, p_schedule text, p_enabled boolean, p_idempotency_key text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, job api.job)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.set_levels(p_wallet text, p_levels jsonb, p_idempotency_key text, p_measure points.level_measure DEFAULT 'ever'::points.level_measure, p_downgrade points.level_downgrade DEFAULT 'never'::points.level_downgrade, p_grace_days integer DEFAULT 0, p_notice_days integer DEFAULT 30, p_multiplied_rules text[] DEFAULT '{}'::text[], p_level_wallet text DEFAULT NULL::text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, wallet api.wallet, levels api.level[])
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.set_notice_days(p_days integer[])
    returns void
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.set_point_value(p_value numeric, p_idempotency_key text, p_wallet text DEFAULT 'points'::text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, point_value numeric)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.set_program(p_name text, p_time_zone text, p_currency text, p_debt_policy text, p_frozen_earns boolean DEFAULT true)
    returns void
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.set_risk_rule(p_code text, p_name text, p_rules text[], p_measure points.risk_measure, p_decision points.risk_decision, p_mode points.risk_mode, p_idempotency_key text, p_threshold bigint DEFAULT NULL::bigint, p_window_minutes integer DEFAULT NULL::integer, p_min_awards integer DEFAULT NULL::integer, p_from_hour integer DEFAULT NULL::integer, p_to_hour integer DEFAULT NULL::integer, p_wait_days integer DEFAULT NULL::integer, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, risk_rule api.risk_rule)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.set_sign_in(p_rule text, p_idempotency_key text, p_bonus_every integer DEFAULT NULL::integer, p_bonus_points bigint DEFAULT NULL::bigint, p_make_up_days integer DEFAULT 0, p_make_up_times integer DEFAULT 0, p_make_up_price bigint DEFAULT 0, p_wallet text DEFAULT 'points'::text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, sign_in_terms api.sign_in_terms)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.set_time_zone(p_user_id text, p_time_zone text, p_idempotency_key text, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.set_transfer_limits(p_minimum bigint DEFAULT NULL::bigint, p_maximum bigint DEFAULT NULL::bigint, p_times_a_day integer DEFAULT NULL::integer, p_points_a_day bigint DEFAULT NULL::bigint)
    returns void
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.set_webhooks(p_to_private boolean, p_days integer)
    returns void
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.sign_in(p_user_id text, p_idempotency_key text, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text, p_address inet DEFAULT NULL::inet, p_device text DEFAULT NULL::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.sign_in_calendar(p_user_id text, p_month date, p_wallet text DEFAULT 'points'::text)
    returns TABLE(time_zone text, days date[], made_up date[], streak integer, today date, signed_today boolean, today_streak integer, today_points bigint, today_bonus bigint, tomorrow date, tomorrow_streak integer, tomorrow_points bigint, tomorrow_bonus bigint, make_up_from date, make_up_left integer, make_up_price bigint)
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function api.silence_alert(p_id bigint, p_until timestamp with time zone, p_reason text, p_actor text, p_idempotency_key text, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, alert api.alert)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.spend_points(p_user_id text, p_points bigint, p_idempotency_key text, p_reason text DEFAULT NULL::text, p_order_key text DEFAULT NULL::text, p_amount numeric DEFAULT NULL::numeric, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.submit_operations(p_client_id integer, p_idempotency_key text, p_label text, p_fingerprint bytea, p_rows jsonb, p_set_aside boolean DEFAULT false)
    returns TABLE(replayed boolean, ticket uuid, set_aside integer[])
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway

function api.take_deliveries()
    returns TABLE(bucket smallint, event bigint, webhook integer, attempt integer, url text, to_private boolean, id text, sent_at bigint, signature text, body text)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway

function api.take_reconcile_step(p_mode text, p_limit integer DEFAULT 100000)
    returns TABLE(run bigint, done integer, ended boolean, chunks_done bigint, chunks bigint, discrepancies bigint)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.take_rows()
    returns TABLE(ticket uuid, no integer, fence integer, client_id integer, numbers integer[], rows jsonb)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway

function api.take_step(p_name text, p_next timestamp with time zone DEFAULT NULL::timestamp with time zone)
    returns TABLE(done integer, more boolean, failure text, failures integer)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway

function api.task_progress(p_user_id text, p_wallet text DEFAULT 'points'::text, p_first integer DEFAULT 100, p_after text DEFAULT NULL::text)
    returns TABLE(task api.task, done integer, starts_on date, claimed_at timestamp with time zone, claimable boolean)
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function api.test_risk_rule(p_code text, p_from timestamp with time zone, p_to timestamp with time zone, OUT awards bigint, OUT hits bigint, OUT members bigint, OUT points bigint)
    returns record
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator

function api.transfer_points(p_user_id text, p_to_user_id text, p_points bigint, p_idempotency_key text, p_reason text DEFAULT NULL::text, p_accept boolean DEFAULT false, p_deadline timestamp with time zone DEFAULT NULL::timestamp with time zone, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.unfreeze_account(p_user_id text, p_idempotency_key text, p_reason text, p_actor text DEFAULT SESSION_USER, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function api.unmerge_accounts(p_user_id text, p_idempotency_key text, p_reason text, p_actor text DEFAULT SESSION_USER, p_wallet text DEFAULT 'points'::text, p_metadata jsonb DEFAULT NULL::jsonb, p_client text DEFAULT 'psql'::text)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_operator

function points.account_hash(p_account_id bigint, p_seq bigint, p_pending bigint, p_available bigint, p_held bigint, p_debt bigint)
    returns bigint
    sql immutable parallel safe

function points.add_seal(p_of_bucket smallint, p_ids bigint[], p_seqs bigint[], p_heads bytea[], p_entries bigint, p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.admit(p_bucket smallint, p_drafts points.draft[])
    returns points.draft[]
    plpgsql stable

function points.admit_redeems(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql stable

function points.alert_rule_fault(p_rule points.alert_rule)
    returns text[]
    plpgsql stable

function points.alerts_step(p_limit integer, p_now timestamp with time zone, OUT done integer, OUT due_since timestamp with time zone, OUT failure text)
    returns record
    plpgsql volatile

function points.announce(p_bucket smallint, p_accounts text)
    returns void
    plpgsql volatile

function points.answer(p_bucket smallint, p_drafts points.draft[])
    returns TABLE(refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql stable

function points.answer_piece(p_ticket uuid, p_no integer, p_fence integer, p_answers jsonb, p_now timestamp with time zone DEFAULT NULL::timestamp with time zone)
    returns boolean
    plpgsql volatile

function points.apply_readings(p_readings points.alert_reading[], p_complete boolean, p_now timestamp with time zone)
    returns integer
    plpgsql volatile

function points.archive_loaded()
    returns void
    plpgsql stable

function points.archive_month(p_month date, p_now timestamp with time zone)
    returns void
    plpgsql volatile set enable_seqscan=on, plan_cache_mode=auto

function points.archive_step(p_limit integer, p_now timestamp with time zone, OUT done integer, OUT due_since timestamp with time zone, OUT failure text)
    returns record
    plpgsql volatile

function points.archive_there()
    returns boolean
    plpgsql stable

function points.arrange(p_bucket smallint, p_drafts points.draft[])
    returns points.draft[]
    plpgsql stable

function points.arrange_batch(p_bucket smallint, p_drafts points.draft[], p_shared boolean, p_occasions boolean)
    returns points.draft[]
    plpgsql stable

function points.arrange_occasions(p_drafts points.draft[])
    returns points.draft[]
    plpgsql immutable

function points.arrange_redeems(p_bucket smallint, p_drafts points.draft[])
    returns points.draft[]
    plpgsql stable

function points.ascends(p_values numeric[])
    returns boolean
    sql immutable parallel safe

function points.ask_merge(p_bucket smallint, p_request api.request, p_now timestamp with time zone)
    returns points.draft
    plpgsql stable

function points.ask_occasions(p_requests api.request[])
    returns api.request[]
    plpgsql stable

function points.ask_transfer(p_bucket smallint, p_request api.request, p_now timestamp with time zone)
    returns points.draft
    plpgsql stable

function points.award(p_version points.rule_version, p_amount numeric, p_points bigint)
    returns bigint
    sql immutable parallel safe

function points.back_off(p_failures integer)
    returns interval
    sql immutable parallel safe

function points.balance_weight(p_balance points.balance)
    returns numeric
    sql immutable parallel safe

function points.batch_faults(p_client_id integer, p_rows jsonb, p_now timestamp with time zone)
    returns TABLE(place integer, code text, detail jsonb)
    plpgsql stable

function points.begin_run(p_mode points.reconciliation_mode, p_now timestamp with time zone, OUT run bigint, OUT begun boolean)
    returns record
    plpgsql volatile

function points.book_checkpoint(p_month date)
    returns void
    plpgsql volatile set enable_seqscan=on, enable_nestloop=off, plan_cache_mode=auto

function points.book_levels(p_bucket smallint, p_weighed points.weighed_level[], p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.bucket(p_user_id text, p_wallet text)
    returns smallint
    sql immutable parallel safe
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function points.bucket_count()
    returns smallint
    sql immutable parallel safe
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function points.burn_lots(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.calendar_expiry(p_months integer, p_days integer, p_end points.calendar_unit, p_until date, p_pending_days integer, p_at timestamp with time zone, p_time_zone text)
    returns timestamp with time zone
    plpgsql stable parallel safe

function points.caller_announces()
    returns boolean
    sql stable

function points.campaign_fault(p_name text, p_priority integer, p_exclusive boolean, p_member_cap bigint, p_starts_at timestamp with time zone, p_ends_at timestamp with time zone)
    returns text[]
    plpgsql immutable parallel safe

function points.carry_out(p_bucket smallint, p_requests api.request[], p_now timestamp with time zone DEFAULT NULL::timestamp with time zone)
    returns points.draft[]
    plpgsql volatile

function points.chain_entries(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql stable

function points.change_levels(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.change_lots(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.change_period_levels(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.check_entries(p_of_bucket smallint, p_ids bigint[])
    returns SETOF points.finding
    plpgsql stable

function points.check_history(p_of_bucket smallint, p_ids bigint[])
    returns SETOF points.finding
    plpgsql stable

function points.check_holds(p_of_bucket smallint, p_ids bigint[], p_since timestamp with time zone, p_archive boolean)
    returns SETOF points.finding
    plpgsql stable

function points.check_house(p_now timestamp with time zone)
    returns SETOF points.finding
    plpgsql stable

function points.check_keys(p_run points.reconciliation_run)
    returns SETOF points.finding
    plpgsql stable

function points.check_levels(p_of_bucket smallint, p_ids bigint[])
    returns SETOF points.finding
    plpgsql stable

function points.check_limits(p_of_bucket smallint, p_ids bigint[])
    returns SETOF points.finding
    plpgsql stable

function points.check_lots(p_of_bucket smallint, p_ids bigint[], p_archive boolean)
    returns SETOF points.finding
    plpgsql stable

function points.check_months()
    returns SETOF points.finding
    plpgsql stable

function points.check_occasions(p_of_bucket smallint, p_ids bigint[], p_since timestamp with time zone)
    returns SETOF points.finding
    plpgsql stable

function points.check_operations(p_of_bucket smallint, p_ids bigint[], p_archive boolean)
    returns SETOF points.finding
    plpgsql stable

function points.check_outbox()
    returns SETOF points.finding
    plpgsql stable

function points.check_owners(p_of_bucket smallint)
    returns SETOF points.finding
    plpgsql stable

function points.check_persons(p_of_bucket smallint, p_ids bigint[])
    returns SETOF points.finding
    plpgsql stable

function points.check_redemptions(p_of_bucket smallint, p_ids bigint[], p_since timestamp with time zone)
    returns SETOF points.finding
    plpgsql stable

function points.check_rest(p_kind points.chunk_kind, p_now timestamp with time zone, OUT findings points.finding[], OUT checks text[])
    returns record
    plpgsql stable set enable_seqscan=on, plan_cache_mode=force_custom_plan, work_mem=64MB, jit=off

function points.check_room(p_client_id integer, p_more integer)
    returns void
    plpgsql stable

function points.check_special(p_of_bucket smallint, p_ids bigint[], p_since timestamp with time zone, p_archive boolean)
    returns SETOF points.finding
    plpgsql stable set random_page_cost=0, seq_page_cost=0

function points.check_stock()
    returns SETOF points.finding
    plpgsql stable

function points.check_totals_step(p_limit integer, p_now timestamp with time zone, OUT done integer, OUT due_since timestamp with time zone, OUT failure text)
    returns record
    plpgsql volatile set enable_seqscan=on, plan_cache_mode=auto

function points.check_undone(p_of_bucket smallint, p_ids bigint[], p_since timestamp with time zone)
    returns SETOF points.finding
    plpgsql stable

function points.claim(p_bucket smallint, p_requests api.request[], p_drafts points.draft[])
    returns points.draft[]
    plpgsql stable

function points.claim_deliveries(p_now timestamp with time zone DEFAULT NULL::timestamp with time zone)
    returns TABLE(bucket smallint, event bigint, webhook integer, attempt integer, url text, to_private boolean, id text, sent_at bigint, signature text, body text)
    plpgsql volatile

function points.claim_piece(p_now timestamp with time zone DEFAULT NULL::timestamp with time zone)
    returns TABLE(ticket uuid, no integer, fence integer, client_id integer, numbers integer[], rows jsonb)
    plpgsql volatile

function points.claw_invitation(p_invitation points.invitation, p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.claw_lots(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.claw_received(p_bucket smallint, p_account_id bigint, p_operation_id uuid, p_now timestamp with time zone)
    returns points.draft
    plpgsql volatile

function points.client_fault(p_name text, p_scopes text[], p_rules text[], p_wallets text[], p_rate numeric, p_burst integer, p_expires_at timestamp with time zone)
    returns text[]
    plpgsql stable

function points.close_findings(p_run bigint, p_of_bucket smallint, p_checks text[], p_counts jsonb)
    returns void
    plpgsql volatile

function points.close_holds(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.close_redemptions(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.close_reviews(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.complete_batch(p_ticket uuid, p_idempotency_key text, p_fingerprint bytea, p_now timestamp with time zone, OUT replayed boolean, OUT ticket uuid)
    returns record
    plpgsql volatile

function points.contra_of(p_kind points.entry_kind)
    returns points.contra
    sql immutable parallel safe
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function points.contra_weight(p_account_id bigint, p_contra integer)
    returns bigint
    sql immutable parallel safe

function points.count_entries(p_after timestamp with time zone, p_until timestamp with time zone)
    returns bigint
    plpgsql volatile set plan_cache_mode=force_generic_plan, jit=off, enable_seqscan=off, enable_nestloop=off, enable_mergejoin=off, max_parallel_workers_per_gather=0, work_mem=32MB

function points.count_flows_step(p_limit integer, p_now timestamp with time zone, OUT done integer, OUT due_since timestamp with time zone, OUT failure text)
    returns record
    plpgsql volatile

function points.count_moves(p_bucket smallint, p_wallet text, p_now timestamp with time zone)
    returns TABLE(previous text, level text, members bigint)
    plpgsql stable

function points.count_origins(p_bucket smallint, p_marks points.origin_mark[], p_drafts points.draft[])
    returns points.origin_mark[]
    plpgsql stable

function points.count_period_moves(p_bucket smallint, p_wallet text, p_now timestamp with time zone)
    returns TABLE(previous text, level text, members bigint)
    plpgsql stable

function points.count_transfer(p_bucket smallint, p_draft points.draft, p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.counted(p_number numeric, p_what text DEFAULT 'point'::text)
    returns text
    sql immutable parallel safe
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function points.create_partitions_step(p_limit integer, p_now timestamp with time zone, OUT done integer, OUT due_since timestamp with time zone, OUT failure text)
    returns record
    plpgsql volatile

function points.crowded(p_marks points.origin_mark[], p_drafts points.draft[])
    returns integer[]
    plpgsql stable

function points.current_level(p_of_bucket smallint, p_account_id bigint)
    returns text
    plpgsql stable security definer set search_path=pg_catalog, pg_temp, enable_seqscan=off
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function points.cut_changed(p_since timestamp with time zone, p_limit integer)
    returns TABLE(buckets smallint[], from_account_id bigint, to_account_id bigint)
    plpgsql stable set enable_seqscan=off, enable_indexscan=off, enable_nestloop=off, enable_sort=off, random_page_cost=0, seq_page_cost=0, plan_cache_mode=force_custom_plan, work_mem=64MB, jit=off, max_parallel_workers_per_gather=0

function points.days_after(p_at timestamp with time zone, p_days integer, p_time_zone text)
    returns timestamp with time zone
    sql stable parallel safe

function points.debt_at(p_at timestamp with time zone, p_wallet text)
    returns bigint
    plpgsql stable set enable_seqscan=on, plan_cache_mode=auto

function points.decide_alert(p_what text, p_id bigint, p_state points.alert_state, p_until timestamp with time zone, p_actor text, p_reason text, p_idempotency_key text, p_client text)
    returns boolean
    plpgsql volatile

function points.decide_due_levels(p_bucket smallint, p_limit integer, p_now timestamp with time zone)
    returns integer
    plpgsql volatile

function points.decide_levels(p_bucket smallint, p_account_ids bigint[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.deductible(p_deduction points.deduction, p_amount numeric, p_available bigint)
    returns bigint
    sql immutable parallel safe

function points.delivery_delay(p_failures integer, p_most interval)
    returns interval
    sql volatile

function points.describe_tiers(p_starts numeric[], p_rates numeric[], p_currency text)
    returns text
    sql immutable parallel safe
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function points.describe_version(p_version points.rule_version, p_currency text)
    returns text
    sql stable parallel safe
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function points.discard_batch(p_ticket uuid)
    returns void
    plpgsql volatile

function points.doctor_rights()
    returns TABLE(topic text, state text, finding text, remedy text)
    plpgsql stable

function points.doctor_room(p_connections integer)
    returns TABLE(topic text, state text, finding text, remedy text)
    plpgsql volatile

function points.doctor_server(p_clock timestamp with time zone, p_connections integer)
    returns TABLE(topic text, state text, finding text, remedy text)
    plpgsql volatile

function points.doctor_state(p_migration integer, p_bundle bytea)
    returns TABLE(topic text, state text, finding text, remedy text)
    plpgsql volatile

function points.draft_closings(p_bucket smallint, p_requests api.request[], p_drafts points.draft[])
    returns points.draft[]
    plpgsql stable

function points.draft_deductions(p_bucket smallint, p_requests api.request[], p_drafts points.draft[])
    returns points.draft[]
    plpgsql stable

function points.draft_due(p_bucket smallint, p_account_ids bigint[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql stable

function points.draft_facts(p_requests api.request[], p_drafts points.draft[], p_undos points.draft[])
    returns points.draft[]
    plpgsql stable

function points.draft_invitations(p_bucket smallint, p_requests api.request[], p_drafts points.draft[])
    returns points.draft[]
    plpgsql stable

function points.draft_lapsed(p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql stable

function points.draft_lot_changes(p_bucket smallint, p_requests api.request[], p_drafts points.draft[])
    returns points.draft[]
    plpgsql stable

function points.draft_occasions(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql stable

function points.draft_once(p_bucket smallint, p_drafts points.draft[])
    returns points.draft[]
    plpgsql stable

function points.draft_order_undos(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql stable

function points.draft_returns(p_bucket smallint, p_requests api.request[], p_drafts points.draft[])
    returns points.draft[]
    plpgsql stable

function points.draft_reviews(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql stable

function points.draft_shares(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone)
    returns points.share[]
    plpgsql stable

function points.draft_sign_ins(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql stable

function points.draft_tasks(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql stable

function points.draft_undo(p_bucket smallint, p_drafts points.draft[])
    returns points.draft[]
    plpgsql stable

function points.draft_zones(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql stable

function points.draw_prize(p_seed bytea, p_weights integer[])
    returns smallint
    sql immutable parallel safe
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function points.draw_seed(p_chance uuid, p_account_id bigint, p_operation_id uuid)
    returns bytea
    sql immutable parallel safe

function points.drive_job(p_name text, p_next timestamp with time zone, p_now timestamp with time zone DEFAULT NULL::timestamp with time zone)
    returns TABLE(done integer, more boolean, failure text, failures integer)
    plpgsql volatile

function points.due(p_bucket smallint, p_account_id bigint, p_now timestamp with time zone)
    returns TABLE(pending bigint, available bigint, held bigint, debt bigint, expired bigint)
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function points.due_buckets(p_from timestamp with time zone, p_now timestamp with time zone)
    returns TABLE(bucket smallint, due_since timestamp with time zone)
    plpgsql stable

function points.due_job(p_now timestamp with time zone, p_slow boolean DEFAULT NULL::boolean)
    returns TABLE(name text, schedule text, planned boolean, timeout_seconds integer, time_zone text, at timestamp with time zone)
    plpgsql volatile

function points.end_run(p_run bigint, p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.entry_digest(p_entry points.entry)
    returns bytea
    sql stable parallel safe

function points.entry_event(p_entry points.entry, p_operation points.operation)
    returns jsonb
    sql stable parallel safe

function points.entry_kind_of(p_kind points.operation_kind)
    returns points.entry_kind
    sql immutable parallel safe

function points.erase_account(p_bucket smallint, p_account_id bigint, p_request api.request, p_now timestamp with time zone)
    returns bigint
    plpgsql volatile

function points.erase_accounts(p_request api.request, p_buckets smallint[], p_drafts points.draft[], p_now timestamp with time zone)
    returns TABLE(refusal text, detail jsonb, replayed boolean, accounts integer, points bigint, erased_at timestamp with time zone)
    plpgsql volatile

function points.erasure_id(p_request api.request)
    returns uuid
    sql stable parallel safe

function points.evaluate_levels_step(p_limit integer, p_now timestamp with time zone, OUT done integer, OUT due_since timestamp with time zone, OUT failure text)
    returns record
    plpgsql volatile set enable_seqscan=off, jit=off, max_parallel_workers_per_gather=0

function points.event_body(p_delivery points.webhook_delivery)
    returns text
    plpgsql stable

function points.execute(p_bucket smallint, p_requests api.request[], p_now timestamp with time zone DEFAULT NULL::timestamp with time zone)
    returns TABLE(refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile

function points.execute_one(p_client text, p_request api.request)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile

function points.expire_grants(p_bucket smallint, p_lapsed points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.expiry(p_version points.rule_version, p_at timestamp with time zone, p_recorded_at timestamp with time zone, p_time_zone text)
    returns timestamp with time zone
    sql stable parallel safe

function points.explain_award(p_operation points.operation, p_time_zone text, p_currency text)
    returns TABLE(step text, words text, result bigint, at timestamp with time zone, agrees boolean)
    plpgsql stable

function points.explain_outcome(p_operation points.operation, p_time_zone text)
    returns TABLE(step text, words text, result bigint, at timestamp with time zone, agrees boolean)
    plpgsql stable

function points.explain_shares(p_detail jsonb)
    returns TABLE(step text, words text, result bigint, at timestamp with time zone, agrees boolean)
    plpgsql stable

function points.extend_input_fault(p_order_key text, p_reward text, p_original uuid, p_counterparty text, p_amount numeric, p_points bigint, p_expires_at timestamp with time zone, p_reason text, p_actor text, p_subject text)
    returns text[]
    plpgsql immutable parallel safe

function points.extendable(p_bucket smallint, p_account_id bigint, p_seq bigint, p_before text, p_expires_at timestamp with time zone)
    returns SETOF points.lot
    plpgsql stable

function points.fill_slice(p_item text, p_prize smallint, p_bucket smallint, p_pieces bigint)
    returns boolean
    plpgsql volatile

function points.find_accounts(p_bucket smallint, p_requests api.request[], p_drafts points.draft[])
    returns points.draft[]
    plpgsql volatile

function points.find_draft(p_rule text, p_version integer)
    returns points.rule_draft
    plpgsql stable

function points.find_entry(p_bucket smallint, p_account_id bigint, p_seq bigint, p_recorded_at timestamp with time zone)
    returns api.entry
    plpgsql stable

function points.find_inviter(p_code text, p_wallet text, OUT inviter_bucket smallint, OUT inviter_id bigint, OUT inviter_since timestamp with time zone, OUT paid integer)
    returns record
    plpgsql stable

function points.find_pair(p_bucket smallint, p_request api.request, p_account_id bigint, p_to_bucket smallint, p_to_id bigint, OUT known boolean, OUT kind points.operation_kind, OUT to_bucket smallint, OUT to_id bigint, OUT taken_by uuid, OUT erased boolean)
    returns record
    plpgsql stable

function points.find_untold(p_of_bucket smallint, p_from bigint, p_to bigint, p_since timestamp with time zone)
    returns bigint[]
    plpgsql stable set enable_seqscan=off, enable_indexscan=off, enable_nestloop=off, enable_sort=off, random_page_cost=0, seq_page_cost=0, plan_cache_mode=force_custom_plan, work_mem=64MB, jit=off, max_parallel_workers_per_gather=0

function points.find_version(p_rule text, p_version integer)
    returns points.rule_version
    plpgsql stable

function points.find_wrong(p_of_bucket smallint, p_wrong bigint[], p_suspects bigint[], p_special bigint[], p_levels bigint[], p_all bigint[], p_since timestamp with time zone, p_archive boolean)
    returns points.finding[]
    plpgsql stable

function points.flow_part(p_flow points.flow_measure, p_kind points.entry_kind, p_points bigint)
    returns bigint
    sql immutable parallel safe

function points.flow_points(p_flow points.flow_measure, p_wallet text, p_hour timestamp with time zone)
    returns bigint
    plpgsql stable

function points.follow_up(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql volatile

function points.forget_batches_step(p_limit integer, p_now timestamp with time zone, OUT done integer, OUT due_since timestamp with time zone, OUT failure text)
    returns record
    plpgsql volatile

function points.forget_deliveries_step(p_limit integer, p_now timestamp with time zone, OUT done integer, OUT due_since timestamp with time zone, OUT failure text)
    returns record
    plpgsql volatile

function points.forget_origins_step(p_limit integer, p_now timestamp with time zone, OUT done integer, OUT due_since timestamp with time zone, OUT failure text)
    returns record
    plpgsql volatile

function points.forward(p_bucket smallint, p_account_ids bigint[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.free_shares(p_bucket smallint, p_drafts points.draft[])
    returns void
    plpgsql volatile

function points.freed_shares(p_bucket smallint, p_account_id bigint, p_operation_id uuid, p_points bigint)
    returns TABLE(campaign text, points bigint)
    plpgsql stable

function points.freeze_wrong(p_id bigint)
    returns void
    plpgsql volatile

function points.frozen_earns()
    returns boolean
    plpgsql stable

function points.gather_slices(p_item text, p_prize smallint)
    returns void
    plpgsql volatile

function points.give_up(p_webhook integer, p_limit integer, p_now timestamp with time zone)
    returns integer
    plpgsql volatile

function points.give_up_batch(p_ticket uuid, p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.govern(p_drafts points.draft[], p_shares points.share[])
    returns points.draft[]
    plpgsql immutable parallel safe

function points.grant_lots(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.guards()
    returns TABLE(of_table text, name text, definition text)
    plpgsql stable set search_path=pg_catalog, pg_temp

function points.hand_out_coupons(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.has_qualified(p_bucket smallint, p_account_id bigint, p_rule text)
    returns boolean
    plpgsql stable

function points.idle_expiry(p_idle interval, p_active_at timestamp with time zone, p_time_zone text)
    returns timestamp with time zone
    plpgsql immutable parallel safe

function points.idle_time(p_version points.rule_version)
    returns interval
    sql immutable parallel safe

function points.inherit(p_bucket smallint, p_account_id bigint, p_seq bigint, p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.input_fault(p_kind points.operation_kind, p_user_id text, p_wallet_known boolean, p_idempotency_key text, p_rule text, p_order_key text, p_reward text, p_original uuid, p_counterparty text, p_amount numeric, p_points bigint, p_occurred_at timestamp with time zone, p_expires_at timestamp with time zone, p_reason text, p_actor text, p_metadata jsonb, p_subject text, p_origin api.origin, p_now timestamp with time zone)
    returns text[]
    sql stable parallel safe

function points.instant_text(p_at timestamp with time zone)
    returns text
    sql stable parallel safe

function points.invitation_leg(p_kind points.operation_kind, p_account_bucket smallint, p_account_id bigint, p_rule text, p_key text, p_now timestamp with time zone)
    returns text
    plpgsql volatile

function points.keep_days(p_bucket smallint, p_account_ids bigint[])
    returns void
    plpgsql volatile

function points.keep_proof(p_run points.reconciliation_run)
    returns void
    plpgsql volatile

function points.key_pad(p_key bytea, p_byte integer)
    returns bytea
    plpgsql immutable

function points.known_batch(p_client_id integer, p_idempotency_key text, p_label text, p_fingerprint bytea)
    returns uuid
    plpgsql stable

function points.lapsed_of(p_bucket smallint, p_account_id bigint, p_seq bigint)
    returns TABLE(lot_no smallint, granted bigint, source text, available_at timestamp with time zone, expires_at timestamp with time zone, idle interval, points bigint)
    plpgsql volatile

function points.leaf_digest(p_of_bucket smallint, p_account_id bigint, p_seq bigint, p_head bytea)
    returns bytea
    sql immutable parallel safe

function points.ledger_days(p_of_bucket smallint, p_account_id bigint)
    returns TABLE(day date, points bigint, inherited bigint)
    plpgsql stable set plan_cache_mode=force_generic_plan

function points.let_load(p_month date, p_allowed boolean)
    returns void
    plpgsql volatile set lock_timeout=100ms

function points.level_now(p_of_bucket smallint, p_account_id bigint, p_at timestamp with time zone)
    returns TABLE(wallet text, weighed points.weighed_level)
    plpgsql stable security definer set search_path=pg_catalog, pg_temp, enable_seqscan=off
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function points.levels_changed()
    returns trigger
    plpgsql volatile

function points.levels_fault(p_wallet text, p_levels jsonb, p_measure points.level_measure, p_downgrade points.level_downgrade, p_grace_days integer, p_notice_days integer, p_multiplied_rules text[], p_level_wallet text)
    returns text[]
    plpgsql stable

function points.liability_parts(p_at timestamp with time zone, p_wallet text)
    returns SETOF api.liability_part
    plpgsql stable set enable_seqscan=on, plan_cache_mode=auto

function points.limit_facts(p_bucket smallint, p_account_id bigint, p_rule text, p_happened_at timestamp with time zone, p_base bigint, p_total bigint, p_campaigns jsonb)
    returns jsonb
    plpgsql stable

function points.limit_fault(p_code text, p_name text, p_rules text[], p_period points.quota_period, p_max_times integer, p_max_points bigint, p_excess points.limit_excess, p_gives_back boolean, p_per points.limit_subject)
    returns text[]
    plpgsql stable

function points.limit_origins(p_drafts points.draft[], p_marks points.origin_mark[])
    returns points.draft[]
    plpgsql stable

function points.limit_transfer(p_bucket smallint, p_draft points.draft, p_now timestamp with time zone)
    returns points.draft
    plpgsql stable

function points.limits_at(p_at timestamp with time zone)
    returns TABLE(code text, rules text[], period points.quota_period, max_times integer, max_points bigint, excess points.limit_excess, at timestamp with time zone, starts_at timestamp with time zone, time_zone text)
    sql stable

function points.line_up(p_webhooks integer[], p_buckets smallint[], p_account_ids bigint[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.lock_accounts(p_bucket smallint, p_account_ids bigint[], OUT settles_at timestamp with time zone, OUT careful boolean, OUT merged bigint[], OUT kin boolean, OUT idle boolean, OUT accounts bigint)
    returns record
    plpgsql volatile

function points.lock_due(p_bucket smallint, p_limit integer, p_from timestamp with time zone, p_now timestamp with time zone)
    returns bigint[]
    plpgsql volatile

function points.lock_family(p_from_bucket smallint, p_draft points.draft, p_into_bucket smallint, p_into points.draft)
    returns void
    plpgsql volatile

function points.lock_heirs(p_accounts points.account[])
    returns bigint[]
    plpgsql volatile

function points.lock_pair(p_buckets smallint[], p_drafts points.draft[])
    returns void
    plpgsql volatile

function points.lock_rule(p_rule text)
    returns integer
    plpgsql volatile

function points.lock_webhook(p_name text)
    returns points.webhook
    plpgsql volatile

function points.looks_at_origins(p_measure points.risk_measure)
    returns boolean
    sql immutable parallel safe

function points.lots_at(p_at timestamp with time zone)
    returns TABLE(bucket smallint, account_id bigint, source text, expires_at timestamp with time zone, points bigint)
    plpgsql stable set enable_seqscan=on, enable_nestloop=off, plan_cache_mode=auto

function points.made_up_in(p_bucket smallint, p_account_id bigint, p_day date)
    returns integer
    plpgsql stable

function points.make_partitions(p_months_ahead integer DEFAULT 3, p_now timestamp with time zone DEFAULT now())
    returns integer
    plpgsql volatile set TimeZone=UTC, lock_timeout=50ms

function points.mark_origins(p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.origin_mark[]
    plpgsql stable

function points.may_bind(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone)
    returns boolean
    plpgsql stable

function points.may_submit(p_client_id integer)
    returns void
    plpgsql stable

function points.member_day(p_bucket smallint, p_account_id bigint, p_at timestamp with time zone, OUT day date, OUT time_zone text)
    returns record
    plpgsql stable

function points.members_may(p_kind points.operation_kind)
    returns boolean
    sql immutable parallel safe

function points.mend_indexes_step(p_limit integer, p_now timestamp with time zone, OUT done integer, OUT due_since timestamp with time zone, OUT failure text)
    returns record
    plpgsql volatile set lock_timeout=500ms

function points.merge_fault(p_request api.request)
    returns text[]
    plpgsql immutable parallel safe

function points.merge_into(p_from_bucket smallint, p_from_id bigint, p_into_bucket smallint, p_into_id bigint, p_request api.request, p_now timestamp with time zone)
    returns points.draft
    plpgsql volatile

function points.merge_refusal(p_from_bucket smallint, p_from_id bigint, p_into_bucket smallint, p_into_id bigint, p_draft points.draft, p_now timestamp with time zone)
    returns points.draft
    plpgsql stable

function points.merge_seqs(p_from_bucket smallint, p_from_id bigint, p_into_bucket smallint, p_into_id bigint)
    returns bigint[]
    plpgsql stable

function points.merkle_path(p_leaves bytea[], p_place integer)
    returns jsonb
    plpgsql immutable

function points.merkle_root(p_leaves bytea[])
    returns bytea
    plpgsql immutable

function points.moment(p_at timestamp with time zone, p_time_zone text)
    returns text
    sql stable parallel safe

function points.month_complete(p_month date)
    returns void
    plpgsql stable set enable_seqscan=on, plan_cache_mode=auto

function points.month_sealed(p_month date)
    returns boolean
    plpgsql stable

function points.month_start(p_month date, p_months integer DEFAULT 0)
    returns timestamp with time zone
    sql immutable

function points.month_table(p_parent text, p_month date)
    returns text
    sql immutable

function points.month_waits(p_month date, OUT lots bigint, OUT holds bigint)
    returns record
    plpgsql stable set enable_seqscan=on, plan_cache_mode=auto

function points.move_all(p_from_bucket smallint, p_from_id bigint, p_into_bucket smallint, p_into_id bigint, p_request api.request, p_now timestamp with time zone)
    returns points.draft
    plpgsql volatile

function points.move_default_rows(p_parent text, p_partition text, p_month timestamp with time zone)
    returns void
    plpgsql volatile set TimeZone=UTC

function points.move_month(p_month date, p_from text, p_to text)
    returns void
    plpgsql volatile set TimeZone=UTC, lock_timeout=100ms

function points.move_stock(p_bucket smallint, p_account_ids bigint[], p_ids uuid[], p_pieces integer)
    returns void
    plpgsql volatile

function points.moved_lots(p_bucket smallint, p_draft points.draft, p_now timestamp with time zone)
    returns points.lot_use[]
    plpgsql stable

function points.moves(p_drafts points.draft[], p_now timestamp with time zone)
    returns TABLE(account_id bigint, seq bigint, pending bigint, available bigint, held bigint, debt bigint, earned bigint, spent bigint, adjusted bigint, transferred bigint, expired bigint, next_change_at timestamp with time zone)
    sql immutable

function points.network_of(p_address inet)
    returns text
    sql immutable parallel safe

function points.new_code(p_bucket smallint, p_chance uuid)
    returns text
    plpgsql immutable

function points.new_secret()
    returns bytea
    plpgsql volatile

function points.next_change(p_bucket smallint, p_account_id bigint, p_now timestamp with time zone)
    returns timestamp with time zone
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function points.note_activity(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.note_alerts(p_version bigint, p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.note_change(p_client text, p_scope text, p_idempotency_key text, p_what text, p_code text, p_inputs jsonb, p_version integer DEFAULT NULL::integer, OUT replayed boolean, OUT version integer)
    returns record
    plpgsql volatile

function points.note_entries(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.note_expiry(p_bucket smallint, p_account_ids bigint[], p_now timestamp with time zone)
    returns integer
    plpgsql volatile

function points.note_export(p_month date, p_entry_sha256 bytea, p_lot_use_sha256 bytea)
    returns void
    plpgsql volatile

function points.note_findings(p_run points.reconciliation_run, p_of_bucket smallint, p_found points.finding[], p_counts jsonb DEFAULT '{}'::jsonb)
    returns jsonb
    plpgsql volatile

function points.note_governed()
    returns void
    plpgsql volatile

function points.note_invitations(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.note_level_changes(p_bucket smallint, p_account_ids bigint[], p_seqs bigint[], p_caused boolean, p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.note_levels()
    returns void
    plpgsql volatile

function points.note_notices(p_bucket smallint, p_account_ids bigint[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.note_redemptions(p_bucket smallint, p_account_ids bigint[], p_ids uuid[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.note_returns(p_bucket smallint, p_requests api.request[], p_drafts points.draft[])
    returns void
    plpgsql volatile

function points.note_reversals(p_bucket smallint, p_drafts points.draft[])
    returns void
    plpgsql volatile

function points.note_reviews(p_bucket smallint, p_account_ids bigint[], p_operation_ids uuid[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.note_seal(p_of_bucket smallint, p_number bigint)
    returns void
    plpgsql volatile

function points.note_webhooks()
    returns void
    plpgsql volatile

function points.occasion_input_fault(p_kind points.operation_kind, p_rule text, p_order_key text, p_reward text, p_original uuid, p_counterparty text, p_amount numeric, p_points bigint, p_occurred_at timestamp with time zone, p_expires_at timestamp with time zone, p_subject text)
    returns text[]
    plpgsql immutable parallel safe

function points.offer_detail(p_refusal text, p_asked text, p_reward points.reward)
    returns jsonb
    sql immutable parallel safe

function points.offer_refusal(p_reward points.reward, p_wallet text, p_expected bigint, p_now timestamp with time zone)
    returns text
    sql immutable parallel safe

function points.oldest_month()
    returns date
    plpgsql stable

function points.open_budget(p_campaign text, p_points bigint)
    returns void
    plpgsql volatile

function points.open_holds(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.open_stock(p_reward text, p_stock bigint, p_prizes jsonb)
    returns void
    plpgsql volatile

function points.operation_hash(p_account_id bigint, p_id uuid, p_seq bigint, p_recorded_at timestamp with time zone, p_points bigint)
    returns bigint
    sql immutable parallel safe

function points.order_amount(p_bucket smallint, p_account_id bigint, p_order_key text)
    returns numeric
    plpgsql stable

function points.order_operations(p_bucket smallint, p_account_id bigint, p_order_key text)
    returns TABLE(operation_id uuid, points bigint, refunds boolean, amount numeric)
    plpgsql stable

function points.origin_hash(p_kind text, p_value text)
    returns bytea
    sql stable parallel safe

function points.pair_one(p_client text, p_request api.request)
    returns TABLE(replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile

function points.partition_fault(p_now timestamp with time zone)
    returns text
    plpgsql stable set TimeZone=UTC

function points.pay_invitation(p_invitation points.invitation, p_now timestamp with time zone)
    returns text
    plpgsql volatile

function points.period_day(p_period points.quota_period, p_at timestamp with time zone, p_time_zone text)
    returns date
    sql stable parallel safe

function points.period_end(p_period points.quota_period, p_at timestamp with time zone, p_time_zone text)
    returns timestamp with time zone
    sql stable parallel safe
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function points.period_of(p_day date, p_anchor date, p_months integer)
    returns integer
    sql immutable parallel safe

function points.period_start(p_period points.quota_period, p_at timestamp with time zone, p_time_zone text)
    returns timestamp with time zone
    sql stable parallel safe
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function points.period_starts_on(p_period integer, p_anchor date, p_months integer)
    returns date
    sql immutable parallel safe

function points.pin_months()
    returns void
    plpgsql volatile

function points.plan_job(p_name text, p_next timestamp with time zone, p_failure text, p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.plan_run(p_run bigint, p_limit integer, p_now timestamp with time zone)
    returns void
    plpgsql volatile set TimeZone=UTC

function points.plan_settling(p_bucket smallint, p_account_ids bigint[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.point_value(p_wallet text)
    returns numeric
    plpgsql stable

function points.post(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone, p_several boolean DEFAULT true)
    returns void
    plpgsql volatile

function points.post_invitations(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql volatile

function points.post_occasions(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql volatile

function points.post_origins(p_bucket smallint, p_drafts points.draft[], p_marks points.origin_mark[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.post_redeems(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_chance uuid, p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.post_reviews(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_risks points.risk[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.post_shares(p_bucket smallint, p_drafts points.draft[], p_shares points.share[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.post_sign_ins(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql volatile

function points.post_tasks(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql volatile

function points.post_zones(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.preview(p_request api.request, p_now timestamp with time zone DEFAULT NULL::timestamp with time zone)
    returns TABLE(refusal text, detail jsonb, points bigint, available_at timestamp with time zone, expires_at timestamp with time zone, previous_level text, level text, account api.account, entries api.entry[], lots api.preview_lot[])
    plpgsql volatile

function points.preview_one(p_client text, p_request api.request)
    returns TABLE(refusal text, detail jsonb, points bigint, available_at timestamp with time zone, expires_at timestamp with time zone, previous_level text, level text, account api.account, entries api.entry[], lots api.preview_lot[])
    plpgsql volatile

function points.price(p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql stable

function points.price_redeems(p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql stable

function points.prize_weights(p_reward text)
    returns integer[]
    sql stable parallel safe

function points.prizes_fault(p_prizes jsonb)
    returns text[]
    plpgsql immutable parallel safe

function points.program_stamp()
    returns xid
    plpgsql stable

function points.prove_account(p_of_bucket smallint, p_account_id bigint)
    returns points.finding[]
    plpgsql stable set plan_cache_mode=force_custom_plan, jit=off

function points.prove_bucket(p_of_bucket smallint, p_parts smallint[], p_suspects bigint[], p_special bigint[], OUT findings points.finding[], OUT special bigint[])
    returns record
    plpgsql stable set enable_seqscan=on, plan_cache_mode=force_custom_plan, work_mem=64MB, jit=off, max_parallel_workers_per_gather=0

function points.prove_changed(p_buckets smallint[], p_from bigint, p_to bigint, p_since timestamp with time zone)
    returns TABLE(of_bucket smallint, accounts bigint, entries bigint, findings points.finding[])
    plpgsql stable set enable_seqscan=off, enable_hashjoin=on, plan_cache_mode=force_custom_plan, work_mem=64MB, jit=off, max_parallel_workers_per_gather=0

function points.prove_chunk(p_run points.reconciliation_run, p_chunk points.reconciliation_chunk, p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.prove_special(p_of_bucket smallint, p_ids bigint[])
    returns points.finding[]
    plpgsql stable set enable_seqscan=on, plan_cache_mode=force_custom_plan, work_mem=64MB, jit=off, max_parallel_workers_per_gather=0

function points.proven_mark(p_run bigint, p_snapshot xid8, p_now timestamp with time zone)
    returns timestamp with time zone
    plpgsql stable

function points.put_levels(p_wallet text, p_levels jsonb, p_measure points.level_measure, p_downgrade points.level_downgrade, p_grace_days integer, p_notice_days integer, p_multiplied_rules text[], p_level_wallet text)
    returns void
    plpgsql volatile

function points.put_off_expiry(p_bucket smallint, p_account_id bigint, p_seq bigint, p_idle interval, p_expires_at timestamp with time zone)
    returns timestamp with time zone
    plpgsql stable

function points.queue_deliveries(p_limit integer, p_now timestamp with time zone DEFAULT NULL::timestamp with time zone)
    returns integer
    plpgsql volatile

function points.queue_rows(p_ticket uuid, p_rows jsonb, p_set_aside boolean, p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.raise_alert(p_rule text, p_subject text, p_value numeric, p_message text, p_wallet text DEFAULT NULL::text, p_now timestamp with time zone DEFAULT NULL::timestamp with time zone)
    returns void
    plpgsql volatile

function points.raise_refusal(p_code text, p_detail jsonb)
    returns void
    plpgsql stable

function points.reach_receiver(p_from_bucket smallint, p_to_bucket smallint, p_to_id bigint, p_request api.request, p_from points.draft, p_taken_by uuid, p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.read_sign_ins(p_bucket smallint, p_user_id text, p_month date, p_wallet text, p_now timestamp with time zone)
    returns TABLE(time_zone text, days date[], made_up date[], streak integer, today date, signed_today boolean, today_streak integer, today_points bigint, today_bonus bigint, tomorrow date, tomorrow_streak integer, tomorrow_points bigint, tomorrow_bonus bigint, make_up_from date, make_up_left integer, make_up_price bigint)
    plpgsql stable

function points.read_tasks(p_bucket smallint, p_user_id text, p_wallet text, p_first integer, p_after text, p_now timestamp with time zone)
    returns TABLE(task api.task, done integer, starts_on date, claimed_at timestamp with time zone, claimable boolean)
    plpgsql stable

function points.receipt_detail(p_kind points.operation_kind, p_rule text, p_wallet text, p_version integer, p_fault text[], p_forbidden boolean, p_retired_at timestamp with time zone, p_rule_fault text[])
    returns jsonb
    plpgsql stable parallel safe

function points.receive(p_bucket smallint, p_requests api.request[], p_now timestamp with time zone, p_as_asked boolean DEFAULT true)
    returns points.draft[]
    plpgsql stable

function points.receive_occasions(p_bucket smallint, p_requests api.request[], p_asked api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql stable

function points.receive_points(p_bucket smallint, p_account_id bigint, p_entry_kind points.entry_kind, p_operation_id uuid, p_uses points.lot_use[], p_debt bigint, p_now timestamp with time zone)
    returns points.draft
    plpgsql volatile

function points.receive_unusual(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone, OUT drafts points.draft[], OUT asked api.request[], OUT account_ids bigint[], OUT merged bigint[], OUT redeems boolean, OUT occasions boolean, OUT copies boolean)
    returns record
    plpgsql volatile

function points.reconcile_full_step(p_limit integer, p_now timestamp with time zone, OUT done integer, OUT due_since timestamp with time zone, OUT failure text)
    returns record
    plpgsql volatile

function points.reconcile_step(p_limit integer, p_now timestamp with time zone, OUT done integer, OUT due_since timestamp with time zone, OUT failure text)
    returns record
    plpgsql volatile

function points.record(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.record_due(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.record_round(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_returns boolean, p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.record_transfer(p_bucket smallint, p_request api.request, p_draft points.draft, p_other_bucket smallint, p_other_id bigint, p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.redemption_event(p_redemption points.redemption)
    returns jsonb
    sql stable parallel safe

function points.refill_lots(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.refuse_archived()
    returns trigger
    plpgsql volatile

function points.refuse_change()
    returns trigger
    plpgsql volatile

function points.refuse_merged(p_bucket smallint, p_requests api.request[], p_drafts points.draft[])
    returns points.draft[]
    plpgsql stable

function points.refuse_receiver(p_bucket smallint, p_account_id bigint, p_draft points.draft)
    returns points.draft
    plpgsql stable

function points.reinstatable(p_bucket smallint, p_account_id bigint, p_seq bigint, p_recorded_at timestamp with time zone)
    returns SETOF points.lot_use
    plpgsql stable

function points.reinstate(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.reinstate_lots(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.lot[]
    plpgsql volatile

function points.release_due(p_bucket smallint, p_account_ids bigint[], p_now timestamp with time zone, p_until timestamp with time zone)
    returns void
    plpgsql volatile

function points.repay(p_bucket smallint, p_account_ids bigint[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.repeated_keys(p_requests api.request[], p_drafts points.draft[])
    returns integer[]
    plpgsql stable

function points.replay_deliveries(p_webhook integer, p_ids text[], p_since timestamp with time zone, p_delivered boolean, p_limit integer, p_now timestamp with time zone)
    returns integer
    plpgsql volatile

function points.report_deliveries(p_buckets smallint[], p_events bigint[], p_webhooks integer[], p_attempts integer[], p_statuses integer[], p_failures text[], p_now timestamp with time zone DEFAULT NULL::timestamp with time zone)
    returns void
    plpgsql volatile

function points.report_to_webhook(p_webhook integer, p_taken integer, p_first_failures integer, p_claimed_at timestamp with time zone, p_failure text, p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.reserve(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_redeems boolean, p_governed boolean, p_marks points.origin_mark[], p_chance uuid, p_now timestamp with time zone)
    returns boolean
    plpgsql volatile

function points.reserve_budgets(p_bucket smallint, p_requests api.request[], p_drafts points.draft[])
    returns boolean
    plpgsql volatile

function points.reserve_origins(p_bucket smallint, p_marks points.origin_mark[], p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.reserve_stock(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_chance uuid)
    returns void
    plpgsql volatile

function points.resolve(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql volatile

function points.resolve_pair(p_from_bucket smallint, p_to_bucket smallint, p_request api.request, p_from points.draft, p_now timestamp with time zone)
    returns points.draft[]
    plpgsql volatile

function points.reversible(p_bucket smallint, p_account_id bigint, p_operation_id uuid, p_points bigint)
    returns bigint
    plpgsql stable

function points.review_event(p_review points.review)
    returns jsonb
    sql stable parallel safe

function points.rights()
    returns SETOF text
    sql stable

function points.risk_fault(p_rule points.risk_rule)
    returns text[]
    plpgsql stable

function points.risk_hits(p_rule points.risk_rule, p_points bigint, p_hour integer, p_awards bigint, p_window_points numeric, p_same_points numeric)
    returns boolean
    sql immutable parallel safe

function points.rounded(p_points numeric, p_rounding points.rounding)
    returns numeric
    sql immutable parallel safe

function points.rule_fault(p_basis points.rule_basis, p_fixed_points bigint, p_rule_wallet text, p_wallet text, p_amount numeric, p_points bigint)
    returns text[]
    sql immutable parallel safe

function points.rules_fault(p_rules text[])
    returns text[]
    plpgsql stable

function points.run_erase(p_request api.request, p_now timestamp with time zone DEFAULT NULL::timestamp with time zone)
    returns TABLE(refusal text, detail jsonb, replayed boolean, accounts integer, points bigint, erased_at timestamp with time zone)
    plpgsql volatile

function points.run_merge(p_request api.request, p_now timestamp with time zone DEFAULT NULL::timestamp with time zone)
    returns TABLE(refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile

function points.run_pair(p_request api.request)
    returns TABLE(refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile

function points.run_round(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_several boolean, p_special boolean, p_occasions boolean, p_governed boolean, p_tight boolean, p_idle boolean, p_marks points.origin_mark[], p_chance uuid, p_now timestamp with time zone)
    returns points.draft[]
    plpgsql volatile

function points.run_rounds(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_arranged boolean, p_special boolean, p_occasions boolean, p_governed boolean, p_tight boolean, p_idle boolean, p_marks points.origin_mark[], p_chance uuid, p_now timestamp with time zone)
    returns points.draft[]
    plpgsql volatile

function points.run_step(p_mode points.reconciliation_mode, p_limit integer, p_now timestamp with time zone, OUT run bigint, OUT done integer, OUT due_since timestamp with time zone)
    returns record
    plpgsql volatile

function points.run_transfer(p_request api.request, p_now timestamp with time zone DEFAULT NULL::timestamp with time zone)
    returns TABLE(refusal text, detail jsonb, replayed boolean, operation api.operation, entry api.entry, account api.account)
    plpgsql volatile

function points.scope_of(p_kind points.operation_kind)
    returns text
    sql immutable parallel safe

function points.scopes_of(p_scopes text[])
    returns text[]
    sql immutable parallel safe

function points.screen(p_drafts points.draft[], p_risks points.risk[])
    returns points.draft[]
    plpgsql immutable parallel safe

function points.screen_redeems(p_bucket smallint, p_requests api.request[], p_drafts points.draft[], p_now timestamp with time zone)
    returns points.draft[]
    plpgsql stable

function points.seal_bucket(p_of_bucket smallint, p_since timestamp with time zone, p_from bigint, p_now timestamp with time zone, OUT entries bigint, OUT at_account_id bigint)
    returns record
    plpgsql volatile set enable_seqscan=off, plan_cache_mode=force_custom_plan, work_mem=64MB, jit=off

function points.seal_digest(p_of_bucket smallint, p_number bigint, p_entries bigint, p_accounts bigint, p_sealed_at timestamp with time zone, p_previous bytea, p_leaves_root bytea)
    returns bytea
    sql stable parallel safe

function points.seal_month(p_month date)
    returns void
    plpgsql volatile set TimeZone=UTC, lock_timeout=100ms

function points.seal_step(p_limit integer, p_now timestamp with time zone, OUT done integer, OUT due_since timestamp with time zone, OUT failure text)
    returns record
    plpgsql volatile

function points.seal_to(p_of_bucket smallint, p_from bigint, p_since timestamp with time zone)
    returns bigint
    plpgsql stable set enable_seqscan=off, plan_cache_mode=force_custom_plan

function points.seconds_since(p_at timestamp with time zone, p_now timestamp with time zone)
    returns numeric
    sql immutable parallel safe

function points.send_points(p_bucket smallint, p_to_bucket smallint, p_to_id bigint, p_request api.request, p_draft points.draft, p_known boolean, p_pair_kind points.operation_kind, p_erased boolean, p_now timestamp with time zone)
    returns points.draft
    plpgsql volatile

function points.seq_weight(p_account_id bigint, p_seq bigint)
    returns bigint
    sql immutable parallel safe

function points.set_aside(p_ticket uuid)
    returns integer[]
    sql stable

function points.settle(p_bucket smallint, p_account_ids bigint[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.settle_invitations_step(p_limit integer, p_now timestamp with time zone, OUT done integer, OUT due_since timestamp with time zone, OUT failure text)
    returns record
    plpgsql volatile

function points.settle_one(p_invited_bucket smallint, p_invited_id bigint, p_now timestamp with time zone DEFAULT NULL::timestamp with time zone)
    returns void
    plpgsql volatile

function points.settle_swept(p_bucket smallint, p_account_ids bigint[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.settle_until(p_bucket smallint, p_account_ids bigint[], p_until timestamp with time zone, p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.sign_event(p_webhook points.webhook, p_content text, p_now timestamp with time zone)
    returns text
    plpgsql stable

function points.sign_in_worth(p_rule text, p_at timestamp with time zone)
    returns bigint
    plpgsql stable

function points.special_accounts(p_of_bucket smallint)
    returns bigint[]
    plpgsql stable

function points.special_input_fault(p_kind points.operation_kind, p_rule text, p_order_key text, p_reward text, p_original uuid, p_counterparty text, p_amount numeric, p_points bigint, p_occurred_at timestamp with time zone, p_expires_at timestamp with time zone, p_reason text, p_actor text, p_metadata jsonb, p_subject text, p_origin api.origin, p_now timestamp with time zone)
    returns text[]
    plpgsql immutable parallel safe

function points.step_job(p_name text, p_now timestamp with time zone DEFAULT NULL::timestamp with time zone, OUT done integer, OUT due_since timestamp with time zone, OUT failure text, OUT broke boolean, OUT more boolean)
    returns record
    plpgsql volatile

function points.stock_left(p_reward text, p_prize smallint DEFAULT 0)
    returns bigint
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function points.streak_bonus(p_terms points.sign_in_terms, p_streak integer)
    returns bigint
    sql immutable parallel safe

function points.streak_now(p_bucket smallint, p_account_id bigint, p_today date)
    returns integer
    plpgsql stable

function points.streak_to(p_bucket smallint, p_account_id bigint, p_day date)
    returns integer
    plpgsql stable

function points.sum_chunk(p_run bigint, p_no integer)
    returns void
    plpgsql volatile set enable_seqscan=on, enable_sort=off, plan_cache_mode=force_custom_plan, work_mem=64MB, jit=off, max_parallel_workers_per_gather=0

function points.sweep_step(p_limit integer, p_now timestamp with time zone, OUT done integer, OUT due_since timestamp with time zone, OUT failure text)
    returns record
    plpgsql volatile set plan_cache_mode=force_generic_plan, jit=off, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off, max_parallel_workers_per_gather=0

function points.take_all(p_bucket smallint, p_account_id bigint, p_entry_kind points.entry_kind, p_operation_id uuid, p_now timestamp with time zone)
    returns points.draft
    plpgsql volatile

function points.take_lots(p_bucket smallint, p_drafts points.draft[], p_seqs bigint[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.take_slices(p_item text, p_prize smallint, p_bucket smallint, p_pieces bigint)
    returns SETOF bigint
    plpgsql volatile

function points.task_detail(p_refusal text, p_asked text, p_task points.task)
    returns jsonb
    sql immutable parallel safe

function points.task_fault(p_name text, p_rule text, p_points bigint, p_steps integer, p_open_from timestamp with time zone, p_open_until timestamp with time zone)
    returns text[]
    plpgsql stable

function points.task_refusal(p_task points.task, p_wallet text, p_now timestamp with time zone)
    returns text
    sql immutable parallel safe

function points.terms_fault(p_name text, p_price bigint, p_on_sale_from timestamp with time zone, p_on_sale_until timestamp with time zone, p_quota integer, p_quota_period points.quota_period)
    returns text[]
    sql immutable parallel safe

function points.tiered(p_amount numeric, p_starts numeric[], p_rates numeric[], p_rounding points.rounding DEFAULT NULL::points.rounding)
    returns numeric
    plpgsql immutable parallel safe

function points.transfer_fault(p_request api.request)
    returns text[]
    plpgsql immutable parallel safe

function points.trim_shares(p_bucket smallint, p_drafts points.draft[], p_shares points.share[])
    returns points.share[]
    plpgsql stable

function points.unbook_checkpoint(p_month date)
    returns void
    plpgsql volatile set enable_seqscan=on, enable_nestloop=off, plan_cache_mode=auto

function points.undone(p_bucket smallint, p_account_id bigint, p_operation_id uuid)
    returns boolean
    plpgsql stable

function points.unmerge_from(p_to_bucket smallint, p_to_id bigint, p_from_bucket smallint, p_from_id bigint, p_request api.request, p_seqs bigint[], p_now timestamp with time zone)
    returns points.draft
    plpgsql volatile

function points.unmerge_refusal(p_from_bucket smallint, p_from_id bigint, p_draft points.draft, p_seqs bigint[])
    returns points.draft
    plpgsql stable

function points.unsealed_since()
    returns timestamp with time zone
    plpgsql stable set enable_seqscan=off, plan_cache_mode=force_custom_plan

function points.use_lots(p_bucket smallint, p_debits points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.user_id_of(p_bucket smallint, p_account_id bigint)
    returns text
    plpgsql stable security definer set search_path=pg_catalog, pg_temp
    grant execute to jifen_gateway, jifen_operator, jifen_reader

function points.uses_of(p_bucket smallint, p_account_id bigint, p_seq bigint, p_recorded_at timestamp with time zone)
    returns SETOF points.lot_use
    plpgsql stable

function points.vain_pages(p_index regclass)
    returns bigint
    plpgsql volatile set enable_seqscan=off, enable_indexscan=off, enable_indexonlyscan=off, enable_bitmapscan=on, random_page_cost=0, seq_page_cost=0, synchronize_seqscans=off, max_parallel_workers_per_gather=0, jit=off

function points.version_fault(p_version points.rule_version)
    returns text[]
    plpgsql stable

function points.wants_event(p_event points.webhook_event)
    returns boolean
    plpgsql stable

function points.webhook_fault(p_url text, p_events points.webhook_event[], p_wallets text[], p_kinds points.entry_kind[], p_rules text[], p_minimum bigint, p_per_second integer)
    returns text[]
    plpgsql stable

function points.weigh_asked(p_buckets smallint[], p_from bigint, p_to bigint, p_since timestamp with time zone)
    returns TABLE(bucket smallint, told bigint, strange bigint[], special bigint[], unbooked bigint[])
    plpgsql stable set enable_seqscan=off, enable_indexscan=off, enable_nestloop=off, enable_sort=off, random_page_cost=0, seq_page_cost=0, plan_cache_mode=force_custom_plan, work_mem=64MB, jit=off, max_parallel_workers_per_gather=0

function points.weigh_books(p_now timestamp with time zone)
    returns SETOF points.alert_reading
    plpgsql stable

function points.weigh_bucket(p_run bigint, p_of_bucket smallint, p_settled_at timestamp with time zone)
    returns TABLE(accounts bigint, entries bigint, trial jsonb, parts smallint[], suspects bigint[], special bigint[])
    plpgsql stable set enable_seqscan=on, enable_indexscan=off, random_page_cost=0, seq_page_cost=0, plan_cache_mode=force_custom_plan, work_mem=128MB, jit=off, max_parallel_workers_per_gather=0

function points.weigh_changed(p_buckets smallint[], p_from bigint, p_to bigint, p_since timestamp with time zone)
    returns TABLE(of_bucket smallint, accounts bigint, entries bigint, suspects bigint[], changed bigint[], special bigint[], doubtful bigint[])
    plpgsql stable set enable_seqscan=off, enable_sort=off, enable_memoize=off, plan_cache_mode=force_custom_plan, work_mem=64MB, jit=off, max_parallel_workers_per_gather=0

function points.weigh_flows(p_now timestamp with time zone)
    returns SETOF points.alert_reading
    plpgsql stable

function points.weigh_levels(p_bucket smallint, p_account_ids bigint[], p_ats timestamp with time zone[])
    returns SETOF points.weighed_level
    plpgsql stable

function points.weigh_parts(p_of_bucket smallint, p_from bigint, p_to bigint, p_parts smallint[], p_archive boolean)
    returns bigint[]
    plpgsql stable

function points.weigh_periods(p_terms points.level_terms, p_bucket smallint, p_account_id bigint, p_kept boolean, p_anchor date, p_period integer, p_grace integer)
    returns TABLE(rank integer, measured bigint, ends integer)
    sql stable

function points.weigh_recorded(p_buckets smallint[], p_from bigint, p_to bigint, p_since timestamp with time zone)
    returns TABLE(bucket smallint, account_id bigint, entries bigint, first bigint, last bigint, goes_on bigint, told bigint, moved numeric, large boolean, pending double precision, available double precision, level_seq bigint, level text)
    plpgsql stable set enable_seqscan=off, enable_indexscan=off, enable_nestloop=off, enable_hashjoin=on, enable_sort=on, random_page_cost=0, seq_page_cost=0, plan_cache_mode=force_custom_plan, work_mem=64MB, jit=off, max_parallel_workers_per_gather=0

function points.weigh_risks(p_bucket smallint, p_drafts points.draft[], p_marks points.origin_mark[], p_now timestamp with time zone)
    returns points.risk[]
    plpgsql stable

function points.weigh_work(p_now timestamp with time zone)
    returns SETOF points.alert_reading
    plpgsql stable

function points.write_entries(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone, p_several boolean DEFAULT true)
    returns void
    plpgsql volatile

function points.write_notices_step(p_limit integer, p_now timestamp with time zone, OUT done integer, OUT due_since timestamp with time zone, OUT failure text)
    returns record
    plpgsql volatile set plan_cache_mode=force_generic_plan, jit=off, enable_seqscan=off, enable_hashjoin=off, enable_mergejoin=off, max_parallel_workers_per_gather=0

function points.write_off(p_bucket smallint, p_drafts points.draft[], p_now timestamp with time zone)
    returns void
    plpgsql volatile

function points.zone_at(p_at timestamp with time zone)
    returns text
    plpgsql stable
