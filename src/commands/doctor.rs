//! `jifen doctor`: what is wrong with the server and the database, and what to do about it.

use chrono::{DateTime, Months, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use tokio_postgres::{Client, error::SqlState};

use super::say;
use crate::{
    database::{self, Config},
    error, migrate,
};

/// A check, and what came of it.
#[derive(Debug, Serialize)]
struct Check {
    topic: String,
    state: String,
    finding: String,
    remedy: Option<String>,
}

impl Check {
    fn new(topic: &str, state: &str, finding: String, remedy: &str) -> Check {
        let remedy = (state != "ok").then(|| remedy.to_owned());
        Check { topic: topic.to_owned(), state: state.to_owned(), finding, remedy }
    }
}

/// Something is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{0} of {1} checks failed")]
pub struct Unwell(usize, usize);

/// Prints a line a check, or all as JSON.
pub async fn doctor(config: &Config, json: bool) -> Result<(), Unwell> {
    let checks = match look(config).await {
        Ok(checks) => checks,
        Err(failure) => vec![failure],
    };
    if json {
        say(serde_json::to_string_pretty(&checks).unwrap_or_default());
    } else {
        for check in &checks {
            say(format_args!("{:<5} {:<30} {}", check.state, check.topic, check.finding));
            if let Some(remedy) = &check.remedy {
                say(format_args!("      {:<30} {remedy}", ""));
            }
        }
    }
    match checks.iter().filter(|check| check.state == "fail").count() {
        0 => Ok(()),
        failed => Err(Unwell(failed, checks.len())),
    }
}

async fn look(config: &Config) -> Result<Vec<Check>, Check> {
    let client = database::connect(config).await.map_err(|error| {
        Check::new("connection", "fail", error::brief(&error), "Check DATABASE_URL, and that the server runs.")
    })?;
    let mut checks = vec![connection(&client).await.map_err(asking)?];
    match of_database(&client).await {
        Ok(found) => checks.extend(found),
        Err(error)
            if [Some(&SqlState::UNDEFINED_FUNCTION), Some(&SqlState::INVALID_SCHEMA_NAME)].contains(&error.code()) =>
        {
            let finding = "this database is not migrated, or by an older version that has no api.doctor".to_owned();
            checks.push(Check::new(
                "migrations",
                "fail",
                finding,
                "Run jifen migrate as a role that may create schemas and roles.",
            ));
            return Ok(checks);
        }
        Err(error) => {
            checks.push(asking(error));
            return Ok(checks);
        }
    }
    checks.push(calendar(&client).await.unwrap_or_else(asking));
    Ok(checks)
}

fn asking(error: tokio_postgres::Error) -> Check {
    let remedy = "Ask as the gateway's role, or another that is a member of jifen_gateway.";
    Check::new("questions", "fail", error::brief(&error), remedy)
}

/// Whether somebody on the way can read along.
async fn connection(client: &Client) -> Result<Check, tokio_postgres::Error> {
    let row = client
        .query_one(
            "select coalesce(s.ssl, false), s.version, inet_server_addr() is null or inet_server_addr() <<= any ('{127.0.0.0/8,::1/128}'::inet[])
             from (select pg_backend_pid() as pid) own left join pg_catalog.pg_stat_ssl s using (pid)",
            &[],
        )
        .await?;
    let (encrypted, version, near): (bool, Option<&str>, bool) = (row.get(0), row.get(1), row.get(2));
    Ok(match (encrypted, near) {
        (true, _) => Check::new("connection", "ok", format!("encrypted by {}", version.unwrap_or("TLS")), ""),
        (false, true) => Check::new("connection", "ok", "within the machine".to_owned(), ""),
        (false, false) => Check::new(
            "connection",
            "warn",
            "not encrypted, over a network".to_owned(),
            "Say sslmode=verify-full in DATABASE_URL (docs/security.md), unless nobody else is on that network.",
        ),
    })
}

async fn of_database(client: &Client) -> Result<Vec<Check>, tokio_postgres::Error> {
    let connections = i32::try_from(database::CONNECTIONS).unwrap_or(i32::MAX);
    let hash = migrate::bundle_hash();
    let statement = client.prepare("select * from api.doctor($1, $2, $3, $4)").await?;
    let clock = Utc::now();
    let rows = client.query(&statement, &[&clock, &connections, &migrate::last_migration(), &&hash[..]]).await?;
    let check = |row: &tokio_postgres::Row| Check {
        topic: row.get("topic"),
        state: row.get("state"),
        finding: row.get("finding"),
        remedy: row.get("remedy"),
    };
    Ok(rows.iter().map(check).collect())
}

/// Whether the gateway, which says when jobs run, and the server, which says when days begin, know the same time zone.
async fn calendar(client: &Client) -> Result<Check, tokio_postgres::Error> {
    let now = Utc::now();
    let instants: Vec<DateTime<Utc>> =
        (0..24).filter_map(|months| now.checked_add_months(Months::new(months))).collect();
    let rows = client
        .query(
            "select p.time_zone, i, i at time zone p.time_zone from api.program p cross join unnest($1::timestamptz[]) i",
            &[&instants],
        )
        .await?;
    let zone = rows.first().map_or("", |row| row.get::<_, &str>(0)).to_owned();
    let remedy = "Bring the operating system's time zone data (tzdata) and Jifen up to date.";
    let Ok(known) = zone.parse::<Tz>() else {
        return Ok(Check::new("calendar", "fail", format!("this program does not know the time zone {zone}"), remedy));
    };
    let other = rows.iter().find(|row| {
        let (instant, local): (DateTime<Utc>, NaiveDateTime) = (row.get(1), row.get(2));
        known.from_utc_datetime(&instant.naive_utc()).naive_local() != local
    });
    Ok(match other {
        None => Check::new("calendar", "ok", format!("the server and this program agree on {zone} for two years"), ""),
        Some(row) => {
            let finding =
                format!("the server and this program differ about {zone} at {}", row.get::<_, DateTime<Utc>>(1));
            Check::new("calendar", "fail", finding, remedy)
        }
    })
}
