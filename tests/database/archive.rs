//! Months that move to the archive: when, what of, what is read of them, and how they come back.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use tokio_postgres::Client;

use super::{assert_laws, make_rule, merge, number, one, sqlstate};
use crate::common::{Database, Kind, Request, instant, operation_id};

const JANUARY: &str = "2024-01-10T12:00:00Z";

/// A database whose months from January 2024 on are archived when they are twelve months old.
async fn archiving(client: &Client) {
    client.batch_execute("set role jifen_owner").await.unwrap();
    client.execute("select points.make_partitions(30, $1)", &[&instant(JANUARY)]).await.unwrap();
    client.batch_execute("reset role; select api.set_archive(12, 'archive')").await.unwrap();
}

#[derive(Debug, PartialEq)]
struct Step {
    done: i32,
    due: bool,
    failure: Option<String>,
}

/// A step of the job, as the owner does it.
async fn step(client: &Client, now: DateTime<Utc>) -> Step {
    client.batch_execute("set role jifen_owner").await.unwrap();
    let row = client.query_one("select * from points.step_job('archive', $1)", &[&now]).await.unwrap();
    client.batch_execute("reset role").await.unwrap();
    Step {
        done: row.get("done"),
        due: row.get::<_, Option<DateTime<Utc>>>("due_since").is_some(),
        failure: row.get("failure"),
    }
}

/// Runs the job to its end; how many steps did something.
async fn run(client: &Client, now: DateTime<Utc>) -> i32 {
    let mut done = 0;
    loop {
        let step = step(client, now).await;
        assert_eq!(step.failure, None);
        if step.done == 0 {
            return done;
        }
        done += step.done;
    }
}

async fn archived(client: &Client) -> Vec<String> {
    let sql = "select to_char(month, 'YYYY-MM') from api.ledger_month where archived_at is not null order by month";
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// The month that waits, and for how many lots and holds.
async fn waiting(client: &Client) -> Option<(String, i64, i64)> {
    let sql = "select to_char(month, 'YYYY-MM'), open_lots, open_holds from api.ledger_month
        where checked_at is not null and archived_at is null";
    client.query_opt(sql, &[]).await.unwrap().map(|row| (row.get(0), row.get(1), row.get(2)))
}

async fn restore(client: &Client, month: &str) -> Result<u64, tokio_postgres::Error> {
    client.execute("select api.restore_month($1)", &[&month.parse::<NaiveDate>().unwrap()]).await
}

#[tokio::test]
async fn a_month_moves_when_it_is_over_for_long_and_all_its_lots_and_holds_are_closed() {
    let database = Database::new().await;
    let client = database.client().await;
    archiving(&client).await;
    let january = instant(JANUARY);
    one(&client, Request::adjust("zoe", 10, "a").expires_at(january + TimeDelta::days(600)), Some(january)).await;
    one(&client, Request::hold("zoe", 4, "b"), Some(january)).await;
    one(&client, Request::spend("zoe", 1, "c"), Some(january + TimeDelta::days(30))).await;

    let due = instant("2025-02-01T00:00:00Z");
    assert_eq!(step(&client, due - TimeDelta::microseconds(1)).await, Step { done: 0, due: false, failure: None });
    assert_eq!(waiting(&client).await, None);
    assert_eq!(step(&client, due).await, Step { done: 0, due: false, failure: None }, "it waits, and is not late");
    assert_eq!(waiting(&client).await, Some(("2024-01".to_owned(), 1, 1)));
    one(&client, Request::spend("zoe", 5, "d"), Some(due)).await;
    step(&client, due).await;
    assert_eq!(waiting(&client).await, Some(("2024-01".to_owned(), 0, 1)), "all of the lot is spent or held");
    one(&client, Request::undo(Kind::Capture, "zoe", "b", "e"), Some(due)).await;

    client.batch_execute("update points.seal_window set since = '2024-01-31' where bucket = 3").await.unwrap();
    let waits = "the job seal has not come to the end of 2024-01".to_owned();
    assert_eq!(step(&client, due).await, Step { done: 0, due: true, failure: Some(waits) });
    client.batch_execute("update points.seal_window set since = '2024-02-01' where bucket = 3").await.unwrap();
    assert_eq!(step(&client, due).await, Step { done: 1, due: true, failure: None }, "sealed");
    let late = client.batch_execute("insert into points.entry select * from points.entry limit 1").await;
    assert_eq!(sqlstate(late), "LP900", "nothing is added to a sealed month");
    assert_eq!(step(&client, due).await, Step { done: 1, due: true, failure: None }, "moved");
    assert_eq!((archived(&client).await, waiting(&client).await), (vec!["2024-01".to_owned()], None));
    assert_eq!(step(&client, due).await, Step { done: 0, due: false, failure: None }, "February is not due yet");
    for (sql, expected) in [
        ("select count(*) from points.entry_archive", 2),
        ("select entries from points.ledger_month", 2),
        ("select lot_uses from points.ledger_month", 1),
        ("select max(seq) from points.entry where account_id = (select account_id from points.checkpoint)", 5),
        ("select count(*) from api.entry where user_id = 'zoe'", 5),
        ("select seq from points.checkpoint", 2),
        ("select available::bigint * 100 + held from points.checkpoint", 604),
    ] {
        assert_eq!(number(&client, sql).await, expected, "{sql}");
    }
    assert_laws(&client).await;

    for table in ["entry_archive", "lot_use_archive", "entry_2024_01", "lot_use_2024_01"] {
        for change in ["delete from points.", "truncate points."] {
            let change = format!("{change}{table}");
            assert_eq!(sqlstate(client.batch_execute(&change).await), "LP900", "{change}");
            client.batch_execute("set role jifen_owner").await.unwrap();
            assert_eq!(sqlstate(client.batch_execute(&change).await), "42501", "{change}");
            client.batch_execute("reset role").await.unwrap();
        }
    }
    // Nothing else of that time is booked among the live ones either, as there is no place for it.
    client.batch_execute("select api.create_partitions('2024-01-01')").await.unwrap();
    assert_eq!(number(&client, "select count(*) from points.entry_archive").await, 2);
}

#[tokio::test]
async fn points_that_never_expire_keep_their_month_and_all_after_it() {
    let database = Database::new().await;
    let client = database.client().await;
    archiving(&client).await;
    let january = instant(JANUARY);
    one(&client, Request::adjust("ann", 3, "a"), Some(january)).await;
    one(&client, Request::spend("ann", 3, "b"), Some(january)).await;
    let february = january + TimeDelta::days(31);
    one(&client, Request::adjust("zoe", 10, "a"), Some(february)).await;
    one(&client, Request::spend("zoe", 1, "b"), Some(february + TimeDelta::days(31))).await;
    let now = instant("2026-01-01T00:00:00Z");
    assert_eq!(run(&client, now).await, 2);
    assert_eq!(archived(&client).await, ["2024-01"]);
    assert_eq!(waiting(&client).await, Some(("2024-02".to_owned(), 1, 0)));
    one(&client, Request::spend("zoe", 9, "c"), Some(now)).await;
    run(&client, now).await;
    assert_eq!(archived(&client).await.len(), 12);
    assert_laws(&client).await;
}

/// All that people see of members, and what the engine goes by.
async fn seen(client: &Client) -> Vec<String> {
    let sql = "
        select 'entry ' || (e)::text from api.entry e
        union all select 'operation ' || (o - 'recorded_at')::text from (select to_jsonb(o) as o from api.operation o) o
        union all select 'account ' || concat_ws(' ', user_id, pending, available, held, debt, earned, spent, expired, version) from api.account
        union all select 'lot ' || concat_ws(' ', account_id, seq, no, granted, remaining, expires_at) from points.lot
        union all select 'use ' || (u)::text from points.lot_use_history u
        union all select 'level ' || (c)::text from api.level_change c
        union all select 'explained ' || concat_ws(' ', o.user_id, o.id, x.no, x.words) from api.operation o
            cross join api.explain_operation(o.user_id, o.id) x
        order by 1";
    client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// What members did two years ago.
async fn long_ago(client: &Client) {
    let now = instant(JANUARY);
    let day = |days| Some(now + TimeDelta::days(days));
    make_rule(client, "BRIEF", "basis, fixed_points, rounding, pending_days, valid_days", "'fixed', 50, 'down', 0, 20")
        .await;
    for user in ["ann", "ben", "old", "new"] {
        one(client, Request::earn(user, "ORDER", "order").amount("2000"), day(0)).await;
        one(client, Request::earn(user, "BRIEF", "brief"), day(1)).await;
        one(client, Request::spend(user, 30, "spend").order_key("o-7").amount("90"), day(2)).await;
        one(client, Request::hold(user, 20, "hold"), day(3)).await;
        one(client, Request::undo(Kind::Capture, user, "hold", "capture").points(15), day(4)).await;
        // Expires what is left of BRIEF, and closes every lot.
        one(client, Request::adjust(user, 1, "settle"), day(40)).await;
    }
    merge::run(client, &merge::merge("old", "new", "merge"), day(41)).await;
    for user in ["ann", "ben", "new"] {
        // As it is booked: by the real clock all of it has expired.
        let booked = format!(
            "select b.available::bigint from points.balance b join points.account a on a.bucket = b.bucket and a.id = b.account_id
             where a.user_id = '{user}'"
        );
        let left = number(client, &booked).await;
        one(client, Request::spend(user, left, "rest"), day(42)).await;
    }
}

/// What comes of it two years later: each reads what was booked then.
async fn today(client: &Client) -> Vec<String> {
    let now = Some(instant("2026-01-10T12:00:00Z"));
    let expiry: Option<uuid::Uuid> = client
        .query_one(
            "select o.id from api.operation o where o.user_id = 'ben' and o.kind = 'expire' order by o.seq limit 1",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    let mut said = Vec::new();
    for request in [
        Request::undo(Kind::Reverse, "ann", "spend", "1"),
        Request::undo(Kind::Reverse, "ann", "capture", "2"),
        Request::undo(Kind::Reverse, "ann", "brief", "3"),
        Request::return_order("ben", "order", "4").amount("500"),
        Request::return_order("ben", "o-7", "5").amount("45"),
        Request::decide(Kind::Reinstate, "ben", expiry.unwrap(), "6").expires_at(instant("2027-01-01T00:00:00Z")),
        Request::undo(Kind::Reverse, "ben", "brief", "7"),
        Request::undo(Kind::Reverse, "old", "spend", "8"),
        Request::spend("ann", 30, "spend").order_key("o-7").amount("90"),
        Request::spend("ann", 31, "spend").order_key("o-7").amount("90"),
    ] {
        let outcome = one(client, request, now).await.without_account();
        said.push(format!("{:?} {:?} {} {:?}", outcome.refusal, outcome.points, outcome.replayed, outcome.entry));
    }
    said.push(format!("{:?}", merge::run(client, &merge::unmerge("old", "unmerge"), now).await));
    said
}

/// Two databases with one history, of which one archives: nobody sees a difference, and what is undone comes out alike.
#[tokio::test]
async fn what_is_archived_reads_and_is_undone_as_if_it_were_not() {
    let databases = [Database::new().await, Database::new().await];
    let clients = [databases[0].client().await, databases[1].client().await];
    for client in &clients {
        archiving(client).await;
        long_ago(client).await;
    }
    let before = seen(&clients[0]).await;
    assert!(before.iter().filter(|line| line.starts_with("explained")).count() > 50, "{}", before.len());
    assert_eq!(run(&clients[0], instant("2025-06-01T00:00:00Z")).await, 10, "January to May, sealed and moved");
    assert_eq!(number(&clients[0], "select count(*) from points.entry where recorded_at < '2025-01-01'").await, 0);
    assert_eq!(seen(&clients[0]).await, before);
    assert_laws(&clients[0]).await;

    let (archived, live) = (today(&clients[0]).await, today(&clients[1]).await);
    assert_eq!(archived, live);
    assert!(archived[0].starts_with("None Some(30) false"), "{archived:?}");
    assert!(archived[5].starts_with("None"), "{archived:?}");
    assert_eq!(seen(&clients[0]).await.len(), seen(&clients[1]).await.len());
    assert_laws(&clients[0]).await;

    let after = seen(&clients[0]).await;
    clients[0].batch_execute("select api.set_archive(null, 'no more')").await.unwrap();
    for month in ["2024-05-01", "2024-04-01", "2024-03-01", "2024-02-01", "2024-01-01"] {
        restore(&clients[0], month).await.unwrap();
        assert_laws(&clients[0]).await;
    }
    assert_eq!(seen(&clients[0]).await, after);
    assert_eq!(number(&clients[0], "select count(*) from points.checkpoint").await, 0);
    assert_eq!(number(&clients[0], "select count(*) from points.entry_archive").await, 0);
}

#[tokio::test]
async fn only_the_last_month_comes_back_and_not_while_the_job_would_take_it_again() {
    let database = Database::new().await;
    let client = database.client().await;
    archiving(&client).await;
    let january = instant(JANUARY);
    for (key, days) in [("a", 0), ("b", 31)] {
        let at = Some(january + TimeDelta::days(days));
        one(&client, Request::adjust("zoe", 3, key), at).await;
        one(&client, Request::spend("zoe", 3, &format!("{key}-")), at).await;
    }
    run(&client, instant("2025-03-01T00:00:00Z")).await;
    assert_eq!(archived(&client).await, ["2024-01", "2024-02"]);
    let operator = database.client_as("jifen_operator").await;
    assert_eq!(sqlstate(restore(&operator, "2024-02-01").await), "LP001", "it is due");
    operator.batch_execute("select api.set_archive(1200, 'later')").await.unwrap();
    for month in ["2024-01-01", "2024-03-01", "2024-02-02"] {
        assert_eq!(sqlstate(restore(&operator, month).await), "LP001", "{month}");
    }
    restore(&operator, "2024-02-01").await.unwrap();
    assert_eq!(archived(&client).await, ["2024-01"]);
    assert_eq!(number(&client, "select seq from points.checkpoint").await, 2);
    assert_laws(&client).await;
    // It takes rows again, and goes again.
    one(&client, Request::adjust("ann", 1, "a"), Some(january + TimeDelta::days(32))).await;
    one(&client, Request::spend("ann", 1, "b"), Some(january + TimeDelta::days(32))).await;
    operator.batch_execute("select api.set_archive(12, 'sooner')").await.unwrap();
    run(&client, instant("2025-03-01T00:00:00Z")).await;
    assert_eq!(archived(&client).await, ["2024-01", "2024-02"]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn books_that_are_wrong_are_not_archived() {
    let database = Database::new().await;
    let client = database.client().await;
    archiving(&client).await;
    let january = instant(JANUARY);
    // The clock of this server goes back over the end of a month.
    for (key, at) in [("a", january + TimeDelta::days(31)), ("b", january)] {
        one(&client, Request::adjust("zoe", 3, key), Some(at)).await;
        one(&client, Request::spend("zoe", 3, &format!("{key}-")), Some(at)).await;
    }
    let now = instant("2025-03-01T00:00:00Z");
    assert_eq!(step(&client, now).await.done, 1);
    let failure = step(&client, now).await.failure.unwrap();
    assert!(failure.contains("do not lead from its checkpoint") && failure.contains("LP901"), "{failure}");
    assert_eq!(
        (archived(&client).await.len(), number(&client, "select count(*) from points.checkpoint").await),
        (0, 0)
    );
    assert_laws(&client).await;
}

#[tokio::test]
async fn rows_that_have_no_partition_hold_back_what_comes_after_them() {
    let database = Database::new().await;
    let client = database.client().await;
    archiving(&client).await;
    let december = instant("2023-12-31T23:59:59Z");
    one(&client, Request::adjust("zoe", 3, "a"), Some(december)).await;
    one(&client, Request::spend("zoe", 3, "b"), Some(december)).await;
    let now = instant("2025-03-01T00:00:00Z");
    let failure = step(&client, now).await.failure.unwrap();
    assert!(failure.contains("points.entry_default has entries of before 2024-01"), "{failure}");
    client.batch_execute("select api.create_partitions('2023-12-02')").await.unwrap();
    run(&client, now).await;
    assert_eq!(archived(&client).await, ["2023-12", "2024-01", "2024-02"]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn the_setting_is_a_year_at_least_and_set_once_under_a_key() {
    let database = Database::new().await;
    let operator = database.client_as("jifen_operator").await;
    for months in [11, 0, -1, 1201] {
        let refused = operator.execute("select api.set_archive($1, 'a')", &[&months]).await;
        assert_eq!(sqlstate(refused), "LP001", "{months}");
    }
    let set = "select replayed, archive_after_months from api.set_archive(24, 'a')";
    for replayed in [false, true] {
        let row = operator.query_one(set, &[]).await.unwrap();
        assert_eq!((row.get::<_, bool>(0), row.get::<_, i32>(1)), (replayed, 24));
    }
    assert_eq!(sqlstate(operator.execute("select api.set_archive(25, 'a')", &[]).await), "LP004");
    let row = operator.query_one("select archive_after_months from api.set_archive(null, 'b')", &[]).await.unwrap();
    assert_eq!(row.get::<_, Option<i32>>(0), None);
    let stranger = operator.execute("select api.set_archive(24, 'c', 'nobody')", &[]).await;
    assert_eq!(sqlstate(stranger), "LP003");
}

/// What is locked is what was opened.
#[tokio::test]
async fn awards_and_debits_open_nothing_of_the_archive_and_old_reversals_do() {
    let database = Database::new().await;
    let client = database.client().await;
    archiving(&client).await;
    long_ago(&client).await;
    run(&client, instant("2025-06-01T00:00:00Z")).await;
    let now = Some(instant("2026-01-10T12:00:00Z"));
    let opened = "select count(*) from pg_locks k where k.pid = pg_backend_pid() and k.relation in (
        select 'points.entry_archive'::regclass union all select 'points.lot_use_archive'::regclass
        union all select inhrelid from pg_inherits
        where inhparent in ('points.entry_archive'::regclass, 'points.lot_use_archive'::regclass))";
    one(&client, Request::earn("kim", "ORDER", "a").amount("50"), now).await;
    one(&client, Request::spend("kim", 5, "b"), now).await;
    for (request, expected) in [
        (Request::earn("ann", "ORDER", "x1").amount("50"), false),
        (Request::spend("ann", 5, "x2"), false),
        (Request::hold("ann", 5, "x3"), false),
        (Request::undo(Kind::Release, "ann", "x3", "x4"), false),
        (Request::undo(Kind::Reverse, "kim", "b", "x5"), false),
        (Request::undo(Kind::Reverse, "ann", "spend", "x6"), true),
    ] {
        client.batch_execute("begin").await.unwrap();
        let outcome = one(&client, request.clone(), now).await;
        let found = number(&client, opened).await;
        client.batch_execute("commit").await.unwrap();
        assert_eq!((outcome.refusal, found > 0), (None, expected), "{request:?}: {found}");
    }
}

/// An archive whose rows are not there, as after restoring a backup without them: nothing is made up.
#[tokio::test]
async fn what_reads_rows_that_are_not_there_fails_and_changes_nothing() {
    let database = Database::new().await;
    let client = database.client().await;
    archiving(&client).await;
    long_ago(&client).await;
    run(&client, instant("2025-06-01T00:00:00Z")).await;
    client
        .batch_execute(
            "alter table points.lot_use_2024_01 disable trigger all; delete from points.lot_use_2024_01;
             alter table points.lot_use_2024_01 enable trigger all",
        )
        .await
        .unwrap();
    let before = seen(&client).await;
    // What was spent goes back to its lots, and what has expired is reinstated before it is clawed back.
    for key in ["spend", "brief"] {
        let reverse = "select api.reverse_operation('ann', $1, 'again')";
        assert_eq!(sqlstate(client.execute(reverse, &[&operation_id(1, key)]).await), "LP904", "{key}");
    }
    let unmerge = client.execute("select api.unmerge_accounts('old', 'again', 'ticket', 'tester')", &[]).await;
    assert_eq!(sqlstate(unmerge), "LP904");
    assert_eq!(seen(&client).await, before);
    client.batch_execute("select api.set_archive(null, 'no more')").await.unwrap();
    for month in ["2024-05-01", "2024-04-01", "2024-03-01", "2024-02-01"] {
        restore(&client, month).await.unwrap();
    }
    assert_eq!(sqlstate(restore(&client, "2024-01-01").await), "LP904");
}

#[tokio::test]
async fn whoever_reads_for_long_puts_the_move_off_and_changes_nothing() {
    let database = Database::new().await;
    let (client, other) = (database.client().await, database.client().await);
    archiving(&client).await;
    let january = instant(JANUARY);
    one(&client, Request::adjust("zoe", 3, "a"), Some(january)).await;
    one(&client, Request::spend("zoe", 3, "b"), Some(january)).await;
    let now = instant("2025-02-01T00:00:00Z");
    assert_eq!(step(&client, now).await.done, 1);
    other.batch_execute("begin; select from points.lot_use limit 1").await.unwrap();
    let busy = step(&client, now).await;
    assert!(busy.failure.unwrap().contains("the ledger is busy"));
    assert_eq!((busy.done, busy.due), (0, true), "it is tried again");
    assert_eq!(
        (archived(&client).await.len(), number(&client, "select count(*) from points.checkpoint").await),
        (0, 0)
    );
    other.batch_execute("rollback").await.unwrap();
    assert_eq!(step(&client, now).await.done, 1);
    assert_laws(&client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn members_notice_nothing_while_months_come_and_go() {
    let database = Database::new().await;
    let client = database.client().await;
    archiving(&client).await;
    let january = instant(JANUARY);
    const OLD: i64 = 20;
    for month in 0..4 {
        let at = Some(january + TimeDelta::days(31 * month));
        for number in 0..OLD {
            one(&client, Request::adjust("ann", 7, &format!("a{month}-{number}")), at).await;
            one(&client, Request::spend("ann", 7, &format!("s{month}-{number}")), at).await;
        }
    }
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let stop = stop.clone();
            let url = database.url();
            tokio::spawn(async move {
                let client = jifen::database::connect(&jifen::database::parse_url(&url).unwrap()).await.unwrap();
                let mut done = 0;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) || done < 10 {
                    let user = format!("writer{writer}");
                    for request in [
                        Request::adjust(&user, 5, &format!("a{done}")),
                        Request::hold(&user, 5, &format!("h{done}")),
                        Request::undo(Kind::Capture, &user, &format!("h{done}"), &format!("c{done}")),
                        Request::undo(Kind::Reverse, &user, &format!("c{done}"), &format!("r{done}")),
                        Request::spend(&user, 5, &format!("s{done}")),
                    ] {
                        assert_eq!(one(&client, request, None).await.refusal, None);
                    }
                    // What was spent long ago, archived by now or not.
                    if done < OLD {
                        let key = format!("s{writer}-{done}");
                        let reversed =
                            one(&client, Request::undo(Kind::Reverse, "ann", &key, &format!("r{key}")), None).await;
                        assert_eq!((reversed.refusal, reversed.points), (None, Some(7)));
                        let spent = one(&client, Request::spend("ann", 7, &format!("again{key}")), None).await;
                        assert_eq!(spent.refusal, None);
                    }
                    done += 1;
                }
                done
            })
        })
        .collect();
    // Until all four months have moved: one whose lots were just given back waits until they are spent.
    let archive = async |until: usize| {
        while archived(&client).await.len() < until {
            step(&client, Utc::now()).await;
        }
    };
    archive(4).await;
    client.batch_execute("select api.set_archive(null, 'no more')").await.unwrap();
    for month in ["2024-04-01", "2024-03-01"] {
        while archived(&client).await.last().is_some_and(|last| month.starts_with(last)) {
            let restored = restore(&client, month).await;
            assert!(restored.is_ok() || sqlstate(restored) == "55P03");
        }
    }
    client.batch_execute("select api.set_archive(12, 'again')").await.unwrap();
    archive(4).await;
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for writer in writers {
        assert!(writer.await.unwrap() >= 10);
    }
    assert_laws(&client).await;
}

/// Flows, and what was outstanding on each day of that spring, in words.
async fn outstanding(client: &Client) -> Vec<String> {
    let mut words = Vec::new();
    for day in 0..45 {
        let at = instant(JANUARY) + TimeDelta::days(day) + TimeDelta::hours(1);
        let sql = "select p::text, p.points + p.held from points.liability_parts($1, 'points') p";
        let rows = client.query(sql, &[&at]).await.unwrap();
        let sum: i64 = rows.iter().map(|row| row.get::<_, i64>(1)).sum();
        // until the first points expire, and once that is booked, it is what the entries say
        if day <= 20 || day >= 40 {
            let sql = "select coalesce(sum(e.pending_after + e.available_after + e.held_after), 0)::bigint from (
                select distinct on (bucket, account_id) * from api.entry where recorded_at <= $1 order by bucket, account_id, seq desc) e";
            assert_eq!(sum, client.query_one(sql, &[&at]).await.unwrap().get::<_, i64>(0), "day {day}");
        }
        words.extend(rows.iter().map(|row| format!("{day} {}", row.get::<_, &str>(0))));
    }
    let flows = client.query("select f::text from api.hourly_flow f order by 1", &[]).await.unwrap();
    words.extend(flows.iter().map(|row| row.get::<_, String>(0)));
    words
}

#[tokio::test]
async fn flows_and_what_was_outstanding_are_the_same_once_months_are_archived() {
    let database = Database::new().await;
    let client = database.client().await;
    archiving(&client).await;
    long_ago(&client).await;
    client
        .batch_execute(
            "select points.count_entries('-infinity', '2024-12-31Z');
             update points.flow_count set counted_until = '2024-12-31Z'",
        )
        .await
        .unwrap();
    let before = outstanding(&client).await;
    assert!(before.len() > 50, "{before:?}");
    assert_eq!(run(&client, instant("2025-06-01T00:00:00Z")).await, 10);
    assert_eq!(outstanding(&client).await, before);
    client.batch_execute("select api.recount_flows()").await.unwrap();
    assert_eq!(outstanding(&client).await, before);
}
