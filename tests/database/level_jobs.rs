//! What operators do with levels, and the job that books what nobody touches, beside operations.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio_postgres::Client;

use super::{assert_laws, make_rule, number, one, sqlstate};
use crate::common::{Database, Request, instant};

async fn client_of(database: &Database) -> Client {
    let client = database.client().await;
    make_rule(&client, "FREE", "basis, rounding, pending_days", "'given', 'down', 0").await;
    client
}

/// Levels A, B, C ... with these thresholds.
fn levels(thresholds: &[i64]) -> Value {
    let codes = thresholds.iter().zip('A'..);
    codes.map(|(threshold, code)| json!({ "code": code, "name": code, "threshold": threshold })).collect()
}

async fn set_levels(client: &Client, thresholds: &[i64], key: &str, rest: &str) {
    let sql = format!("select api.set_levels('points', $1, $2{rest})");
    client.execute(&sql, &[&levels(thresholds), &key]).await.unwrap();
}

async fn text(client: &Client, sql: &str) -> Option<String> {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

async fn booked(client: &Client, user: &str) -> Option<String> {
    let sql = format!(
        "select b.level from points.balance b join points.account a on a.bucket = b.bucket and a.id = b.account_id
         where a.user_id = '{user}' and a.wallet = 'points'"
    );
    text(client, &sql).await
}

async fn shown(client: &Client, user: &str) -> Option<String> {
    text(client, &format!("select level from api.account where user_id = '{user}' and wallet = 'points'")).await
}

async fn evaluate(client: &Client) -> i64 {
    let mut all = 0;
    loop {
        let steps = "select s.done + e.done::bigint from points.sweep_step(1000, null) s, points.evaluate_levels_step(1000, null) e";
        match number(client, steps).await {
            0 => return all,
            some => all += some,
        }
    }
}

/// Changes of a member's level: number beside the entry, from, to, cause, since when.
async fn history(client: &Client, user: &str) -> Vec<String> {
    let sql = "select concat_ws(' ', seq, no, coalesce(previous, '-'), coalesce(level, '-'), cause, measured, changed_at::date)
         from api.level_change where user_id = $1 order by seq, no";
    client.query(sql, &[&user]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn a_level_that_is_added_below_is_noticed_at_once() {
    let database = Database::new().await;
    let client = client_of(&database).await;
    for user in ["zoe", "yan", "xia"] {
        one(&client, Request::earn(user, "FREE", "a").points(600), None).await;
    }
    // by hand, too
    client.execute("insert into points.level values ('points', 'MID', 'Mid', 500)", &[]).await.unwrap();
    assert_eq!(booked(&client, "zoe").await.as_deref(), Some("NORMAL"));
    assert_eq!(shown(&client, "zoe").await.as_deref(), Some("MID"), "true to readers");
    let earned = one(&client, Request::earn("zoe", "FREE", "b").points(1), None).await;
    assert_eq!(earned.account.unwrap().level.as_deref(), Some("MID"));
    // whatever the operation is, it meets the level of now
    one(&client, Request::spend("yan", 1, "b"), None).await;
    assert_eq!(booked(&client, "yan").await.as_deref(), Some("MID"));
    assert_eq!(booked(&client, "xia").await.as_deref(), Some("NORMAL"));
    assert!(evaluate(&client).await > 0);
    assert_eq!(booked(&client, "xia").await.as_deref(), Some("MID"));
    assert_eq!(evaluate(&client).await, 0);
    assert_eq!(history(&client, "zoe").await[0][..26], *"1 1 NORMAL MID levels_chan");
    assert_laws(&client).await;
}

#[tokio::test]
async fn the_end_of_a_level_is_booked_as_of_its_instant_step_by_step() {
    let database = Database::new().await;
    let client = client_of(&database).await;
    set_levels(&client, &[0, 100, 200, 300], "l", ", 'calendar_year', 'one_step', 10").await;
    one(&client, Request::earn("zoe", "FREE", "a").points(300), Some(instant("2020-05-01T00:00:00Z"))).await;
    one(&client, Request::spend("zoe", 1, "b"), Some(instant("2024-01-05T00:00:00Z"))).await;
    let step = "select done::bigint from points.sweep_step(100, '2024-01-11')";
    assert_eq!(number(&client, step).await, 1);
    assert_eq!(
        history(&client, "zoe").await,
        [
            "1 0 A D award 300 2020-05-01",
            "1 1 D C period_end 0 2022-01-11",
            "1 2 C B period_end 0 2023-01-11",
            "2 1 B A period_end 0 2024-01-11",
        ]
    );
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_clawback_takes_from_the_period_of_its_original() {
    let database = Database::new().await;
    let client = client_of(&database).await;
    set_levels(&client, &[0, 100], "l", ", 'calendar_year', 'to_earned'").await;
    let at = |text: &str| Some(instant(text));
    one(&client, Request::earn("zoe", "FREE", "old").points(100), at("2023-12-31T23:00:00Z")).await;
    one(&client, Request::earn("zoe", "FREE", "new").points(99), at("2024-02-01T00:00:00Z")).await;
    assert_eq!(booked(&client, "zoe").await.as_deref(), Some("B"), "for what was earned last year");
    let undo = Request::undo(crate::common::Kind::Reverse, "zoe", "old", "undo");
    one(&client, undo, at("2024-03-01T00:00:00Z")).await;
    assert_eq!(booked(&client, "zoe").await.as_deref(), Some("A"));
    // late to be told, but of last year
    let late = Request::earn("zoe", "FREE", "late").points(100).occurred_at(instant("2023-06-01T00:00:00Z"));
    one(&client, late, at("2024-04-01T00:00:00Z")).await;
    assert_eq!(booked(&client, "zoe").await.as_deref(), Some("B"));
    assert_laws(&client).await;
}

#[tokio::test]
async fn several_awards_of_a_batch_each_cause_their_change() {
    let database = Database::new().await;
    let client = client_of(&database).await;
    one(&client, Request::earn("zoe", "FREE", "before").points(1), Some(instant("2022-01-01T00:00:00Z"))).await;
    set_levels(&client, &[0, 100, 200], "l", ", 'rolling_year', 'to_earned'").await;
    let batch: Vec<_> = (0..5).map(|key| Request::earn("zoe", "FREE", &key.to_string()).points(50)).collect();
    crate::common::execute(&client, &batch, Some(instant("2024-02-29T00:00:00Z"))).await;
    assert_eq!(
        history(&client, "zoe").await,
        ["1 1 NORMAL A levels_changed 0 2024-02-29", "3 0 A B award 100 2024-02-29", "5 0 B C award 200 2024-02-29"]
    );
    assert_laws(&client).await;
}

#[tokio::test]
async fn an_account_may_show_the_level_of_another_wallet() {
    let database = Database::new().await;
    let client = client_of(&database).await;
    client
        .batch_execute(
            r#"insert into points.wallet values ('growth', 'Growth');
               select api.set_levels('growth', '[{"code": "SEED", "name": "Seed", "threshold": 0}, {"code": "TREE", "name": "Tree", "threshold": 50}]', 'g');
               select api.set_levels('points', '[]', 'p', p_level_wallet => 'growth')"#,
        )
        .await
        .unwrap();
    assert_eq!(shown(&client, "alice").await.as_deref(), Some("SEED"), "who has no growth yet is where 0 is");
    one(&client, Request::earn("zoe", "FREE", "a").points(1_000), None).await;
    let growth = Request { wallet: Some("growth".to_owned()), ..Request::earn("zoe", "FREE", "g").points(60) };
    one(&client, growth, None).await;
    assert_eq!(shown(&client, "zoe").await.as_deref(), Some("TREE"));
    let standing = "select concat_ws(' ', level_wallet, level, measured) from api.account_level where user_id = 'zoe' order by wallet";
    let rows = client.query(standing, &[]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get::<_, &str>(0)).collect::<Vec<_>>(), ["growth TREE 60"; 2]);
    evaluate(&client).await;
    assert_eq!(booked(&client, "alice").await, None);
    assert_eq!(evaluate(&client).await, 0, "it never becomes due");
    let chain = "select api.set_levels('growth', '[]', 'c', p_level_wallet => 'points')";
    assert_eq!(sqlstate(client.execute(chain, &[]).await), "LP001");
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_multiplier_adds_to_awards_of_its_rules_and_is_explained() {
    let database = Database::new().await;
    let client = client_of(&database).await;
    client
        .batch_execute(
            r#"select api.set_levels('points', '[{"code": "A", "name": "A", "threshold": 0},
                   {"code": "B", "name": "B", "threshold": 100, "multiplier": 1.5}]', 'l', p_multiplied_rules => '{ORDER}');
               select api.create_campaign('ALONE', 'c', 'multiplier', '{ORDER}', 'c', 2, p_exclusive => true, p_starts_at => '2000-01-01')"#,
        )
        .await
        .unwrap();
    let order = |key: &str| Request::earn("zoe", "ORDER", key).amount("101");
    assert_eq!(one(&client, order("a"), None).await.points, Some(202), "the level of before it");
    let preview = "select (p).points from api.preview_earn('zoe', 'ORDER', 101) p";
    assert_eq!(number(&client, preview).await, 252);
    let multiplied = one(&client, order("b"), None).await;
    assert_eq!(multiplied.points, Some(252));
    assert_eq!(multiplied.detail.unwrap(), json!({ "base": 101, "campaigns": { "ALONE": 101, "level:B": 50 } }));
    let explained = client
        .query("select words, agrees from api.explain_operation('zoe', api.operation_id(1, 'b')) where step in ('level', 'award')", &[])
        .await
        .unwrap();
    assert_eq!(explained[0].get::<_, &str>(0), "The level B adds 50 points.");
    assert!(explained[1].get::<_, bool>(1));
    // taken back whole, and not multiplied for another rule
    one(&client, Request::undo(crate::common::Kind::Reverse, "zoe", "b", "undo"), None).await;
    assert_eq!(number(&client, "select earned from api.account where user_id = 'zoe'").await, 202);
    assert_eq!(one(&client, Request::earn("zoe", "FREE", "c").points(10), None).await.points, Some(10));
    assert_laws(&client).await;
}

#[tokio::test]
async fn a_preview_says_who_moves_and_changes_nothing() {
    let database = Database::new().await;
    let client = client_of(&database).await;
    for (user, points) in [("zoe", 1_500), ("yan", 600), ("xia", 20)] {
        one(&client, Request::earn(user, "FREE", "a").points(points), None).await;
    }
    let moves = async |rest: &str| {
        let sql = format!(
            "select concat_ws(' ', previous, level, members) from api.preview_levels('points', $1{rest}) order by 1"
        );
        let rows = client.query(&sql, &[&levels(&[0, 500, 2_000])]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect::<Vec<String>>()
    };
    // beside alice, bob and carol
    assert_eq!(moves("").await, ["NORMAL A 3", "NORMAL B 1", "VIP1 B 2"]);
    // what was earned on which day is kept by nobody yet
    assert_eq!(moves(", 'calendar_year', 'to_earned'").await, ["NORMAL A 3", "NORMAL B 1", "VIP1 B 2"]);
    assert_eq!(number(&client, "select count(*) from points.level where code = 'VIP1'").await, 1);
    assert_eq!(number(&client, "select count(*) from points.earned_day").await, 0);
    assert_eq!(shown(&client, "zoe").await.as_deref(), Some("VIP1"));
}

#[tokio::test]
async fn setting_levels_needs_what_can_be_and_is_done_once() {
    let database = Database::new().await;
    let client = client_of(&database).await;
    let good = r#"[{"code": "A", "name": "A", "threshold": 0, "privileges": ["a free coffee"], "multiplier": 1.25}]"#;
    let set =
        |levels: &str, rest: &str| format!("select r.replayed from api.set_levels('points', '{levels}', 'k'{rest}) r");
    for (levels, rest, path) in [
        ("{}", "", "levels"),
        ("[1]", "", "levels"),
        (r#"[{"code": "a", "name": "A", "threshold": 0}]"#, "", "levels"),
        (r#"[{"code": "A", "name": "", "threshold": 0}]"#, "", "levels"),
        (r#"[{"code": "A", "name": "A"}]"#, "", "levels"),
        (r#"[{"code": "A", "name": "A", "threshold": -1}]"#, "", "levels"),
        (r#"[{"code": "A", "name": "A", "threshold": "x"}]"#, "", "levels"),
        (r#"[{"code": "A", "name": "A", "threshold": 9007199254740992}]"#, "", "levels"),
        (r#"[{"code": "A", "name": "A", "threshold": 1}, {"code": "B", "name": "B", "threshold": 1}]"#, "", "levels"),
        (r#"[{"code": "A", "name": "A", "threshold": 1}, {"code": "A", "name": "B", "threshold": 2}]"#, "", "levels"),
        (r#"[{"code": "A", "name": "A", "threshold": 0, "multiplier": 0.5}]"#, "", "levels"),
        (r#"[{"code": "A", "name": "A", "threshold": 0, "multiplier": "x"}]"#, "", "levels"),
        (r#"[{"code": "A", "name": "A", "threshold": 0, "privileges": [1]}]"#, "", "levels"),
        (r#"[{"code": "A", "name": "A", "threshold": 0, "privileges": "x"}]"#, "", "levels"),
        (good, ", 'ever', 'one_step'", "downgrade"),
        (good, ", 'rolling_year', 'one_step', 28", "grace_days"),
        (good, ", 'calendar_year', 'never', 1", "grace_days"),
        (good, ", p_notice_days => 367", "notice_days"),
        (good, ", p_multiplied_rules => '{NO}'", "multiplied_rules"),
        (good, ", p_level_wallet => 'points'", "level_wallet"),
        (good, ", p_level_wallet => 'none'", "level_wallet"),
    ] {
        let error = client.query_one(&set(levels, rest), &[]).await.unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(error.code().code(), "LP001", "{levels} {rest} {error}");
        let detail: Value = serde_json::from_str(error.detail().unwrap()).unwrap();
        assert_eq!(detail["path"], path, "{levels} {rest}");
    }
    for replayed in [false, true] {
        assert_eq!(client.query_one(&set(good, ""), &[]).await.unwrap().get::<_, bool>(0), replayed);
    }
    assert_eq!(sqlstate(client.query_one(&set(good, ", 'calendar_year'"), &[]).await), "LP004");
    let stored = "select concat_ws(' ', privileges, multiplier) from api.level where wallet = 'points'";
    assert_eq!(text(&client, stored).await.as_deref(), Some("{\"a free coffee\"} 1.25"));
}

/// An operation that has locked an account does not hold up the job, and the account is not forgotten.
#[tokio::test]
async fn the_job_passes_by_what_is_locked_and_comes_again() {
    let database = Database::new().await;
    let (client, other) = (client_of(&database).await, database.client().await);
    for user in ["zoe", "yan"] {
        one(&client, Request::earn(user, "FREE", "a").points(600), None).await;
    }
    set_levels(&client, &[0, 500], "l", "").await;
    other
        .batch_execute(
            "begin; select from points.balance b join points.account a on a.bucket = b.bucket and a.id = b.account_id
             where a.user_id = 'zoe' for no key update of b",
        )
        .await
        .unwrap();
    client.batch_execute("set lock_timeout = '2s'").await.unwrap();
    evaluate(&client).await;
    assert_eq!(booked(&client, "yan").await.as_deref(), Some("B"));
    assert_eq!(booked(&client, "zoe").await.as_deref(), Some("NORMAL"));
    other.batch_execute("commit").await.unwrap();
    // The walk before has ended at what was locked.
    evaluate(&client).await;
    evaluate(&client).await;
    assert_eq!(booked(&client, "zoe").await.as_deref(), Some("B"));
}

#[tokio::test(flavor = "multi_thread")]
async fn earning_while_levels_change_and_the_job_runs_ends_right() {
    const MEMBERS: usize = 12;
    let database = Database::new().await;
    let client = Arc::new(client_of(&database).await);
    let mut workers = Vec::new();
    for worker in 0..6 {
        let client = database.client().await;
        workers.push(tokio::spawn(async move {
            for call in 0..40 {
                let batch: Vec<_> = (0..3)
                    .map(|step| {
                        // the first and the last are one member
                        let member = format!("hot{}", (worker + call * 5 + step * 6) % MEMBERS);
                        Request::earn(&member, "FREE", &format!("{worker}-{call}-{step}")).points(1 + call as i64)
                    })
                    .collect();
                crate::common::execute(&client, &batch, None).await;
            }
        }));
    }
    let operator = Arc::clone(&client);
    let operators = tokio::spawn(async move {
        let measures =
            ["calendar_year', 'to_earned", "ever', 'never", "rolling_year', 'one_step", "membership_year', 'never"];
        for change in 0..16_usize {
            let thresholds = [0, 20 + change as i64 * 3, 90 + change as i64 * 11, 400];
            set_levels(&operator, &thresholds, &change.to_string(), &format!(", '{}'", measures[change % 4])).await;
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    });
    let jobs: Vec<_> = (0..2)
        .map(|_| {
            let database = database.url();
            tokio::spawn(async move {
                let client = jifen::database::connect(&jifen::database::parse_url(&database).unwrap()).await.unwrap();
                for _ in 0..60 {
                    client.execute("select points.evaluate_levels_step(5, null)", &[]).await.unwrap();
                }
            })
        })
        .collect();
    for task in workers.into_iter().chain([operators]).chain(jobs) {
        task.await.unwrap();
    }
    for thresholds in [&[0, 100, 1_000][..], &[0, 60, 600, 800]] {
        set_levels(&client, thresholds, &format!("{thresholds:?}"), ", 'calendar_year', 'one_step'").await;
        // twice: a walk may end at what was left to a second one
        for _ in 0..2 {
            evaluate(&client).await;
        }
        let stale =
            "select count(*) from points.balance b, points.program p where b.level_revision <> p.level_revision";
        assert_eq!(number(&client, stale).await, 0);
        assert_laws(&client).await;
    }
    assert_eq!(number(&client, "select count(*) from points.level_change where cause = 'award'").await.min(1), 1);
}
