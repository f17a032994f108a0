//! The reconciler finds whatever is done to the rows behind its back, and nothing else.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use serde_json::Value;
use tokio_postgres::Client;

use super::{number, one, sqlstate};
use crate::common::{Database, Request, execute, instant};

/// Takes steps of a run until it has ended, in this session alone.
async fn run(client: &Client, mode: &str) {
    for _ in 0..500 {
        let sql = "select * from points.run_step($1::text::points.reconciliation_mode, 100000, null)";
        let row = client.query_one(sql, &[&mode]).await.unwrap();
        if row.get::<_, Option<SystemTime>>("due_since").is_none() {
            return;
        }
        if row.get::<_, i32>("done") == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    panic!("the run does not end");
}

/// What is found now, as check, member and subject.
async fn discrepancies(client: &Client) -> Vec<(String, Option<String>, String)> {
    let sql = "select check_name, user_id, subject from api.discrepancy where closed_at is null order by id";
    client.query(sql, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

/// Proves everything, in full and as incremental runs do, and fails with what is found. Tests book in months without a
/// partition, and change tables; they move the clock, too, so that what they book may lie before what an earlier run proved.
pub async fn assert_reconciled(client: &Client) {
    client.batch_execute("delete from points.key_proof").await.unwrap();
    run(client, "full").await;
    let sql = "select concat_ws(' ', d.check_name, d.user_id, d.account_id, d.subject, d.evidence)
        from api.discrepancy d
        where d.closed_at is null and d.check_name not in ('partitions_are_there', 'guards_are_in_place')
        union all
        select concat_ws(' ', 'incremental', f.check_name, f.account_id, f.subject, f.evidence)
        from points.lane l
        cross join lateral points.prove_changed(l.bucket, -1, '-infinity', 1000000) p
        cross join lateral unnest(p.findings) f";
    let found: Vec<String> = client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// A world in which there is something of everything, with an archived month.
async fn world() -> Database {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute(include_str!("reconcile_world.sql")).await.unwrap();
    client.batch_execute("set role jifen_owner; select points.make_partitions(30, '2024-01-10')").await.unwrap();
    client.batch_execute("reset role").await.unwrap();
    let then = Some(instant("2024-01-10T12:00:00Z"));
    one(&client, Request::earn("old", "ORDER", "old-1").amount("70"), then).await;
    one(&client, Request::spend("old", 70, "old-2"), then).await;
    client.batch_execute("set role jifen_owner").await.unwrap();
    for _ in 0..2 {
        client.batch_execute("select points.archive_step(1, '2025-03-01')").await.unwrap();
    }
    assert_eq!(number(&client, "select count(*) from points.entry_archive").await, 2);
    database
}

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
    let page = include_str!("../../docs/reconciliation.md");
    let listed: Vec<&str> = page
        .lines()
        .skip_while(|line| !line.starts_with("| check |"))
        .skip(2)
        .take_while(|line| line.starts_with("| "))
        .collect();
    assert_eq!(listed, checks);
}

#[tokio::test]
async fn a_discrepancy_is_kept_freezes_its_account_if_that_is_wanted_and_closes_when_it_is_gone() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("select api.set_integrity(true, 'freeze')").await.unwrap();
    let damage = |points: i64| {
        format!(
            "update points.balance b set available = available + {points}, adjusted = adjusted + {points}
             from points.account a where a.user_id = 'bob' and b.bucket = a.bucket and b.account_id = a.id"
        )
    };
    client.batch_execute(&damage(5)).await.unwrap();
    run(&client, "full").await;
    let found = discrepancies(&client).await;
    assert!(found.iter().all(|(_, user_id, _)| user_id.as_deref() == Some("bob")), "{found:?}");
    let open = "select open_discrepancies from points.reconciliation_state";
    assert_eq!(number(&client, open).await, found.len() as i64);
    assert_eq!(number(&client, "select count(*) from points.balance where frozen").await, 1);
    let why = "select reason from api.operation where user_id = 'bob' and kind = 'freeze'";
    let why: String = client.query_one(why, &[]).await.unwrap().get(0);
    assert!(why.starts_with("discrepancy "), "{why}");

    // It is the same when it is found again, and one that somebody takes care of is not open.
    let acknowledge = "select api.acknowledge_discrepancy(id, 'a slip', 'tester', 'a' || id) from api.discrepancy";
    client.batch_execute(acknowledge).await.unwrap();
    run(&client, "full").await;
    assert_eq!(discrepancies(&client).await, found);
    assert_eq!(number(&client, open).await, 0);

    // Further damage is nobody's yet.
    client.batch_execute(&damage(1)).await.unwrap();
    run(&client, "full").await;
    assert_eq!(discrepancies(&client).await, found);
    assert!(number(&client, open).await > 0);

    let wrong = client.query("select check_name from api.reconcile_account('bob')", &[]).await.unwrap();
    assert_eq!(wrong.len(), found.len());
    assert_eq!(number(&client, "select min(last_run) from points.discrepancy").await, 3);
    let told = "select wrong from api.explain_account('bob') where what = 'balance'";
    let told: String = client.query_one(told, &[]).await.unwrap().get(0);
    assert!(told.contains("pockets_equal_entries"), "{told}");
    client.batch_execute(&damage(-6)).await.unwrap();
    assert_eq!(client.query("select * from api.reconcile_account('bob')", &[]).await.unwrap().len(), 0);
    assert_eq!(discrepancies(&client).await, []);
    let closed = "select count(*) from api.discrepancy where state = 'closed'";
    assert_eq!(number(&client, closed).await, found.len() as i64);
}

/// Of each check 1,000 discrepancies of a bucket are kept, all are counted, and none is closed that may be there still.
#[tokio::test]
async fn more_discrepancies_than_are_kept_are_counted_and_stay_open() {
    let database = Database::new().await;
    let client = database.client().await;
    let ownerless = "set session_replication_role = replica;
        insert into points.account (bucket, id, user_id, wallet, created_at) overriding system value
        select 0, 9000000 + n, 'lost-' || n, 'points', now()
        from generate_series(1, 200) n where points.bucket('lost-' || n, 'points') = 0 limit 3";
    client.batch_execute(ownerless).await.unwrap();
    run(&client, "full").await;
    let lost = "select count(*) from api.discrepancy where closed_at is null and subject = 'account without balance'";
    assert_eq!(number(&client, lost).await, 3);
    // Each of these is found by several checks that come first.
    let many = "insert into points.balance (bucket, account_id, available, adjusted, version, level_until)
        select 0, n, 5, 5, 1, 9007199254740992 from generate_series(9100001, 9101100) n";
    client.batch_execute(many).await.unwrap();
    run(&client, "full").await;
    assert_eq!(number(&client, lost).await, 3);
    let counts =
        "select count(*) from points.discrepancy where check_name = 'balance_is_last_entry' and closed_at is null";
    assert_eq!(number(&client, counts).await, 1000);
    let counted = "select discrepancies from points.reconciliation_result where check_name = 'balance_is_last_entry' order by run desc limit 1";
    assert_eq!(number(&client, counted).await, 1100);
    let sum = "select r.discrepancies - (select sum(q.discrepancies) from points.reconciliation_result q where q.run = r.id)::bigint
        from points.reconciliation_run r order by r.id desc limit 1";
    assert_eq!(number(&client, sum).await, 0);
    let less = "delete from points.balance where account_id > 9100900; delete from points.account
        where id = (select min(a.id) from points.account a where a.user_id like 'lost-%')";
    client.batch_execute(less).await.unwrap();
    run(&client, "full").await;
    assert_eq!(number(&client, lost).await, 2);
    assert_eq!(number(&client, counted).await, 900);
    client.batch_execute("delete from points.balance where account_id > 9100000").await.unwrap();
    run(&client, "full").await;
    assert_eq!(number(&client, counts).await, 0);
}

/// A run that goes on is not given up however long it takes; of one that does not, nothing stays.
#[tokio::test]
async fn a_run_that_does_not_get_on_is_given_up() {
    let database = Database::new().await;
    let client = database.client().await;
    let step = "select run from points.run_step('full', 100000, null)";
    for _ in 0..5 {
        assert_eq!(number(&client, step).await, 1);
    }
    client
        .batch_execute("update points.reconciliation_run set started_at = started_at - interval '2 days'")
        .await
        .unwrap();
    assert_eq!(number(&client, step).await, 1);
    client
        .batch_execute("update points.reconciliation_chunk set progress_at = progress_at - interval '25 hours'")
        .await
        .unwrap();
    assert_eq!(number(&client, step).await, 2);
    let left =
        "select (select count(*) from points.reconciliation_chunk) + (select count(*) from points.reconciliation_sum)";
    assert_eq!(number(&client, left).await, 0);
    assert_eq!(number(&client, "select count(*) from points.reconciliation_run where given_up").await, 1);
    // A mark that is older than its clock proves nothing.
    client.batch_execute("begin isolation level repeatable read").await.unwrap();
    assert_eq!(sqlstate(client.query(step, &[]).await), "25000");
}

/// What is committed late is proven by the first run that sees it, however much later it was begun.
#[tokio::test]
async fn a_transaction_that_is_open_across_runs_is_not_passed_over() {
    let database = Database::new().await;
    let client = database.client().await;
    run(&client, "full").await;
    let late = database.client().await;
    late.batch_execute("begin; select api.earn_points('late', 'ORDER', 'late-1', p_amount => 10)").await.unwrap();
    // Its points are wrong from the start.
    late.batch_execute(
        "set local session_replication_role = replica;
         update points.entry e set available_delta = 11 from points.account a
         where a.user_id = 'late' and e.bucket = a.bucket and e.account_id = a.id",
    )
    .await
    .unwrap();
    let proven = "select e.recorded_at < (select proven_up_to from points.reconciliation_state) from points.entry e
        join points.account a on a.bucket = e.bucket and a.id = e.account_id where a.user_id = 'late'";
    let earn = "select api.earn_points('soon', 'ORDER', gen_random_uuid()::text, p_amount => 10)";
    for _ in 0..3 {
        client.batch_execute(earn).await.unwrap();
        run(&client, "incremental").await;
        assert_eq!(discrepancies(&client).await, []);
    }
    late.batch_execute("commit").await.unwrap();
    assert!(!client.query_one(proven, &[]).await.unwrap().get::<_, bool>(0), "what was not committed is not proven");
    // As if hours had passed between the first mark and the others.
    let marks = "update points.reconciliation_run set marked_at = marked_at + interval '1 hour' where id > 1";
    client.batch_execute(marks).await.unwrap();
    run(&client, "incremental").await;
    let found = discrepancies(&client).await;
    let late = ("entries_chained".to_owned(), Some("late".to_owned()), String::new());
    assert!(found.contains(&late), "{found:?}");
}

/// A clock that is set back makes later runs go back with it.
#[tokio::test]
async fn what_is_booked_by_a_clock_that_was_set_back_is_proven() {
    let database = Database::new().await;
    let client = database.client().await;
    run(&client, "full").await;
    // The clock was two hours ahead when the first run ended.
    let ahead = "update points.reconciliation_run set marked_at = marked_at + interval '2 hours',
        proven_up_to = proven_up_to + interval '2 hours'";
    client.batch_execute(ahead).await.unwrap();
    client.batch_execute("select api.earn_points('back', 'ORDER', 'back-1', p_amount => 10)").await.unwrap();
    client
        .batch_execute(
            "update points.balance b set version = 7 from points.account a
            where a.user_id = 'back' and b.bucket = a.bucket and b.account_id = a.id",
        )
        .await
        .unwrap();
    run(&client, "incremental").await;
    let found = discrepancies(&client).await;
    assert!(found.iter().any(|(_, user_id, _)| user_id.as_deref() == Some("back")), "{found:?}");
}

/// An incremental run looks at what is new, whatever the history.
#[tokio::test]
async fn an_incremental_run_reads_what_is_new() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("select api.create_partitions('2026-01-01')").await.unwrap();
    let then = Some(instant("2026-01-10T12:00:00Z"));
    for number in 0..20 {
        one(&client, Request::earn("old", "ORDER", &format!("old-{number}")).amount("5"), then).await;
    }
    run(&client, "full").await;
    client.batch_execute("select api.earn_points('old', 'ORDER', 'new', p_amount => 10)").await.unwrap();
    run(&client, "incremental").await;
    // Those of the demonstration may be new, too.
    let read = number(&client, "select entries from api.reconciliation_run order by id desc limit 1").await;
    assert!((1..=8).contains(&read), "{read}");
    let sql = "select to_jsonb(s) from points.reconciliation_state s";
    let state: Value = client.query_one(sql, &[]).await.unwrap().get(0);
    assert!(state["last_full_at"].is_string() && state["last_incremental_at"].is_string(), "{state}");
    assert_eq!(state["open_discrepancies"], 0, "{:?}", discrepancies(&client).await);
}

/// However small its steps are, an incremental run leaves no account out.
#[tokio::test]
async fn small_steps_prove_the_same_accounts() {
    let database = Database::new().await;
    let client = database.client().await;
    let mut requests = Vec::new();
    for number in 0..60 {
        let (user_id, key) = (format!("member-{number}"), format!("key-{number}"));
        // Each third one has an operation and no entry.
        requests.push(match number % 3 {
            0 => Request::spend(&user_id, 5, &key),
            _ => Request::earn(&user_id, "ORDER", &key).amount("20"),
        });
    }
    execute(&client, &requests, None).await;
    let step = "select accounts, up_to from points.prove_changed($1, $2, '-infinity', $3)";
    for bucket in 0..8_i16 {
        let all: i64 = client.query_one(step, &[&bucket, &-1_i64, &1_000_000_i32]).await.unwrap().get(0);
        let (mut proven, mut at) = (0, -1_i64);
        while at < i64::MAX {
            let row = client.query_one(step, &[&bucket, &at, &1_i32]).await.unwrap();
            proven += row.get::<_, i64>(0);
            at = row.get(1);
        }
        assert_eq!(proven, all, "bucket {bucket}");
    }
}

/// What ends now is proven together with what it began with, however long ago.
#[tokio::test]
async fn an_incremental_run_proves_the_end_of_what_began_before() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("select api.create_partitions('2026-01-01')").await.unwrap();
    let then = Some(instant("2026-01-10T12:00:00Z"));
    one(&client, Request::earn("eve", "ORDER", "eve-1").amount("500"), then).await;
    one(&client, Request::hold("eve", 50, "eve-2"), then).await;
    one(&client, Request::hold("eve", 30, "eve-3"), then).await;
    run(&client, "full").await;
    let capture = "select api.capture_hold('eve', api.operation_id(1, 'eve-2'), 'eve-4', 20)";
    client.batch_execute(capture).await.unwrap();
    run(&client, "incremental").await;
    assert_eq!(discrepancies(&client).await, []);
    let damage = "update points.hold h set captured = 21 where h.captured = 20";
    client.batch_execute(damage).await.unwrap();
    run(&client, "incremental").await;
    let found = ("holds_are_operations".to_owned(), Some("eve".to_owned()));
    let all = discrepancies(&client).await;
    assert!(all.iter().any(|(check, user_id, _)| (check, user_id) == (&found.0, &found.1)), "{all:?}");
}

/// Keys are hashed once, and again where they have changed, until they are right.
#[tokio::test]
async fn a_wrong_key_is_found_by_each_full_run_until_it_is_right() {
    let database = Database::new().await;
    let client = database.client().await;
    run(&client, "full").await;
    client.batch_execute("set session_replication_role = replica").await.unwrap();
    let change = |key: &str| {
        format!(
            "update points.operation o set idempotency_key = {key} from points.account a
             where a.user_id = 'bob' and o.bucket = a.bucket and o.account_id = a.id"
        )
    };
    client.batch_execute(&change("idempotency_key || '!'")).await.unwrap();
    let unproven = "select count(*) from points.key_proof where total is null";
    for _ in 0..2 {
        run(&client, "full").await;
        let found = discrepancies(&client).await;
        assert_eq!(found, [("keys_are_operations".to_owned(), Some("bob".to_owned()), String::new())]);
        assert!(number(&client, unproven).await <= 1);
    }
    client.batch_execute(&change("rtrim(idempotency_key, '!')")).await.unwrap();
    run(&client, "full").await;
    assert_eq!(discrepancies(&client).await, []);
    assert_eq!(number(&client, unproven).await, 0);
}

/// Operations that are gone, and nothing else of them is there, are missed until they are back, or somebody gives them up.
#[tokio::test]
async fn operations_without_an_entry_are_missed_until_they_are_back() {
    let database = Database::new().await;
    let client = database.client().await;
    one(&client, Request::spend("poor", 5, "poor-1"), None).await;
    // A transaction of another test may be older than the mark of a run, which has settled less then.
    let settled = "select count(*) from points.operation o where refusal is not null and recorded_at < (select max(proven_to) from points.key_proof)";
    while number(&client, settled).await == 0 {
        run(&client, "full").await;
    }
    let proof = "select sum(total)::text || max(proven_to) from points.key_proof";
    let proof = || async { client.query_one(proof, &[]).await.unwrap().get::<_, String>(0) };
    let kept = proof().await;
    client
        .batch_execute(
            "set session_replication_role = replica;
             create table public.gone as select * from points.operation where refusal is not null;
             delete from points.operation where refusal is not null",
        )
        .await
        .unwrap();
    assert_eq!(number(&client, "select count(*) from public.gone").await, 1);
    let part = "select format('bucket %s, part %s', bucket, account_id & 63) from public.gone";
    let part: String = client.query_one(part, &[]).await.unwrap().get(0);
    let missed = [("keys_are_operations".to_owned(), None, part)];
    for _ in 0..2 {
        run(&client, "full").await;
        assert_eq!(discrepancies(&client).await, missed);
        assert_eq!(proof().await, kept);
    }
    client.batch_execute("insert into points.operation select * from public.gone").await.unwrap();
    run(&client, "full").await;
    assert_eq!(discrepancies(&client).await, []);
    client.batch_execute("delete from points.operation where refusal is not null").await.unwrap();
    run(&client, "full").await;
    assert_eq!(discrepancies(&client).await, missed);
    let given_up = "update points.key_proof k set total = null from public.gone g where k.bucket = g.bucket and k.part = g.account_id & 63";
    client.batch_execute(given_up).await.unwrap();
    for _ in 0..2 {
        run(&client, "full").await;
        assert_eq!(discrepancies(&client).await, []);
    }
    assert_eq!(number(&client, "select count(*) from points.key_proof where total is null").await, 0);

    // Under a clock that was set back: what was proven is no measure for what is booked now.
    client.batch_execute("update points.key_proof set proven_to = now() + interval '1 hour', total = 1").await.unwrap();
    run(&client, "full").await;
    assert_eq!(discrepancies(&client).await, []);
    assert_eq!(number(&client, "select count(*) from points.key_proof where proven_to > now()").await, 0);
}

/// Rows whose weights need more than 64 bits are summed up like others.
#[tokio::test]
async fn large_rows_are_no_reason_to_look_row_by_row() {
    let database = Database::new().await;
    let client = database.client().await;
    let book = "select api.adjust_points('rich', 700000000, 'rich-1', 'a prize', 'tester');
        select api.spend_points('rich', 600000000, 'rich-2')";
    client.batch_execute(book).await.unwrap();
    run(&client, "full").await;
    assert_eq!(discrepancies(&client).await, []);
    let summed = "select count(*) from points.run_step('full', 100000, null) s
        join points.reconciliation_chunk c on c.run = s.run and not c.done and c.kind < 'bucket'";
    for _ in 0..3 {
        number(&client, summed).await;
    }
    while number(&client, summed).await > 0 {}
    let weigh = "select count(*) from points.reconciliation_run r cross join points.lane l
        cross join lateral points.weigh_bucket(r.id, l.bucket, r.settled_at) w where r.ended_at is null and w.parts <> '{}'";
    assert_eq!(number(&client, weigh).await, 0);
    let damage = "set session_replication_role = replica; update points.lot_use set points = points - 1 where points = 600000000";
    client.batch_execute(damage).await.unwrap();
    run(&client, "full").await;
    run(&client, "full").await;
    let found = discrepancies(&client).await;
    assert!(found.iter().any(|(_, user_id, _)| user_id.as_deref() == Some("rich")), "{found:?}");
}

/// The gateways' jobs are the same runs.
#[tokio::test]
async fn jobs_prove_the_books_step_by_step() {
    let database = Database::new().await;
    let client = database.client().await;
    for job in ["reconcile_full", "reconcile"] {
        for _ in 0..3 {
            let sql = "select more, failure from api.run_job($1, 10)";
            let row = client.query_one(sql, &[&job]).await.unwrap();
            assert_eq!(row.get::<_, Option<String>>(1), None);
            if !row.get::<_, bool>(0) {
                break;
            }
        }
    }
    let ended = "select count(*) from api.reconciliation_run where ended_at is not null and not given_up
        and proven_up_to is not null and discrepancies = 0";
    assert_eq!(number(&client, ended).await, 2);
    let trial = "select trial from api.reconciliation_run where mode = 'full'";
    let trial: Value = client.query_one(trial, &[]).await.unwrap().get(0);
    let sum: i64 = trial.as_object().unwrap().values().map(|points| points.as_i64().unwrap()).sum();
    assert_eq!((sum, &trial["issuance"]), (0, &Value::from(-1671)), "{trial}");
    assert_eq!(number(&client, "select count(*) from points.reconciliation_sum").await, 0);
    let results = "select count(*) from points.reconciliation_result r join points.reconciliation_check c on c.name = r.check_name
        where r.accounts <> 3 and r.run = (select min(id) from points.reconciliation_run)";
    assert_eq!(number(&client, results).await, 0);
}

/// Members earn, spend and hold on several connections while both kinds of runs go on: nothing is reported.
async fn nothing_is_reported_under_load(rounds: i64) {
    let database = Database::new().await;
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let url = database.url();
            tokio::spawn(async move {
                let client = jifen::database::connect(&jifen::database::parse_url(&url).unwrap()).await.unwrap();
                for round in 0..rounds {
                    let mut requests = Vec::new();
                    for member in 0..100 {
                        let user_id = format!("member-{}", (member * 7 + writer) % 150);
                        let key = |what: &str| format!("{what}-{writer}-{round}-{member}");
                        requests.push(Request::earn(&user_id, "ORDER", &key("earn")).amount("12"));
                        requests.push(Request::spend(&user_id, 5, &key("spend")));
                        requests.push(Request::hold(&user_id, 2, &key("hold")));
                    }
                    execute(&client, &requests, None).await;
                }
            })
        })
        .collect();
    let client = database.client().await;
    let mut runs = 0;
    while runs < 3 || !writers.iter().all(|writer| writer.is_finished()) {
        run(&client, if runs % 3 == 2 { "full" } else { "incremental" }).await;
        assert_eq!(discrepancies(&client).await, []);
        runs += 1;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_reconciled(&client).await;
    let operations = number(&client, "select count(*) from points.operation where client_id = 1").await;
    assert!(operations >= rounds * 900, "{operations}");
}

#[tokio::test]
async fn nothing_is_reported_while_members_earn_and_spend() {
    nothing_is_reported_under_load(3).await;
}

/// The same with a million operations.
#[tokio::test]
#[ignore = "takes minutes"]
async fn nothing_is_reported_of_a_million_operations_under_load() {
    nothing_is_reported_under_load(1112).await;
}
