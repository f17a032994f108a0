//! What may be done to rows, and what finds it.

use std::collections::BTreeSet;

use super::{assert_reconciled, discrepancies, run, world};
use crate::common::Database;

struct Damage {
    what: &'static str,
    /// Done by a superuser who has switched triggers off.
    sql: &'static str,
    /// Finds it.
    check: &'static str,
    /// The member whose account it names.
    whose: Option<&'static str>,
    /// Of an account on which nothing was booked since.
    full_only: bool,
}

const DAMAGES: &[Damage] = &[
    Damage {
        what: "an amount of an entry",
        sql: "update points.entry x set available_delta = available_delta + 1 from points.account a where \
            a.user_id = 'amy' and x.bucket = a.bucket and x.account_id = a.id and x.seq = 3",
        check: "entries_chained",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "an amount with all that follows",
        sql: "update points.entry x set available_delta = available_delta + case when x.seq = 3 then 1 else 0 \
            end, available_after = available_after + 1 from points.account a where a.user_id = 'amy' and \
            x.bucket = a.bucket and x.account_id = a.id and x.seq >= 3",
        check: "pockets_equal_entries",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "a missing entry",
        sql: "delete from points.entry x using points.account a where a.user_id = 'amy' and x.bucket = a.bucket \
            and x.account_id = a.id and x.seq = 4",
        check: "entries_gap_free",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "a missing last entry",
        sql: "delete from points.entry x using points.account a, points.balance b where a.user_id = 'ben' and \
            x.bucket = a.bucket and x.account_id = a.id and b.bucket = a.bucket and b.account_id = a.id and \
            x.seq = b.version",
        check: "balance_is_last_entry",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "an entry twice",
        sql: "insert into points.entry select x.account_id, x.seq, x.operation_id, x.pending_delta, \
            x.available_delta, x.held_delta, x.debt_delta, x.pending_after, x.available_after, x.held_after, \
            x.debt_after, x.occurred_at, x.recorded_at + interval '1 us', x.kind, x.bucket from points.entry \
            x, points.account a where a.user_id = 'amy' and x.bucket = a.bucket and x.account_id = a.id and \
            x.seq = 2",
        check: "entries_gap_free",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "a gap in seq",
        sql: "update points.entry x set seq = seq + 100 from points.account a where a.user_id = 'ben' and \
            x.bucket = a.bucket and x.account_id = a.id and x.seq = 5",
        check: "entries_gap_free",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "a balance",
        sql: "update points.balance x set available = available + 1, adjusted = adjusted + 1 from points.account \
            a where a.user_id = 'ben' and x.bucket = a.bucket and x.account_id = a.id",
        check: "pockets_equal_entries",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "a counter",
        sql: "update points.balance x set earned = earned + 1, spent = spent + 1 from points.account a where \
            a.user_id = 'ben' and x.bucket = a.bucket and x.account_id = a.id",
        check: "counters_equal_entries",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "a version",
        sql: "update points.balance x set version = version + 1 from points.account a where a.user_id = 'ben' \
            and x.bucket = a.bucket and x.account_id = a.id",
        check: "balance_is_last_entry",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "pockets swapped",
        sql: "update points.balance x set available = available - 1, held = held + 1 from points.account a where \
            a.user_id = 'amy' and x.bucket = a.bucket and x.account_id = a.id",
        check: "holds_equal_held",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "a debt",
        sql: "update points.balance x set debt = debt + 5, available = available + 5 from points.account a where \
            a.user_id = 'ben' and x.bucket = a.bucket and x.account_id = a.id",
        check: "debt_leaves_nothing",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "a lot that has more",
        sql: "update points.lot x set remaining = remaining - 1 from points.account a where a.user_id = 'ben' \
            and x.bucket = a.bucket and x.account_id = a.id and x.seq = 1",
        check: "pockets_equal_lots",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "a lot swapped in a use",
        sql: "update points.lot_use x set lot_seq = 2 from points.account a where a.user_id = 'amy' and x.bucket \
            = a.bucket and x.account_id = a.id and x.seq = 3",
        check: "lots_conserved",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "points moved between lots",
        sql: "update points.lot x set remaining = remaining + case x.seq when 1 then -1 else 1 end, granted = \
            greatest(granted, remaining + 1) from points.account a where a.user_id = 'ben' and x.bucket = \
            a.bucket and x.account_id = a.id and x.seq in (1, 2)",
        check: "lots_conserved",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "a missing lot use",
        sql: "delete from points.lot_use x using points.account a where a.user_id = 'amy' and x.bucket = \
            a.bucket and x.account_id = a.id and x.seq = 3",
        check: "lots_equal_entries",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "a missing lot",
        sql: "delete from points.lot x using points.account a where a.user_id = 'ben' and x.bucket = a.bucket \
            and x.account_id = a.id and x.seq = 1",
        check: "pockets_equal_lots",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "a lot of nobody's",
        sql: "insert into points.lot (bucket, account_id, seq, no, granted, remaining, pending, source, \
            available_at, expires_at) values (2, 4711, 1, 0, 5, 5, false, 'x', now(), 'infinity')",
        check: "rows_have_accounts",
        whose: None,
        full_only: true,
    },
    Damage {
        what: "an expiry that nobody waits for",
        sql: "update points.balance x set next_change_at = 'infinity' from points.account a where a.user_id = \
            'ben' and x.bucket = a.bucket and x.account_id = a.id",
        check: "changes_come_in_time",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "an operation's points",
        sql: "update points.operation x set points = points + 1 from points.account a where a.user_id = 'amy' \
            and x.bucket = a.bucket and x.account_id = a.id and x.seq = 1",
        check: "entries_have_operations",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "a missing operation",
        sql: "delete from points.operation x using points.account a where a.user_id = 'amy' and x.bucket = \
            a.bucket and x.account_id = a.id and x.seq = 3",
        check: "entries_have_operations",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "an operation's instant",
        sql: "update points.operation x set recorded_at = recorded_at - interval '1 us' from points.account a \
            where a.user_id = 'amy' and x.bucket = a.bucket and x.account_id = a.id and x.seq = 3",
        check: "entries_have_operations",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "a key used twice",
        sql: "insert into points.operation select o.account_id, gen_random_uuid(), o.recorded_at, o.occurred_at, \
            0, o.requested, null, o.original, o.counterparty_id, o.available_at, o.expires_at, o.client_id, \
            o.kind, o.rule_version, o.counterparty_bucket, o.bucket, o.idempotency_key, o.rule, o.order_key, \
            o.reward, o.subject, o.amount, 'INSUFFICIENT_POINTS', o.reason, o.actor, o.detail, o.metadata from \
            points.operation o, points.account a where a.user_id = 'amy' and o.bucket = a.bucket and \
            o.account_id = a.id and o.seq = 3",
        check: "keys_are_operations",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "another key",
        sql: "update points.operation x set idempotency_key = 'another' from points.account a where a.user_id = \
            'ben' and x.bucket = a.bucket and x.account_id = a.id and x.seq = 1",
        check: "keys_are_operations",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "a hold of more",
        sql: "update points.hold x set points = points + 1 from points.account a where a.user_id = 'amy' and \
            x.bucket = a.bucket and x.account_id = a.id and x.closed_at is null",
        check: "holds_equal_held",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "an orphan hold",
        sql: "insert into points.hold (bucket, account_id, id, seq, points, held_at, deadline) select a.bucket, \
            a.id, gen_random_uuid(), 1, 5, now(), 'infinity' from points.account a where a.user_id = 'ben'",
        check: "holds_are_operations",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "a hold opened again",
        sql: "update points.hold x set captured = null, closed_at = null, closed_by = null from points.account a \
            where a.user_id = 'amy' and x.bucket = a.bucket and x.account_id = a.id",
        check: "holds_equal_held",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "a capture of more",
        sql: "update points.hold x set captured = captured + 1 from points.account a where a.user_id = 'amy' and \
            x.bucket = a.bucket and x.account_id = a.id and x.captured < x.points",
        check: "holds_are_operations",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "a reversal",
        sql: "update points.reversal x set reversed = reversed - 1 from points.account a where a.user_id = 'amy' \
            and x.bucket = a.bucket and x.account_id = a.id",
        check: "reversals_equal_operations",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "a missing side of a transfer",
        sql: "delete from points.operation x using points.account a where a.user_id = 'ben' and x.bucket = \
            a.bucket and x.account_id = a.id and x.kind = 'receive'",
        check: "transfers_have_two_sides",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "points out of nowhere by transfer",
        sql: "update points.balance x set available = available + 5, transferred = transferred + 5 from \
            points.account a where a.user_id = 'ben' and x.bucket = a.bucket and x.account_id = a.id",
        check: "transfers_sum_to_zero",
        whose: None,
        full_only: false,
    },
    Damage {
        what: "a redemption's price",
        sql: "update points.redemption x set price = price - 1 from points.account a where a.user_id = 'ben' and \
            x.bucket = a.bucket and x.account_id = a.id and x.reward = 'MUG' and x.status = 'reserved'",
        check: "redemptions_are_operations",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "a missing redemption",
        sql: "delete from points.redemption x using points.account a where a.user_id = 'ben' and x.bucket = \
            a.bucket and x.account_id = a.id and x.status = 'cancelled'",
        check: "redemptions_are_operations",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "a quota",
        sql: "update points.quota_use x set used = used + 1 from points.account a where a.user_id = 'ben' and \
            x.bucket = a.bucket and x.account_id = a.id",
        check: "quotas_equal_redemptions",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "a code in other hands",
        sql: "update points.coupon c set code = 'z' where c.redemption_id is not null",
        check: "coupons_equal_redemptions",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "a stock",
        sql: "update points.stock s set remaining = remaining + 1 where s.item = 'MUG'",
        check: "stock_equals_redemptions",
        whose: None,
        full_only: false,
    },
    Damage {
        what: "a slice",
        sql: "update points.stock_slice s set remaining = remaining + 1 where s.item = 'UMBRELLA' and s.bucket = \
            0",
        check: "stock_equals_redemptions",
        whose: None,
        full_only: false,
    },
    Damage {
        what: "a code too many",
        sql: "delete from points.coupon c where c.redemption_id is null and c.no = 3",
        check: "stock_equals_redemptions",
        whose: None,
        full_only: false,
    },
    Damage {
        what: "a limit",
        sql: "update points.limit_use x set points = points - 1 from points.account a where a.user_id = 'ben' \
            and x.bucket = a.bucket and x.account_id = a.id",
        check: "limits_equal_operations",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "a missing limit",
        sql: "delete from points.limit_use x using points.account a where a.user_id = 'ben' and x.bucket = \
            a.bucket and x.account_id = a.id",
        check: "limits_equal_operations",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "a level",
        sql: "update points.balance x set level = 'VIP3' from points.account a where a.user_id = 'amy' and \
            x.bucket = a.bucket and x.account_id = a.id",
        check: "levels_equal_measure",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "a level's threshold",
        sql: "update points.balance x set level_until = 100000 from points.account a where a.user_id = 'amy' and \
            x.bucket = a.bucket and x.account_id = a.id",
        check: "levels_equal_measure",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "a change of level",
        sql: "update points.level_change x set level = 'VIP2' from points.account a where a.user_id = 'amy' and \
            x.bucket = a.bucket and x.account_id = a.id",
        check: "level_changes_lead_to_level",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "a day's earnings",
        sql: "update points.earned_day x set points = points + 1 from points.account a where a.user_id = 'eli' \
            and x.bucket = a.bucket and x.account_id = a.id",
        check: "earned_days_equal_operations",
        whose: Some("eli"),
        full_only: false,
    },
    Damage {
        what: "an invitation that was not paid",
        sql: "update points.invitation x set paid_at = null from points.account a where a.user_id = 'gus' \
            and x.bucket = a.bucket and x.account_id = a.id",
        check: "invitations_pay_both",
        whose: Some("gus"),
        full_only: false,
    },
    Damage {
        what: "points of a merged account",
        sql: "update points.balance x set available = 1, adjusted = adjusted + 1 from points.account a where \
            a.user_id = 'cleo' and x.bucket = a.bucket and x.account_id = a.id",
        check: "merges_leave_nothing",
        whose: Some("cleo"),
        full_only: false,
    },
    Damage {
        what: "an inheritance",
        sql: "update points.balance x set inherited = inherited + 1 from points.account a where a.user_id = \
            'dan' and x.bucket = a.bucket and x.account_id = a.id",
        check: "merges_leave_nothing",
        whose: Some("dan"),
        full_only: false,
    },
    Damage {
        what: "an award in review that is available",
        sql: "update points.lot x set pending = false from points.account a where a.user_id = 'ben' and x.bucket \
            = a.bucket and x.account_id = a.id and x.pending",
        check: "reviews_wait_as_pending",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "a day signed",
        sql: "update points.sign_in x set day = day - 1 from points.account a where a.user_id = 'ben' and \
            x.bucket = a.bucket and x.account_id = a.id",
        check: "sign_ins_are_operations",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "a task that was paid",
        sql: "update points.task_progress x set claimed_at = null, claimed_by = null from points.account a where \
            a.user_id = 'ben' and x.bucket = a.bucket and x.account_id = a.id",
        check: "tasks_are_paid_once",
        whose: Some("ben"),
        full_only: false,
    },
    Damage {
        what: "an award once forgotten",
        sql: "delete from points.once_award x using points.account a where a.user_id = 'amy' and x.bucket = \
            a.bucket and x.account_id = a.id",
        check: "once_is_once",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "an edited archive",
        sql: "update points.entry_archive x set available_delta = available_delta + 1, available_after = \
            available_after + 1 where x.seq = 1",
        check: "archive_chained",
        whose: Some("old"),
        full_only: false,
    },
    Damage {
        what: "a missing entry of the archive",
        sql: "delete from points.entry_archive x where x.seq = 2",
        check: "archive_is_whole",
        whose: None,
        full_only: false,
    },
    Damage {
        what: "a checkpoint",
        sql: "update points.checkpoint c set available = available + 1",
        check: "checkpoints_equal_archive",
        whose: Some("old"),
        full_only: false,
    },
    Damage {
        what: "a missing checkpoint",
        sql: "delete from points.checkpoint",
        check: "checkpoints_equal_archive",
        whose: Some("old"),
        full_only: true,
    },
    Damage {
        what: "an event of nothing",
        sql: "insert into points.outbox (bucket, account_id, seq, happened_at, event) select a.bucket, a.id, 99, \
            now(), 'entry.booked' from points.account a where a.user_id = 'amy'",
        check: "outbox_tells_what_is",
        whose: None,
        full_only: false,
    },
    Damage {
        what: "a guard switched off",
        sql: "alter table points.operation disable trigger append_only",
        check: "guards_are_in_place",
        whose: None,
        full_only: false,
    },
    Damage {
        what: "a guard that lets changes through",
        sql: "create or replace function points.refuse_change() returns trigger language plpgsql as \
            'begin return coalesce(new, old); end'",
        check: "guards_are_in_place",
        whose: None,
        full_only: false,
    },
    Damage {
        what: "a guard that is never asked",
        sql: "create or replace trigger append_only before update or delete on points.operation for each row \
            when (false) execute function points.refuse_change()",
        check: "guards_are_in_place",
        whose: None,
        full_only: false,
    },
    Damage {
        what: "a constraint that checks nothing",
        sql: "alter table points.reversal drop constraint reversal_within_original; alter table points.reversal \
            add constraint reversal_within_original check (true)",
        check: "guards_are_in_place",
        whose: None,
        full_only: false,
    },
    Damage {
        what: "a constraint dropped",
        sql: "alter table points.reversal drop constraint reversal_within_original",
        check: "guards_are_in_place",
        whose: None,
        full_only: false,
    },
    Damage {
        what: "a missing partition",
        sql: "alter table points.entry detach partition points.entry_2027_01",
        check: "partitions_are_there",
        whose: None,
        full_only: false,
    },
    Damage {
        what: "rules that nobody governs",
        sql: "update points.program set governed_rules = '{}'",
        check: "program_knows_its_rules",
        whose: None,
        full_only: false,
    },
    Damage {
        what: "an account without a balance",
        sql: "delete from points.balance x using points.account a where a.user_id = 'bob' and x.bucket = \
            a.bucket and x.account_id = a.id",
        check: "rows_have_accounts",
        whose: Some("bob"),
        full_only: false,
    },
    Damage {
        what: "money created on both sides",
        sql: "update points.balance x set available = available + 7, earned = earned + 7 from points.account a \
            where a.user_id = 'amy' and x.bucket = a.bucket and x.account_id = a.id",
        check: "pockets_equal_entries",
        whose: Some("amy"),
        full_only: false,
    },
    Damage {
        what: "another kind of entry",
        sql: "update points.entry x set kind = 'adjust' from points.account a where a.user_id = 'ben' and \
            x.bucket = a.bucket and x.account_id = a.id and x.seq = 1",
        check: "counters_equal_entries",
        whose: Some("ben"),
        full_only: false,
    },
];

#[tokio::test]
async fn whatever_is_done_to_rows_is_found_by_the_next_run_and_named() {
    let database = world().await;
    let client = database.client().await;
    assert_reconciled(&client).await;
    let names = client.query("select name from points.reconciliation_check where incremental", &[]).await.unwrap();
    let incremental: BTreeSet<String> = names.iter().map(|row| row.get(0)).collect();
    let mut found_by = BTreeSet::new();
    for Damage { what, sql, check, whose, full_only } in DAMAGES {
        for mode in ["full", "incremental"] {
            if mode == "incremental" && (*full_only || !incremental.contains(*check)) {
                continue;
            }
            // Everything counts as new to the incremental run.
            let damage = format!(
                "begin;
                 update points.reconciliation_run set proven_up_to = now() - interval '1 day' where proven_up_to is not null;
                 set local session_replication_role = replica;
                 {sql};
                 set local session_replication_role = origin"
            );
            client.batch_execute(&damage).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            run(&client, mode).await;
            let found = discrepancies(&client).await;
            client.batch_execute("rollback").await.unwrap();
            assert!(
                found.iter().any(|(name, user_id, _)| name == check && user_id.as_deref() == *whose),
                "{what}: not found by {check} of a run that is {mode}: {found:?}"
            );
            found_by.insert(*check);
        }
    }
    assert!(DAMAGES.len() >= 24 && found_by.len() >= 24, "{found_by:?}");
    assert_reconciled(&client).await;
}

/// `books_sum_to_zero` says what no other check can name.
#[tokio::test]
async fn each_check_finds_some_damage() {
    let database = Database::new().await;
    let client = database.client().await;
    let names = client.query("select name from points.reconciliation_check order by name", &[]).await.unwrap();
    let proven: BTreeSet<&str> = DAMAGES.iter().map(|damage| damage.check).collect();
    let unproven: Vec<String> =
        names.iter().map(|row| row.get::<_, String>(0)).filter(|name| !proven.contains(name.as_str())).collect();
    assert_eq!(unproven, ["books_sum_to_zero"]);
}

/// The table of docs/reconciliation.md is the catalogue.
#[tokio::test]
async fn the_page_lists_the_checks() {
    let database = Database::new().await;
    let sql = "select format('| `%s` | %s | %s |', name, law, case when incremental then 'yes' else 'no' end)
        from points.reconciliation_check order by name";
    let rows = database.client().await.query(sql, &[]).await.unwrap();
    let checks: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let page = include_str!("../../../docs/reconciliation.md");
    let listed: Vec<&str> = page
        .lines()
        .skip_while(|line| !line.starts_with("| check |"))
        .skip(2)
        .take_while(|line| line.starts_with("| "))
        .collect();
    assert_eq!(listed, checks);
}
