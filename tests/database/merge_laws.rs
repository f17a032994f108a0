//! Merging as a law: it changes nothing but where points are, whatever went before, and undoing it changes nothing.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use tokio::sync::Barrier;
use tokio_postgres::Client;

use super::{
    assert_laws, make_rule,
    merge::{lots, merge, run, unmerge},
    number, tell_everything,
};
use crate::common::{Database, Kind, MANY, Request, check_histories, execute, instant};

#[derive(Clone, Copy, Debug)]
enum Step {
    Earn { who: usize, points: i64, waits: bool },
    Spend { who: usize, points: i64 },
    Hold { who: usize, points: i64 },
    Capture { hold: usize, points: Option<i64> },
    Release { hold: usize },
    Reverse { what: usize },
    Return { what: usize, amount: i64 },
    Wait { hours: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..2usize;
    prop_oneof![
        4 => (who.clone(), 1..200i64, any::<bool>()).prop_map(|(who, points, waits)| Step::Earn { who, points, waits }),
        3 => (who.clone(), 1..150i64).prop_map(|(who, points)| Step::Spend { who, points }),
        2 => (who, 1..100i64).prop_map(|(who, points)| Step::Hold { who, points }),
        1 => (0..8usize, proptest::option::of(1..60i64)).prop_map(|(hold, points)| Step::Capture { hold, points }),
        1 => (0..8usize).prop_map(|hold| Step::Release { hold }),
        2 => (0..16usize).prop_map(|what| Step::Reverse { what }),
        2 => (0..16usize, 1..120i64).prop_map(|(what, amount)| Step::Return { what, amount }),
        1 => (1..80i64).prop_map(|hours| Step::Wait { hours }),
    ]
}

/// What was done, so that it can be asked for again or undone.
struct Done {
    kind: Kind,
    who: usize,
    key: String,
}

/// The two members, the one to whom all of it happens, and what has happened.
struct Story {
    names: [String; 2],
    twin: String,
    merged: bool,
    now: DateTime<Utc>,
    done: Vec<Done>,
}

impl Story {
    /// The request for one of the two, None: there is nothing that it could be about. Before the merge no points are taken
    /// back, since one of the two may have spent them when the twin has more.
    fn request(&self, number: usize, step: Step) -> Option<(usize, Request)> {
        let of = |kinds: &[Kind], number: usize| {
            let all: Vec<&Done> = self.done.iter().filter(|done| kinds.contains(&done.kind)).collect();
            all.get(number.checked_rem(all.len())?).copied()
        };
        let undoing = if self.merged { &[Kind::Spend, Kind::Earn][..] } else { &[Kind::Spend] };
        let heir = |who: usize| if self.merged { 0 } else { who };
        let key = format!("k{number}");
        Some(match step {
            Step::Earn { who, points, waits: true } => {
                (heir(who), Request::earn(&self.names[heir(who)], "WAIT", &key).points(points))
            }
            Step::Earn { who, points, .. } => {
                (heir(who), Request::earn(&self.names[heir(who)], "ORDER", &key).amount(&points.to_string()))
            }
            Step::Spend { who, points } => {
                (heir(who), Request::spend(&self.names[heir(who)], points, &key).order_key(&key).amount("200"))
            }
            Step::Hold { who, points } => (heir(who), Request::hold(&self.names[heir(who)], points, &key)),
            Step::Capture { hold, points } => {
                let hold = of(&[Kind::Hold], hold)?;
                let request = Request::undo(Kind::Capture, &self.names[hold.who], &hold.key, &key);
                (hold.who, Request { points, ..request })
            }
            Step::Release { hold } => {
                let hold = of(&[Kind::Hold], hold)?;
                (hold.who, Request::undo(Kind::Release, &self.names[hold.who], &hold.key, &key))
            }
            Step::Reverse { what } => {
                let what = of(undoing, what)?;
                (what.who, Request::undo(Kind::Reverse, &self.names[what.who], &what.key, &key))
            }
            Step::Return { what, amount } => {
                let what = of(undoing, what)?;
                let request = Request::return_order(&self.names[what.who], &what.key, &key);
                (what.who, request.amount(&amount.to_string()))
            }
            Step::Wait { .. } => return None,
        })
    }

    async fn tell(&mut self, client: &Client, number: usize, step: Step) -> String {
        if let Step::Wait { hours } = step {
            self.now += TimeDelta::hours(hours);
            return "Wait".to_owned();
        }
        let Some((who, request)) = self.request(number, step) else { return "nothing".to_owned() };
        let outcome = execute(client, std::slice::from_ref(&request), Some(self.now)).await.remove(0);
        let name = format!("{step:?}").split(' ').next().unwrap().to_owned();
        if let Some(code) = outcome.refusal {
            return format!("{name} {code}");
        }
        self.done.push(Done { kind: request.kind.unwrap(), who, key: request.idempotency_key.clone().unwrap() });
        let twin = Request { user_id: Some(self.twin.clone()), ..request };
        let outcome = execute(client, &[twin], Some(self.now)).await.remove(0);
        assert_eq!(outcome.refusal, None, "the twin has as much as both together");
        format!("{name} done")
    }
}

/// What members have and had, all of them together.
async fn sums(client: &Client, names: &[&str]) -> Vec<i64> {
    let sql =
        "select sum(b.pending + b.available + b.held - b.debt)::bigint, sum(b.earned)::bigint, sum(b.spent)::bigint,
            sum(b.held)::bigint, sum(b.adjusted + b.transferred)::bigint
        from points.balance b join points.account a on a.bucket = b.bucket and a.id = b.account_id
        where a.user_id = any ($1)";
    let row = client.query_one(sql, &[&names]).await.unwrap();
    (0..5).map(|place| row.get(place)).collect()
}

async fn level(client: &Client, name: &str) -> Option<String> {
    client.query_one("select level from api.account where user_id = $1", &[&name]).await.unwrap().get(0)
}

/// Everything that the undoing of a merge must bring back.
async fn state(client: &Client, names: &[String; 2]) -> Vec<String> {
    let mut state = Vec::new();
    for name in names {
        let pockets = "select format('%s %s %s %s %s', b.pending, b.available, b.held, b.debt, b.level)
            from points.balance b join points.account a on a.bucket = b.bucket and a.id = b.account_id where a.user_id = $1";
        state.push(client.query_one(pockets, &[name]).await.unwrap().get(0));
        state.extend(lots(client, name).await);
    }
    state
}

async fn history(client: &Client, case: u32, before: &[Step], after: &[Step]) -> Vec<String> {
    let names = [format!("case{case}-a"), format!("case{case}-b")];
    let mut story = Story {
        twin: format!("case{case}-twin"),
        names: names.clone(),
        merged: false,
        now: instant("2030-06-01T00:00:00Z"),
        done: Vec::new(),
    };
    for name in names.iter().chain([&story.twin]) {
        execute(client, &[Request::earn(name, "ORDER", "opens").amount("10")], Some(story.now)).await;
    }
    execute(client, &[Request::earn(&story.twin, "ORDER", "opens too").amount("10")], Some(story.now)).await;
    let mut seen = Vec::new();
    for (number, step) in before.iter().enumerate() {
        seen.push(story.tell(client, number, *step).await);
    }

    for name in &names {
        // what is due is booked by a merge, and must not look like its doing
        let settle = "select points.settle(a.bucket, array[a.id], $2) from points.account a where a.user_id = $1";
        client.execute(settle, &[name, &story.now]).await.unwrap();
    }
    let parted = state(client, &names).await;
    assert_eq!(run(client, &merge(&names[1], &names[0], "m"), Some(story.now)).await.0, None);
    let (refusal, ..) = run(client, &unmerge(&names[1], "u"), Some(story.now)).await;
    assert_eq!(refusal, None, "nobody owes anything yet");
    assert_eq!(state(client, &names).await, parted);

    assert_eq!(run(client, &merge(&names[1], &names[0], "m2"), Some(story.now)).await.0, None);
    story.merged = true;
    for (number, step) in after.iter().enumerate() {
        seen.push(format!("merged {}", story.tell(client, before.len() + number, *step).await));
        let both = sums(client, &[&names[0], &names[1]]).await;
        assert_eq!(both, sums(client, &[&story.twin]).await, "after {number} {step:?}");
        assert_eq!(level(client, &names[0]).await, level(client, &story.twin).await, "after {number} {step:?}");
    }
    for done in &story.done {
        let heir = if done.who == 1 { "ACCOUNT_MERGED" } else { "IDEMPOTENCY_CONFLICT" };
        let again = Request::spend(&names[0], 1, &done.key);
        let outcome = execute(client, &[again], Some(story.now)).await.remove(0);
        assert_eq!(outcome.refusal.as_deref(), Some(heir), "{}", done.key);
    }
    seen
}

fn check(cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    let database = runtime.block_on(Database::new());
    let client = runtime.block_on(async {
        let client = database.client().await;
        make_rule(&client, "WAIT", "basis, rounding, pending_days", "'given', 'down', 2").await;
        tell_everything(&client).await;
        client
            .batch_execute(
                "select api.create_rule_version('ORDER', 'amount', p_points_per_unit => 1);
                 insert into points.level (wallet, code, name, threshold)
                 select 'points', 'L' || n, n, n from unnest(array[250, 400, 550, 700, 850, 1500, 2000]) n",
            )
            .await
            .unwrap();
        client
    });
    let steps = || proptest::collection::vec(step(), 5..25);
    let events = [
        "Spend done",
        "Hold done",
        "merged Capture done",
        "merged Release done",
        "merged Reverse done",
        "merged Return done",
    ];
    check_histories(cases, &(steps(), steps()), &events, |case, (before, after)| {
        Ok(runtime.block_on(history(&client, case, &before, &after)))
    });
    runtime.block_on(assert_laws(&client));
}

#[test]
fn two_who_merge_have_what_one_would_have() {
    check(12);
}

/// As many histories as JIFEN_HISTORIES says.
#[test]
#[ignore = "long"]
fn two_who_merge_have_what_one_would_have_at_length() {
    check(MANY);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_opposite_merges_one_is_done() {
    let database = Database::new().await;
    let client = database.client().await;
    for round in 0..30 {
        let [one, two] = [format!("one{round}"), format!("two{round}")];
        for name in [&one, &two] {
            execute(&client, &[Request::adjust(name, 10, "a")], None).await;
        }
        let barrier = Arc::new(Barrier::new(2));
        let mut race = Vec::new();
        for (from, into) in [(one.clone(), two.clone()), (two, one)] {
            let (barrier, client) = (barrier.clone(), database.client().await);
            race.push(tokio::spawn(async move {
                barrier.wait().await;
                run(&client, &merge(&from, &into, "m"), None).await.0
            }));
        }
        let mut results = Vec::new();
        for result in race {
            results.push(result.await.unwrap());
        }
        results.sort();
        assert_eq!(results, [None, Some("ACCOUNT_MERGED".to_owned())]);
    }
    assert_eq!(number(&client, "select count(*) from points.balance where merged and available = 0").await, 30);
    assert_eq!(number(&client, "select count(*) from points.balance where inherited = 0 and available = 20").await, 30);
    assert_laws(&client).await;
}

/// Operations on two accounts, together and apart, while they merge and part: none deadlocks, and all is accounted for.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_works_on_them_meanwhile_waits_or_comes_again() {
    let database = Database::new().await;
    let client = database.client().await;
    let names: Vec<String> = (0..99).map(|number| format!("kin{number}")).collect();
    let bucket = |name: &str| crate::common::bucket(name, "points");
    let first = &names[0];
    let same = names[1..].iter().find(|name| bucket(name) == bucket(first)).unwrap();
    let apart = names[1..].iter().find(|name| bucket(name) != bucket(first)).unwrap();
    for name in [first, same, apart] {
        execute(&client, &[Request::adjust(name, 1_000_000, "a")], None).await;
        for number in 0..200 {
            execute(&client, &[Request::spend(name, 1, &format!("s{number}"))], None).await;
        }
    }
    let mut workers = Vec::new();
    for worker in 0..6 {
        let client = database.client().await;
        let [first, same, apart] = [first, same, apart].map(String::clone);
        workers.push(tokio::spawn(async move {
            let mut again = 0;
            for number in 0..60 {
                let key = format!("w{worker}-{number}");
                let undo =
                    |name: &str| Request::undo(Kind::Reverse, name, &format!("s{}", worker * 33 + number % 33), &key);
                let lane = |requests: Vec<Request>| (requests, false);
                let (requests, pair) = match (worker, number % 3) {
                    (0, 0) => (vec![merge(&same, &first, &key)], true),
                    (0, _) => (vec![unmerge(&same, &key)], true),
                    (1, 0) => (vec![merge(&first, &apart, &key)], true),
                    (1, _) => (vec![unmerge(&first, &key)], true),
                    (2, _) => lane(vec![Request::spend(&first, 1, &key), undo(&same)]),
                    (3, _) => lane(vec![undo(&first), Request::adjust(&same, 1, &key)]),
                    (4, _) => lane(vec![undo(&apart)]),
                    _ => lane(vec![undo(&same)]),
                };
                loop {
                    let result = if pair {
                        client.execute("select points.run_merge($1)", &[&requests[0]]).await
                    } else {
                        client.execute("select points.execute($1, $2)", &[&requests[0].bucket(), &requests]).await
                    };
                    match result {
                        Ok(_) => break,
                        Err(error) => {
                            assert_eq!(error.code().map(|code| code.code()), Some("40001"), "{error:?}");
                            again += 1;
                        }
                    }
                }
            }
            again
        }));
    }
    for worker in workers {
        worker.await.unwrap();
    }
    assert_laws(&client).await;
    let all = "select sum(available + held + pending - debt)::bigint from points.balance b
        join points.account a on a.bucket = b.bucket and a.id = b.account_id where a.user_id like 'kin%'";
    let done = "select coalesce(sum(case kind when 'spend' then -points else points end), 0)::bigint from api.operation
        where user_id like 'kin%' and kind in ('spend', 'reverse', 'adjust')";
    assert_eq!(number(&client, all).await, number(&client, done).await);
    assert!(
        number(&client, "select count(*) from points.operation where kind = 'merge' and refusal is null").await > 0
    );
}
