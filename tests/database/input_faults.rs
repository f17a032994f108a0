//! Arguments that nothing else stops before a constraint, or PostgreSQL's own arithmetic, does: each is INVALID_INPUT, and says
//! which. Found by the random calls of `conformance::functions`, and by reading what they call.

use serde_json::Value;

use crate::common::Database;

const CASES: &[(&str, &str)] = &[
    ("breakage('-infinity', 'infinity')", "from"),
    ("breakage('4713-01-01 BC', '4710-01-01 BC')", "from"),
    ("breakage('5874897-12-31', '5874897-12-31')", "from"),
    ("flows('-infinity', 'infinity', 'day')", "from"),
    ("flows('4713-01-01 BC', '4713-02-01 BC', 'day')", "from"),
    ("flows('294276-12-31 23:00Z', '294276-12-31 23:59Z', 'month')", "from"),
    ("flows('2026-01-01', 'infinity', 'hour')", "to"),
    ("flows('2026-01-01', '2026-01-02', 'hour', p_limit => -1)", "limit"),
    ("expiry_horizon(2147483647)", "days"),
    ("expiry_horizon(-2147483648)", "days"),
    ("create_partitions('infinity')", "from"),
    ("create_partitions('294276-12-31')", "from"),
    ("create_partitions('0001-01-01 BC')", "from"),
    ("create_partitions('9999-01-01 00:00Z')", "from"),
    ("create_partitions('1969-12-31 23:59:59Z')", "from"),
    ("create_partitions(null)", "from"),
    ("sign_in_calendar('zoe', 'infinity')", "month"),
    ("sign_in_calendar('zoe', '5874897-12-31')", "month"),
    ("make_up_sign_in('zoe', '5874897-12-31', 'k')", "day"),
    ("make_up_sign_in('zoe', '-infinity', 'k')", "day"),
    ("make_up_sign_in('zoe', null, 'k')", "day"),
    ("put_off('hourly_change', 'infinity')", "next"),
    ("take_step('hourly_change', '294276-12-31')", "next"),
    ("rotate_key('shop', '', now())", "key_sha256"),
    ("rotate_key('shop', null, now())", "key_sha256"),
    ("rotate_key('shop', sha256('taken'), now())", "key_sha256"),
    ("create_client('other', '\\x00', '{earn}')", "key_sha256"),
    ("create_client('other', sha256('taken'), '{earn}')", "key_sha256"),
    ("set_transfer_limits(0)", "minimum"),
    ("set_transfer_limits(p_maximum => 9007199254740992)", "maximum"),
    ("set_transfer_limits(10, 5)", "maximum"),
    ("set_transfer_limits(p_times_a_day => 0)", "times_a_day"),
    ("set_transfer_limits(p_points_a_day => -1)", "points_a_day"),
    ("set_transfer_limits(p_points_a_day => 9223372036854775807)", "points_a_day"),
    ("set_program(null, 'UTC', 'USD', 'debt')", "name"),
    ("set_program('P', 'UTC', 'usd', 'debt')", "currency"),
    ("set_program('P', 'UTC', 'USD', 'forgive')", "debt_policy"),
    ("set_program('P', 'UTC', 'USD', 'debt', null)", "frozen_earns"),
    ("set_notice_days('{{1,2},{3,4}}')", "days"),
    ("doctor(p_clock => 'infinity')", "clock"),
    ("doctor(p_connections => -2147483648)", "connections"),
    ("delete_webhook(null, 'k')", "name"),
    ("ping_webhook(null, 'k')", "name"),
    ("set_point_value(1, 'k', null)", "wallet"),
    ("set_levels(null, '[]', 'k')", "wallet"),
    ("set_invitations('TASK', 'TASK', 'TASK', 'k', p_wallet => null)", "wallet"),
    ("acknowledge_discrepancy(null, 'r', 'a', 'k')", "id"),
    ("create_webhook('w', 'https://hooks.example/', '{{entry.booked},{entry.booked}}', 'k')", "events"),
    ("add_stock('MUG', -9223372036854775808, 'k')", "pieces"),
    ("execute(0::smallint, array[array[null::api.request], array[null::api.request]])", "requests"),
    (
        "execute((1 - api.bucket('zoe'))::smallint, array[row('unfreeze', 'zoe', 'points', 1, 'k', null, null, null, null, null, null, null, null, null, 'r', 'a', null, null, null)::api.request])",
        "bucket",
    ),
    (
        "execute(null, array[row('unfreeze', 'zoe', 'points', 1, 'k', null, null, null, null, null, null, null, null, null, 'r', 'a', null, null, null)::api.request])",
        "bucket",
    ),
    ("take_reconcile_step('incremental', 0)", "limit"),
    ("take_reconcile_step('full', null)", "limit"),
    ("submit_operations(1, 'k', null, sha256(''), '{}')", "operations"),
    ("submit_operations(1, 'k', null, sha256(''), null)", "operations"),
    ("submit_operations(1, 'k', null, '', '[{}]')", "fingerprint"),
    ("submit_operations(1, 'k', null, sha256(''), '[[], 1, null]')", "row"),
    ("append_rows(1, (select ticket from points.batch), 'null')", "rows"),
    ("append_rows(1, (select ticket from points.batch), null)", "rows"),
];

#[tokio::test]
async fn arguments_at_fault_are_named() {
    let database = Database::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "select api.create_client('shop', sha256('shop'), '{earn}');
             select api.create_client('taken', sha256('taken'), '{earn}');
             select api.create_reward('MUG', 'Mug', 'goods', 1, 'mug', p_stock => 1);
             select api.open_batch(1, 'open', null)",
        )
        .await
        .unwrap();
    for (call, path) in CASES {
        let error = client.batch_execute(&format!("select * from api.{call}")).await.expect_err(call);
        let fault = error.as_db_error().unwrap();
        assert_eq!(fault.code().code(), "LP001", "{call}: {fault}");
        let detail: Value = serde_json::from_str(fault.detail().unwrap()).unwrap();
        assert_eq!(detail["path"], *path, "{call}: {detail}");
    }
}

/// Kind, rule, order key, amount, points, expiry, reason, actor; what of it is named.
const REQUESTS: &[(&str, &str)] = &[
    ("'adjust', null, null, 1, 5, null, 'r', 'a'", "amount"),
    ("'adjust', null, 'o', 1, 5, null, 'r', 'a'", "order_key"),
    ("'adjust', 'ORDER', null, null, 5, null, null, 'a'", "rule"),
    ("'adjust', null, null, null, 0, 'tomorrow', null, null", "points"),
    ("'adjust', null, null, null, -5, 'tomorrow', 'r', 'a'", "expires_at"),
    ("'adjust', null, null, null, 5, null, null, 'a'", "reason"),
    ("'spend', null, null, 1, 5, 'tomorrow', null, null", "amount"),
    ("'spend', null, null, null, -5, 'tomorrow', null, null", "points"),
    ("'spend', null, null, null, 5, 'tomorrow', null, null", "expires_at"),
    ("'earn', null, null, 1, null, 'tomorrow', null, null", "rule"),
    ("'earn', 'ORDER', null, 1, null, 'yesterday', null, null", "expires_at"),
];

#[tokio::test]
async fn of_several_faults_the_plainest_is_named() {
    let database = Database::new().await;
    let client = database.client().await;
    for (request, path) in REQUESTS {
        let call = format!(
            "select e.refusal, e.detail ->> 'path'
             from (values ({request})) r(kind, rule, order_key, amount, points, expires_at, reason, actor),
             lateral api.execute(api.bucket('zoe'), array[row(r.kind, 'zoe', 'points', 1, 'k', r.rule, r.order_key, null, null, null,
                 r.amount, r.points, null, r.expires_at, r.reason, r.actor, null, null, null)::api.request]) e"
        );
        let outcome = client.query_one(&call, &[]).await.unwrap();
        assert_eq!((outcome.get(0), outcome.get(1)), ("INVALID_INPUT", *path), "{request}");
    }
}
