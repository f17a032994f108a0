//! Each CHECK constraint refuses what its name says, whoever writes.

use std::collections::BTreeSet;

use tokio_postgres::error::SqlState;

use crate::common::Database;

/// A valid row of each table as `column = value`, against which each case differs.
const ROWS: &[(&str, &[(&str, &str)])] = &[
    (
        "program",
        &[
            ("id", "true"),
            ("name", "'x'"),
            ("time_zone", "'UTC'"),
            ("currency", "'EUR'"),
            ("debt_policy", "'debt'"),
            ("transfer_minimum", "null"),
            ("transfer_maximum", "null"),
            ("transfer_times_a_day", "null"),
            ("transfer_points_a_day", "null"),
            ("notice_days", "'{30}'"),
            ("webhook_days", "7"),
            ("activity_kinds", "'{earn}'"),
            ("archive_after_months", "24"),
        ],
    ),
    (
        "checkpoint",
        &[
            ("bucket", "0"),
            ("account_id", "1"),
            ("seq", "1"),
            ("pending", "0"),
            ("available", "0"),
            ("held", "0"),
            ("debt", "0"),
        ],
    ),
    (
        "ledger_month",
        &[
            ("month", "'2024-01-01'"),
            ("checked_at", "now()"),
            ("open_lots", "0"),
            ("open_holds", "0"),
            ("archived_at", "now()"),
            ("entries", "2"),
            ("lot_uses", "1"),
            ("exported_at", "now()"),
            ("entry_sha256", "sha256('x')"),
            ("lot_use_sha256", "sha256('y')"),
        ],
    ),
    (
        "wallet",
        &[
            ("code", "'x'"),
            ("name", "'X'"),
            ("level_measure", "'calendar_year'"),
            ("level_downgrade", "'one_step'"),
            ("level_grace_days", "30"),
            ("level_notice_days", "30"),
            ("level_wallet", "null"),
            ("multiplied_rules", "'{ORDER}'"),
        ],
    ),
    (
        "level",
        &[
            ("wallet", "'points'"),
            ("code", "'X'"),
            ("name", "'X'"),
            ("threshold", "7"),
            ("privileges", "'{x}'"),
            ("multiplier", "1.5"),
        ],
    ),
    ("refusal", &[("code", "'X'"), ("sqlstate", "'LP999'"), ("final", "true"), ("meaning", "'X'")]),
    ("client", &[("name", "'x'"), ("scopes", "'{earn}'"), ("rate", "0.5"), ("burst", "1")]),
    ("client_key", &[("key_sha256", "sha256('x')"), ("client_id", "1")]),
    (
        "sign_in_terms",
        &[
            ("wallet", "'spare'"),
            ("rule", "'SIGN_IN'"),
            ("bonus_every", "7"),
            ("bonus_points", "10"),
            ("make_up_days", "0"),
            ("make_up_times", "0"),
            ("make_up_price", "0"),
        ],
    ),
    (
        "sign_in",
        &[
            ("bucket", "0"),
            ("account_id", "1"),
            ("operation_id", "gen_random_uuid()"),
            ("signed_at", "now()"),
            ("day", "'2030-01-01'"),
            ("made_on", "null"),
        ],
    ),
    (
        "task",
        &[
            ("code", "'X'"),
            ("name", "'X'"),
            ("wallet", "'points'"),
            ("rule", "'TASK'"),
            ("points", "5"),
            ("period", "'day'"),
            ("steps", "2"),
            ("open_from", "'2030-01-01'"),
            ("open_until", "'2030-01-02'"),
            ("created_at", "now()"),
        ],
    ),
    (
        "task_progress",
        &[
            ("bucket", "0"),
            ("account_id", "1"),
            ("task", "'X'"),
            ("starts_on", "'2030-01-01'"),
            ("done", "1"),
            ("needed", "2"),
            ("claimed_at", "null"),
            ("claimed_by", "null"),
        ],
    ),
    (
        "invitation_terms",
        &[
            ("wallet", "'spare'"),
            ("qualifying_rule", "'ORDER'"),
            ("inviter_rule", "'TASK'"),
            ("invited_rule", "'TASK'"),
            ("cap", "1"),
        ],
    ),
    (
        "invitation_code",
        &[("bucket", "3"), ("account_id", "1"), ("code", "'003ABCDEFGH2345'"), ("created_at", "now()")],
    ),
    (
        "invitation",
        &[
            ("bucket", "3"),
            ("account_id", "1"),
            ("wallet", "'points'"),
            ("inviter_bucket", "4"),
            ("inviter_id", "2"),
            ("inviter_since", "'2030-01-01'"),
            ("created_at", "'2030-01-02'"),
            ("joined_at", "now()"),
            ("joined_by", "gen_random_uuid()"),
            ("qualified_by", "null"),
            ("paid_at", "null"),
            ("revoked_at", "null"),
            ("refusal", "null"),
        ],
    ),
    ("rule", &[("code", "'X'"), ("name", "'X'")]),
    (
        "rule_version",
        &[
            ("rule", "'ORDER'"),
            ("version", "9"),
            ("starts_at", "'2000-01-01'"),
            ("basis", "'fixed'"),
            ("fixed_points", "1"),
            ("points_per_unit", "null"),
            ("tier_starts", "null"),
            ("tier_rates", "null"),
            ("rounding", "'down'"),
            ("cap_points", "null"),
            ("pending_days", "0"),
            ("valid_days", "10"),
            ("valid_months", "null"),
            ("valid_end", "null"),
            ("valid_until", "null"),
            ("idle", "false"),
            ("wallet", "null"),
        ],
    ),
    (
        "rule_draft",
        &[("rule", "'ORDER'"), ("version", "9"), ("revision", "1"), ("terms", "'{}'"), ("discarded_at", "null")],
    ),
    (
        "catalogue_change",
        &[
            ("client_id", "1"),
            ("idempotency_key", "'k'"),
            ("code", "'X'"),
            ("what", "'create_rule'"),
            ("inputs", "'{}'"),
            ("recorded_at", "now()"),
        ],
    ),
    (
        "account",
        &[
            ("bucket", "points.bucket('x', 'points')"),
            ("user_id", "'x'"),
            ("wallet", "'points'"),
            ("created_at", "now()"),
            ("erased_at", "null"),
            ("into_bucket", "null"),
            ("into_id", "null"),
        ],
    ),
    (
        "balance",
        &[
            ("bucket", "(select bucket from new_account)"),
            ("account_id", "(select id from new_account)"),
            ("pending", "0"),
            ("available", "0"),
            ("held", "0"),
            ("earned", "0"),
            ("spent", "0"),
            ("expired", "0"),
            ("adjusted", "0"),
            ("debt", "0"),
            ("transferred", "0"),
            ("level_until", "0"),
        ],
    ),
    (
        "level_change",
        &[
            ("bucket", "0"),
            ("account_id", "1"),
            ("seq", "1"),
            ("no", "0"),
            ("cause", "'award'"),
            ("measure", "'ever'"),
            ("measured", "5"),
            ("changed_at", "now()"),
            ("recorded_at", "now()"),
            ("previous", "null"),
            ("level", "'X'"),
        ],
    ),
    (
        "operation",
        &[
            ("bucket", "0"),
            ("account_id", "1"),
            ("id", "gen_random_uuid()"),
            ("recorded_at", "now()"),
            ("points", "5"),
            ("seq", "1"),
            ("client_id", "1"),
            ("kind", "'adjust'"),
            ("idempotency_key", "'k'"),
            ("reason", "'r'"),
            ("actor", "'a'"),
            ("original", "null"),
            ("rule", "null"),
            ("rule_version", "null"),
            ("amount", "null"),
            ("refusal", "null"),
        ],
    ),
    (
        "entry",
        &[
            ("bucket", "0"),
            ("account_id", "1"),
            ("seq", "1"),
            ("operation_id", "gen_random_uuid()"),
            ("pending_delta", "0"),
            ("available_delta", "5"),
            ("held_delta", "0"),
            ("debt_delta", "0"),
            ("pending_after", "0"),
            ("available_after", "5"),
            ("held_after", "0"),
            ("debt_after", "0"),
            ("occurred_at", "now()"),
            ("recorded_at", "now()"),
            ("kind", "'earn'"),
        ],
    ),
    (
        "lot",
        &[
            ("bucket", "0"),
            ("account_id", "1"),
            ("seq", "1"),
            ("no", "0"),
            ("granted", "5"),
            ("remaining", "5"),
            ("available_at", "now()"),
            ("expires_at", "'infinity'"),
            ("pending", "false"),
            ("source", "'x'"),
        ],
    ),
    (
        "lot_use",
        &[
            ("bucket", "0"),
            ("account_id", "1"),
            ("seq", "2"),
            ("lot_seq", "1"),
            ("lot_no", "0"),
            ("points", "5"),
            ("granted", "5"),
            ("available_at", "now()"),
            ("expires_at", "'infinity'"),
            ("recorded_at", "now()"),
            ("source", "'x'"),
        ],
    ),
    (
        "hold",
        &[
            ("bucket", "0"),
            ("account_id", "1"),
            ("id", "gen_random_uuid()"),
            ("seq", "1"),
            ("points", "5"),
            ("captured", "null"),
            ("held_at", "now()"),
            ("deadline", "'infinity'"),
            ("closed_at", "null"),
            ("closed_by", "null"),
        ],
    ),
    (
        "erasure",
        &[
            ("bucket", "0"),
            ("id", "gen_random_uuid()"),
            ("recorded_at", "now()"),
            ("client_id", "1"),
            ("accounts", "1"),
            ("points", "5"),
        ],
    ),
    ("transfer_day", &[("bucket", "0"), ("account_id", "1"), ("day", "'2024-02-29'"), ("times", "2"), ("points", "5")]),
    (
        "reversal",
        &[
            ("bucket", "0"),
            ("account_id", "1"),
            ("operation_id", "gen_random_uuid()"),
            ("points", "5"),
            ("reversed", "5"),
        ],
    ),
    (
        "reward",
        &[
            ("code", "'X'"),
            ("name", "'X'"),
            ("wallet", "'points'"),
            ("kind", "'goods'"),
            ("price", "5"),
            ("unlimited", "false"),
            ("cash_amount", "null"),
            ("on_sale_from", "'-infinity'"),
            ("on_sale_until", "'infinity'"),
            ("quota", "null"),
            ("quota_period", "null"),
            ("created_at", "now()"),
        ],
    ),
    ("prize", &[("reward", "'X'"), ("no", "1"), ("name", "'X'"), ("weight", "1"), ("consolation", "true")]),
    ("stock", &[("item", "'X'"), ("prize", "0"), ("remaining", "1")]),
    ("stock_slice", &[("bucket", "0"), ("item", "'X'"), ("prize", "0"), ("remaining", "1")]),
    (
        "coupon",
        &[
            ("reward", "'X'"),
            ("no", "1"),
            ("code", "'X'"),
            ("redemption_bucket", "null"),
            ("account_id", "null"),
            ("redemption_id", "null"),
            ("handed_out_at", "null"),
        ],
    ),
    (
        "redemption",
        &[
            ("bucket", "0"),
            ("account_id", "1"),
            ("id", "gen_random_uuid()"),
            ("reward", "'X'"),
            ("price", "5"),
            ("status", "'reserved'"),
            ("redeemed_at", "now()"),
            ("closed_at", "null"),
            ("closed_by", "null"),
            ("quota_period", "null"),
            ("quota_starts_at", "null"),
            ("seed", "sha256('x')"),
            ("weights", "'{1,2}'"),
            ("drawn", "2"),
            ("prize", "1"),
        ],
    ),
    (
        "quota_use",
        &[
            ("bucket", "0"),
            ("account_id", "1"),
            ("reward", "'X'"),
            ("period", "'day'"),
            ("starts_at", "now()"),
            ("used", "1"),
            ("quota", "1"),
        ],
    ),
    (
        "deduction",
        &[
            ("wallet", "'points'"),
            ("points_per_unit", "100"),
            ("max_share", "0.5"),
            ("max_amount", "null"),
            ("min_points", "1"),
            ("decimals", "2"),
        ],
    ),
    (
        "earn_limit",
        &[
            ("code", "'X'"),
            ("name", "'X'"),
            ("rules", "'{X}'"),
            ("period", "'day'"),
            ("max_times", "1"),
            ("max_points", "5"),
            ("excess", "'cut'"),
            ("gives_back", "true"),
            ("per", "'member'"),
            ("active", "true"),
            ("created_at", "now()"),
        ],
    ),
    ("origin_key", &[("id", "true"), ("inner_pad", "repeat('x', 64)::bytea"), ("outer_pad", "repeat('x', 64)::bytea")]),
    ("origin", &[("origin", "sha256('x')"), ("made_at", "now()")]),
    (
        "origin_use",
        &[
            ("origin", "sha256('x')"),
            ("starts_at", "now()"),
            ("until", "now()"),
            ("times", "1"),
            ("max_times", "1"),
            ("code", "'X'"),
        ],
    ),
    (
        "origin_award",
        &[
            ("origin", "sha256('x')"),
            ("account_id", "1"),
            ("no", "0"),
            ("recorded_at", "now()"),
            ("until", "now()"),
            ("account_bucket", "0"),
            ("code", "'X'"),
        ],
    ),
    (
        "limit_use",
        &[
            ("bucket", "0"),
            ("account_id", "1"),
            ("code", "'X'"),
            ("starts_at", "now()"),
            ("points", "5"),
            ("max_points", "5"),
            ("times", "1"),
            ("max_times", "1"),
        ],
    ),
    (
        "campaign",
        &[
            ("code", "'X'"),
            ("name", "'X'"),
            ("basis", "'bonus'"),
            ("multiplier", "null"),
            ("bonus", "5"),
            ("rules", "'{X}'"),
            ("levels", "'{X}'"),
            ("priority", "1"),
            ("exclusive", "false"),
            ("member_cap", "5"),
            ("status", "'active'"),
            ("starts_at", "now()"),
            ("ends_at", "'infinity'"),
            ("created_at", "now()"),
        ],
    ),
    ("campaign_use", &[("bucket", "0"), ("account_id", "1"), ("campaign", "'X'"), ("points", "5"), ("cap", "5")]),
    (
        "risk_rule",
        &[
            ("code", "'X'"),
            ("name", "'X'"),
            ("rules", "'{X}'"),
            ("measure", "'source_share'"),
            ("threshold", "90"),
            ("window_minutes", "60"),
            ("min_awards", "10"),
            ("from_hour", "null"),
            ("to_hour", "null"),
            ("decision", "'review'"),
            ("wait_days", "3"),
            ("mode", "'on'"),
            ("created_at", "now()"),
        ],
    ),
    (
        "review",
        &[
            ("bucket", "0"),
            ("account_id", "1"),
            ("operation_id", "gen_random_uuid()"),
            ("seq", "1"),
            ("points", "5"),
            ("asked_at", "now()"),
            ("deadline", "'infinity'"),
            ("available_at", "now()"),
            ("expires_at", "'infinity'"),
            ("closed_at", "null"),
            ("closed_by", "null"),
            ("status", "'waiting'"),
            ("asker", "null"),
            ("reasons", "'{X}'"),
        ],
    ),
    (
        "notice",
        &[
            ("bucket", "0"),
            ("account_id", "1"),
            ("kind", "'expiry'"),
            ("expires_on", "'2030-01-01'"),
            ("days", "7"),
            ("points", "5"),
            ("lots", "1"),
            ("expires_at", "now()"),
            ("noted_at", "now()"),
        ],
    ),
    (
        "outbox",
        &[
            ("bucket", "0"),
            ("account_id", "1"),
            ("seq", "1"),
            ("happened_at", "now()"),
            ("event", "'entry.booked'"),
            ("facts", "null"),
        ],
    ),
    (
        "webhook",
        &[
            ("name", "'x'"),
            ("url", "'https://shop.example:8443/a?b=c'"),
            ("events", "'{entry.booked}'"),
            ("wallets", "'{points}'"),
            ("kinds", "'{earn}'"),
            ("rules", "'{ORDER}'"),
            ("minimum", "5"),
            ("per_second", "10"),
            ("enabled", "true"),
            ("created_at", "now()"),
            ("deleted_at", "null"),
            ("inner_pad", "points.key_pad('x', 54)"),
            ("outer_pad", "points.key_pad('x', 92)"),
            ("former_inner_pad", "points.key_pad('y', 54)"),
            ("former_outer_pad", "points.key_pad('y', 92)"),
            ("former_until", "now()"),
            ("allowed_at", "now()"),
            ("failures", "5"),
            ("retry_at", "now()"),
        ],
    ),
    (
        "webhook_delivery",
        &[
            ("bucket", "0"),
            ("event", "1"),
            ("webhook", "(select min(id) from points.webhook)"),
            ("account_id", "1"),
            ("happened_at", "now()"),
            ("queued_at", "now()"),
            ("due_at", "now()"),
            ("claimed_at", "now()"),
            ("tried_since", "now()"),
            ("done_at", "null"),
            ("attempts", "1"),
            ("state", "'waiting'"),
            ("kind", "'entry.booked'"),
            ("facts", "'{}'"),
        ],
    ),
    (
        "job",
        &[
            ("name", "'x'"),
            ("description", "'X'"),
            ("schedule", "'PT1S'"),
            ("enabled", "true"),
            ("step_limit", "1"),
            ("timeout_seconds", "1"),
            ("done", "0"),
            ("failure", "null"),
            ("failed_at", "null"),
            ("failures", "0"),
            ("at_bucket", "null"),
            ("at_account_id", "null"),
        ],
    ),
    ("bundle", &[("id", "true"), ("hash", "''"), ("applied_at", "now()")]),
];

/// The constraint and what a row must have to violate it.
type Case = (&'static str, &'static [(&'static str, &'static str)]);

const TIERS: (&str, &str) = ("basis", "'tiers'");

const CASES: &[Case] = &[
    ("notice_points_positive", &[("points", "0")]),
    ("notice_points_positive", &[("lots", "0")]),
    ("notice_days_not_negative", &[("days", "-1")]),
    ("program_activity_is_what_members_do", &[("activity_kinds", "'{earn,return}'")]),
    ("program_activity_is_what_members_do", &[("activity_kinds", "array[null::text]")]),
    ("program_notice_days_in_range", &[("notice_days", "'{0}'")]),
    ("program_notice_days_in_range", &[("notice_days", "'{366}'")]),
    ("program_notice_days_in_range", &[("notice_days", "array[null::int]")]),
    ("program_notice_days_in_range", &[("notice_days", "array_fill(1, array[11])")]),
    ("program_webhook_days_in_range", &[("webhook_days", "0")]),
    ("program_webhook_days_in_range", &[("webhook_days", "91")]),
    ("outbox_event_is_whole", &[("seq", "null")]),
    ("outbox_event_is_whole", &[("facts", "'{}'")]),
    ("outbox_event_is_whole", &[("event", "'level.changed'")]),
    ("outbox_event_is_whole", &[("account_id", "null")]),
    ("outbox_event_is_whole", &[("event", "'webhook.ping'"), ("seq", "null"), ("facts", "'{}'")]),
    ("webhook_name_is_plain", &[("name", "'X'")]),
    ("webhook_url_is_http", &[("url", "'ftp://shop.example'")]),
    ("webhook_url_is_http", &[("url", "'https://user:password@shop.example/'")]),
    ("webhook_url_is_http", &[("url", "'https://shop.example/#here'")]),
    ("webhook_url_is_http", &[("url", "'https://shop.example/' || repeat('x', 2048)")]),
    ("webhook_events_are_some", &[("events", "'{}'")]),
    ("webhook_events_are_some", &[("events", "array[null::points.webhook_event]")]),
    ("webhook_filter_is_about_something", &[("wallets", "'{}'")]),
    ("webhook_filter_is_about_something", &[("kinds", "'{}'")]),
    ("webhook_filter_is_about_something", &[("rules", "'{}'")]),
    ("webhook_filter_is_about_something", &[("minimum", "0")]),
    ("webhook_filter_is_about_something", &[("rules", "array[null::text]")]),
    ("webhook_rate_in_range", &[("per_second", "0")]),
    ("webhook_rate_in_range", &[("per_second", "10001")]),
    ("webhook_pads_fill_a_block", &[("inner_pad", "'x'")]),
    ("webhook_pads_fill_a_block", &[("former_outer_pad", "'x'")]),
    ("webhook_former_secret_is_whole", &[("former_until", "null")]),
    ("webhook_failures_not_negative", &[("failures", "-1")]),
    ("webhook_failures_not_negative", &[("retry_at", "null")]),
    ("webhook_deleted_is_disabled", &[("deleted_at", "now()")]),
    ("webhook_delivery_due_while_waiting", &[("state", "'dead'"), ("done_at", "now()")]),
    ("webhook_delivery_claimed_is_due", &[("due_at", "null")]),
    ("webhook_delivery_done_at_an_instant", &[("done_at", "now()")]),
    ("webhook_delivery_attempts_not_negative", &[("attempts", "0")]),
    ("job_name_is_plain", &[("name", "'X'")]),
    ("job_schedule_is_cron_or_interval", &[("schedule", "'P1D'")]),
    ("job_schedule_is_cron_or_interval", &[("schedule", "'PT0S'")]),
    ("job_schedule_is_cron_or_interval", &[("schedule", "'* * * *'")]),
    ("job_step_is_bounded", &[("step_limit", "0")]),
    ("job_step_is_bounded", &[("timeout_seconds", "3601")]),
    ("job_done_not_negative", &[("done", "-1")]),
    ("job_failure_is_whole", &[("failures", "1")]),
    ("job_failure_is_whole", &[("failure", "'X'")]),
    ("job_place_is_whole", &[("at_bucket", "0")]),
    ("program_is_one_row", &[("id", "false")]),
    ("program_currency_is_iso_code", &[("currency", "'eur'")]),
    ("program_debt_policy_is_known", &[("debt_policy", "'mercy'")]),
    ("program_transfer_range_not_empty", &[("transfer_minimum", "6"), ("transfer_maximum", "5")]),
    ("program_transfer_limits_in_range", &[("transfer_times_a_day", "0")]),
    ("program_transfer_limits_in_range", &[("transfer_points_a_day", "9007199254740992")]),
    ("transfer_day_times_positive", &[("times", "0")]),
    ("transfer_day_points_cover_times", &[("times", "6")]),
    ("wallet_code_is_plain", &[("code", "'X y'")]),
    ("wallet_level_earned_ever_ends_never", &[("level_measure", "'ever'")]),
    ("wallet_level_grace_within_period", &[("level_grace_days", "181")]),
    ("wallet_level_grace_within_period", &[("level_grace_days", "-1")]),
    ("wallet_level_grace_within_period", &[("level_measure", "'rolling_year'"), ("level_grace_days", "28")]),
    ("wallet_level_grace_within_period", &[("level_downgrade", "'never'")]),
    ("wallet_level_notice_days_in_range", &[("level_notice_days", "367")]),
    ("wallet_shows_level_of_another", &[("level_wallet", "'x'")]),
    ("wallet_names_multiplied_rules", &[("multiplied_rules", "'{null}'")]),
    ("level_threshold_in_range", &[("threshold", "-1")]),
    ("level_threshold_in_range", &[("threshold", "9007199254740992")]),
    ("level_multiplier_in_range", &[("multiplier", "0.9")]),
    ("level_multiplier_in_range", &[("multiplier", "1.1234567")]),
    ("level_names_privileges", &[("privileges", "'{null}'")]),
    ("level_code_is_plain", &[("code", "'x'")]),
    ("refusal_sqlstate_is_class_lp", &[("sqlstate", "'23505'")]),
    ("client_name_length", &[("name", "''")]),
    ("client_rate_in_bounds", &[("rate", "0.0009")]),
    ("client_rate_in_bounds", &[("rate", "'NaN'")]),
    ("client_rate_in_bounds", &[("burst", "0")]),
    ("client_burst_goes_with_rate", &[("burst", "null")]),
    ("client_key_is_sha256", &[("key_sha256", "'short'")]),
    ("client_scopes_are_known", &[("scopes", "'{earn,fly}'")]),
    ("rule_code_is_plain", &[("code", "'1X'")]),
    ("rule_name_length", &[("name", "''")]),
    ("rule_draft_number_positive", &[("version", "0")]),
    ("rule_draft_revision_positive", &[("revision", "0")]),
    ("rule_draft_terms_are_an_object", &[("terms", "'[]'")]),
    ("catalogue_change_is_known", &[("what", "'dream'")]),
    ("rule_version_number_positive", &[("version", "0")]),
    ("rule_version_fixed_points_in_range", &[("fixed_points", "0")]),
    ("rule_version_fixed_points_in_range", &[("fixed_points", "9007199254740992")]),
    (
        "rule_version_points_per_unit_in_range",
        &[("basis", "'amount'"), ("fixed_points", "null"), ("points_per_unit", "100000.000001")],
    ),
    (
        "rule_version_points_per_unit_in_range",
        &[("basis", "'amount'"), ("fixed_points", "null"), ("points_per_unit", "0")],
    ),
    (
        "rule_version_points_per_unit_in_range",
        &[("basis", "'amount'"), ("fixed_points", "null"), ("points_per_unit", "0.0000001")],
    ),
    ("rule_version_cap_in_range", &[("cap_points", "0")]),
    ("rule_version_basis_has_its_inputs", &[("fixed_points", "null")]),
    ("rule_version_basis_has_its_inputs", &[("points_per_unit", "1")]),
    ("rule_version_basis_has_its_inputs", &[("basis", "'amount'")]),
    ("rule_version_basis_has_its_inputs", &[("basis", "'given'"), ("points_per_unit", "1")]),
    ("rule_version_basis_has_its_inputs", &[("basis", "'tiers'"), ("fixed_points", "null")]),
    ("rule_version_basis_has_its_inputs", &[("tier_starts", "'{0}'"), ("tier_rates", "'{1}'")]),
    ("rule_version_basis_has_its_inputs", &[("basis", "'none'"), ("fixed_points", "null")]),
    ("rule_version_basis_has_its_inputs", &[("basis", "'none'"), ("valid_days", "null")]),
    ("rule_version_tiers_pair_up", &[TIERS, ("fixed_points", "null"), ("tier_starts", "'{0}'")]),
    (
        "rule_version_tiers_pair_up",
        &[
            TIERS,
            ("fixed_points", "null"),
            ("tier_starts", "array(select generate_series(0, 20))"),
            ("tier_rates", "array_fill(1, array[21])"),
        ],
    ),
    (
        "rule_version_tiers_pair_up",
        &[TIERS, ("fixed_points", "null"), ("tier_starts", "'{{0}}'"), ("tier_rates", "'{{1}}'")],
    ),
    (
        "rule_version_tiers_pair_up",
        &[TIERS, ("fixed_points", "null"), ("tier_starts", "'[0:0]={0}'"), ("tier_rates", "'[0:0]={1}'")],
    ),
    (
        "rule_version_tiers_ascend_from_0",
        &[TIERS, ("fixed_points", "null"), ("tier_starts", "'{0,5,5}'"), ("tier_rates", "'{1,2,3}'")],
    ),
    (
        "rule_version_tiers_ascend_from_0",
        &[TIERS, ("fixed_points", "null"), ("tier_starts", "'{1,2}'"), ("tier_rates", "'{1,2}'")],
    ),
    (
        "rule_version_tiers_ascend_from_0",
        &[TIERS, ("fixed_points", "null"), ("tier_starts", "'{0,null}'"), ("tier_rates", "'{1,2}'")],
    ),
    (
        "rule_version_tiers_ascend_from_0",
        &[TIERS, ("fixed_points", "null"), ("tier_starts", "'{0,1e12}'"), ("tier_rates", "'{1,2}'")],
    ),
    (
        "rule_version_tiers_ascend_from_0",
        &[TIERS, ("fixed_points", "null"), ("tier_starts", "'{0,0.000000001}'"), ("tier_rates", "'{1,2}'")],
    ),
    (
        "rule_version_tier_rates_in_range",
        &[TIERS, ("fixed_points", "null"), ("tier_starts", "'{0}'"), ("tier_rates", "'{0}'")],
    ),
    (
        "rule_version_tier_rates_in_range",
        &[TIERS, ("fixed_points", "null"), ("tier_starts", "'{0,1}'"), ("tier_rates", "'{1,null}'")],
    ),
    (
        "rule_version_tier_rates_in_range",
        &[TIERS, ("fixed_points", "null"), ("tier_starts", "'{0,1}'"), ("tier_rates", "'{1,-1}'")],
    ),
    (
        "rule_version_tier_rates_in_range",
        &[TIERS, ("fixed_points", "null"), ("tier_starts", "'{0}'"), ("tier_rates", "'{100000.1}'")],
    ),
    (
        "rule_version_tier_rates_in_range",
        &[TIERS, ("fixed_points", "null"), ("tier_starts", "'{0}'"), ("tier_rates", "'{0.0000001}'")],
    ),
    ("rule_version_valid_months_in_range", &[("valid_months", "1201")]),
    ("rule_version_valid_until_in_range", &[("valid_days", "null"), ("valid_until", "'1969-12-31'")]),
    ("rule_version_expires_in_one_way", &[("valid_until", "'2030-12-31'")]),
    (
        "rule_version_expires_in_one_way",
        &[("valid_days", "null"), ("valid_end", "'day'"), ("valid_until", "'2030-12-31'")],
    ),
    ("rule_version_expires_after_pending", &[("valid_days", "null"), ("valid_months", "1"), ("pending_days", "28")]),
    ("rule_version_expires_after_pending", &[("valid_days", "null"), ("valid_end", "'year'"), ("pending_days", "1")]),
    ("rule_version_idle_time_is_a_duration", &[("valid_days", "null"), ("idle", "true")]),
    ("rule_version_idle_time_is_a_duration", &[("valid_end", "'day'"), ("idle", "true")]),
    ("rule_version_pending_days_in_range", &[("pending_days", "-1")]),
    ("rule_version_valid_days_in_range", &[("valid_days", "36501")]),
    ("rule_version_expires_after_pending", &[("pending_days", "10")]),
    ("account_bucket_is_its_hash", &[("bucket", "1::smallint - points.bucket('x', 'points')")]),
    ("account_user_id_length", &[("user_id", "''"), ("bucket", "points.bucket('', 'points')")]),
    (
        "account_user_id_length",
        &[("user_id", "repeat('u', 65)"), ("bucket", "points.bucket(repeat('u', 65), 'points')")],
    ),
    ("account_merged_into_another", &[("into_id", "1")]),
    ("account_merged_into_another", &[("into_bucket", "1")]),
    ("account_is_somebodys_until_erased", &[("user_id", "null")]),
    ("account_is_somebodys_until_erased", &[("erased_at", "now()")]),
    ("erasure_accounts_not_negative", &[("accounts", "-1")]),
    ("erasure_points_not_negative", &[("points", "-1")]),
    ("balance_pockets_equal_flows", &[("available", "1")]),
    (
        "balance_is_within_safe_integers",
        &[("available", "9007199254740991"), ("held", "1"), ("earned", "9007199254740991"), ("adjusted", "1")],
    ),
    ("level_change_changes_level", &[("level", "null")]),
    ("level_change_is_by_an_entry_or_later", &[("no", "1")]),
    ("level_change_is_by_an_entry_or_later", &[("cause", "'period_end'")]),
    ("operation_points_fit_kind", &[("kind", "'spend'"), ("points", "-5")]),
    ("operation_moves_points_by_an_entry", &[("seq", "null")]),
    ("operation_refused_moves_nothing", &[("refusal", "'LIMIT_REACHED'")]),
    ("operation_refused_moves_nothing", &[("refusal", "'LIMIT_REACHED'"), ("points", "0")]),
    ("operation_refusal_is_final", &[("refusal", "'FORBIDDEN'"), ("points", "0"), ("seq", "null")]),
    ("operation_nothing_only_from_earn", &[("points", "0"), ("seq", "null")]),
    ("operation_original_fits_kind", &[("original", "gen_random_uuid()")]),
    ("operation_original_fits_kind", &[("kind", "'reverse'")]),
    ("operation_original_fits_kind", &[("kind", "'capture'")]),
    ("operation_earn_names_rule_version", &[("kind", "'earn'")]),
    ("operation_earn_names_rule_version", &[("rule", "'X'")]),
    ("operation_adjust_has_reason_and_actor", &[("reason", "''")]),
    ("operation_adjust_has_reason_and_actor", &[("reason", "null")]),
    ("operation_adjust_has_reason_and_actor", &[("actor", "null")]),
    (
        "operation_adjust_has_reason_and_actor",
        &[("kind", "'freeze'"), ("points", "0"), ("seq", "null"), ("reason", "null")],
    ),
    ("entry_seq_positive", &[("seq", "0")]),
    ("entry_nets_as_its_kind_says", &[("available_delta", "0")]),
    ("entry_nets_as_its_kind_says", &[("debt_delta", "5")]),
    ("entry_nets_as_its_kind_says", &[("kind", "'spend'")]),
    ("entry_nets_as_its_kind_says", &[("kind", "'capture'"), ("held_delta", "-5")]),
    ("entry_nets_as_its_kind_says", &[("kind", "'adjust'"), ("pending_delta", "-5")]),
    ("entry_nets_as_its_kind_says", &[("kind", "'hold'"), ("held_delta", "5")]),
    ("entry_nets_as_its_kind_says", &[("kind", "'activate'")]),
    ("entry_nets_as_its_kind_says", &[("kind", "'repay'"), ("debt_delta", "4")]),
    ("entry_nets_as_its_kind_says", &[("kind", "'write_off'"), ("available_delta", "0")]),
    ("lot_remaining_positive", &[("remaining", "0")]),
    ("lot_remaining_within_granted", &[("remaining", "6")]),
    ("lot_expires_not_before_available", &[("expires_at", "now() - interval '1 hour'")]),
    ("lot_use_points_not_zero", &[("points", "0")]),
    ("lot_use_points_within_granted", &[("points", "6")]),
    ("lot_use_points_within_granted", &[("points", "-6")]),
    ("hold_points_positive", &[("points", "0")]),
    ("hold_captured_within_points", &[("captured", "6"), ("closed_at", "now()"), ("closed_by", "gen_random_uuid()")]),
    ("hold_closed_once_and_whole", &[("captured", "5")]),
    ("hold_closed_once_and_whole", &[("captured", "5"), ("closed_at", "now()")]),
    ("reversal_within_original", &[("reversed", "6")]),
    ("reversal_within_original", &[("reversed", "-1")]),
    ("reward_code_is_plain", &[("code", "'x'")]),
    ("reward_name_length", &[("name", "''")]),
    ("reward_price_in_range", &[("price", "0")]),
    ("reward_price_in_range", &[("price", "9007199254740992")]),
    ("reward_cash_has_its_amount", &[("kind", "'cash'")]),
    ("reward_cash_has_its_amount", &[("cash_amount", "1")]),
    ("reward_coupon_is_limited", &[("kind", "'coupon'"), ("unlimited", "true")]),
    ("reward_sale_ends_after_it_begins", &[("on_sale_until", "'-infinity'")]),
    ("reward_quota_positive", &[("quota", "0"), ("quota_period", "'day'")]),
    ("reward_quota_has_its_period", &[("quota", "1")]),
    ("prize_no_in_range", &[("no", "0")]),
    ("prize_name_length", &[("name", "''")]),
    ("prize_weight_in_range", &[("weight", "-1")]),
    ("prize_weight_in_range", &[("weight", "1000001")]),
    ("stock_not_negative", &[("remaining", "-1")]),
    ("stock_is_safe_integer", &[("remaining", "9007199254740992")]),
    ("stock_slice_not_negative", &[("remaining", "-1")]),
    ("coupon_code_length", &[("code", "''")]),
    ("coupon_is_handed_out_whole", &[("redemption_id", "gen_random_uuid()")]),
    ("redemption_price_positive", &[("price", "0")]),
    ("redemption_closed_once_and_whole", &[("status", "'cancelled'")]),
    ("redemption_closed_once_and_whole", &[("closed_at", "now()"), ("closed_by", "gen_random_uuid()")]),
    ("redemption_closed_once_and_whole", &[("closed_by", "gen_random_uuid()")]),
    ("redemption_quota_has_its_period", &[("quota_period", "'day'")]),
    ("redemption_draw_is_whole", &[("prize", "null")]),
    ("redemption_seed_is_sha256", &[("seed", "'x'")]),
    ("redemption_drawn_is_one_of_the_weights", &[("drawn", "3")]),
    ("quota_use_within_quota", &[("used", "2")]),
    ("quota_use_within_quota", &[("used", "-1")]),
    ("deduction_points_per_unit_positive", &[("points_per_unit", "0")]),
    ("deduction_share_is_of_the_order", &[("max_share", "1.01")]),
    ("deduction_share_is_of_the_order", &[("max_share", "0")]),
    ("deduction_min_points_in_range", &[("min_points", "0")]),
    ("deduction_decimals_in_range", &[("decimals", "5")]),
    ("earn_limit_code_is_plain", &[("code", "'x'")]),
    ("earn_limit_name_length", &[("name", "''")]),
    ("earn_limit_names_rules", &[("rules", "'{}'")]),
    ("earn_limit_names_rules", &[("rules", "'{null}'")]),
    ("earn_limit_limits_something", &[("max_times", "null"), ("max_points", "null")]),
    ("earn_limit_in_range", &[("max_times", "0")]),
    ("earn_limit_in_range", &[("max_points", "9007199254740992")]),
    ("earn_limit_of_origins_counts_times", &[("per", "'address'"), ("gives_back", "false")]),
    ("earn_limit_of_origins_counts_times", &[("per", "'device'"), ("max_points", "null")]),
    ("origin_key_is_one_row", &[("id", "false")]),
    ("origin_key_fills_a_block", &[("inner_pad", "'x'")]),
    ("origin_is_hashed", &[("origin", "'203.0.113.7'")]),
    ("origin_use_is_hashed", &[("origin", "'203.0.113.7'")]),
    ("origin_use_within_limit", &[("times", "2")]),
    ("origin_use_within_limit", &[("times", "0")]),
    ("origin_award_is_hashed", &[("origin", "'203.0.113.7'")]),
    ("limit_use_within_limit", &[("points", "6")]),
    ("limit_use_within_limit", &[("points", "-1")]),
    ("limit_use_within_limit", &[("times", "2")]),
    ("limit_use_within_limit", &[("times", "-1"), ("max_times", "null")]),
    ("campaign_code_is_plain", &[("code", "'x'")]),
    ("campaign_name_length", &[("name", "''")]),
    ("campaign_basis_has_its_input", &[("bonus", "null")]),
    ("campaign_basis_has_its_input", &[("multiplier", "2")]),
    ("campaign_multiplier_in_range", &[("basis", "'multiplier'"), ("bonus", "null"), ("multiplier", "1")]),
    ("campaign_multiplier_in_range", &[("basis", "'multiplier'"), ("bonus", "null"), ("multiplier", "1.0000001")]),
    ("campaign_bonus_in_range", &[("bonus", "0")]),
    ("campaign_names_rules", &[("rules", "'{}'")]),
    ("campaign_names_levels", &[("levels", "'{}'")]),
    ("campaign_priority_in_range", &[("priority", "0")]),
    ("campaign_member_cap_in_range", &[("member_cap", "0")]),
    ("campaign_ends_after_it_starts", &[("ends_at", "now()")]),
    ("campaign_use_within_cap", &[("points", "6")]),
    ("campaign_use_within_cap", &[("points", "-1")]),
    ("sign_in_terms_bonus_is_whole", &[("bonus_every", "null")]),
    ("sign_in_terms_bonus_in_range", &[("bonus_every", "0")]),
    ("sign_in_terms_bonus_in_range", &[("bonus_points", "0")]),
    ("sign_in_terms_make_up_is_whole", &[("make_up_days", "1")]),
    ("sign_in_terms_make_up_is_whole", &[("make_up_times", "1")]),
    ("sign_in_terms_make_up_in_range", &[("make_up_days", "367"), ("make_up_times", "1")]),
    ("sign_in_terms_make_up_in_range", &[("make_up_price", "-1")]),
    ("sign_in_is_made_up_later", &[("made_on", "'2030-01-01'")]),
    ("task_code_is_plain", &[("code", "'x'")]),
    ("task_name_length", &[("name", "''")]),
    ("task_points_in_range", &[("points", "0")]),
    ("task_steps_in_range", &[("steps", "0")]),
    ("task_ends_after_it_begins", &[("open_until", "'2030-01-01'")]),
    ("task_progress_done_in_range", &[("done", "0")]),
    ("task_progress_done_in_range", &[("done", "3")]),
    ("task_progress_claimed_once_and_whole", &[("done", "2"), ("claimed_at", "now()")]),
    ("task_progress_claimed_when_done", &[("claimed_at", "now()"), ("claimed_by", "gen_random_uuid()")]),
    ("invitation_terms_cap_positive", &[("cap", "0")]),
    ("invitation_code_tells_its_bucket", &[("bucket", "4")]),
    ("invitation_code_tells_its_bucket", &[("code", "'003ABCDEFGH234O'")]),
    ("invitation_inviter_is_older", &[("created_at", "'2030-01-01'")]),
    ("invitation_paid_when_qualified", &[("paid_at", "now()")]),
    (
        "invitation_paid_when_qualified",
        &[("qualified_by", "gen_random_uuid()"), ("paid_at", "now()"), ("refusal", "'LIMIT_REACHED'")],
    ),
    ("invitation_revoked_when_paid", &[("revoked_at", "now()")]),
    ("risk_rule_code_is_plain", &[("code", "'x'")]),
    ("risk_rule_name_length", &[("name", "''")]),
    ("risk_rule_names_rules", &[("rules", "'{}'")]),
    ("risk_rule_measure_has_its_inputs", &[("threshold", "null")]),
    ("risk_rule_measure_has_its_inputs", &[("window_minutes", "null")]),
    ("risk_rule_measure_has_its_inputs", &[("min_awards", "null")]),
    ("risk_rule_measure_has_its_inputs", &[("from_hour", "1")]),
    ("risk_rule_threshold_in_range", &[("threshold", "101")]),
    (
        "risk_rule_threshold_in_range",
        &[("measure", "'device_members'"), ("min_awards", "null"), ("threshold", "10001")],
    ),
    ("risk_rule_window_in_range", &[("window_minutes", "0")]),
    ("risk_rule_min_awards_in_range", &[("min_awards", "0")]),
    (
        "risk_rule_hours_differ",
        &[
            ("measure", "'local_hour'"),
            ("threshold", "null"),
            ("window_minutes", "null"),
            ("min_awards", "null"),
            ("from_hour", "3"),
            ("to_hour", "3"),
        ],
    ),
    ("risk_rule_wait_is_for_review", &[("decision", "'deny'")]),
    ("risk_rule_wait_is_for_review", &[("wait_days", "0")]),
    ("review_points_positive", &[("points", "0")]),
    ("review_closed_once_and_whole", &[("status", "'approved'")]),
    ("review_closed_once_and_whole", &[("closed_at", "now()"), ("closed_by", "gen_random_uuid()")]),
    ("review_closed_once_and_whole", &[("closed_by", "gen_random_uuid()")]),
    ("bundle_is_one_row", &[("id", "false")]),
    ("program_archives_after_a_year", &[("archive_after_months", "11")]),
    ("program_archives_after_a_year", &[("archive_after_months", "1201")]),
    ("checkpoint_seq_positive", &[("seq", "0")]),
    ("ledger_month_begins_a_month", &[("month", "'2024-01-02'")]),
    ("ledger_month_counts_not_negative", &[("entries", "-1")]),
    (
        "ledger_month_counts_not_negative",
        &[
            ("open_lots", "-1"),
            ("archived_at", "null"),
            ("entries", "null"),
            ("lot_uses", "null"),
            ("exported_at", "null"),
            ("entry_sha256", "null"),
            ("lot_use_sha256", "null"),
        ],
    ),
    ("ledger_month_archived_when_closed", &[("open_lots", "1")]),
    ("ledger_month_archived_when_closed", &[("open_holds", "1")]),
    ("ledger_month_archived_whole", &[("entries", "null")]),
    ("ledger_month_archived_whole", &[("lot_uses", "null")]),
    ("ledger_month_exported_whole", &[("entry_sha256", "null")]),
    ("ledger_month_exported_whole", &[("exported_at", "null")]),
    ("ledger_month_exported_from_archive", &[("archived_at", "null"), ("entries", "null"), ("lot_uses", "null")]),
    ("ledger_month_checksums_are_sha256", &[("lot_use_sha256", "'short'")]),
];

/// The constraints of domains: what they refuse, and the domain.
const DOMAIN_CASES: &[(&str, &str, &str)] = &[
    ("pocket_not_negative", "pocket", "-1"),
    ("pocket_is_safe_integer", "pocket", "9007199254740992"),
    ("flow_is_safe_integer", "flow", "9007199254740992"),
    ("flow_is_safe_integer", "flow", "-9007199254740992"),
    ("money_not_negative", "money", "-0.01"),
    ("idempotency_key_length", "idempotency_key", "''"),
    ("idempotency_key_length", "idempotency_key", "repeat('k', 129)"),
];

/// Columns that a domain keeps within bounds.
const DOMAIN_COLUMNS: &[(&str, &[&str])] = &[
    (
        "pocket",
        &[
            "balance.pending",
            "balance.available",
            "balance.held",
            "balance.inherited",
            "balance.earned",
            "balance.spent",
            "balance.expired",
            "balance.debt",
            "entry.pending_after",
            "entry.available_after",
            "entry.held_after",
            "entry.debt_after",
            "entry_archive.pending_after",
            "entry_archive.available_after",
            "entry_archive.held_after",
            "entry_archive.debt_after",
            "checkpoint.pending",
            "checkpoint.available",
            "checkpoint.held",
            "checkpoint.debt",
            "transfer_day.points",
        ],
    ),
    (
        "flow",
        &[
            "balance.adjusted",
            "balance.transferred",
            "earned_day.points",
            "earned_day.inherited",
            "operation.points",
            "operation.requested",
        ],
    ),
    ("money", &["operation.amount", "order_return.amount", "reward.cash_amount", "deduction.max_amount"]),
    ("idempotency_key", &["catalogue_change.idempotency_key", "operation.idempotency_key"]),
];

fn table_of(constraint: &str) -> &'static (&'static str, &'static [(&'static str, &'static str)]) {
    let fits = |table: &str| constraint.strip_prefix(table).is_some_and(|rest| rest.starts_with('_'));
    ROWS.iter().filter(|(table, _)| fits(table)).max_by_key(|(table, _)| table.len()).unwrap()
}

fn insert(table: &str, row: &[(&str, &str)], changes: &[(&str, &str)]) -> String {
    let value = |column: &str| changes.iter().chain(row).find(|(name, _)| *name == column).unwrap().1;
    let columns: Vec<&str> = row.iter().map(|(column, _)| *column).collect();
    for (column, _) in changes {
        assert!(columns.contains(column), "{table} has no {column} here");
    }
    let values: Vec<&str> = columns.iter().map(|column| value(column)).collect();
    format!(
        "with new_account as (select bucket, id from points.account where user_id = 'fresh')
         insert into points.{table} ({}) values ({})",
        columns.join(", "),
        values.join(", ")
    )
}

/// An account without a balance, for a row of balances to belong to.
async fn client_with_fresh_account(database: &Database) -> tokio_postgres::Client {
    let client = database.client().await;
    client
        .batch_execute(
            "insert into points.account (bucket, user_id, wallet, created_at)
             values (points.bucket('fresh', 'points'), 'fresh', 'points', now());
             insert into points.wallet values ('spare', 'Spare');
             select api.create_webhook('fresh', 'https://shop.example', '{entry.booked}', 'fresh')",
        )
        .await
        .unwrap();
    client
}

#[tokio::test]
async fn every_check_refuses_what_its_name_says() {
    let database = Database::new().await;
    let client = client_with_fresh_account(&database).await;
    for (constraint, changes) in CASES {
        let (table, row) = table_of(constraint);
        let statement = insert(table, row, changes);
        let Err(error) = client.batch_execute(&statement).await else {
            panic!("{constraint} let {changes:?} pass");
        };
        let error = error.as_db_error().unwrap();
        assert_eq!(error.code(), &SqlState::CHECK_VIOLATION, "{constraint}: {error}");
        assert_eq!(error.constraint(), Some(*constraint), "{changes:?}");
    }
}

#[tokio::test]
async fn every_check_has_a_case() {
    let database = Database::new().await;
    let client = database.client().await;
    let rows = client
        .query(
            "select distinct c.conname::text from pg_constraint c left join pg_class t on t.oid = c.conrelid
             where c.connamespace = 'points'::regnamespace and c.contype = 'c' and t.relispartition is not true
                 -- These only apply a domain, whose checks have cases of their own, on the table.
                 and c.conname not like '%\\_is_in\\_shape'",
            &[],
        )
        .await
        .unwrap();
    let constraints: BTreeSet<&str> = rows.iter().map(|row| row.get(0)).collect();
    let cases: BTreeSet<&str> = CASES
        .iter()
        .map(|(constraint, _)| *constraint)
        .chain(DOMAIN_CASES.iter().map(|(constraint, _, _)| *constraint))
        .collect();
    assert_eq!(constraints, cases);
}

#[tokio::test]
async fn every_domain_refuses_what_its_constraint_says() {
    let database = Database::new().await;
    let client = database.client().await;
    for (constraint, domain, value) in DOMAIN_CASES {
        let error = client.batch_execute(&format!("select cast({value} as points.{domain})")).await.unwrap_err();
        assert_eq!(error.as_db_error().unwrap().constraint(), Some(*constraint), "{value}");
    }
    for (domain, columns) in DOMAIN_COLUMNS {
        let row = client
            .query_one(
                "select coalesce(array_agg(relname || '.' || attname order by relname, attnum), '{}')
                 from pg_attribute join pg_class t on t.oid = attrelid
                 where atttypid = ('points.' || $1)::regtype and relkind in ('r', 'p') and not relispartition",
                &[domain],
            )
            .await
            .unwrap();
        assert_eq!(
            row.get::<_, Vec<String>>(0).into_iter().collect::<BTreeSet<_>>(),
            columns.iter().map(|column| (*column).to_owned()).collect(),
            "{domain}"
        );
    }
}

/// Otherwise a case might fail for another reason than its own.
#[tokio::test]
async fn the_rows_that_the_cases_spoil_are_valid() {
    let database = Database::new().await;
    let client = client_with_fresh_account(&database).await;
    for (table, row) in ROWS {
        let result = client.batch_execute(&insert(table, row, &[])).await;
        match *table {
            // they have their one row
            "program" | "bundle" | "origin_key" => assert_eq!(super::sqlstate(result), "23505"),
            _ => result.unwrap_or_else(|error| panic!("{table}: {error:?}")),
        }
    }
}
