//! Notices of points that expire soon: each once.

use chrono::{DateTime, TimeDelta, Utc};
use tokio_postgres::Client;

use super::{assert_laws, number, one};
use crate::common::{Database, Request, bucket, instant};

/// The job, to its end; how many accounts it looked at.
async fn write(client: &Client, now: DateTime<Utc>) -> i32 {
    let mut looked = 0;
    loop {
        let row = client
            .query_one("select done, more, failure from points.step_job('write_notices', $1)", &[&now])
            .await
            .unwrap();
        assert_eq!(row.get::<_, Option<&str>>("failure"), None);
        looked += row.get::<_, i32>("done");
        if !row.get::<_, bool>("more") {
            return looked;
        }
    }
}

async fn notices(client: &Client, user: &str) -> Vec<String> {
    let sql = "select format('%s %s %s in %s', expires_on, days, points, lots) from api.notice
        where user_id = $1 order by expires_on, days desc";
    client.query(sql, &[&user]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn prepare(client: &Client) {
    client
        .batch_execute("update points.program set time_zone = 'Asia/Shanghai'; update points.job set step_limit = 2 where name = 'write_notices'")
        .await
        .unwrap();
}

#[tokio::test]
async fn each_setting_gives_one_notice_by_local_days() {
    let database = Database::new().await;
    let client = database.client().await;
    prepare(&client).await;
    // Midnight in Shanghai: the 30th of June is the last day. And the last microsecond of that day, and the first after it.
    let midnight = instant("2024-06-30T16:00:00Z");
    let grants = [
        ("a", 10, midnight),
        ("b", 5, midnight - TimeDelta::microseconds(1)),
        ("c", 3, midnight + TimeDelta::microseconds(1)),
    ];
    for (key, points, until) in grants {
        one(&client, Request::adjust("zoe", points, key).expires_at(until), Some(instant("2024-01-01T00:00:00Z")))
            .await;
    }
    one(&client, Request::adjust("yan", 9, "a"), Some(instant("2024-01-01T00:00:00Z"))).await;
    let local = |day: &str| instant(&format!("{day}T00:00:00Z")) - TimeDelta::hours(8);
    let before = |day: &str| local(day) - TimeDelta::microseconds(1);

    write(&client, before("2024-05-31")).await;
    assert_eq!(notices(&client, "zoe").await, [""; 0]);
    for _ in 0..2 {
        assert!(write(&client, local("2024-05-31")).await >= 2, "it looks at every account each time");
        assert_eq!(notices(&client, "zoe").await, ["2024-06-30 30 15 in 2"]);
    }
    write(&client, local("2024-06-01")).await;
    assert_eq!(notices(&client, "zoe").await[1..], ["2024-07-01 30 3 in 1"]);
    one(&client, Request::spend("zoe", 7, "d"), Some(local("2024-06-10"))).await;
    write(&client, before("2024-06-23")).await;
    assert_eq!(notices(&client, "zoe").await.len(), 2);
    write(&client, local("2024-06-23")).await;
    assert_eq!(notices(&client, "zoe").await[..2], ["2024-06-30 30 15 in 2", "2024-06-30 7 8 in 1"]);
    for day in ["2024-06-29", "2024-06-30", "2024-07-01", "2024-07-02"] {
        write(&client, local(day)).await;
    }
    assert_eq!(
        notices(&client, "zoe").await,
        [
            "2024-06-30 30 15 in 2",
            "2024-06-30 7 8 in 1",
            "2024-06-30 1 8 in 1",
            "2024-07-01 30 3 in 1",
            "2024-07-01 7 3 in 1",
            "2024-07-01 1 3 in 1",
        ]
    );
    assert_eq!(notices(&client, "yan").await, [""; 0]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_late_job_and_points_that_come_late_bring_one_notice_and_not_all_at_once() {
    let database = Database::new().await;
    let client = database.client().await;
    prepare(&client).await;
    let now = instant("2024-05-01T00:00:00Z");
    one(&client, Request::adjust("zoe", 10, "a").expires_at(now + TimeDelta::days(5)), Some(now)).await;
    write(&client, now).await;
    assert_eq!(notices(&client, "zoe").await, ["2024-05-06 7 10 in 1"]);
    // the setting counts from the next run on
    client.batch_execute("select api.set_notice_days('{3}')").await.unwrap();
    write(&client, now + TimeDelta::days(2)).await;
    assert_eq!(notices(&client, "zoe").await[1..], ["2024-05-06 3 10 in 1"]);
    client.batch_execute("select api.set_notice_days('{}')").await.unwrap();
    write(&client, now + TimeDelta::days(4)).await;
    assert_eq!(notices(&client, "zoe").await.len(), 2);
}

/// Stopped in the middle, it goes on after the last account; two at once, or one from the start, write nothing twice.
#[tokio::test]
async fn a_run_goes_on_where_it_stopped_and_writes_nothing_twice() {
    let database = Database::new().await;
    let (client, other) = (database.client().await, database.client().await);
    prepare(&client).await;
    let now = instant("2024-05-01T00:00:00Z");
    let users: Vec<_> =
        (0..).map(|number| format!("n{number}")).filter(|name| bucket(name, "points") != 0).take(7).collect();
    for user in &users {
        one(&client, Request::adjust(user, 10, "a").expires_at(now + TimeDelta::days(20)), Some(now)).await;
    }
    let written = "select count(*) from points.notice";
    let step = "select done from points.step_job('write_notices', $1)";
    client.query_one(step, &[&now]).await.unwrap();
    client.batch_execute("begin").await.unwrap();
    client.query_one(step, &[&now]).await.unwrap();
    // another one waits for the row of the job, and then goes on after it
    other.batch_execute("set lock_timeout = '50ms'").await.unwrap();
    assert!(other.query_one(step, &[&now]).await.is_err());
    client.batch_execute("rollback").await.unwrap();
    write(&other, now).await;
    assert_eq!(number(&client, written).await, 7);
    client
        .batch_execute("update points.job set at_bucket = null, at_account_id = null where name = 'write_notices'")
        .await
        .unwrap();
    write(&client, now).await;
    assert_eq!(number(&client, written).await, 7);
}
