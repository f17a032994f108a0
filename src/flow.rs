//! What moved in each hour, and what is outstanding: for operators and their books.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject, connection::Connection, dataloader::DataLoader};
use chrono::{DateTime, Utc};
use postgres_types::FromSql;
use tokio_postgres::Row;

use crate::{
    access::reader_of,
    account::{bad_cursor, connection, page_complexity, page_size},
    backtest::Reports,
    catalogue::{change, check_terms},
    error::{self, Error},
    ledger::{check_instant, check_text},
    reads::Reads,
    scalars::{Date, Decimal, Points},
};

/// Periods of the program's time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum FlowUnit {
    /// Hours.
    Hour,
    /// Days.
    Day,
    /// Months.
    Month,
}

impl FlowUnit {
    fn name(self) -> &'static str {
        match self {
            FlowUnit::Hour => "hour",
            FlowUnit::Day => "day",
            FlowUnit::Month => "month",
        }
    }
}

/// What moved. What members gave is counted from 0 up.
#[derive(Clone, Debug, SimpleObject)]
pub struct FlowPoints {
    /// Entries; one of several rules counts for each of them.
    entries: Points,
    /// Points awarded.
    issued: Points,
    /// Points of awards taken back.
    clawed_back: Points,
    /// Points spent and captured.
    used: Points,
    /// Points given back of those.
    refunded: Points,
    /// Points expired.
    expired: Points,
    /// Points brought back of those.
    reinstated: Points,
    /// Points adjusted by hand, below 0: taken.
    adjusted: Points,
    /// Points transferred in, less those out; not 0 where one side is in another period.
    transferred: Points,
    /// Points or debt written off, below 0: points.
    written_off: Points,
    /// What members have gained altogether, below 0: lost.
    net: Points,
}

impl FlowPoints {
    fn from_row(row: &Row) -> Self {
        let number = |column: &str| Points(row.get(column));
        FlowPoints {
            entries: number("entries"),
            issued: number("issued"),
            clawed_back: number("clawed_back"),
            used: number("used"),
            refunded: number("refunded"),
            expired: number("expired"),
            reinstated: number("reinstated"),
            adjusted: number("adjusted"),
            transferred: number("transferred"),
            written_off: number("written_off"),
            net: number("net"),
        }
    }
}

/// What moved by one rule.
#[derive(Clone, Debug, SimpleObject)]
pub struct RuleFlow {
    /// The rule that awarded, or whose points expired or came back; adjust: granted by hand; null: it says nothing of rules.
    rule: Option<String>,
    /// What moved.
    points: FlowPoints,
}

/// What moved in a period.
#[derive(Clone, Debug, SimpleObject)]
pub struct Flow {
    /// Its start.
    starts_at: DateTime<Utc>,
    /// Its end, which is the start of the next.
    ends_at: DateTime<Utc>,
    /// Whether it is over and all of it counted: it changes no more.
    whole: bool,
    /// What moved in all.
    points: FlowPoints,
    /// What moved by each rule that anything moved by.
    by_rule: Vec<RuleFlow>,
}

/// Points of one source that expire in one month.
#[derive(Clone, Debug, FromSql)]
#[postgres(name = "liability_part")]
struct LiabilityPart {
    expires_month: Option<chrono::NaiveDate>,
    source: Option<String>,
    points: i64,
    held: i64,
}

/// Points of one source that expire in one month.
#[Object(name = "LiabilityPart")]
impl LiabilityPart {
    /// First day of the local month in which they expire, as far as is known now; null: never, or source is null.
    async fn expires_month(&self) -> Option<Date> {
        self.expires_month.map(Date)
    }

    /// Rule that granted them, or adjust; null: of all that are not among the 999 largest parts.
    async fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// Points that can or will be spent.
    async fn points(&self) -> Points {
        Points(self.points)
    }

    /// Points that were held.
    async fn held(&self) -> Points {
        Points(self.held)
    }
}

/// What members had at an instant.
#[derive(SimpleObject)]
pub struct Liability {
    /// The instant.
    at: DateTime<Utc>,
    /// Points that could or would be spent.
    points: Points,
    /// Points that were held.
    held: Points,
    /// What members owed.
    debt: Points,
    /// What a point is worth in the program's currency: as set, or what it pays for of an order; null: nothing is known.
    point_value: Option<Decimal>,
    /// What points and held are worth at that, to 4 decimals; null: nothing is known.
    value: Option<Decimal>,
    /// The same by month of expiry and source, at most 1,000 parts.
    parts: Vec<LiabilityPart>,
}

/// What has become of the points that became available in a month.
#[derive(Clone, Debug, FromSql)]
#[postgres(name = "breakage_cohort")]
struct BreakageCohort {
    month: chrono::NaiveDate,
    granted: i64,
    used: i64,
    clawed_back: i64,
    expired: i64,
    other: i64,
    outstanding: i64,
}

/// What has become of the points that became available, or will, in a month. granted is the sum of the others.
#[Object(name = "BreakageCohort")]
impl BreakageCohort {
    /// First day of the local month.
    async fn month(&self) -> Date {
        Date(self.month)
    }

    /// Points granted.
    async fn granted(&self) -> Points {
        Points(self.granted)
    }

    /// Points used, less those refunded.
    async fn used(&self) -> Points {
        Points(self.used)
    }

    /// Points taken back.
    async fn clawed_back(&self) -> Points {
        Points(self.clawed_back)
    }

    /// Points expired, less those that came back.
    async fn expired(&self) -> Points {
        Points(self.expired)
    }

    /// Points adjusted, written off, or that went to pay a debt.
    async fn other(&self) -> Points {
        Points(self.other)
    }

    /// Points that are left, held ones among them.
    async fn outstanding(&self) -> Points {
        Points(self.outstanding)
    }
}

/// How many points expire unused.
#[derive(SimpleObject)]
pub struct Breakage {
    /// Points granted, less those clawed back, in the months of which nothing is outstanding.
    closed_granted: Points,
    /// Points of those that expired.
    closed_expired: Points,
    /// closedExpired / closedGranted, to 4 decimals: an estimate of what will expire of what is outstanding; null: no month is closed.
    rate: Option<Decimal>,
    /// The months, at most 121.
    cohorts: Vec<BreakageCohort>,
}

/// Queries about flows.
#[derive(Default)]
pub struct FlowQuery;

#[Object]
impl FlowQuery {
    /// What moved in a wallet, by hours, days or months that end after from and begin before to: at most 10,000 of them, 100 a
    /// page, 20 unless asked. It is kept for ever, and counted some seconds after it was booked. Needs the scope rules or
    /// audit. Errors: INVALID_INPUT.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    #[allow(clippy::too_many_arguments, reason = "they are the field's")]
    async fn flows(
        &self,
        context: &Context<'_>,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        by: FlowUnit,
        #[graphql(default = "points")] wallet: String,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, Flow>> {
        reader_of(context, &wallet)?;
        check_text("wallet", &wallet)?;
        check_instant("from", Some(from))?;
        check_instant("to", Some(to))?;
        let first = page_size(first)?;
        let after = after
            .map(|cursor| cursor.parse().ok().and_then(DateTime::from_timestamp_micros).ok_or_else(bad_cursor))
            .transpose()?;
        check_instant("after", after)?;
        let rows = context
            .data::<DataLoader<Reads>>()?
            .loader()
            .query(
                "select * from api.flows($1, $2, $3, $4, $5, $6)",
                &[&from, &to, &by.name(), &wallet, &after, &(first + 1)],
            )
            .await?;
        let mut flows: Vec<Flow> = Vec::new();
        for row in rows {
            let points = FlowPoints::from_row(&row);
            // Each period begins with the row for all.
            if row.get("total") {
                flows.push(Flow {
                    starts_at: row.get("starts_at"),
                    ends_at: row.get("ends_at"),
                    whole: row.get("whole"),
                    points,
                    by_rule: Vec::new(),
                });
            } else if let Some(flow) = flows.last_mut() {
                let rule: String = row.get("rule");
                flow.by_rule.push(RuleFlow { rule: (!rule.is_empty()).then_some(rule), points });
            }
        }
        let cursor = |flow: &Flow| flow.starts_at.timestamp_micros().to_string();
        Ok(connection(flows, first, after.is_some(), cursor))
    }

    /// What the members of a wallet had at an instant (null, or one to come: now), by month of expiry and source, as it is
    /// booked by now. What had expired is left out, booked or not. It reads every open lot and all that was booked since;
    /// one report runs at a time, for a minute at most. Needs the scope rules or audit. Errors: INVALID_INPUT, OVERLOADED when
    /// another runs or the time is up.
    async fn liability(
        &self,
        context: &Context<'_>,
        at: Option<DateTime<Utc>>,
        #[graphql(default = "points")] wallet: String,
    ) -> async_graphql::Result<Liability> {
        reader_of(context, &wallet)?;
        check_text("wallet", &wallet)?;
        check_instant("at", at)?;
        let row = context.data::<Reports>()?.call("select * from api.liability($1, $2)", &[&at, &wallet]).await?;
        let read = || -> Result<Liability, tokio_postgres::Error> {
            Ok(Liability {
                at: row.try_get("at")?,
                points: Points(row.try_get("points")?),
                held: Points(row.try_get("held")?),
                debt: Points(row.try_get("debt")?),
                point_value: row.try_get::<_, Option<_>>("point_value")?.map(Decimal),
                value: row.try_get::<_, Option<_>>("value")?.map(Decimal),
                parts: row.try_get("parts")?,
            })
        };
        Ok(read().map_err(|error| Error::internal(&error::describe(&error)))?)
    }

    /// What has become of the points of a wallet that became available in the local months from that of from to that of to,
    /// at most 10 years, and how many of them expire unused. It reads every use of those points; one report runs at a time, for
    /// a minute at most. Needs the scope rules or audit. Errors: INVALID_INPUT, OVERLOADED when another runs or the time is up.
    async fn breakage(
        &self,
        context: &Context<'_>,
        from: Date,
        to: Date,
        #[graphql(default = "points")] wallet: String,
    ) -> async_graphql::Result<Breakage> {
        reader_of(context, &wallet)?;
        check_text("wallet", &wallet)?;
        let row = context
            .data::<Reports>()?
            .call("select * from api.breakage($1, $2, $3)", &[&from.0, &to.0, &wallet])
            .await?;
        let read = || -> Result<Breakage, tokio_postgres::Error> {
            Ok(Breakage {
                closed_granted: Points(row.try_get("closed_granted")?),
                closed_expired: Points(row.try_get("closed_expired")?),
                rate: row.try_get::<_, Option<_>>("rate")?.map(Decimal),
                cohorts: row.try_get("cohorts")?,
            })
        };
        Ok(read().map_err(|error| Error::internal(&error::describe(&error)))?)
    }
}

/// What a point costs.
#[derive(InputObject)]
pub struct SetPointValueInput {
    /// In the program's currency, from 0 to less than 1000000, at most 12 decimals; null: as much as it pays for of an order.
    pub value: Option<Decimal>,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Kind of points; points unless named.
    #[graphql(default = "points")]
    pub wallet: String,
}

/// What a point costs.
#[derive(SimpleObject)]
pub struct SetPointValuePayload {
    /// What it is worth now; null: nothing is known.
    point_value: Option<Decimal>,
    /// True: it was done earlier under this key.
    replayed: bool,
}

/// Mutations of how points are valued.
#[derive(Default)]
pub struct FlowMutation;

#[Object]
impl FlowMutation {
    /// Sets what a point of a wallet is reckoned to cost, where liability is valued; nothing that is booked depends on it.
    /// Needs the scope rules. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn set_point_value(
        &self,
        context: &Context<'_>,
        input: SetPointValueInput,
    ) -> async_graphql::Result<SetPointValuePayload> {
        check_terms(&[("wallet", &input.wallet), ("idempotencyKey", &input.idempotency_key)], &[])?;
        let row = change(
            context,
            "select r.* from api.set_point_value($2, $3, $4, (select name from api.client where id = $1)) r",
            &[
                &crate::access::caller(context)?.id,
                &input.value.map(|value| value.0),
                &input.idempotency_key,
                &input.wallet,
            ],
        )
        .await?;
        let point_value: Option<rust_decimal::Decimal> = row.get("point_value");
        Ok(SetPointValuePayload { point_value: point_value.map(Decimal), replayed: row.get("replayed") })
    }
}
