//! Levels that go by periods, by themselves: a walk through the periods that carries the level along, apart from the
//! database's way of weighing it.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};

use super::ledger_model::calendar::local_day;

/// What the program says about the levels of a wallet.
#[derive(Clone, Debug)]
pub struct Terms {
    pub measure: &'static str,
    pub downgrade: &'static str,
    pub grace: i64,
    pub thresholds: Vec<i64>,
}

/// What a member earned on which local day, less what was taken back.
pub type Days = BTreeMap<NaiveDate, i64>;

impl Terms {
    /// How many thresholds so many points reach.
    fn rank(&self, points: i64) -> usize {
        self.thresholds.iter().filter(|threshold| **threshold <= points).count()
    }

    /// First day of a period, counted from the member's first day or from 2000.
    fn starts(&self, number: i32, since: NaiveDate) -> NaiveDate {
        let months = |from: NaiveDate, months: i32| match u32::try_from(months) {
            Ok(months) => from + Months::new(months),
            Err(_) => from - Months::new(months.unsigned_abs()),
        };
        let origin = NaiveDate::from_ymd_opt(2000, 1, 1).unwrap();
        match self.measure {
            "rolling_year" => months(origin, number),
            "calendar_year" => months(origin, 12 * number),
            _ => months(since, 12 * number),
        }
    }

    fn period(&self, day: NaiveDate, since: NaiveDate) -> i32 {
        let guess = match self.measure {
            "rolling_year" => (day.year() - 2000) * 12 + 20,
            "calendar_year" => day.year() - 1998,
            _ => day.year() - since.year() + 2,
        };
        (guess - 40..=guess).rev().find(|number| self.starts(*number, since) <= day).unwrap()
    }

    /// Points that count in a period.
    fn measured(&self, number: i32, since: NaiveDate, days: &Days) -> i64 {
        let first = if self.measure == "rolling_year" { number - 11 } else { number };
        days.range(self.starts(first, since)..self.starts(number + 1, since)).map(|(_, points)| points).sum()
    }

    /// The level on a day, as the number of thresholds that it is above.
    pub fn level(&self, today: NaiveDate, since: NaiveDate, days: &Days) -> usize {
        if self.measure == "ever" {
            return self.rank(days.values().sum());
        }
        let first = days.keys().next().map_or(today, |day| (*day).min(today));
        let (mut held, mut decided) = (self.rank(0), self.rank(0));
        for number in self.period(first, since)..=self.period(today, since) {
            let reached = self.rank(self.measured(number, since, days));
            let in_grace = today < self.starts(number, since) + TimeDelta::days(self.grace);
            // In its days of grace a level is still what it was in the period before.
            let carried = if in_grace { held } else { decided };
            held = carried.max(reached);
            let decided_of = decided.max(reached);
            decided = match self.downgrade {
                "never" => decided_of,
                "one_step" => reached.max(decided_of.saturating_sub(1)),
                _ => reached,
            };
        }
        held
    }

    /// The day on which a level ends if nothing more is earned; None: it does not.
    pub fn ends_on(&self, today: NaiveDate, since: NaiveDate, days: &Days) -> Option<NaiveDate> {
        let level = self.level(today, since, days);
        let period = self.period(today, since);
        (0..40)
            .map(|ahead| self.starts(period + ahead, since) + TimeDelta::days(self.grace))
            .filter(|day| *day > today)
            .find(|day| self.level(*day, since, days) < level)
    }
}

/// The local day in the program's time zone.
pub fn day(at: DateTime<Utc>) -> NaiveDate {
    local_day(at)
}
