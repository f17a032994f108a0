//! When a job runs next.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::parser::{CronParser, Seconds};

/// The first time of a cron expression after an instant, in a time zone. None: the schedule is an interval, which
/// PostgreSQL adds by itself. A local time that a change of clocks leaves out is put off to the end of the gap; one that
/// it repeats comes once.
pub fn next_run(schedule: &str, time_zone: &str, after: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, String> {
    if schedule.starts_with('P') {
        return Ok(None);
    }
    let cron = CronParser::builder()
        .seconds(Seconds::Disallowed)
        .build()
        .parse(schedule)
        .map_err(|error| format!("the schedule {schedule} cannot be read: {error}"))?;
    let zone: Tz = time_zone.parse().map_err(|_| format!("no time zone {time_zone} for the schedule"))?;
    match cron.find_next_occurrence(&after.with_timezone(&zone), false) {
        Ok(next) => Ok(Some(next.with_timezone(&Utc))),
        Err(error) => Err(format!("the schedule {schedule} never comes: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::next_run;

    fn next(schedule: &str, time_zone: &str, after: &str) -> String {
        let next = next_run(schedule, time_zone, after.parse().unwrap()).unwrap().unwrap();
        next.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    }

    /// Worked out by hand.
    #[test]
    fn local_times_keep_to_the_zone() {
        for (schedule, zone, after, expected) in [
            ("0 8 * * *", "Asia/Shanghai", "2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z"),
            ("0 8 * * *", "Asia/Shanghai", "2026-04-30T23:59:59Z", "2026-05-01T00:00:00Z"),
            ("0 8 * * *", "America/New_York", "2026-03-07T13:00:00Z", "2026-03-08T12:00:00Z"),
            // 2:30 is left out on the 29th, and comes twice on October 25th.
            ("30 2 * * *", "Europe/Berlin", "2026-03-28T02:00:00Z", "2026-03-29T01:00:00Z"),
            ("30 2 * * *", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"),
            ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),
            ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
            ("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("*/20 * * * *", "Asia/Kathmandu", "2026-01-01T00:00:00Z", "2026-01-01T00:15:00Z"),
        ] {
            assert_eq!(next(schedule, zone, after), expected, "{schedule} in {zone} after {after}");
        }
    }

    #[test]
    fn what_cannot_be_planned_says_so() {
        let after = "2026-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(next_run("PT10S", "nowhere", after), Ok(None));
        assert!(next_run("* * * *", "UTC", after).unwrap_err().contains("cannot be read"));
        assert!(next_run("99 * * * *", "UTC", after).unwrap_err().contains("cannot be read"));
        assert!(next_run("0 0 31 2 *", "UTC", after).unwrap_err().contains("never comes"));
        assert!(next_run("0 0 * * *", "Nowhere/Land", after).unwrap_err().contains("no time zone"));
    }
}
