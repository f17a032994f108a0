//! Levels against an independent model, while time goes on, awards are taken back late, accounts merge and part, members
//! are erased, and operators change what levels go by.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::json;
use tokio_postgres::Client;

use super::{
    assert_laws,
    erase::erase,
    level_model::{Days, Terms, day},
    make_rule,
    merge::{merge, run, unmerge},
    tell_everything,
};
use crate::common::{Database, Kind, MANY, Request, check_histories, execute, instant};

#[derive(Clone, Debug)]
enum Step {
    Earn { who: usize, points: i64, days_ago: i64 },
    Spend { who: usize, points: i64 },
    Reverse { what: usize },
    Merge,
    Unmerge,
    Erase { who: usize },
    Evaluate,
    Change { terms: Terms },
    Wait { hours: i64 },
}

fn terms() -> impl Strategy<Value = Terms> {
    let measures = prop::sample::select(vec!["ever", "rolling_year", "calendar_year", "membership_year"]);
    let downgrades = prop::sample::select(vec!["never", "one_step", "to_earned"]);
    let lowest = prop::sample::select(vec![0, 1, 30]);
    (measures, downgrades, 0..28i64, lowest, prop::collection::btree_set(50..500i64, 1..5)).prop_map(
        |(measure, downgrade, grace, lowest, higher)| {
            let downgrade = if measure == "ever" { "never" } else { downgrade };
            let grace = if downgrade == "never" { 0 } else { grace };
            Terms { measure, downgrade, grace, thresholds: [lowest].into_iter().chain(higher).collect() }
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..3usize;
    prop_oneof![
        6 => (who.clone(), 1..250i64, prop_oneof![3 => Just(0), 1 => 1..500i64])
            .prop_map(|(who, points, days_ago)| Step::Earn { who, points, days_ago }),
        1 => (who.clone(), 1..150i64).prop_map(|(who, points)| Step::Spend { who, points }),
        2 => (0..16usize).prop_map(|what| Step::Reverse { what }),
        1 => Just(Step::Merge),
        1 => Just(Step::Unmerge),
        1 => who.prop_map(|who| Step::Erase { who }),
        2 => Just(Step::Evaluate),
        1 => terms().prop_map(|terms| Step::Change { terms }),
        5 => prop_oneof![1..100i64, 500..5_000i64, 8_000..10_000i64].prop_map(|hours| Step::Wait { hours }),
    ]
}

/// An award that was booked, and has not been taken back.
struct Award {
    who: usize,
    key: String,
    points: i64,
    day: NaiveDate,
}

/// Three members, the second of whom may be merged into the first, and what should be so.
struct Story<'a> {
    client: &'a Client,
    names: [String; 3],
    since: [Option<NaiveDate>; 3],
    awards: Vec<Award>,
    merged: bool,
    now: DateTime<Utc>,
    terms: Terms,
    seen: Vec<String>,
}

impl Story<'_> {
    async fn tell(&mut self, number: usize, step: &Step) {
        let key = format!("step{number}");
        let mut event = format!("{step:?}").split(' ').next().unwrap().to_owned();
        match step {
            Step::Earn { who, points, days_ago } => {
                let at = self.now - TimeDelta::days(*days_ago);
                let request = Request::earn(&self.names[*who], "FREE", &key).points(*points);
                let request = if *days_ago == 0 { request } else { request.occurred_at(at) };
                let who = *who;
                // What is asked of the merged one is refused.
                if self.execute(request).await {
                    self.since[who].get_or_insert(day(self.now));
                    self.awards.push(Award { who, key, points: *points, day: day(at) });
                    self.assert_booked(who).await;
                }
            }
            Step::Spend { who, points } => {
                if self.since[*who].is_some() {
                    self.execute(Request::spend(&self.names[*who], *points, &key)).await;
                }
            }
            Step::Reverse { what } if !self.awards.is_empty() => {
                let award = self.awards.remove(what % self.awards.len());
                let request = Request::undo(Kind::Reverse, &self.names[award.who], &award.key, &key);
                assert!(self.execute(request).await);
                self.assert_booked(if self.merged && award.who == 1 { 0 } else { award.who }).await;
            }
            Step::Merge if !self.merged && self.since[0].is_some() && self.since[1].is_some() => {
                let request = merge(&self.names[1], &self.names[0], &key);
                assert_eq!(run(self.client, &request, Some(self.now)).await.0, None);
                self.merged = true;
                self.assert_booked(0).await;
            }
            Step::Unmerge if self.merged => {
                let (refusal, ..) = run(self.client, &unmerge(&self.names[1], &key), Some(self.now)).await;
                self.merged = refusal.is_some();
                event = format!("{event} {refusal:?}");
                self.assert_booked(0).await;
            }
            Step::Erase { who } if !self.merged && self.since[*who].is_some() => {
                let request = erase(&self.names[*who], &key);
                self.client.query_one("select points.run_erase($1, $2)", &[&request, &self.now]).await.unwrap();
                self.since[*who] = None;
                self.awards.retain(|award| award.who != *who);
            }
            Step::Evaluate => {
                let step =
                    "select s.done + e.done from points.sweep_step(5, $1) s, points.evaluate_levels_step(5, $1) e";
                while self.client.query_one(step, &[&self.now]).await.unwrap().get::<_, i32>(0) > 0 {}
                for who in 0..3 {
                    self.assert_booked(who).await;
                }
            }
            Step::Change { terms } => {
                self.terms = terms.clone();
                self.set_levels(&key).await;
                event = format!("{event} {} {}", terms.measure, terms.downgrade);
            }
            Step::Wait { hours } => self.now += TimeDelta::hours(*hours),
            _ => event = "nothing".to_owned(),
        }
        self.seen.push(event);
        for who in 0..3 {
            self.assert_shown(who).await;
        }
    }

    /// Whether it was done.
    async fn execute(&self, request: Request) -> bool {
        execute(self.client, &[request], Some(self.now)).await.remove(0).refusal.is_none()
    }

    async fn set_levels(&self, key: &str) {
        let names = self.terms.thresholds.iter().zip(1..);
        let levels =
            names.map(|(threshold, rank)| json!({ "code": format!("L{rank}"), "name": "x", "threshold": threshold }));
        self.client
            .execute(
                "select api.set_levels('points', $1, $2, $3::text::points.level_measure, $4::text::points.level_downgrade, $5)",
                &[
                    &json!(levels.collect::<Vec<_>>()),
                    &format!("{} {key}", self.names[0]),
                    &self.terms.measure,
                    &self.terms.downgrade,
                    &(self.terms.grace as i32),
                ],
            )
            .await
            .unwrap();
    }

    fn days(&self, who: usize) -> Days {
        let mut days = Days::new();
        for award in &self.awards {
            if award.who == who || self.merged && who == 0 && award.who == 1 {
                *days.entry(award.day).or_default() += award.points;
            }
        }
        days
    }

    fn code(rank: usize) -> Option<String> {
        (rank > 0).then(|| format!("L{rank}"))
    }

    /// Whoever reads it sees what the model says, whether it is booked or not.
    async fn assert_shown(&self, who: usize) {
        let Some(since) = self.since[who] else { return };
        let (days, today) = (self.days(who), day(self.now));
        let level = self.terms.level(today, since, &days);
        let row = self
            .client
            .query_one(
                "select (l.weighed).level, ((l.weighed).ends_at at time zone 'Europe/Berlin')::date::text, (l.weighed).to_keep
                 from points.account a cross join lateral points.level_now(a.bucket, a.id, $2) l where a.user_id = $1",
                &[&self.names[who], &self.now],
            )
            .await
            .unwrap();
        let told = format!("{who} on {today}, since {since}, {:?}, {days:?}", self.terms);
        assert_eq!(row.get::<_, Option<String>>(0), Self::code(level), "level of {told}");
        let ends_on = self.terms.ends_on(today, since, &days);
        let shown: String = row.get(1);
        assert_eq!(shown, ends_on.map_or("infinity".to_owned(), |day| day.to_string()), "end of the level of {told}");
        let to_keep: Option<i64> = row.get(2);
        assert_eq!(to_keep.is_some(), ends_on.is_some());
        if let (Some(to_keep @ 1..), Some(ends_on)) = (to_keep, ends_on) {
            for (points, kept) in [(to_keep - 1, false), (to_keep, true)] {
                let mut more = days.clone();
                *more.entry(today).or_default() += points;
                assert_eq!(
                    self.terms.level(ends_on, since, &more) >= level,
                    kept,
                    "{points} to keep the level of {told}"
                );
            }
        }
    }

    /// It is booked by now.
    async fn assert_booked(&self, who: usize) {
        let Some(since) = self.since[who] else { return };
        let booked = "select b.level from points.account a
            join points.balance b on b.bucket = a.bucket and b.account_id = a.id where a.user_id = $1";
        let booked: Option<String> = self.client.query_one(booked, &[&self.names[who]]).await.unwrap().get(0);
        let days = self.days(who);
        let level = self.terms.level(day(self.now), since, &days);
        assert_eq!(
            booked,
            Self::code(level),
            "booked of {who} on {}, since {since}, {:?}, {days:?}",
            self.now,
            self.terms
        );
    }
}

async fn history(client: &Client, case: u32, start: DateTime<Utc>, terms: Terms, steps: &[Step]) -> Vec<String> {
    let names = ["a", "b", "c"].map(|name| format!("case{case}-{name}"));
    let (since, awards, seen) = ([None; 3], Vec::new(), Vec::new());
    let mut story = Story { client, names, since, awards, merged: false, now: start, terms, seen };
    story.set_levels("first").await;
    for (number, step) in steps.iter().enumerate() {
        story.tell(number, step).await;
    }
    story.tell(steps.len(), &Step::Evaluate).await;
    assert_counted(client, story.now).await;
    story.seen
}

/// What a preview counts at once is what weighing one by one would.
async fn assert_counted(client: &Client, now: DateTime<Utc>) {
    let counted = "select coalesce(m.level, '-') || sum(m.members) from generate_series(0, 7) b
        cross join lateral points.count_moves(b::smallint, 'points', $1) m group by m.level order by 1";
    let weighed = "select coalesce(w.level, '-') || count(*) from points.balance b
        cross join lateral points.weigh_levels(b.bucket, array[b.account_id], array[$1::timestamptz]) w
        where not b.closed and not b.merged group by w.level order by 1";
    let mut answers = Vec::new();
    for sql in [counted, weighed] {
        let rows = client.query(sql, &[&now]).await.unwrap();
        answers.push(rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>());
    }
    assert_eq!(answers[0], answers[1], "counted, weighed");
}

fn check(cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _guard = runtime.enter();
    let database = runtime.block_on(Database::new());
    let client = runtime.block_on(async {
        let client = database.client().await;
        make_rule(&client, "FREE", "basis, rounding, pending_days", "'given', 'down', 0").await;
        tell_everything(&client).await;
        client.batch_execute("update points.program set time_zone = 'Europe/Berlin'").await.unwrap();
        client
    });
    let starts = prop::sample::select(vec![
        "2023-02-10T12:00:00Z",
        "2024-02-28T23:30:00Z",
        "2023-12-31T22:59:59Z",
        "2022-10-31T05:00:00Z",
    ]);
    let steps = prop::collection::vec(step(), 10..45);
    let events = [
        "Reverse",
        "Merge",
        "Unmerge None",
        "Erase",
        "Evaluate",
        "Change rolling_year one_step",
        "Change calendar_year to_earned",
        "Change membership_year never",
        "Change ever never",
    ];
    check_histories(cases, &(starts, terms(), steps), &events, |case, (start, terms, steps)| {
        Ok(runtime.block_on(history(&client, case, instant(start), terms, &steps)))
    });
    runtime.block_on(async {
        // Each history had a clock of its own, and the job looked at the others' accounts by it.
        client.execute("select points.note_levels()", &[]).await.unwrap();
        let step =
            "select s.done + e.done from points.sweep_step(500, '2040-01-01') s, points.evaluate_levels_step(500, '2040-01-01') e";
        while client.query_one(step, &[]).await.unwrap().get::<_, i32>(0) > 0 {}
        assert_laws(&client).await;
    });
}

#[test]
fn levels_are_those_of_the_model() {
    check(8);
}

/// As many histories as JIFEN_HISTORIES says.
#[test]
#[ignore = "long"]
fn levels_are_those_of_the_model_at_length() {
    check(MANY);
}
