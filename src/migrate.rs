//! Brings a database to this version: refinery runs what changes state, then the bundle of functions, views, triggers
//! and privileges is applied whole, in one transaction.

use refinery::{Migration, Runner};
use sha2::{Digest, Sha256};
use tokio_postgres::Client;
use tracing::{info, warn};

/// Held by the session that migrates: refinery itself takes no lock.
const MIGRATION_LOCK: i64 = 0x6a69_6665_6e01;

macro_rules! files {
    ($($path:literal),* $(,)?) => { &[$(($path, include_str!(concat!("../sql/", $path)))),*] };
}

/// State, in order: applied once, never edited after the first release.
pub const MIGRATIONS: &[(&str, &str)] = files![
    "migrations/V1__schemas_and_roles.sql",
    "migrations/V2__program.sql",
    "migrations/V3__client.sql",
    "migrations/V4__rule.sql",
    "migrations/V5__account.sql",
    "migrations/V6__operation.sql",
    "migrations/V7__entry.sql",
    "migrations/V8__lot.sql",
    "migrations/V9__draft.sql",
    "migrations/V10__hold.sql",
    "migrations/V11__reversal.sql",
    "migrations/V12__transfer.sql",
    "migrations/V13__erasure.sql",
    "migrations/V14__reward.sql",
    "migrations/V15__deduction.sql",
    "migrations/V16__limit.sql",
    "migrations/V17__campaign.sql",
    "migrations/V18__what_if.sql",
    "migrations/V19__sign_in.sql",
    "migrations/V20__task.sql",
    "migrations/V21__invitation.sql",
    "migrations/V22__risk.sql",
    "migrations/V23__origin.sql",
    "migrations/V24__job.sql",
    "migrations/V25__notice.sql",
    "migrations/V26__activity.sql",
    "migrations/V27__archive.sql",
    "migrations/V28__webhook.sql",
];

/// Code, in the order of application: views need `points.due`, and functions return rows of views.
pub const BUNDLE: &[(&str, &str)] = files![
    "retired.sql",
    "functions/account/due.sql",
    "functions/feed/next_change.sql",
    "functions/account/user_id_of.sql",
    "functions/engine/contra_of.sql",
    "functions/reward/stock_left.sql",
    "functions/reward/draw_prize.sql",
    "functions/reward/period_start.sql",
    "functions/limit/period_end.sql",
    "functions/rule/counted.sql",
    "functions/rule/describe_tiers.sql",
    "functions/rule/describe_version.sql",
    "functions/level/current_level.sql",
    "functions/level/level_now.sql",
    "views/account.sql",
    "views/account_clock.sql",
    "views/operation.sql",
    "views/entry_history.sql",
    "views/lot_use_history.sql",
    "views/entry.sql",
    "views/lot.sql",
    "views/hold.sql",
    "views/reward.sql",
    "views/prize.sql",
    "views/redemption.sql",
    "views/sign_in_terms.sql",
    "views/sign_in.sql",
    "views/task.sql",
    "views/invitation.sql",
    "views/invitation_terms.sql",
    "views/award_bonus.sql",
    "views/level.sql",
    "views/level_step.sql",
    "views/level_terms.sql",
    "views/level_change.sql",
    "views/account_level.sql",
    "views/client.sql",
    "views/client_key.sql",
    "views/program.sql",
    "views/rule.sql",
    "views/rule_version.sql",
    "views/wallet.sql",
    "views/earn_limit.sql",
    "views/limit_use.sql",
    "views/campaign.sql",
    "views/risk_rule.sql",
    "views/review.sql",
    "views/job.sql",
    "views/notice.sql",
    "views/ledger_month.sql",
    "views/webhook.sql",
    "views/webhook_delivery.sql",
    "functions/support/days_after.sql",
    "functions/support/raise_refusal.sql",
    "functions/support/refuse_change.sql",
    "functions/rule/tiered.sql",
    "functions/rule/rounded.sql",
    "functions/rule/award.sql",
    "functions/rule/calendar_expiry.sql",
    "functions/rule/idle_time.sql",
    "functions/rule/idle_expiry.sql",
    "functions/rule/expiry.sql",
    "functions/rule/rule_fault.sql",
    "functions/account/bucket.sql",
    "functions/ledger/operation_id.sql",
    "functions/engine/find_entry.sql",
    "functions/engine/scope_of.sql",
    "functions/client/members_may.sql",
    "functions/engine/entry_kind_of.sql",
    "functions/occasion/occasion_input_fault.sql",
    "functions/engine/special_input_fault.sql",
    "functions/engine/input_fault.sql",
    "functions/engine/receive.sql",
    "functions/engine/find_accounts.sql",
    "functions/engine/resolve.sql",
    "functions/engine/lock_accounts.sql",
    "functions/engine/claim.sql",
    "functions/engine/price.sql",
    "functions/engine/arrange.sql",
    "functions/engine/draft_due.sql",
    "functions/engine/record_due.sql",
    "functions/engine/plan_settling.sql",
    "functions/engine/settle_until.sql",
    "functions/engine/settle.sql",
    "functions/engine/admit.sql",
    "functions/webhook/instant_text.sql",
    "functions/webhook/entry_event.sql",
    "functions/webhook/redemption_event.sql",
    "functions/webhook/review_event.sql",
    "functions/webhook/wants_event.sql",
    "functions/webhook/note_entries.sql",
    "functions/webhook/note_level_changes.sql",
    "functions/webhook/note_redemptions.sql",
    "functions/webhook/note_reviews.sql",
    "functions/webhook/note_notices.sql",
    "functions/feed/caller_announces.sql",
    "functions/feed/announce.sql",
    "functions/engine/write_entries.sql",
    "functions/engine/change_levels.sql",
    "functions/level/period_of.sql",
    "functions/level/period_starts_on.sql",
    "functions/level/ledger_days.sql",
    "functions/level/keep_days.sql",
    "functions/level/weigh_periods.sql",
    "functions/level/weigh_levels.sql",
    "functions/level/book_levels.sql",
    "functions/level/change_period_levels.sql",
    "functions/level/decide_levels.sql",
    "functions/level/decide_due_levels.sql",
    "functions/level/evaluate_levels_step.sql",
    "functions/level/note_levels.sql",
    "functions/level/levels_changed.sql",
    "functions/level/levels_fault.sql",
    "functions/level/put_levels.sql",
    "functions/level/set_levels.sql",
    "functions/level/count_moves.sql",
    "functions/level/count_period_moves.sql",
    "functions/level/preview_levels.sql",
    "functions/engine/grant_lots.sql",
    "functions/engine/use_lots.sql",
    "functions/engine/burn_lots.sql",
    "functions/hold/open_holds.sql",
    "functions/hold/close_holds.sql",
    "functions/hold/release_due.sql",
    "functions/reversal/reversible.sql",
    "functions/reversal/claw_lots.sql",
    "functions/archive/month_start.sql",
    "functions/archive/archive_loaded.sql",
    "functions/reversal/uses_of.sql",
    "functions/reversal/lapsed_of.sql",
    "functions/reversal/refill_lots.sql",
    "functions/reversal/repay.sql",
    "functions/reversal/write_off.sql",
    "functions/reversal/reinstate.sql",
    "functions/reversal/draft_undo.sql",
    "functions/reversal/note_reversals.sql",
    "functions/reversal/order_operations.sql",
    "functions/reversal/order_amount.sql",
    "functions/reversal/draft_returns.sql",
    "functions/reversal/note_returns.sql",
    "functions/reversal/draft_order_undos.sql",
    "functions/reversal/draft_facts.sql",
    "functions/reward/draw_seed.sql",
    "functions/reward/prize_weights.sql",
    "functions/reward/offer_refusal.sql",
    "functions/reward/offer_detail.sql",
    "functions/reward/screen_redeems.sql",
    "functions/reward/price_redeems.sql",
    "functions/reward/arrange_redeems.sql",
    "functions/reward/take_slices.sql",
    "functions/reward/fill_slice.sql",
    "functions/reward/reserve_stock.sql",
    "functions/reward/admit_redeems.sql",
    "functions/reward/move_stock.sql",
    "functions/reward/hand_out_coupons.sql",
    "functions/reward/post_redeems.sql",
    "functions/reward/draft_closings.sql",
    "functions/reward/close_redemptions.sql",
    "functions/engine/repeated_keys.sql",
    "functions/deduction/deductible.sql",
    "functions/deduction/draft_deductions.sql",
    "functions/sign_in/member_day.sql",
    "functions/sign_in/streak_to.sql",
    "functions/sign_in/streak_now.sql",
    "functions/sign_in/streak_bonus.sql",
    "functions/sign_in/made_up_in.sql",
    "functions/sign_in/draft_sign_ins.sql",
    "functions/sign_in/draft_zones.sql",
    "functions/sign_in/post_sign_ins.sql",
    "functions/sign_in/post_zones.sql",
    "functions/task/period_day.sql",
    "functions/task/task_refusal.sql",
    "functions/task/task_detail.sql",
    "functions/task/draft_tasks.sql",
    "functions/task/post_tasks.sql",
    "functions/invitation/new_code.sql",
    "functions/invitation/find_inviter.sql",
    "functions/invitation/has_qualified.sql",
    "functions/invitation/draft_invitations.sql",
    "functions/invitation/post_invitations.sql",
    "functions/invitation/note_invitations.sql",
    "functions/occasion/ask_occasions.sql",
    "functions/occasion/receive_occasions.sql",
    "functions/occasion/arrange_occasions.sql",
    "functions/occasion/draft_once.sql",
    "functions/occasion/draft_occasions.sql",
    "functions/occasion/post_occasions.sql",
    "functions/engine/draft_lapsed.sql",
    "functions/engine/expire_grants.sql",
    "functions/engine/post.sql",
    "functions/engine/record.sql",
    "functions/engine/record_round.sql",
    "functions/lot/extend_input_fault.sql",
    "functions/lot/extendable.sql",
    "functions/lot/reinstatable.sql",
    "functions/lot/draft_lot_changes.sql",
    "functions/lot/reinstate_lots.sql",
    "functions/lot/change_lots.sql",
    "functions/lot/put_off_expiry.sql",
    "functions/lot/note_activity.sql",
    "functions/review/draft_reviews.sql",
    "functions/review/close_reviews.sql",
    "functions/review/post_reviews.sql",
    "functions/engine/follow_up.sql",
    "functions/origin/network_of.sql",
    "functions/origin/origin_hash.sql",
    "functions/origin/looks_at_origins.sql",
    "functions/origin/mark_origins.sql",
    "functions/origin/count_origins.sql",
    "functions/origin/reserve_origins.sql",
    "functions/origin/crowded.sql",
    "functions/origin/limit_origins.sql",
    "functions/origin/post_origins.sql",
    "functions/origin/forget_origins_step.sql",
    "functions/govern/limit_facts.sql",
    "functions/govern/limits_at.sql",
    "functions/govern/draft_shares.sql",
    "functions/govern/govern.sql",
    "functions/govern/reserve_budgets.sql",
    "functions/govern/post_shares.sql",
    "functions/govern/freed_shares.sql",
    "functions/govern/free_shares.sql",
    "functions/govern/note_governed.sql",
    "functions/risk/risk_hits.sql",
    "functions/risk/weigh_risks.sql",
    "functions/risk/screen.sql",
    "functions/engine/run_round.sql",
    "functions/engine/run_rounds.sql",
    "functions/engine/answer.sql",
    "functions/engine/execute.sql",
    "functions/ledger/execute.sql",
    "functions/ledger/execute_one.sql",
    "functions/ledger/earn_points.sql",
    "functions/ledger/spend_points.sql",
    "functions/ledger/adjust_points.sql",
    "functions/ledger/adjust_points_batch.sql",
    "functions/hold/hold_points.sql",
    "functions/hold/capture_hold.sql",
    "functions/hold/release_hold.sql",
    "functions/account/freeze_account.sql",
    "functions/account/unfreeze_account.sql",
    "functions/reversal/reverse_operation.sql",
    "functions/reversal/return_order.sql",
    "functions/transfer/transfer_fault.sql",
    "functions/transfer/ask_transfer.sql",
    "functions/transfer/lock_pair.sql",
    "functions/transfer/resolve_pair.sql",
    "functions/transfer/find_pair.sql",
    "functions/transfer/limit_transfer.sql",
    "functions/transfer/count_transfer.sql",
    "functions/transfer/refuse_receiver.sql",
    "functions/transfer/moved_lots.sql",
    "functions/transfer/receive_points.sql",
    "functions/transfer/claw_received.sql",
    "functions/transfer/record_transfer.sql",
    "functions/transfer/reach_receiver.sql",
    "functions/transfer/send_points.sql",
    "functions/transfer/run_transfer.sql",
    "functions/transfer/transfer_points.sql",
    "functions/transfer/accept_transfer.sql",
    "functions/transfer/decline_transfer.sql",
    "functions/transfer/cancel_transfer.sql",
    "functions/transfer/reverse_transfer.sql",
    "functions/transfer/set_transfer_limits.sql",
    "functions/merge/take_lots.sql",
    "functions/merge/take_all.sql",
    "functions/merge/inherit.sql",
    "functions/merge/move_all.sql",
    "functions/merge/forward.sql",
    "functions/merge/refuse_merged.sql",
    "functions/merge/merge_fault.sql",
    "functions/merge/ask_merge.sql",
    "functions/merge/lock_family.sql",
    "functions/merge/merge_refusal.sql",
    "functions/merge/merge_seqs.sql",
    "functions/merge/unmerge_refusal.sql",
    "functions/merge/merge_into.sql",
    "functions/merge/unmerge_from.sql",
    "functions/merge/run_merge.sql",
    "functions/transfer/run_pair.sql",
    "functions/transfer/execute_pair.sql",
    "functions/transfer/pair_one.sql",
    "functions/merge/merge_accounts.sql",
    "functions/merge/unmerge_accounts.sql",
    "functions/erasure/erasure_id.sql",
    "functions/erasure/erase_account.sql",
    "functions/erasure/erase_accounts.sql",
    "functions/erasure/run_erase.sql",
    "functions/erasure/execute_erase.sql",
    "functions/erasure/erase_member.sql",
    "functions/reward/redeem_reward.sql",
    "functions/reward/fulfil_redemption.sql",
    "functions/reward/cancel_redemption.sql",
    "functions/reward/terms_fault.sql",
    "functions/reward/prizes_fault.sql",
    "functions/reward/open_stock.sql",
    "functions/reward/gather_slices.sql",
    "functions/reward/create_reward.sql",
    "functions/reward/change_reward.sql",
    "functions/reward/add_stock.sql",
    "functions/reward/add_coupons.sql",
    "functions/deduction/quote_deduction.sql",
    "functions/deduction/set_deduction.sql",
    "functions/preview/preview.sql",
    "functions/preview/preview_one.sql",
    "functions/preview/execute_preview.sql",
    "functions/preview/preview_earn.sql",
    "functions/preview/preview_spend.sql",
    "functions/preview/preview_return.sql",
    "functions/rule/find_version.sql",
    "functions/backtest/backtest_rule.sql",
    "functions/explain/moment.sql",
    "functions/explain/zone_at.sql",
    "functions/explain/explain_shares.sql",
    "functions/explain/explain_award.sql",
    "functions/explain/explain_outcome.sql",
    "functions/explain/explain_operation.sql",
    "functions/sign_in/sign_in.sql",
    "functions/sign_in/make_up_sign_in.sql",
    "functions/sign_in/set_time_zone.sql",
    "functions/sign_in/set_sign_in.sql",
    "functions/sign_in/sign_in_worth.sql",
    "functions/sign_in/read_sign_ins.sql",
    "functions/sign_in/sign_in_calendar.sql",
    "functions/task/progress_task.sql",
    "functions/task/claim_task.sql",
    "functions/task/task_fault.sql",
    "functions/task/create_task.sql",
    "functions/task/change_task.sql",
    "functions/task/read_tasks.sql",
    "functions/task/task_progress.sql",
    "functions/invitation/undone.sql",
    "functions/invitation/invitation_leg.sql",
    "functions/invitation/pay_invitation.sql",
    "functions/invitation/claw_invitation.sql",
    "functions/invitation/settle_one.sql",
    "functions/invitation/create_invitation_code.sql",
    "functions/invitation/join_by_invitation.sql",
    "functions/invitation/set_invitations.sql",
    "functions/invitation/invitations.sql",
    "functions/client/note_change.sql",
    "functions/client/authenticate.sql",
    "functions/client/scopes_of.sql",
    "functions/client/client_fault.sql",
    "functions/client/create_client.sql",
    "functions/client/rotate_key.sql",
    "functions/client/note_key_uses.sql",
    "functions/client/revoke_client.sql",
    "functions/client/import_client.sql",
    "functions/program/set_program.sql",
    "functions/rule/lock_rule.sql",
    "functions/rule/find_draft.sql",
    "functions/rule/version_fault.sql",
    "functions/rule/create_rule.sql",
    "functions/rule/create_rule_version.sql",
    "functions/rule/draft_rule_version.sql",
    "functions/rule/publish_rule_version.sql",
    "functions/rule/discard_rule_draft.sql",
    "functions/rule/retire_rule.sql",
    "functions/limit/rules_fault.sql",
    "functions/limit/limit_fault.sql",
    "functions/limit/create_limit.sql",
    "functions/limit/change_limit.sql",
    "functions/campaign/campaign_fault.sql",
    "functions/campaign/open_budget.sql",
    "functions/campaign/create_campaign.sql",
    "functions/campaign/change_campaign.sql",
    "functions/campaign/add_budget.sql",
    "functions/risk/risk_fault.sql",
    "functions/risk/set_risk_rule.sql",
    "functions/risk/test_risk_rule.sql",
    "functions/review/approve_award.sql",
    "functions/review/reject_award.sql",
    "functions/partition/make_partitions.sql",
    "functions/partition/move_default_rows.sql",
    "functions/partition/create_partitions.sql",
    "functions/archive/month_table.sql",
    "functions/archive/oldest_month.sql",
    "functions/archive/month_waits.sql",
    "functions/archive/month_complete.sql",
    "functions/archive/month_sealed.sql",
    "functions/archive/seal_month.sql",
    "functions/archive/let_load.sql",
    "functions/archive/pin_months.sql",
    "functions/archive/refuse_archived.sql",
    "functions/archive/book_checkpoint.sql",
    "functions/archive/unbook_checkpoint.sql",
    "functions/archive/move_month.sql",
    "functions/archive/archive_month.sql",
    "functions/archive/archive_step.sql",
    "functions/archive/set_archive.sql",
    "functions/archive/restore_month.sql",
    "functions/archive/note_export.sql",
    "functions/partition/partition_fault.sql",
    "functions/partition/create_partitions_step.sql",
    "functions/invitation/settle_invitations_step.sql",
    "functions/lot/extend_expiry.sql",
    "functions/lot/reinstate_points.sql",
    "functions/lot/activate_award.sql",
    "functions/lot/cancel_award.sql",
    "functions/lot/expiry_horizon.sql",
    "functions/lot/expiring_points.sql",
    "functions/notice/note_expiry.sql",
    "functions/notice/write_notices_step.sql",
    "functions/notice/set_notice_days.sql",
    "functions/lot/set_activity.sql",
    "functions/sweep/lock_heirs.sql",
    "functions/sweep/lock_due.sql",
    "functions/sweep/settle_swept.sql",
    "functions/sweep/due_buckets.sql",
    "functions/sweep/sweep_step.sql",
    "functions/webhook/webhook_fault.sql",
    "functions/webhook/note_webhooks.sql",
    "functions/webhook/lock_webhook.sql",
    "functions/webhook/key_pad.sql",
    "functions/webhook/new_secret.sql",
    "functions/webhook/sign_event.sql",
    "functions/webhook/event_body.sql",
    "functions/webhook/delivery_delay.sql",
    "functions/webhook/line_up.sql",
    "functions/webhook/queue_deliveries.sql",
    "functions/webhook/claim_deliveries.sql",
    "functions/webhook/report_to_webhook.sql",
    "functions/webhook/report_deliveries.sql",
    "functions/webhook/give_up.sql",
    "functions/webhook/forget_deliveries_step.sql",
    "functions/webhook/replay_deliveries.sql",
    "functions/webhook/take_deliveries.sql",
    "functions/webhook/put_deliveries.sql",
    "functions/webhook/create_webhook.sql",
    "functions/webhook/change_webhook.sql",
    "functions/webhook/rotate_webhook_secret.sql",
    "functions/webhook/delete_webhook.sql",
    "functions/webhook/ping_webhook.sql",
    "functions/webhook/replay_webhook_deliveries.sql",
    "functions/webhook/set_webhooks.sql",
    "functions/job/back_off.sql",
    "functions/job/step_job.sql",
    "functions/job/due_job.sql",
    "functions/job/plan_job.sql",
    "functions/job/drive_job.sql",
    "functions/job/next_job.sql",
    "functions/job/take_step.sql",
    "functions/job/put_off.sql",
    "functions/job/run_job.sql",
    "functions/job/set_job.sql",
    "functions/doctor/rights.sql",
    "functions/doctor/doctor_room.sql",
    "functions/doctor/doctor_server.sql",
    "functions/doctor/doctor_state.sql",
    "functions/doctor/doctor_rights.sql",
    "functions/doctor/doctor.sql",
    "triggers/append_only.sql",
    "triggers/levels_changed.sql",
    "jobs.sql",
    "privileges.sql",
];

/// The demonstration program: rules, levels and a few members.
pub const DEMO: &str = include_str!("../sql/demo.sql");

/// Why a database could not be brought to this version.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A statement failed.
    #[error("{}", explain(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// A migration failed, or one that was applied is not ours.
    #[error("cannot migrate: {0}")]
    Refinery(#[from] refinery::Error),
    /// The login may not migrate, and nobody has.
    #[error(
        "the database is not ready for this version: {0}. Run `jifen migrate` with the DATABASE_URL of a role that may create schemas and roles"
    )]
    Behind(String),
}

fn explain(error: &tokio_postgres::Error) -> String {
    let Some(db) = error.as_db_error() else {
        return format!("cannot migrate: {error}");
    };
    let hint = if db.code().code() == "42501" {
        ". Run `jifen migrate` with the DATABASE_URL of a role that may create schemas and roles"
    } else {
        ""
    };
    format!("cannot migrate: {}{hint}", db.message())
}

/// What [`migrate`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Migrations applied now.
    pub migrations: usize,
    /// Whether the bundle was applied now.
    pub bundle: bool,
}

/// Migrates the database. Two at once wait for each other; a second run changes nothing.
/// `buckets` counts only for a database that is new.
pub async fn migrate(client: &mut Client, buckets: u16) -> Result<Report, Error> {
    client.execute("select pg_advisory_lock($1)", &[&MIGRATION_LOCK]).await?;
    let report = migrate_alone(client, buckets).await;
    client.execute("select pg_advisory_unlock($1)", &[&MIGRATION_LOCK]).await?;
    report
}

/// Migrates, or, with a login that may not, sees that somebody has.
pub async fn migrate_or_check(client: &mut Client, buckets: u16) -> Result<(), Error> {
    let may = "select to_regrole('jifen_owner') is null or pg_has_role(current_user, 'jifen_owner', 'member')";
    if client.query_one(may, &[]).await?.get(0) {
        migrate(client, buckets).await?;
        return Ok(());
    }
    let found = client
        .query(
            "select topic, state, finding from api.doctor(p_migration => $1, p_bundle => $2)",
            &[&last_migration(), &&bundle_hash()[..]],
        )
        .await
        .map_err(|error| match error.as_db_error() {
            Some(db) => Error::Behind(db.message().to_owned()),
            None => Error::Postgres(error),
        })?;
    for row in found {
        let (topic, state, finding): (&str, &str, &str) = (row.get(0), row.get(1), row.get(2));
        match (topic, state) {
            ("migrations", "fail") => return Err(Error::Behind(finding.to_owned())),
            ("migrations" | "functions", "warn") => warn!("{topic}: {finding}"),
            _ => {}
        }
    }
    Ok(())
}

async fn migrate_alone(client: &mut Client, buckets: u16) -> Result<Report, Error> {
    client.execute("select set_config('jifen.buckets', $1, false)", &[&buckets.to_string()]).await?;
    let migrations = MIGRATIONS
        .iter()
        .map(|(path, sql)| Migration::unapplied(path.trim_start_matches("migrations/").trim_end_matches(".sql"), sql))
        .collect::<Result<Vec<_>, _>>()?;
    let applied = Runner::new(&migrations).run_async(client).await?.applied_migrations().len();
    if applied > 0 {
        // The doctor, as jifen_owner, looks at what was applied.
        client.batch_execute("grant select on refinery_schema_history to jifen_owner").await?;
    }
    let bundle = apply_bundle(client, applied > 0).await?;
    client.execute("select api.create_partitions()", &[]).await?;
    if applied > 0 || bundle {
        info!(migrations = applied, bundle, "database migrated");
    }
    Ok(Report { migrations: applied, bundle })
}

/// Which text of functions, views, triggers and privileges this program has.
pub fn bundle_hash() -> [u8; 32] {
    let mut hasher = Sha256::new();
    for (path, sql) in BUNDLE {
        hasher.update(path);
        hasher.update(sql);
    }
    hasher.finalize().into()
}

/// The number of the last migration that this program has.
pub fn last_migration() -> i32 {
    let number = |path: &str| path.strip_prefix("migrations/V")?.split_once("__")?.0.parse().ok();
    MIGRATIONS.iter().filter_map(|(path, _)| number(path)).max().unwrap_or(0)
}

async fn apply_bundle(client: &mut Client, state_changed: bool) -> Result<bool, Error> {
    let hash: &[u8] = &bundle_hash();
    let stored = client.query_opt("select hash from points.bundle", &[]).await?;
    if !state_changed && stored.is_some_and(|row| row.get::<_, &[u8]>(0) == hash) {
        return Ok(false);
    }
    let transaction = client.transaction().await?;
    // Functions may call what stands later in the list; the tests call each of them.
    transaction.batch_execute("set local check_function_bodies = off; set local role jifen_owner").await?;
    for (_, sql) in BUNDLE {
        transaction.batch_execute(sql).await?;
    }
    transaction
        .execute(
            "insert into points.bundle (hash, applied_at, rights) values ($1, now(), array(select points.rights() order by 1))
             on conflict (id) do update set hash = excluded.hash, applied_at = excluded.applied_at, rights = excluded.rights",
            &[&hash],
        )
        .await?;
    transaction.commit().await?;
    Ok(true)
}

/// Loads the demonstration program. Repeatable.
pub async fn load_demo(client: &Client) -> Result<(), Error> {
    client.batch_execute(DEMO).await?;
    Ok(())
}
