//! What a version of a rule would have awarded: one long read at a time.

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, NaiveDate, Utc};
use deadpool_postgres::Pool;
use postgres_types::FromSql;
use tokio::sync::Semaphore;
use tokio_postgres::{Row, types::ToSql};

use crate::{
    access::caller,
    database::{self, REPORT_TIMEOUT},
    error::{self, Error},
    ledger::{check_instant, check_text},
    scalars::{Date, Points},
};

/// Reads of whole tables, on a connection of their own, one at a time, so that they hold up no other request.
pub struct Reports {
    pool: Pool,
    running: Semaphore,
}

impl Reports {
    /// Reads from this database.
    pub fn new(pool: Pool) -> Self {
        Reports { pool, running: Semaphore::new(1) }
    }

    /// The rows of a statement. OVERLOADED: another one runs, or it took too long.
    pub async fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        let _alone = self.running.try_acquire().map_err(|_| Error::overloaded())?;
        Ok(database::query(&self.pool, REPORT_TIMEOUT, sql, parameters).await?)
    }

    /// Calls a function of schema `api` that answers one row.
    pub async fn call(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Row, Error> {
        self.query(sql, parameters).await?.pop().ok_or_else(|| Error::internal(&format!("no answer to {sql}")))
    }
}

/// Awards as they were made by their rule, and as another version of it would award.
#[derive(SimpleObject)]
pub struct Backtest {
    /// Awards in that time.
    operations: Points,
    /// Awards whose inputs the version does not take: it would refuse them. They count as 0 points after.
    refused: Points,
    /// Awards that reach the version's cap.
    capped: Points,
    /// Points by the versions of then; limits, campaigns, bonuses of streaks, returns and reversals are left aside, here and
    /// in pointsAfter.
    points_before: Points,
    /// Points that the version awards.
    points_after: Points,
    /// Members with awards.
    members: Points,
    /// Members who would have more.
    gaining: Points,
    /// Members who would have less.
    losing: Points,
    /// Members who would be on a higher level today, in wallets where all points earned ever count.
    levels_up: Points,
    /// Members who would be on a lower level today, likewise.
    levels_down: Points,
    /// By the day on which they happened, in the program's time zone; days without awards are left out.
    days: Vec<BacktestDay>,
    /// The 10 members who would gain most.
    most_gained: Vec<BacktestMember>,
    /// The 10 members who would lose most.
    most_lost: Vec<BacktestMember>,
}

/// Awards of a day.
#[derive(SimpleObject)]
pub struct BacktestDay {
    /// The day.
    day: Date,
    /// Awards.
    operations: Points,
    /// Points by the versions of then.
    points_before: Points,
    /// Points that the version awards.
    points_after: Points,
}

/// Awards of a member.
#[derive(SimpleObject)]
pub struct BacktestMember {
    /// The member; null: erased.
    user_id: Option<ID>,
    /// Kind of points.
    wallet: String,
    /// Awards.
    operations: Points,
    /// Points by the versions of then.
    points_before: Points,
    /// Points that the version awards.
    points_after: Points,
}

/// `api.backtest_day`.
#[derive(Debug, FromSql)]
#[postgres(name = "backtest_day")]
struct DayRow {
    day: NaiveDate,
    operations: i64,
    points_before: i64,
    points_after: i64,
}

/// `api.backtest_member`.
#[derive(Debug, FromSql)]
#[postgres(name = "backtest_member")]
struct MemberRow {
    user_id: Option<String>,
    wallet: String,
    operations: i64,
    points_before: i64,
    points_after: i64,
}

impl From<DayRow> for BacktestDay {
    fn from(row: DayRow) -> Self {
        BacktestDay {
            day: Date(row.day),
            operations: Points(row.operations),
            points_before: Points(row.points_before),
            points_after: Points(row.points_after),
        }
    }
}

impl From<MemberRow> for BacktestMember {
    fn from(row: MemberRow) -> Self {
        BacktestMember {
            user_id: row.user_id.map(ID::from),
            wallet: row.wallet,
            operations: Points(row.operations),
            points_before: Points(row.points_before),
            points_after: Points(row.points_after),
        }
    }
}

impl Backtest {
    /// From a row of `api.backtest_rule`.
    fn from_row(row: &Row) -> Result<Backtest, tokio_postgres::Error> {
        let number = |column: &str| row.try_get(column).map(Points);
        let members = |column: &str| -> Result<_, tokio_postgres::Error> {
            let rows: Vec<MemberRow> = row.try_get(column)?;
            Ok(rows.into_iter().map(BacktestMember::from).collect())
        };
        let days: Vec<DayRow> = row.try_get("days")?;
        Ok(Backtest {
            operations: number("operations")?,
            refused: number("refused")?,
            capped: number("capped")?,
            points_before: number("points_before")?,
            points_after: number("points_after")?,
            members: number("members")?,
            gaining: number("gaining")?,
            losing: number("losing")?,
            levels_up: number("levels_up")?,
            levels_down: number("levels_down")?,
            days: days.into_iter().map(BacktestDay::from).collect(),
            most_gained: members("most_gained")?,
            most_lost: members("most_lost")?,
        })
    }
}

/// Queries that run rules over history.
#[derive(Default)]
pub struct BacktestQuery;

#[Object]
impl BacktestQuery {
    /// What a version of a rule, a draft or not, would have awarded for the awards and sign-ins by that rule that
    /// happened from then until before then. It reads all operations in one snapshot and changes nothing; one runs at a
    /// time, for a minute at most. Needs the scope rules or audit. Errors: INVALID_INPUT, UNKNOWN_RULE, OVERLOADED when
    /// another runs or the time is up.
    async fn backtest_rule(
        &self,
        context: &Context<'_>,
        rule: String,
        version: i32,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> async_graphql::Result<Backtest> {
        caller(context)?;
        check_text("rule", &rule)?;
        check_instant("from", Some(from))?;
        check_instant("to", Some(to))?;
        let reports = context.data::<Reports>()?;
        let row =
            reports.call("select * from api.backtest_rule($1, $2, $3, $4)", &[&rule, &version, &from, &to]).await?;
        Ok(Backtest::from_row(&row).map_err(|error| Error::internal(&error::describe(&error)))?)
    }
}
