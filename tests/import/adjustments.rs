//! `jifen import adjustments`.

use std::fs;

use super::{Folder, end, rejected_path, start_kind, state};
use crate::common::Database;

#[tokio::test]
async fn accounts_are_corrected_once_and_what_is_refused_is_listed() {
    let database = Database::new().await;
    let client = database.client().await;
    let folder = Folder::new();
    let rows = [
        "reason,key,user_id,actor,points",
        "storm,1,ann,clerk 1,100",
        "storm,2,ann,clerk 1,-30",
        "storm,1,eve,clerk 1,-1",
        ",2,eve,clerk 1,5",
        "storm,3,eve,,5",
        "storm,4,eve,clerk 1,5.5",
        "storm,5,eve,clerk 1,0",
        "storm,1,ann,clerk 1,99",
        "\"a storm, and hail\",6,eve,clerk 1,7",
    ];
    let file = folder.write("a.csv", &rows.join("\n"));
    let run = end(start_kind("adjustments", &database, &file, &[])).await;
    assert_eq!(run.code, Some(1), "{run:?}");
    let list = rejected_path(&file);
    let summary = format!(
        "9 rows: 3 adjusted, 107 points added and 30 taken, 0 were there already, 6 rejected ({})\n",
        list.display()
    );
    assert_eq!(run.stdout, summary);
    let rejected = fs::read_to_string(&list).unwrap();
    let expected = [
        "line,user_id,key,code,reason",
        "4,eve,1,INSUFFICIENT_POINTS,",
        "5,eve,2,INVALID_INPUT,reason: an adjustment needs a reason",
        "6,eve,3,INVALID_INPUT,actor: an adjustment needs its actor",
        "7,eve,4,INVALID_INPUT,points: must be a whole number such as 100 or -100",
        "8,eve,5,INVALID_INPUT,points: must not be 0",
        "9,ann,1,IDEMPOTENCY_CONFLICT,\"key: an adjustment of this user and key was imported with other points, reason or actor\"",
    ];
    for (line, expected) in rejected.lines().zip(expected) {
        assert!(line.starts_with(expected), "{line}: {expected}");
    }
    assert_eq!(rejected.lines().count(), expected.len());
    let row = client
        .query_one(
            "select sum(available)::bigint, (select reason || actor || client from api.operation where idempotency_key = '6')
             from api.account where user_id in ('ann', 'eve')",
            &[],
        )
        .await
        .unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, &str>(1)), (77, "a storm, and hailclerk 1import"));
    let before = state(&client).await;
    let again = end(start_kind("adjustments", &database, &file, &[])).await;
    assert!(
        again.stdout.contains("0 adjusted, 0 points added and 0 taken, 3 were there already, 6 rejected"),
        "{again:?}"
    );
    assert_eq!(state(&client).await, before);
    // whose rights were narrowed
    client.batch_execute("update points.client set scopes = '{earn}' where name = 'import'").await.unwrap();
    let run = end(start_kind("adjustments", &database, &file, &[])).await;
    assert!(run.code == Some(1) && run.stderr.contains("the client named import may not adjust"), "{run:?}");
    let headless = folder.write("b.csv", "ann,1,5\n");
    let run = end(start_kind("adjustments", &database, &headless, &[])).await;
    assert!(run.stderr.contains("must name the columns user_id, key, points, reason, actor, separated"), "{run:?}");
}
