//! An import that is stopped goes on where it stopped.

use std::{fmt::Write, time::Duration};

use tokio::process::{Child, Command};
use tokio_postgres::Client;

use super::{Folder, HEADER, end, import, start};
use crate::common::Database;

const ROWS: usize = 30_000;
const USERS: usize = 3_000;

/// Each order is worth 2 points, and has not expired.
fn text() -> String {
    let now = chrono::Utc::now().date_naive();
    let mut text = HEADER.to_owned();
    for number in 0..ROWS {
        writeln!(text, "u{},{number},2.50,{now}", number % USERS).unwrap();
    }
    text
}

async fn imported(client: &Client) -> i64 {
    client
        .query_one(
            "select count(*) from points.operation o join points.client c on c.id = o.client_id where c.name = 'import'",
            &[],
        )
        .await
        .unwrap()
        .get(0)
}

async fn wait_until_some_are_in(client: &Client, child: &mut Child) {
    while imported(client).await < 1_000 {
        assert_eq!(child.try_wait().unwrap(), None, "it was to be stopped in the middle");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn assert_complete(client: &Client) {
    assert_eq!(imported(client).await, ROWS as i64);
    let wrong = client
        .query(
            "select user_id, available, version from api.account
             where user_id ~ '^u[0-9]' and (available, earned, version) <> (20, 20, 10)",
            &[],
        )
        .await
        .unwrap();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test]
async fn a_killed_import_is_resumed_by_running_it_again() {
    let database = Database::new().await;
    let client = database.client().await;
    let folder = Folder::new();
    let file = folder.write("orders.csv", &text());
    let mut child = start(&database, &file, &[]);
    wait_until_some_are_in(&client, &mut child).await;
    child.kill().await.unwrap();

    let run = import(&database, &file, &[]).await;
    assert!(run.code == Some(0) && run.stdout.starts_with("30,000 rows: "), "{run:?}");
    assert!(!run.stdout.contains(" 0 were there already"), "{run:?}");
    assert_complete(&client).await;
}

#[tokio::test]
async fn ctrl_c_finishes_what_was_sent_and_says_how_to_go_on() {
    let database = Database::new().await;
    let client = database.client().await;
    let folder = Folder::new();
    let file = folder.write("orders.csv", &text());
    let mut child = start(&database, &file, &[]);
    wait_until_some_are_in(&client, &mut child).await;
    let pid = child.id().unwrap().to_string();
    assert!(Command::new("/bin/sh").args(["-c", "kill -s INT \"$0\"", &pid]).status().await.unwrap().success());
    let run = end(child).await;
    assert!(run.code == Some(1) && run.stderr.contains("interrupted. Run it again to go on"), "{run:?}");
    let done = imported(&client).await;
    assert!(done < ROWS as i64, "it was to be stopped in the middle");
    let counted: i64 = run.stdout.split(' ').next().unwrap().replace(',', "").parse().unwrap();
    assert_eq!(counted, done, "{run:?}");

    let run = import(&database, &file, &[]).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_complete(&client).await;
}
