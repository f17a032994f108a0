//! Days in Berlin.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Utc, Weekday};

/// The same local time in Berlin, days later. A local time that summer time skips is read as winter time, one that
/// comes twice as the second.
pub fn days_after(at: DateTime<Utc>, days: i32) -> DateTime<Utc> {
    if days == 0 {
        return at;
    }
    let hours = |at: NaiveDateTime| if is_summer_time(at) { 2 } else { 1 };
    let utc = at.naive_utc();
    let local = utc + TimeDelta::hours(hours(utc)) + TimeDelta::days(days.into());
    let (winter, summer) = (local - TimeDelta::hours(1), local - TimeDelta::hours(2));
    let later = if is_summer_time(winter) && is_summer_time(summer) { summer } else { winter };
    later.and_utc()
}

/// The end of the local day in Berlin, days later.
pub fn end_of_day_after(at: DateTime<Utc>, days: i32) -> DateTime<Utc> {
    let midnight = (local_day(at) + TimeDelta::days(i64::from(days) + 1)).and_hms_opt(0, 0, 0).unwrap();
    // Clocks change later in the night.
    let summer = midnight - TimeDelta::hours(2);
    (if is_summer_time(summer) { summer } else { midnight - TimeDelta::hours(1) }).and_utc()
}

/// The local day.
pub fn local_day(at: DateTime<Utc>) -> NaiveDate {
    let utc = at.naive_utc();
    (utc + TimeDelta::hours(if is_summer_time(utc) { 2 } else { 1 })).date()
}

/// From the last Sunday of March to the last of October, at 01:00 UTC, since 1996.
fn is_summer_time(utc: NaiveDateTime) -> bool {
    let last_sunday = |month: u32| {
        let last = NaiveDate::from_ymd_opt(utc.year(), month, 31).unwrap();
        let back = last.weekday().days_since(Weekday::Sun);
        (last - TimeDelta::days(back.into())).and_hms_opt(1, 0, 0).unwrap()
    };
    last_sunday(3) <= utc && utc < last_sunday(10)
}
