use std::{env, io::Write};

use super::{FUNCTIONS, strings};
use crate::common::Database;

/// Set where skipping must not pass for success.
const REQUIRED: &str = "JIFEN_REQUIRE_PLPGSQL_CHECK";

/// Volatile on purpose: a stable function would not see the accounts that its caller has just made, and may not lock or explain.
const VOLATILE_ON_PURPOSE: &str = "'points.find_accounts(smallint,api.request[],points.draft[])',
    'points.lock_accounts(smallint,bigint[])', 'points.vain_pages(regclass)'";

#[tokio::test]
async fn plpgsql_check_finds_nothing_in_any_function() {
    let database = Database::new().await;
    let client = database.client().await;
    if let Err(error) = client.batch_execute("create extension plpgsql_check").await {
        let reason = error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
        assert!(env::var_os(REQUIRED).is_none(), "{REQUIRED} is set, but: {reason}");
        // Not eprintln!, which the test runner keeps to itself when a test passes.
        writeln!(std::io::stderr(), "SKIPPED plpgsql_check: {reason}").unwrap();
        return;
    }
    let findings = format!(
        "with functions as ({FUNCTIONS})
         select format('%s, line %s: %s', f.signature, c.lineno, c.message)
         from functions f
         left join lateral (
             select t.tgrelid from pg_trigger t where t.tgfoid = f.oid order by t.tgrelid limit 1
         ) t on f.prorettype = 'trigger'::regtype
         cross join lateral plpgsql_check_function_tb(f.oid, coalesce(t.tgrelid, 0), fatal_errors => false,
             extra_warnings => true, security_warnings => true, performance_warnings => true) c
         where f.language = 'plpgsql'
             and not (f.signature in ({VOLATILE_ON_PURPOSE}) and c.message = 'routine is marked as VOLATILE, should be STABLE')
         order by 1"
    );
    assert_eq!(strings(&client, &findings).await, [""; 0]);

    client
        .batch_execute(
            "create function points.bad(p_a int) returns int language plpgsql volatile as $$
             declare v_unused int;
             begin return missing from points.account; end $$",
        )
        .await
        .unwrap();
    let found = strings(&client, &findings).await;
    assert!(found.iter().any(|found| found.contains("column \"missing\" does not exist")), "{found:?}");
    assert!(found.iter().any(|found| found.contains("unused variable \"v_unused\"")), "{found:?}");
}
