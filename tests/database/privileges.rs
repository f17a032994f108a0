use std::collections::BTreeSet;

use super::sqlstate;
use crate::common::Database;

const ROLES: &[&str] = &["jifen_gateway", "jifen_reader", "jifen_operator"];

/// Functions with side effects, by who may call them. The rest of schema api is for everybody.
const CALLERS: &[(&str, &[&str])] = &[
    ("accept_transfer", &["jifen_operator"]),
    ("adjust_points", &["jifen_operator"]),
    ("authenticate", &["jifen_gateway"]),
    ("cancel_transfer", &["jifen_operator"]),
    ("create_client", &["jifen_operator"]),
    ("rotate_key", &["jifen_operator"]),
    ("note_key_uses", &["jifen_gateway"]),
    ("create_partitions", &["jifen_operator"]),
    ("create_rule", &["jifen_gateway", "jifen_operator"]),
    ("draft_rule_version", &["jifen_gateway", "jifen_operator"]),
    ("publish_rule_version", &["jifen_gateway", "jifen_operator"]),
    ("discard_rule_draft", &["jifen_gateway", "jifen_operator"]),
    ("retire_rule", &["jifen_gateway", "jifen_operator"]),
    ("create_rule_version", &["jifen_operator"]),
    ("backtest_rule", &["jifen_gateway", "jifen_operator"]),
    ("capture_hold", &["jifen_operator"]),
    ("freeze_account", &["jifen_operator"]),
    ("hold_points", &["jifen_operator"]),
    ("release_hold", &["jifen_operator"]),
    ("return_order", &["jifen_operator"]),
    ("reverse_operation", &["jifen_operator"]),
    ("reverse_transfer", &["jifen_operator"]),
    ("unfreeze_account", &["jifen_operator"]),
    ("decline_transfer", &["jifen_operator"]),
    ("earn_points", &["jifen_operator"]),
    ("adjust_points_batch", &["jifen_operator"]),
    ("erase_member", &["jifen_operator"]),
    ("execute", &["jifen_gateway"]),
    ("execute_erase", &["jifen_gateway"]),
    ("execute_preview", &["jifen_gateway"]),
    ("preview_earn", &["jifen_operator"]),
    ("preview_return", &["jifen_operator"]),
    ("preview_spend", &["jifen_operator"]),
    ("execute_pair", &["jifen_gateway"]),
    ("import_client", &["jifen_gateway"]),
    ("revoke_client", &["jifen_operator"]),
    ("set_deduction", &["jifen_operator"]),
    ("set_program", &["jifen_operator"]),
    ("sign_in", &["jifen_operator"]),
    ("make_up_sign_in", &["jifen_operator"]),
    ("set_time_zone", &["jifen_operator"]),
    ("set_sign_in", &["jifen_gateway", "jifen_operator"]),
    ("create_invitation_code", &["jifen_operator"]),
    ("join_by_invitation", &["jifen_operator"]),
    ("set_invitations", &["jifen_gateway", "jifen_operator"]),
    ("activate_award", &["jifen_operator"]),
    ("cancel_award", &["jifen_operator"]),
    ("extend_expiry", &["jifen_operator"]),
    ("reinstate_points", &["jifen_operator"]),
    ("set_notice_days", &["jifen_operator"]),
    ("create_webhook", &["jifen_gateway", "jifen_operator"]),
    ("change_webhook", &["jifen_gateway", "jifen_operator"]),
    ("rotate_webhook_secret", &["jifen_gateway", "jifen_operator"]),
    ("delete_webhook", &["jifen_gateway", "jifen_operator"]),
    ("ping_webhook", &["jifen_gateway", "jifen_operator"]),
    ("replay_webhook_deliveries", &["jifen_gateway", "jifen_operator"]),
    ("set_webhooks", &["jifen_operator"]),
    ("set_alert_rule", &["jifen_gateway", "jifen_operator"]),
    ("acknowledge_alert", &["jifen_gateway", "jifen_operator"]),
    ("silence_alert", &["jifen_gateway", "jifen_operator"]),
    ("resolve_alert", &["jifen_gateway", "jifen_operator"]),
    ("set_point_value", &["jifen_gateway", "jifen_operator"]),
    ("recount_flows", &["jifen_operator"]),
    ("take_deliveries", &["jifen_gateway"]),
    ("put_deliveries", &["jifen_gateway"]),
    ("submit_operations", &["jifen_gateway"]),
    ("open_batch", &["jifen_gateway"]),
    ("append_rows", &["jifen_gateway"]),
    ("close_batch", &["jifen_gateway"]),
    ("drop_batch", &["jifen_gateway"]),
    ("take_rows", &["jifen_gateway"]),
    ("put_rows", &["jifen_gateway"]),
    ("set_batches", &["jifen_operator"]),
    ("next_job", &["jifen_gateway"]),
    ("put_off", &["jifen_gateway"]),
    ("set_archive", &["jifen_gateway", "jifen_operator"]),
    ("restore_month", &["jifen_operator"]),
    ("run_job", &["jifen_gateway", "jifen_operator"]),
    ("set_job", &["jifen_gateway", "jifen_operator"]),
    ("set_activity", &["jifen_gateway", "jifen_operator"]),
    ("take_step", &["jifen_gateway"]),
    ("take_reconcile_step", &["jifen_operator"]),
    ("reconcile_account", &["jifen_operator"]),
    ("acknowledge_discrepancy", &["jifen_gateway", "jifen_operator"]),
    ("set_integrity", &["jifen_gateway", "jifen_operator"]),
    ("progress_task", &["jifen_operator"]),
    ("claim_task", &["jifen_operator"]),
    ("create_task", &["jifen_gateway", "jifen_operator"]),
    ("change_task", &["jifen_gateway", "jifen_operator"]),
    ("set_transfer_limits", &["jifen_operator"]),
    ("merge_accounts", &["jifen_operator"]),
    ("approve_award", &["jifen_operator"]),
    ("reject_award", &["jifen_operator"]),
    ("set_risk_rule", &["jifen_gateway", "jifen_operator"]),
    ("test_risk_rule", &["jifen_gateway", "jifen_operator"]),
    ("set_levels", &["jifen_gateway", "jifen_operator"]),
    ("preview_levels", &["jifen_gateway", "jifen_operator"]),
    ("spend_points", &["jifen_operator"]),
    ("transfer_points", &["jifen_operator"]),
    ("unmerge_accounts", &["jifen_operator"]),
    ("add_budget", &["jifen_gateway", "jifen_operator"]),
    ("change_campaign", &["jifen_gateway", "jifen_operator"]),
    ("change_limit", &["jifen_gateway", "jifen_operator"]),
    ("create_campaign", &["jifen_gateway", "jifen_operator"]),
    ("create_limit", &["jifen_gateway", "jifen_operator"]),
    ("add_coupons", &["jifen_gateway", "jifen_operator"]),
    ("add_stock", &["jifen_gateway", "jifen_operator"]),
    ("change_reward", &["jifen_gateway", "jifen_operator"]),
    ("create_reward", &["jifen_gateway", "jifen_operator"]),
    ("cancel_redemption", &["jifen_operator"]),
    ("fulfil_redemption", &["jifen_operator"]),
    ("redeem_reward", &["jifen_operator"]),
];

#[tokio::test]
async fn each_function_of_the_api_is_for_those_who_need_it() {
    let database = Database::new().await;
    let client = database.client().await;
    let functions = client
        .query("select oid, proname::text from pg_proc where pronamespace = 'api'::regnamespace", &[])
        .await
        .unwrap();
    let names: BTreeSet<&str> = functions.iter().map(|row| row.get(1)).collect();
    for (name, _) in CALLERS {
        assert!(names.contains(name), "api.{name} is gone");
    }
    for function in &functions {
        let (oid, name): (u32, &str) = (function.get(0), function.get(1));
        let allowed = CALLERS.iter().find(|(caller, _)| *caller == name).map_or(ROLES, |(_, roles)| roles);
        for role in ROLES {
            let may = client
                .query_one("select has_function_privilege($1::text, $2::oid, 'execute')", &[role, &oid])
                .await
                .unwrap();
            assert_eq!(may.get::<_, bool>(0), allowed.contains(role), "{role} and api.{name}");
        }
    }
}

#[tokio::test]
async fn every_role_reads_the_views_and_writes_none() {
    let database = Database::new().await;
    let client = database.client().await;
    let views = client
        .query("select relname::text from pg_class where relnamespace = 'api'::regnamespace and relkind = 'v'", &[])
        .await
        .unwrap();
    assert!(views.len() >= 7);
    for role in ROLES {
        let client = database.client_as(role).await;
        for view in &views {
            let view: &str = view.get(0);
            client.query(&format!("select * from api.{view} limit 1"), &[]).await.unwrap();
            let writes = client
                .query_one("select has_table_privilege('api.' || $1, 'insert, update, delete, truncate')", &[&view])
                .await
                .unwrap();
            assert!(!writes.get::<_, bool>(0), "{role} and {view}");
        }
        let account = "select available from api.account where bucket = api.bucket('bob') and user_id = 'bob'";
        assert_eq!(client.query_one(account, &[]).await.unwrap().get::<_, i64>(0), 186);
    }
}

#[tokio::test]
async fn no_role_but_the_owner_reaches_schema_points() {
    let database = Database::new().await;
    let client = database.client().await;
    let tables = client
        .query(
            "select oid, oid::regclass::text from pg_class
             where relnamespace = 'points'::regnamespace and relkind in ('r', 'p', 'v', 'S')",
            &[],
        )
        .await
        .unwrap();
    assert!(tables.len() > 15);
    for role in ROLES {
        for table in &tables {
            let (oid, name): (u32, &str) = (table.get(0), table.get(1));
            let any = "select has_table_privilege($1::text, $2::oid, 'select, insert, update, delete, truncate, references, trigger')";
            assert!(!client.query_one(any, &[role, &oid]).await.unwrap().get::<_, bool>(0), "{role} and {name}");
        }
        let client = database.client_as(role).await;
        for statement in [
            "select * from points.account",
            "insert into points.wallet values ('x', 'X')",
            "select points.execute(0::smallint, '{}')",
            "select points.make_partitions()",
            "create table points.mine ()",
            "create table api.mine ()",
            "create view api.mine as select 1",
        ] {
            assert_eq!(sqlstate(client.batch_execute(statement).await), "42501", "{statement} as {role}");
        }
    }
}

#[tokio::test]
async fn the_gateway_writes_through_execute_alone() {
    let database = Database::new().await;
    let client = database.client_as("jifen_gateway").await;
    let execute = "select refusal, (entry).available_delta from api.execute(api.bucket('zoe'),
        array[row('earn', 'zoe', null, 1, 'k', 'TASK', null, null, null, null, null, 5, null, null, null, null, null, null, null)::api.request])";
    let row = client.query_one(execute, &[]).await.unwrap();
    assert_eq!((row.get::<_, Option<&str>>(0), row.get(1)), (None, 5i64));
    client.batch_execute("select api.take_step('create_partitions')").await.unwrap();
    assert_eq!(sqlstate(client.batch_execute("select api.earn_points('zoe', 'TASK', 'k')").await), "42501");
}

#[tokio::test]
async fn operators_correct_accounts_one_at_a_time() {
    let database = Database::new().await;
    let client = database.client_as("jifen_operator").await;
    client.batch_execute("select api.adjust_points('zoe', 5, 'a', 'sorry')").await.unwrap();
    client.batch_execute("select api.create_rule('NEW', 'New')").await.unwrap();
    assert_eq!(sqlstate(client.batch_execute("select api.execute(0::smallint, '{}')").await), "42501");
}

/// Types, tables and policies that a reader makes for itself are no way to run code as the owner.
#[tokio::test]
async fn what_a_reader_makes_for_itself_runs_as_nobody_else() {
    let database = Database::new().await;
    let reader = database.client_as("jifen_reader").await;
    reader
        .batch_execute(
            "create function pg_temp.run(pg_catalog.text) returns boolean language plpgsql as
                 $$ begin raise exception 'ran as %', current_user; end $$;
             create temp table refinery_schema_history (version int);
             alter table refinery_schema_history enable row level security;
             create policy p on refinery_schema_history using (pg_temp.run('policy'));
             insert into refinery_schema_history values (1);
             grant select on refinery_schema_history to public;
             create temp table pg_class (oid oid);
             create domain pg_temp.text as pg_catalog.text check (pg_temp.run(value));
             create domain pg_temp.timestamptz as pg_catalog.timestamptz check (pg_temp.run(value::pg_catalog.text))",
        )
        .await
        .unwrap();
    for call in ["api.doctor()", "api.flows(now(), now() + interval '1 hour', 'hour')", "api.liability(now())"] {
        reader.batch_execute(&format!("select * from {call}")).await.unwrap();
    }
}
