//! Hourly flows: each entry is counted once, whoever books meanwhile, and however late it is committed.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tokio_postgres::Client;

use super::{make_rule, number, one, sqlstate};
use crate::common::{Database, Kind, MANY, Request, check_histories, execute, instant};

/// One step; whether it counted up to its mark.
async fn step(client: &Client, now: Option<DateTime<Utc>>) -> i32 {
    let row = client.query_one("select done, failure from points.count_flows_step(20000, $1)", &[&now]).await.unwrap();
    assert_eq!(row.get::<_, Option<String>>("failure"), None);
    row.get("done")
}

/// Steps, each a transaction, until everything up to an instant is counted.
async fn count(client: &Client, until: DateTime<Utc>) {
    for _ in 0..100_000 {
        let counted: Option<DateTime<Utc>> =
            client.query_one("select counted_until from points.flow_count", &[]).await.unwrap().get(0);
        if counted.is_some_and(|counted| counted >= until) {
            return;
        }
        step(client, Some(until)).await;
    }
    panic!("never counted");
}

/// What flows say and what entries say, up to where they are counted, by hour, wallet and kind.
const DIFFERENCE: &str = "
    select count(*) from (
        select f.hour, f.wallet, f.kind, sum(f.points) as points, sum(f.entries) as entries
        from points.hourly_flow f group by 1, 2, 3
    ) f
    full join (
        select date_trunc('hour', e.recorded_at, p.time_zone) as hour, a.wallet, e.kind,
            sum(e.pending_delta + e.available_delta + e.held_delta - e.debt_delta) as points, count(*) as entries
        from points.entry_history e
        join points.account a on (a.bucket, a.id) = (e.bucket, e.account_id)
        cross join points.program p
        where e.recorded_at <= (select counted_until from points.flow_count)
        group by 1, 2, 3
    ) e using (hour, wallet, kind)
    where f.points is distinct from e.points
        -- one of several rules counts for each
        or case when kind in ('expire', 'reinstate') then f.entries < e.entries or e.entries is null
            else f.entries is distinct from e.entries end";

async fn assert_exact(client: &Client) {
    assert_eq!(number(client, DIFFERENCE).await, 0);
}

/// The same of what was booked in the years that the test plays in; what the demonstration booked is not counted there.
async fn difference_since_2029(client: &Client) -> i64 {
    let since = "where e.recorded_at > '2029-12-31Z' and e.recorded_at <=";
    number(client, &DIFFERENCE.replace("where e.recorded_at <=", since)).await
}

/// Steps by the clock until all that is booked by now is counted. Transactions in other databases hold it up, too.
async fn count_all(client: &Client) {
    let now: DateTime<Utc> = client.query_one("select clock_timestamp()", &[]).await.unwrap().get(0);
    for _ in 0..2000 {
        step(client, None).await;
        let counted = client.query_one("select counted_until from points.flow_count", &[]).await.unwrap();
        if counted.get::<_, Option<DateTime<Utc>>>(0).is_some_and(|counted| counted > now) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("never counted");
}

async fn flow(client: &Client, kind: &str, rule: &str) -> i64 {
    let sql = "select coalesce(sum(points), 0)::bigint from points.hourly_flow where kind::text = $1 and rule = $2";
    client.query_one(sql, &[&kind, &rule]).await.unwrap().get(0)
}

#[tokio::test]
async fn what_is_booked_is_counted_by_hour_kind_and_rule() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("update points.flow_count set counted_until = '2030-03-06Z'").await.unwrap();
    make_rule(&client, "GIVE", "basis, rounding, pending_days, valid_days", "'given', 'down', 0, 1").await;
    let now = instant("2030-03-06T12:20:00Z");
    one(&client, Request::earn("ann", "GIVE", "a").points(100), Some(now)).await;
    one(&client, Request::earn("ann", "SIGN_IN", "s"), Some(now)).await;
    one(&client, Request::earn("bea", "GIVE", "a").points(50), Some(now + TimeDelta::minutes(45))).await;
    one(&client, Request::spend("ann", 30, "b"), Some(now)).await;
    one(&client, Request::adjust("ann", 7, "c"), Some(now)).await;
    one(&client, Request::undo(Kind::Reverse, "bea", "a", "d"), Some(now + TimeDelta::minutes(50))).await;
    // what is left of the day's points expires
    one(&client, Request::adjust("ann", 1, "e"), Some(now + TimeDelta::days(2))).await;
    count(&client, now + TimeDelta::days(3)).await;
    assert_eq!(difference_since_2029(&client).await, 0);
    for (kind, rule, points) in [
        ("earn", "GIVE", 150),
        ("earn", "SIGN_IN", 5),
        ("spend", "", -30),
        ("adjust", "", 8),
        ("clawback", "GIVE", -50),
        ("expire", "GIVE", -70),
    ] {
        assert_eq!(flow(&client, kind, rule).await, points, "{kind} {rule}");
    }
    let sql = "select starts_at, issued, used, net, whole, rule from api.flows('2030-03-06 12:00Z', '2030-03-06 14:00Z', 'hour')
        where total or rule = 'GIVE'";
    let rows = client.query(sql, &[]).await.unwrap();
    let seen: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row.get::<_, DateTime<Utc>>(0).format("%H").to_string(),
                row.get::<_, i64>(1),
                row.get::<_, i64>(2),
                row.get::<_, i64>(3),
            )
        })
        .collect();
    let hour = |hour: &str, issued, used, net| (hour.to_owned(), issued, used, net);
    assert_eq!(seen, [hour("12", 105, 30, 82), hour("12", 100, 0, 100), hour("13", 50, 0, 0), hour("13", 50, 0, 0)]);
    let month = "select net from api.flows('2030-03-06', '2030-03-07', 'month') where total";
    assert_eq!(number(&client, month).await, 13);
    // counted anew they are the same
    client.batch_execute("select api.recount_flows()").await.unwrap();
    assert_exact(&client).await;
    for arguments in [
        "now(), now(), 'hour'",
        "'2030-01-01', '2040-01-01', 'hour'",
        "now(), now() + interval '1 d', 'year'",
        "null, now(), 'day'",
    ] {
        assert_eq!(sqlstate(client.batch_execute(&format!("select api.flows({arguments})")).await), "LP001");
    }
}

/// After a quiet night an hour is one slice, and what came in since may be more than a step can count in its time.
#[tokio::test]
async fn a_step_that_is_too_large_is_followed_by_smaller_ones() {
    let database = Database::new().await;
    let client = database.client().await;
    let (from, until) = (instant("2030-03-06T12:00:00Z"), instant("2030-03-06T13:00:00Z"));
    client
        .batch_execute(
            "update points.flow_count set counted_until = '2030-03-06 12:00Z', slice = '1 hour';
            create function pg_temp.refuse() returns trigger language plpgsql as $$ begin
                raise exception 'too much'; end $$;
            create trigger too_much before insert on points.hourly_flow for each row
                when (new.entries > 5) execute function pg_temp.refuse()",
        )
        .await
        .unwrap();
    for minute in 1..=12 {
        let request = Request::earn(&format!("member-{minute}"), "SIGN_IN", "s");
        one(&client, request, Some(from + TimeDelta::minutes(minute))).await;
    }
    let (mut failed, mut steps) = (0, 0);
    while number(&client, "select count(*) from points.flow_count where counted_until < '2030-03-06 13:00Z'").await > 0
    {
        let sql = "select broke, failure from points.step_job('count_flows', $1)";
        let row = client.query_one(sql, &[&until]).await.unwrap();
        if row.get("broke") {
            assert!(row.get::<_, &str>("failure").contains("too much"));
            failed += 1;
        }
        steps += 1;
        assert!(steps < 2000, "flows do not go on");
        // transactions in other databases hold it up, too
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    // 12 of the hour, of its half, its quarter, 7 of its eighth
    assert!(failed >= 4, "{failed}");
    assert_eq!(flow(&client, "earn", "SIGN_IN").await, 12 * 5);
    assert_eq!(difference_since_2029(&client).await, 0);
}

/// However many entries an account has in a slice: what each was asked by is not read again for the others.
#[tokio::test]
async fn counting_entries_reads_no_operation_twice() {
    let database = Database::new().await;
    let client = database.client().await;
    let now = instant("2030-03-06T12:20:00Z");
    let requests: Vec<_> =
        (0..300).map(|number| Request::earn("ann", "ORDER", &number.to_string()).amount("9")).collect();
    for outcome in execute(&client, &requests, Some(now)).await {
        assert_eq!(outcome.refusal, None);
    }
    one(&client, Request::undo(Kind::Reverse, "ann", "7", "r"), Some(now + TimeDelta::minutes(1))).await;
    // of another session, whose statistics are of this alone
    let client = database.client().await;
    client.batch_execute("begin").await.unwrap();
    let count = "select points.count_entries('2030-03-06 12:00Z', '2030-03-06 13:00Z')";
    assert_eq!(number(&client, count).await, 301);
    let read =
        "select idx_tup_fetch from pg_stat_xact_user_tables where schemaname = 'points' and relname = 'operation'";
    // on pages with those that it looks for, and that which was undone by itself
    let operations = number(&client, "select count(*) from points.operation").await;
    let read = number(&client, read).await;
    assert!((301 + 1..=operations + 1).contains(&read), "{read} of {operations}");
}

#[tokio::test]
async fn hours_days_and_months_are_those_of_the_program() {
    let database = Database::new().await;
    let client = database.client().await;
    client
        .batch_execute(
            "update points.program set time_zone = 'Asia/Kolkata';
             update points.flow_count set counted_until = '2030-03-06Z'",
        )
        .await
        .unwrap();
    // half an hour apart, on two local days
    for (key, at) in [("a", "2030-03-06T18:29:59Z"), ("b", "2030-03-06T18:30:00Z")] {
        one(&client, Request::adjust("ann", 5, key), Some(instant(at))).await;
    }
    count(&client, instant("2030-03-07T00:00:00Z")).await;
    assert_eq!(number(&client, "select count(*) from points.hourly_flow").await, 2);
    let days =
        "select count(*) from api.flows('2030-03-06 12:00Z', '2030-03-06 20:00Z', 'day') where total and adjusted = 5";
    assert_eq!(number(&client, days).await, 2);
}

/// Hours of points booked every ten minutes over a change of the clock, and the days that it makes longer or shorter.
#[tokio::test]
async fn nothing_is_lost_or_doubled_where_clocks_change() {
    for (zone, from, hours, day_hours) in [
        ("Europe/Berlin", "2030-03-30T22:00:00Z", 9, 23),
        ("Europe/Berlin", "2030-10-26T21:00:00Z", 9, 25),
        ("America/New_York", "2030-11-03T03:00:00Z", 9, 25),
        // by half an hour
        ("Australia/Lord_Howe", "2030-04-06T12:00:00Z", 9, 24),
        ("Australia/Lord_Howe", "2030-10-05T12:00:00Z", 9, 23),
        ("Asia/Kathmandu", "2030-03-06T18:00:00Z", 9, 24),
    ] {
        let database = Database::new().await;
        let client = database.client().await;
        let set = "update points.program set time_zone = $1";
        client.execute(set, &[&zone]).await.unwrap();
        let from = instant(from);
        let set = "update points.flow_count set counted_until = $1::timestamptz - interval '1 second'";
        client.execute(set, &[&from]).await.unwrap();
        let until = from + TimeDelta::hours(hours);
        let mut at = from;
        let mut booked = 0;
        while at < until {
            one(&client, Request::adjust("ann", 1, &booked.to_string()), Some(at)).await;
            at += TimeDelta::minutes(10);
            booked += 1;
        }
        count(&client, until).await;
        assert_eq!(difference_since_2029(&client).await, 0, "{zone}");
        for unit in ["hour", "day", "month"] {
            let sql = "select coalesce(sum(adjusted), 0)::bigint, count(distinct starts_at), count(*),
                    max(extract(epoch from ends_at - starts_at))::bigint, min(extract(epoch from ends_at - starts_at))::bigint
                from api.flows($1, $2, $3, p_limit => 100) where total";
            let row = client.query_one(sql, &[&from, &until, &unit]).await.unwrap();
            assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (booked, row.get(2)), "{zone} by {unit}");
            let (longest, shortest) = (row.get::<_, i64>(3) / 3600, row.get::<_, i64>(4) / 3600);
            match unit {
                "hour" => assert_eq!((longest, shortest), (1, 1), "{zone}"),
                "day" if day_hours > 24 => assert_eq!(longest, day_hours, "{zone}"),
                "day" if day_hours < 24 => assert_eq!(shortest, day_hours, "{zone}"),
                _ => {}
            }
        }
        // no local hour takes more than six, but where a repeated half hour makes one longer
        let most = number(&client, "select max(entries) from points.hourly_flow").await;
        assert!(most == 6 || zone == "Australia/Lord_Howe" && most <= 9, "{zone}: {most}");
    }
}

#[tokio::test]
async fn what_is_booked_after_the_clock_was_set_back_is_counted_once() {
    let database = Database::new().await;
    let client = database.client().await;
    client.batch_execute("update points.flow_count set counted_until = '2030-03-05Z'").await.unwrap();
    let noon = instant("2030-03-06T12:20:00Z");
    one(&client, Request::adjust("ann", 5, "a"), Some(noon - TimeDelta::hours(9))).await;
    one(&client, Request::adjust("ann", 6, "b"), Some(noon - TimeDelta::minutes(1))).await;
    count(&client, noon).await;
    // three hours, and then one until the next step
    let back = noon - TimeDelta::hours(3);
    one(&client, Request::adjust("bea", 7, "c"), Some(back)).await;
    let now = Some(back + TimeDelta::minutes(50));
    let sql = "select failure from points.count_flows_step(20000, $1)";
    let failure: Option<String> = client.query_one(sql, &[&now]).await.unwrap().get(0);
    assert!(failure.unwrap().starts_with("the clock was set back from 2030-03-06T12:20:00"));
    let check = "select points.check_totals_step(10, null)";
    // whatever is counted by then, and again after the clock has caught up
    for until in [back + TimeDelta::minutes(51), noon, noon + TimeDelta::hours(1)] {
        count(&client, until).await;
        assert_eq!(difference_since_2029(&client).await, 0, "at {until}");
        client.batch_execute(check).await.unwrap();
    }
    assert_eq!(flow(&client, "adjust", "").await, 18);
}

#[tokio::test]
async fn what_is_committed_late_is_waited_for_and_counted_once() {
    let database = Database::new().await;
    let client = database.client().await;
    let late = database.client().await;
    count_all(&client).await;
    late.batch_execute("begin; select api.adjust_points('ann', 5, 'late', 'r', 'a')").await.unwrap();
    client.batch_execute("select api.adjust_points('bea', 7, 'soon', 'r', 'a')").await.unwrap();
    let soon: DateTime<Utc> = client.query_one("select clock_timestamp()", &[]).await.unwrap().get(0);
    let counted = "select counted_until from points.flow_count";
    for _ in 0..5 {
        step(&client, None).await;
    }
    let until: DateTime<Utc> = client.query_one(counted, &[]).await.unwrap().get(0);
    assert!(until < soon, "nothing booked since the open transaction began is counted");
    assert_exact(&client).await;
    late.batch_execute("commit").await.unwrap();
    count_all(&client).await;
    assert_exact(&client).await;
    assert_eq!(flow(&client, "adjust", "").await, 12);
    // a mark that another server made, from which this database was restored
    client.batch_execute("update points.flow_count set mark_by = '999999999999', mark_xid = null").await.unwrap();
    count_all(&client).await;
    client.batch_execute("update points.flow_count set mark_by = '5', mark_xid = '999999999999'").await.unwrap();
    count_all(&client).await;
    // several steps in one transaction see no more than one
    client.batch_execute("select api.adjust_points('bea', 9, 'more', 'r', 'a')").await.unwrap();
    client.batch_execute("select api.run_job('count_flows', 5); select api.run_job('count_flows', 5)").await.unwrap();
    assert_exact(&client).await;
}

#[tokio::test]
async fn while_many_book_each_entry_is_counted_once() {
    let database = Database::new().await;
    let client = database.client().await;
    let writers = (0..4).map(|writer| {
        let database = database.client();
        async move {
            let client = database.await;
            for round in 0..30 {
                let requests: Vec<_> =
                    (0..8).map(|n| Request::adjust(&format!("m{writer}-{n}"), 5, &format!("{round}"))).collect();
                if round % 3 == 0 {
                    client.batch_execute("begin").await.unwrap();
                }
                execute(&client, &requests, None).await;
                if round % 3 == 2 {
                    client.batch_execute("commit").await.unwrap();
                }
            }
        }
    });
    let counting = async {
        for _ in 0..40 {
            step(&client, None).await;
            assert_exact(&client).await;
        }
    };
    tokio::join!(futures_util::future::join_all(writers), counting);
    count_all(&client).await;
    assert_exact(&client).await;
    assert_eq!(flow(&client, "adjust", "").await, 4 * 30 * 8 * 5);
    client.batch_execute("select points.check_totals_step(10, null)").await.unwrap();
    assert_eq!(number(&client, "select count(*) from points.total_check where expected <> actual").await, 0);
}

/// What members do, as numbers; days between.
type History = Vec<(u8, u8, i64, u8)>;

/// Plays a history; what all had after each, by the sums of the last entries.
async fn play(client: &Client, history: &History) -> (Vec<(DateTime<Utc>, i64, i64)>, Vec<String>) {
    let mut now = instant("2030-01-03T10:00:00Z");
    let (mut had, mut events) = (Vec::new(), Vec::new());
    let mut keys: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (number, (user, what, points, hours)) in history.iter().enumerate() {
        now += TimeDelta::hours(i64::from(*hours) * 7) + TimeDelta::seconds(1);
        let what = what % 8;
        let (user, key) = (format!("u{user}"), format!("{}{number}", if what == 4 { 'h' } else { 'k' }));
        let earlier = keys.entry(user.clone()).or_default();
        let releases = what == 6 && points % 2 == 0;
        // what is captured or released was held
        let fit: Vec<&String> = earlier.iter().filter(|key| key.starts_with('h') == (what == 5 || releases)).collect();
        let original =
            fit.get(usize::try_from(*points).unwrap() % fit.len().max(1)).map_or(String::new(), |key| (*key).clone());
        let request = match what {
            0 | 1 => Request::earn(&user, "GIVE", &key).points(*points),
            2 => Request::earn(&user, "LATE", &key).points(*points),
            3 => Request::spend(&user, *points / 2 + 1, &key),
            4 => Request::hold(&user, *points / 3 + 1, &key),
            5 => Request::undo(Kind::Capture, &user, &original, &key),
            6 => Request::undo(if releases { Kind::Release } else { Kind::Reverse }, &user, &original, &key),
            _ => {
                Request::extend_before(&user, "2032-01-01T00:00:00.000000Z", &key).expires_at(now + TimeDelta::days(40))
            }
        };
        let outcome = one(client, request, Some(now)).await;
        if outcome.refusal.is_none() {
            earlier.push(key);
            events.push(
                ["earn", "earn", "late", "spend", "hold", "capture", "undo", "extend"][usize::from(what)].to_owned(),
            );
        }
        // books what is due on all accounts, so that balances are true as they are booked
        let settle =
            "select points.settle_swept(b.bucket, array_agg(b.account_id), $1) from points.balance b group by b.bucket";
        client.query(settle, &[&now]).await.unwrap();
        let sql = "select coalesce(sum(pending + available + held), 0)::bigint, coalesce(sum(debt), 0)::bigint from points.balance
            where (bucket, account_id) in (select bucket, id from points.account where user_id like 'u_')";
        let row = client.query_one(sql, &[]).await.unwrap();
        had.push((now, row.get(0), row.get(1)));
    }
    (had, events)
}

fn histories() -> impl Strategy<Value = History> {
    // Of two members, or too seldom one has something held that can be captured.
    proptest::collection::vec((0..2_u8, 0..8_u8, 1..60_i64, 0..60_u8), 5..20)
}

/// Flows equal the entries, and what is outstanding at any date equals the balances of then, in the archive too.
#[test]
fn random_histories_are_counted_and_liability_at_any_date_is_what_balances_were() {
    check(3);
}

/// As many histories as JIFEN_HISTORIES says.
#[test]
#[ignore = "long"]
fn random_histories_are_counted_at_length() {
    check(MANY);
}

fn check(cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let database = runtime.block_on(Database::new());
    let client = runtime.block_on(database.client());
    runtime.block_on(async {
        client.batch_execute("update points.flow_count set counted_until = '2029-12-31Z'").await.unwrap();
        make_rule(&client, "GIVE", "basis, rounding, pending_days, valid_days", "'given', 'down', 0, 20").await;
        make_rule(&client, "LATE", "basis, rounding, pending_days, valid_days", "'given', 'down', 3, 20").await;
    });
    let events = ["earn", "late", "spend", "hold", "capture", "undo", "extend"];
    check_histories(cases, &histories(), &events, |_, history| {
        runtime.block_on(async {
            // a history that failed, and is made small, has left its transaction
            client.batch_execute("rollback; begin").await.unwrap();
            let (had, events) = play(&client, &history).await;
            for (at, points, debt) in &had {
                // what the demonstration granted had expired by then
                let sql = "select coalesce(sum(points + held), 0)::bigint, points.debt_at($1, 'points')
                    from points.liability_parts($1, 'points')";
                let row = client.query_one(sql, &[at]).await.unwrap();
                prop_assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (*points, *debt), "at {}", at);
            }
            let last = had.last().map_or(instant("2030-01-03T10:00:00Z"), |(at, ..)| *at);
            client.execute("select points.count_entries('2029-12-31Z', $1)", &[&last]).await.unwrap();
            client.execute("update points.flow_count set counted_until = $1", &[&last]).await.unwrap();
            let wrong = difference_since_2029(&client).await;
            prop_assert_eq!(wrong, 0);
            // what became of the points of each month is all that was granted in it
            let sql = "select coalesce(sum(c.granted), 0)::bigint,
                    count(*) filter (where c.granted <> c.used + c.clawed_back + c.expired + c.other + c.outstanding)
                from api.breakage('2030-01-01', '2032-12-01') b cross join unnest(b.cohorts) c";
            let row = client.query_one(sql, &[]).await.unwrap();
            let granted = "select coalesce(sum(points), 0)::bigint from points.hourly_flow where kind = 'earn'";
            prop_assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (number(&client, granted).await, 0));
            client.batch_execute("rollback").await.unwrap();
            Ok(events)
        })
    });
}
