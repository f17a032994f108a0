//! Points that expire after a time without activity.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tokio_postgres::Client;

use super::{
    assert_laws, make_rule,
    merge::{lots, merge, run, unmerge},
    number, one,
    rewards::redeem,
    sqlstate,
    transfers::{accept, give, offer, reverse, transfer},
};
use crate::common::{Database, Kind, Request, bucket, execute, instant, operation_id};

/// Days of May 2024 at noon, UTC.
fn may(day: i64) -> Option<DateTime<Utc>> {
    Some(instant("2024-04-30T12:00:00Z") + TimeDelta::days(day))
}

/// IDLE gives as many points as asked for, which live 10 days without activity; FIXED some that live 30 days.
async fn prepare() -> (Database, Client) {
    let database = Database::new().await;
    let client = database.client().await;
    make_rule(&client, "IDLE", "basis, rounding, pending_days, valid_days, idle", "'given', 'down', 0, 10, true").await;
    make_rule(&client, "FIXED", "basis, rounding, pending_days, valid_days", "'given', 'down', 0, 30").await;
    (database, client)
}

async fn earn(client: &Client, user: &str, points: i64, key: &str, now: Option<DateTime<Utc>>) {
    assert_eq!(one(client, Request::earn(user, "IDLE", key).points(points), now).await.refusal, None);
}

/// Something that members do: a sign-in, for 5 points which do not matter here.
async fn act(client: &Client, user: &str, now: Option<DateTime<Utc>>) {
    let key = now.unwrap().to_rfc3339();
    assert_eq!(one(client, Request::earn(user, "SIGN_IN", &key), now).await.refusal, None);
}

/// Points left of idle lots, and the instant at which they expire.
async fn idle(client: &Client, user: &str) -> Vec<String> {
    let sql = "select format('%s until %s', l.remaining, to_char(l.expires_at at time zone 'UTC', 'MM-DD HH24:MI'))
        from points.lot l join points.account a on a.bucket = l.bucket and a.id = l.account_id
        where a.user_id = $1 and l.idle is not null order by l.expires_at, l.seq, l.no";
    client.query(sql, &[&user]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Points that have expired, at an instant, booked or not.
async fn expired(client: &Client, user: &str, now: Option<DateTime<Utc>>) -> i64 {
    let sql = "select (b.expired + d.expired)::bigint from points.account a
        join points.balance b on b.bucket = a.bucket and b.account_id = a.id
        cross join points.due(a.bucket, a.id, $2) d where a.user_id = $1";
    client.query_one(sql, &[&user, &now]).await.unwrap().get(0)
}

#[tokio::test]
async fn the_time_is_counted_to_the_end_of_a_local_day() {
    let database = Database::new().await;
    let client = database.client().await;
    let cases = [
        ("12 months", "2024-02-29T12:00:00Z", "UTC", "2025-03-01T00:00:00Z"),
        ("12 months", "2023-02-28T12:00:00Z", "UTC", "2024-02-29T00:00:00Z"),
        ("1 month", "2024-01-31T23:59:59.999999Z", "UTC", "2024-03-01T00:00:00Z"),
        ("1 month", "2024-01-30T00:00:00Z", "UTC", "2024-03-01T00:00:00Z"),
        ("1 month", "2024-01-28T00:00:00Z", "UTC", "2024-02-29T00:00:00Z"),
        ("1 month 3 days", "2024-01-31T12:00:00Z", "UTC", "2024-03-04T00:00:00Z"),
        ("1 month", "2024-12-31T12:00:00Z", "UTC", "2025-02-01T00:00:00Z"),
        // the last microsecond of a day in Berlin and the first of the next, before a day of 23 hours
        ("1 day", "2024-03-29T22:59:59.999999Z", "Europe/Berlin", "2024-03-30T23:00:00Z"),
        ("1 day", "2024-03-29T23:00:00Z", "Europe/Berlin", "2024-03-31T22:00:00Z"),
        // and one of 25
        ("1 day", "2024-10-26T12:00:00Z", "Europe/Berlin", "2024-10-27T23:00:00Z"),
        ("1 day", "2024-05-01T12:00:00Z", "Asia/Kathmandu", "2024-05-02T18:15:00Z"),
        // midnight does not exist, when clocks go forward there
        ("1 day", "2018-11-02T12:00:00Z", "America/Sao_Paulo", "2018-11-04T03:00:00Z"),
    ];
    for (time, active_at, zone, expected) in cases {
        let sql = "select points.idle_expiry($1::text::interval, $2, $3)";
        let row = client.query_one(sql, &[&time, &instant(active_at), &zone]).await.unwrap();
        assert_eq!(row.get::<_, DateTime<Utc>>(0), instant(expected), "{time} after {active_at} in {zone}");
    }
}

#[tokio::test]
async fn activity_in_time_puts_expiry_off_and_late_activity_does_not() {
    let (_database, client) = prepare().await;
    let deadline = instant("2024-05-12T00:00:00Z");
    for user in ["active", "late", "later"] {
        earn(&client, user, 100, "a", may(1)).await;
        assert_eq!(idle(&client, user).await, ["100 until 05-12 00:00"]);
    }
    // nobody has swept
    act(&client, "active", Some(deadline - TimeDelta::microseconds(1))).await;
    act(&client, "late", Some(deadline)).await;
    act(&client, "later", may(30)).await;
    assert_eq!(idle(&client, "active").await, ["100 until 05-22 00:00"]);
    for user in ["late", "later"] {
        assert_eq!(idle(&client, user).await, [""; 0]);
        assert_eq!(expired(&client, user, may(30)).await, 100);
    }
    assert_eq!(expired(&client, "active", Some(instant("2024-05-21T23:59:59.999999Z"))).await, 0);
    assert_eq!(expired(&client, "active", Some(instant("2024-05-22T00:00:00Z"))).await, 100);
    // the sweeper knows when, and comes for nothing before that
    let next = "select to_char(b.next_change_at at time zone 'UTC', 'MM-DD HH24:MI') from points.balance b
        join points.account a on a.bucket = b.bucket and a.id = b.account_id where a.user_id = 'active'";
    assert_eq!(client.query_one(next, &[]).await.unwrap().get::<_, String>(0), "05-22 00:00");
    let swept = "select done from points.sweep_step(100, $1)";
    assert_eq!(client.query_one(swept, &[&deadline]).await.unwrap().get::<_, i32>(0), 0);
    assert_eq!(client.query_one(swept, &[&instant("2024-05-22T00:00:00Z")]).await.unwrap().get::<_, i32>(0), 1);
    let at = "select count(*) from points.entry e where e.kind = 'expire' and e.occurred_at in ('2024-05-12Z', '2024-05-22Z')";
    assert_eq!(number(&client, at).await, 3);
    assert_laws(&client).await;
}

#[tokio::test]
async fn the_record_counts_and_not_when_it_is_said_to_have_happened() {
    let (_database, client) = prepare().await;
    let years_ago = may(-2000).unwrap();
    let old = Request::earn("zoe", "IDLE", "a").points(100).occurred_at(years_ago);
    one(&client, old, may(1)).await;
    assert_eq!(idle(&client, "zoe").await, ["100 until 05-12 00:00"]);
    one(&client, Request::earn("zoe", "SIGN_IN", "b").occurred_at(years_ago), may(5)).await;
    assert_eq!(idle(&client, "zoe").await, ["100 until 05-16 00:00"]);
    // once a day: the second changes nothing, nor does the third of the batch
    let at = may(5);
    execute(&client, &[Request::spend("zoe", 1, "c"), Request::earn("zoe", "SIGN_IN", "d")], at).await;
    assert_eq!(idle(&client, "zoe").await, ["99 until 05-16 00:00"]);
    assert_eq!(number(&client, "select count(*) from points.activity").await, 2);
    assert_laws(&client).await;
}

/// What is in the batch before has been done before.
#[tokio::test]
async fn a_batch_burns_in_the_order_that_its_activity_makes() {
    let (_database, client) = prepare().await;
    earn(&client, "zoe", 10, "a", may(1)).await;
    one(&client, Request::adjust("zoe", 10, "b").expires_at(may(15).unwrap()), may(1)).await;
    let batch = [Request::earn("zoe", "IDLE", "c").points(7), Request::spend("zoe", 10, "d")];
    execute(&client, &batch, may(8)).await;
    assert_eq!(idle(&client, "zoe").await, ["10 until 05-19 00:00", "7 until 05-19 00:00"]);
    assert_laws(&client).await;
}

/// What activity puts off on one account of a batch is no reason to look at the lots of another.
#[tokio::test]
async fn a_batch_plans_the_accounts_whose_lots_it_puts_off_and_no_other() {
    let (_database, client) = prepare().await;
    // Of one bucket, so that one batch has them all.
    let mut names = (0..).map(|number| format!("n{number}")).filter(|name| bucket(name, "points") == 3);
    let [batched, single, kept] = std::array::from_fn(|_| names.next().unwrap());
    for user in [&batched, &single, &kept] {
        earn(&client, user, 100, &format!("{user} a"), may(1)).await;
    }
    for user in [&batched, &single] {
        one(&client, Request::spend(user, 100, &format!("{user} b")), may(1)).await;
    }
    let sign_in = |user: &str| Request::earn(user, "SIGN_IN", &format!("{user} c"));
    execute(&client, &[sign_in(&batched), sign_in(&kept)], may(5)).await;
    execute(&client, &[sign_in(&single)], may(5)).await;
    let sql = "select to_char(b.next_change_at at time zone 'UTC', 'YYYY-MM-DD') from points.balance b
        join points.account a on a.bucket = b.bucket and a.id = b.account_id where a.user_id = $1";
    for (user, expected) in [(batched, "2024-05-12"), (single, "2024-05-12"), (kept, "2024-05-16")] {
        let next = client.query_one(sql, &[&user]).await.unwrap().get::<_, String>(0);
        assert_eq!(next, expected, "{user}");
    }
    assert_laws(&client).await;
}

/// Kinds that can be activity.
const KINDS: [&str; 14] = [
    "earn",
    "spend",
    "adjust",
    "hold",
    "capture",
    "transfer",
    "redeem",
    "sign_in",
    "make_up",
    "set_time_zone",
    "progress",
    "claim",
    "invite",
    "join",
];

/// Earns, and does something of a kind on the 8th; whether that put expiry off.
async fn puts_off(client: &Client, kind: &str, user: &str) -> bool {
    earn(client, user, 500, "idle", may(1)).await;
    one(client, Request::hold(user, 10, "held"), may(1)).await;
    one(client, Request::progress(user, "PROFILE", 1, "progressed"), may(1)).await;
    one(client, Request::sign_in(user, "day"), may(1)).await;
    let request = match kind {
        "earn" => Request::earn(user, "SIGN_IN", "k"),
        "spend" => Request::spend(user, 1, "k"),
        "adjust" => Request::adjust(user, 1, "k"),
        "hold" => Request::hold(user, 1, "k"),
        "capture" => Request::undo(Kind::Capture, user, "held", "k"),
        "release" => Request::undo(Kind::Release, user, "held", "k"),
        "reverse" => Request::undo(Kind::Reverse, user, "day", "k"),
        "return" => Request::return_order(user, "order", "k"),
        "freeze" => Request::freeze(Kind::Freeze, user, "k"),
        "redeem" => redeem(user, "UMBRELLA", "k"),
        "sign_in" => Request::sign_in(user, "k"),
        "make_up" => Request::make_up(user, "2024-05-05", "k"),
        "set_time_zone" => Request::set_time_zone(user, "Asia/Tokyo", "k"),
        "progress" => Request::progress(user, "REVIEWS", 1, "k"),
        "claim" => Request::claim(user, "PROFILE", "k"),
        "invite" => Request::invite(user, "k"),
        "join" => {
            let code = "select i.code from points.invitation_code i
                join points.account a on a.bucket = i.bucket and a.id = i.account_id where a.user_id = 'host'";
            Request::join(user, client.query_one(code, &[]).await.unwrap().get(0), "k")
        }
        "refused" => Request::spend(user, 9_999, "k"),
        "replayed" => Request::earn(user, "IDLE", "idle").points(500),
        "transfer" => give(user, "friend", 1, "k"),
        "offer" => offer(user, "friend", 1, "k", None),
        _ => unreachable!(),
    };
    let refusal = match request.counterparty {
        Some(_) => transfer(client, request, may(8)).await.refusal,
        None => one(client, request, may(8)).await.refusal,
    };
    assert_eq!(refusal.is_some(), kind == "refused", "{kind}: {refusal:?}");
    let lots = idle(client, user).await;
    assert!(lots.len() == 1 && (lots[0].ends_with("05-12 00:00") || lots[0].ends_with("05-19 00:00")), "{lots:?}");
    lots[0].ends_with("05-19 00:00")
}

#[tokio::test]
async fn each_kind_counts_if_the_program_says_so() {
    let (_database, client) = prepare().await;
    client
        .batch_execute("select api.set_sign_in('SIGN_IN', 's', p_make_up_days => 30, p_make_up_times => 9)")
        .await
        .unwrap();
    one(&client, Request::invite("host", "i"), may(0)).await;
    let never = ["release", "reverse", "return", "freeze", "refused", "replayed"];
    for kind in KINDS.into_iter().chain(never).chain(["offer"]) {
        let expected = ["earn", "sign_in", "claim", "spend", "redeem"].contains(&kind);
        assert_eq!(puts_off(&client, kind, &format!("default {kind}")).await, expected, "{kind} by default");
    }
    client.batch_execute(&format!("select api.set_activity('{{{}}}', 'all')", KINDS.join(","))).await.unwrap();
    for kind in KINDS.into_iter().chain(never) {
        assert_eq!(puts_off(&client, kind, &format!("all {kind}")).await, KINDS.contains(&kind), "{kind} of all");
    }
    client.batch_execute("select api.set_activity('{}', 'none')").await.unwrap();
    for kind in KINDS {
        assert!(!puts_off(&client, kind, &format!("none {kind}")).await, "{kind} of none");
    }
    assert_laws(&client).await;
}

#[tokio::test]
async fn what_counts_is_set_by_operators_from_then_on() {
    let (database, client) = prepare().await;
    let operator = database.client_as("jifen_operator").await;
    earn(&client, "zoe", 10, "a", may(1)).await;
    let set = "select replayed, activity_kinds::text from api.set_activity('{spend,earn,spend}', 'k')";
    for replayed in [false, true] {
        let row = operator.query_one(set, &[]).await.unwrap();
        assert_eq!((row.get(0), row.get(1)), (replayed, "{earn,spend}"));
    }
    let conflict = "select api.set_activity('{spend}', 'k')";
    assert_eq!(sqlstate(operator.batch_execute(conflict).await), "LP004");
    for kinds in ["null", "'{reverse}'", "'{earn,null}'", "'{expire}'", "'{return}'", "'{merge}'"] {
        let bad = format!("select api.set_activity({kinds}, 'bad')");
        assert_eq!(sqlstate(operator.batch_execute(&bad).await), "LP001", "{kinds}");
    }
    one(&client, Request::sign_in("zoe", "s"), may(5)).await;
    assert_eq!(idle(&client, "zoe").await, ["10 until 05-12 00:00"]);
    let forged = client.batch_execute("update points.program set activity_kinds = '{reverse}'").await;
    assert_eq!(sqlstate(forged), "23514");
}

/// Jifen pays an inviter because of what somebody else does.
#[tokio::test]
async fn what_jifen_does_by_itself_is_no_activity() {
    let (_database, client) = prepare().await;
    earn(&client, "host", 10, "a", may(1)).await;
    one(&client, Request::invite("host", "i"), may(1)).await;
    let code: String = client.query_one("select code from points.invitation_code", &[]).await.unwrap().get(0);
    one(&client, Request::join("guest", &code, "j"), may(2)).await;
    one(&client, Request::earn("guest", "REGISTER", "r"), may(5)).await;
    client
        .query("select points.settle_one(d.invited_bucket, d.invited_id, $1) from points.invitation_due d", &[&may(5)])
        .await
        .unwrap();
    assert_eq!(number(&client, "select available from api.account where user_id = 'guest'").await, 0);
    assert_eq!(lots(&client, "host").await.len(), 2, "it was paid");
    assert_eq!(idle(&client, "host").await, ["10 until 05-12 00:00"]);
    // nor is what others give
    one(&client, Request::adjust("guest", 5, "b"), may(6)).await;
    transfer(&client, give("guest", "host", 5, "g"), may(6)).await;
    assert_eq!(idle(&client, "host").await, ["10 until 05-12 00:00"]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_wallet_is_kept_alive_by_what_is_done_in_it() {
    let (_database, client) = prepare().await;
    client.batch_execute("insert into points.wallet (code, name) values ('coins', 'Coins')").await.unwrap();
    earn(&client, "zoe", 10, "a", may(1)).await;
    let coins = Request { wallet: Some("coins".to_owned()), ..Request::earn("zoe", "IDLE", "b").points(20) };
    one(&client, coins, may(1)).await;
    act(&client, "zoe", may(8)).await;
    assert_eq!(idle(&client, "zoe").await, ["20 until 05-12 00:00", "10 until 05-19 00:00"]);
    assert_laws(&client).await;
}

/// What a hold has taken lives on as if it had not, and dies if the member was idle meanwhile.
#[tokio::test]
async fn a_hold_gives_back_what_would_be_there_without_it() {
    let (_database, client) = prepare().await;
    for user in ["part", "whole", "idle", "asleep", "swept"] {
        earn(&client, user, 100, "a", may(1)).await;
        let points = if user == "part" { 60 } else { 100 };
        one(&client, Request::hold(user, points, "h").expires_at(may(40).unwrap()), may(2)).await;
    }
    for day in [8, 16, 24, 32] {
        act(&client, "part", may(day)).await;
        act(&client, "whole", may(day)).await;
        act(&client, "swept", may(day)).await;
    }
    // one comes back when it is too late, however active it is then
    for day in [20, 28, 36] {
        act(&client, "idle", may(day)).await;
    }
    one(&client, Request::undo(Kind::Release, "part", "h", "r"), may(33)).await;
    one(&client, Request::undo(Kind::Capture, "whole", "h", "c").points(30), may(33)).await;
    assert_eq!(idle(&client, "part").await, ["100 until 06-12 00:00"]);
    assert_eq!(idle(&client, "whole").await, ["70 until 06-12 00:00"]);
    // what is not booked yet is true
    for (user, gone) in [("idle", 100), ("asleep", 100), ("swept", 0)] {
        assert_eq!(expired(&client, user, may(41)).await, gone, "{user}");
    }
    let next = "select points.next_change(a.bucket, a.id, $1) from points.account a where a.user_id = 'swept'";
    let at: Option<DateTime<Utc>> = client.query_one(next, &[&may(41)]).await.unwrap().get(0);
    assert_eq!(at, Some(instant("2024-06-12T00:00:00Z")));
    client.query("select points.sweep_step(100, $1) from generate_series(1, 8)", &[&may(41)]).await.unwrap();
    assert_eq!(idle(&client, "swept").await, ["100 until 06-12 00:00"]);
    for user in ["idle", "asleep"] {
        assert_eq!(expired(&client, user, may(41)).await, 100, "{user}");
    }
    let at = "select count(*) from points.entry e where e.kind = 'expire' and e.occurred_at = '2024-05-12Z'";
    assert_eq!(number(&client, at).await, 2, "as of then, since a hold is no activity");
    assert_laws(&client).await;
}

#[tokio::test]
async fn what_is_refunded_expires_as_if_it_had_not_been_spent() {
    let (_database, client) = prepare().await;
    let spend = |user: &str| Request::spend(user, 80, "s").order_key("o").amount("10");
    for user in ["active", "late"] {
        earn(&client, user, 100, "a", may(1)).await;
        one(&client, spend(user), may(5)).await;
    }
    for day in [12, 20] {
        act(&client, "active", may(day)).await;
    }
    act(&client, "late", may(20)).await;
    for user in ["active", "late"] {
        one(&client, Request::return_order(user, "o", "r").amount("4"), may(21)).await;
        one(&client, Request::undo(Kind::Reverse, user, "s", "u"), may(22)).await;
    }
    assert_eq!(idle(&client, "active").await, ["100 until 05-31 00:00"]);
    assert_eq!(idle(&client, "late").await, [""; 0]);
    assert_eq!(expired(&client, "late", may(22)).await, 100);
    // and what they had of it is taken back, from wherever it is
    one(&client, Request::undo(Kind::Reverse, "active", "a", "x"), may(23)).await;
    assert_eq!(idle(&client, "active").await, [""; 0]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn activity_never_brings_expiry_forward() {
    let (_database, client) = prepare().await;
    earn(&client, "zoe", 100, "a", may(1)).await;
    one(&client, Request::spend("zoe", 40, "s"), may(2)).await;
    let extend = Request::decide(Kind::Extend, "zoe", operation_id(1, "a"), "e").expires_at(may(40).unwrap());
    one(&client, extend, may(3)).await;
    act(&client, "zoe", may(4)).await;
    // what was spent before keeps out of the extension
    one(&client, Request::undo(Kind::Reverse, "zoe", "s", "u"), may(5)).await;
    assert_eq!(idle(&client, "zoe").await, ["40 until 05-15 00:00", "60 until 06-09 12:00"]);
    // a spend takes of both parts
    one(&client, Request::spend("zoe", 50, "t"), may(12)).await;
    one(&client, Request::undo(Kind::Reverse, "zoe", "t", "v"), may(13)).await;
    assert_eq!(idle(&client, "zoe").await, ["40 until 05-23 00:00", "60 until 06-09 12:00"]);
    for day in [20, 30, 40] {
        act(&client, "zoe", may(day)).await;
    }
    assert_eq!(idle(&client, "zoe").await, ["100 until 06-20 00:00"], "in one piece again");
    assert_laws(&client).await;
}

#[tokio::test]
async fn what_is_reinstated_is_put_off_by_the_next_activity_even_of_that_day() {
    let (_database, client) = prepare().await;
    earn(&client, "zoe", 100, "a", may(1)).await;
    act(&client, "zoe", may(20)).await;
    let expiry = "select o.id from points.operation o where o.kind = 'expire' and o.points = 100";
    let id = client.query_one(expiry, &[]).await.unwrap().get(0);
    let at = may(20).map(|noon| noon + TimeDelta::hours(1));
    one(&client, Request::decide(Kind::Reinstate, "zoe", id, "r").expires_at(may(22).unwrap()), at).await;
    assert_eq!(idle(&client, "zoe").await, ["100 until 05-22 12:00"]);
    one(&client, Request::spend("zoe", 1, "s"), at.map(|at| at + TimeDelta::hours(1))).await;
    assert_eq!(idle(&client, "zoe").await, ["99 until 05-31 00:00"]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_transfer_takes_the_idle_time_along() {
    let (_database, client) = prepare().await;
    earn(&client, "from", 100, "a", may(1)).await;
    act(&client, "to", may(8)).await;
    let gift = transfer(&client, give("from", "to", 30, "g"), may(8)).await;
    let offered = transfer(&client, offer("from", "to", 20, "o", None), may(8)).await;
    assert_eq!(idle(&client, "to").await, ["30 until 05-12 00:00"], "no activity of the receiver");
    act(&client, "to", may(8).map(|noon| noon + TimeDelta::hours(1))).await;
    assert_eq!(idle(&client, "to").await, ["30 until 05-19 00:00"]);
    // offered meanwhile is alive as long as the sender is
    act(&client, "from", may(9)).await;
    act(&client, "to", may(16)).await;
    transfer(&client, accept("from", "to", offered.id.unwrap(), "p"), may(17)).await;
    assert_eq!(idle(&client, "to").await, ["20 until 05-20 00:00", "30 until 05-27 00:00"]);
    assert_eq!(idle(&client, "from").await, ["50 until 05-20 00:00"], "accepting is what the receiver does");
    transfer(&client, reverse("from", gift.id.unwrap(), "u"), may(18)).await;
    assert_eq!(idle(&client, "from").await, ["80 until 05-20 00:00"]);
    assert_eq!(idle(&client, "to").await, ["20 until 05-20 00:00"]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn merged_lots_keep_their_expiry_until_their_heir_is_active() {
    let (_database, client) = prepare().await;
    earn(&client, "old", 100, "a", may(1)).await;
    earn(&client, "new", 50, "a", may(3)).await;
    run(&client, &merge("old", "new", "m"), may(3)).await;
    assert_eq!(idle(&client, "new").await, ["100 until 05-12 00:00", "50 until 05-14 00:00"]);
    act(&client, "new", may(3).map(|noon| noon + TimeDelta::hours(1))).await;
    assert_eq!(idle(&client, "new").await, ["50 until 05-14 00:00", "100 until 05-14 00:00"]);
    act(&client, "new", may(9)).await;
    run(&client, &unmerge("old", "u"), may(10)).await;
    assert_eq!(idle(&client, "old").await, ["100 until 05-20 00:00"]);
    act(&client, "old", may(10)).await;
    assert_eq!(idle(&client, "old").await, ["100 until 05-21 00:00"]);
    assert_eq!(idle(&client, "new").await, ["50 until 05-20 00:00"]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn an_award_in_review_lives_on_when_it_is_approved() {
    let (_database, client) = prepare().await;
    let rule = "select api.set_risk_rule('LARGE', 'l', '{IDLE}', 'award_points', 'review', 'on', 'r', p_threshold => 100, p_wait_days => 30)";
    client.batch_execute(rule).await.unwrap();
    earn(&client, "zoe", 100, "a", may(1)).await;
    act(&client, "zoe", may(8)).await;
    assert_eq!(idle(&client, "zoe").await, ["100 until 05-12 00:00"], "its lot ends with the review");
    let approve = Request::decide(Kind::Approve, "zoe", operation_id(1, "a"), "b");
    assert_eq!(one(&client, approve, may(10)).await.refusal, None);
    assert_eq!(idle(&client, "zoe").await, ["100 until 05-19 00:00"]);
    assert_laws(&client).await;
}

#[tokio::test]
async fn pending_points_are_put_off_too() {
    let (_database, client) = prepare().await;
    make_rule(&client, "SLOW", "basis, rounding, pending_days, valid_months, idle", "'given', 'down', 27, 1, true")
        .await;
    one(&client, Request::earn("zoe", "SLOW", "a").points(10), Some(instant("2024-02-01T23:59:59Z"))).await;
    act(&client, "zoe", Some(instant("2024-02-20T12:00:00Z"))).await;
    assert_eq!(idle(&client, "zoe").await, ["10 until 03-21 00:00"]);
    for (second, key, refusal) in [(58, "s", Some("INSUFFICIENT_POINTS")), (59, "t", None)] {
        let at = instant("2024-02-28T23:59:00Z") + TimeDelta::seconds(second);
        assert_eq!(one(&client, Request::spend("zoe", 12, key), Some(at)).await.refusal.as_deref(), refusal);
    }
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_version_with_an_idle_time_says_so_and_is_a_duration() {
    let database = Database::new().await;
    let client = database.client_as("jifen_operator").await;
    client.batch_execute("select api.create_rule('NEW', 'New')").await.unwrap();
    let draft = |terms: &str, key: &str| {
        format!(
            "select (version).description, (version).idle from api.draft_rule_version('NEW', 'fixed', '{key}', 5, p_idle => true{terms})"
        )
    };
    for (number, (terms, words)) in [
        ("p_valid_months => 12", "12 months"),
        ("p_valid_months => 1, p_valid_days => 3", "1 month and 3 days"),
        ("p_valid_days => 1", "1 day"),
    ]
    .into_iter()
    .enumerate()
    {
        let row = client.query_one(&draft(&format!(", {terms}"), &format!("d{number}")), &[]).await.unwrap();
        let expected = format!(
            "Awards 5 points. The points are available at once and expire once the member has been idle for {words}."
        );
        assert_eq!((row.get::<_, String>(0), row.get::<_, bool>(1)), (expected, true));
    }
    let bad = [
        "",
        ", p_valid_end => 'day'",
        ", p_valid_days => 5, p_valid_end => 'day'",
        ", p_valid_days => 5, p_pending_days => 5",
    ];
    for terms in bad.into_iter().chain([", p_valid_days => 5, p_valid_until => '2030-01-01'"]) {
        assert_eq!(sqlstate(client.query(&draft(terms, "bad"), &[]).await), "LP001", "{terms}");
    }
    // a preview and an explanation say until when, and in words that it may be later
    client.batch_execute("select api.publish_rule_version('NEW', 1, 'p')").await.unwrap();
    let preview = "select p.expires_at = (date_trunc('day', now() at time zone 'UTC' + interval '1 year') + interval '1 day') at time zone 'UTC'
        from api.preview_earn('zoe', 'NEW') p";
    assert!(client.query_one(preview, &[]).await.unwrap().get::<_, bool>(0));
    let admin = database.client().await;
    one(&admin, Request::earn("zoe", "NEW", "a").occurred_at(instant("2020-01-01T00:00:00Z")), None).await;
    let words = "select s.step, s.words, s.agrees from api.explain_operation('zoe', api.operation_id(1, 'a')) s";
    let rows = client.query(words, &[]).await.unwrap();
    let step = |name: &str| rows.iter().find(|row| row.get::<_, &str>(0) == name).unwrap();
    assert!(step("expiry").get::<_, &str>(1).ends_with("00:00:00 UTC, unless activity puts that off."));
    assert_eq!(step("expiry").get::<_, Option<bool>>(2), Some(true));
    assert!(rows.iter().all(|row| row.get::<_, &str>(0) != "put_off"));
    let later = Some(Utc::now() + TimeDelta::days(3));
    one(&admin, Request::spend("zoe", 1, "s"), later).await;
    let rows = client.query(words, &[]).await.unwrap();
    let put_off = rows.iter().find(|row| row.get::<_, &str>(0) == "put_off").unwrap().get::<_, String>(1);
    assert!(put_off.starts_with("Activity has put the expiry of 4 points off, to 20"), "{put_off}");
}

#[tokio::test]
async fn lots_show_whether_activity_puts_them_off() {
    let (_database, client) = prepare().await;
    one(&client, Request::earn("zoe", "IDLE", "a").points(5), None).await;
    one(&client, Request::earn("zoe", "FIXED", "b").points(6), None).await;
    let rows = client
        .query("select remaining, idle is not null from api.expiring_points('zoe', 40) order by 1", &[])
        .await
        .unwrap();
    let lots: Vec<(i64, bool)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(lots, [(5, true), (6, false)]);
    let row = client.query_one("select to_jsonb(activity_kinds) from api.program", &[]).await.unwrap();
    assert_eq!(row.get::<_, serde_json::Value>(0), json!(["earn", "sign_in", "claim", "spend", "redeem"]));
}
