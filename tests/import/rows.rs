//! Good rows and bad rows.

use std::fs;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Folder, HEADER, import, rejected_path, state};
use crate::common::{Database, instant};

#[tokio::test]
async fn bad_rows_are_listed_and_good_ones_land() {
    let database = Database::new().await;
    let client = database.client().await;
    let folder = Folder::new();
    let long = "u".repeat(65);
    let rows = [
        "ann,o1,10.50,2024-05-01",
        "ann,o2,ten,2024-05-01",
        "ann,,5,2024-05-01",
        "bob,o3,5",
        "bob,o4,5,01.05.2024",
        &format!("{long},o5,5,2024-05-01"),
        "bob,o6,-1,2024-05-01",
        "ann,o1,11.50,2024-05-01",
        "",
        "bob,o7,,2024-05-01",
        "bob,o8,7,2999-01-01",
        "ann,o1,10.5,2024-05-01",
        "bob,o9,0.99,2024-05-01",
        "bob,o10,0,2024-05-01",
        "\"bob\",o11,7.99,2024-05-01",
        " bob,o12,7.99,2024-05-01",
    ];
    let file =
        folder.write("orders.csv", &format!("\u{feff}{}{}\r\n", HEADER.replace('\n', "\r\n"), rows.join("\r\n")));
    let list = rejected_path(&file);

    let run = import(&database, &file, &[]).await;
    assert_eq!(run.code, Some(1), "{run:?}");
    let summary = format!(
        "15 rows: 2 awarded 17 points, 2 earned nothing, 1 were there already, 10 rejected ({})\n",
        list.display()
    );
    assert_eq!(run.stdout, summary);
    let rejected = fs::read_to_string(&list).unwrap();
    let time = "\"occurred_at: must be a date such as 2024-05-01, a date and time such as 2024-05-01T09:30:00, or an \
                instant such as 2024-05-01T09:30:00+08:00\"";
    let expected = [
        "line,user_id,order_no,code,reason",
        "3,ann,o2,INVALID_INPUT,\"amount: must be a decimal number such as 12.50, of at most 28 digits\"",
        "4,ann,,INVALID_INPUT,order_no: must have 1 to 128 characters",
        "5,bob,o3,INVALID_INPUT,\"row: has 3 fields, and the first line has 4\"",
        &format!("6,bob,o4,INVALID_INPUT,{time}"),
        &format!("7,{long},o5,INVALID_INPUT,user_id: must have 1 to 64 characters"),
        "8,bob,o6,INVALID_INPUT,\"amount: must be from 0 to less than 1000000000000, with at most 8 decimals\"",
        "9,ann,o1,IDEMPOTENCY_CONFLICT,\"order_no: an order of this user and number was imported with another amount, time or rule\"",
        "11,bob,o7,INVALID_INPUT,amount: this rule needs an amount",
        "12,bob,o8,INVALID_INPUT,occurred_at: must be from 1970 on and not in the future",
        "17, bob,o12,INVALID_INPUT,user_id: must not begin or end with a space",
    ];
    assert_eq!(rejected.lines().collect::<Vec<_>>(), expected);
    let points = client
        .query(
            "select a.user_id || ' ' || a.earned || ' ' || (select count(*) from api.operation o
                 where o.bucket = a.bucket and o.account_id = a.id and o.client = 'import')
             from api.account a where a.user_id ~ 'ann|bob|uuu' order by 1",
            &[],
        )
        .await
        .unwrap();
    // The demonstration program has given bob 186 points.
    assert_eq!(points.iter().map(|row| row.get(0)).collect::<Vec<String>>(), ["ann 10 1", "bob 193 3"]);

    let before = state(&client).await;
    let run = import(&database, &file, &[]).await;
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stdout.contains("5 were there already, 10 rejected") && run.stdout.contains("nothing has changed"));
    assert_eq!(fs::read_to_string(&list).unwrap(), rejected);
    assert_eq!(state(&client).await, before);

    folder.write("orders.csv", &format!("{HEADER}ann,o1,10.50,2024-05-01\nann,o2,10,2024-05-01"));
    let run = import(&database, &file, &[]).await;
    assert_eq!((run.code, list.exists()), (Some(0), false), "{run:?}");
    assert_eq!(run.stdout, "2 rows: 1 awarded 10 points, 0 earned nothing, 1 were there already, 0 rejected\n");
}

#[tokio::test]
async fn points_count_from_the_time_of_the_order_in_the_zone_of_the_program() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("select api.set_program('Jifen', 'Asia/Shanghai', 'USD', 'debt')").await.unwrap();
    let folder = Folder::new();
    let recent = (Utc::now() - TimeDelta::days(300)).date_naive();
    // Columns in another order, and one that is nobody's business.
    let text = format!(
        "occurred_at,remark,amount,order_no,user_id\n{recent},\"a, b\",10,date,eve\n2024-05-01 09:30,,10,time,eve\n\
         2024-05-01T09:30:00+02:00,,10,instant,eve\n"
    );
    let run = import(&database, &folder.write("orders.csv", &text), &[]).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    let midnight = instant(&format!("{recent}T00:00:00+08:00"));
    let at = |key: &'static str, at: DateTime<Utc>| (key.to_owned(), at, at + TimeDelta::days(365));
    let rows = client
        .query(
            "select idempotency_key, occurred_at, expires_at from api.operation where client = 'import' order by 1",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect::<Vec<_>>(),
        [
            at("date", midnight),
            at("instant", instant("2024-05-01T07:30:00Z")),
            at("time", instant("2024-05-01T01:30:00Z"))
        ]
    );
    let account = client.query_one("select available, expired from api.account where user_id = 'eve'", &[]).await;
    let account = account.unwrap();
    assert_eq!((account.get::<_, i64>(0), account.get::<_, i64>(1)), (10, 20));
}

#[tokio::test]
async fn what_cannot_work_is_said_before_anything_is_written() {
    let database = Database::new().await;
    let client = database.client().await;
    let before = state(&client).await;
    let folder = Folder::new();
    let row = "ann,o1,10.50,2024-05-01\n";
    let good = folder.write("good.csv", &format!("{HEADER}{row}"));
    let cases = [
        (
            good.clone(),
            &["--rule", "ORDR"][..],
            "no rule named ORDR is in force; there are: INVITE, ORDER, REGISTER, SIGN_IN, TASK",
        ),
        (good, &["--wallet", "shells"], "there is no wallet named shells; there are: points"),
        (folder.0.join("none.csv"), &[], "none.csv: No such file"),
        (
            folder.write("headless.csv", row),
            &[],
            "has no column user_id: its first line must name the columns user_id, ",
        ),
        (folder.write("short.csv", "user_id,order_no,amount\n"), &[], "has no column occurred_at: "),
        (folder.write("twice.csv", &format!("amount,{HEADER}{row}")), &[], "has two columns amount"),
        (folder.write("empty.csv", ""), &[], "and is: missing"),
    ];
    for (file, options, message) in cases {
        let run = import(&database, &file, options).await;
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run:?}");
        assert!(run.stderr.starts_with("jifen: ") && run.stderr.contains(message), "{message}: {run:?}");
    }
    assert_eq!(state(&client).await, before);
}

#[tokio::test]
async fn a_revoked_import_client_imports_nothing() {
    let database = Database::new().await;
    let client = database.client().await;
    let folder = Folder::new();
    let file = folder.write("orders.csv", &format!("{HEADER}ann,o1,10.50,2024-05-01\n"));
    client.batch_execute("select api.import_client(), api.revoke_client('import')").await.unwrap();
    let before = state(&client).await;
    let run = import(&database, &file, &[]).await;
    assert!(run.code == Some(1) && run.stderr.contains("the client named import may not earn"), "{run:?}");
    assert_eq!(state(&client).await, before);
}
