//! Signing in once a local day: streaks, days made up, and the calendar of a month.

use async_graphql::{ComplexObject, Context, ID, InputObject, Json, Object, SimpleObject, dataloader::DataLoader};
use chrono::NaiveDate;
use serde_json::Value;

use crate::{
    account::AccountKey,
    client::caller,
    error::Error,
    ledger::{Origin, OriginInput, Request, execute, execute_about, payload},
    operation::{OperationKind, fact},
    reads::Reads,
    scalars::{Date, Points},
};

/// A month of a member's sign-ins.
#[derive(SimpleObject)]
pub struct SignInCalendar {
    /// IANA time zone that the member's days are counted in: the member's own, or the program's.
    time_zone: String,
    /// Days of the month that were signed or made up.
    days: Vec<Date>,
    /// Those of them that were made up later.
    made_up: Vec<Date>,
    /// Consecutive days signed, until today, or, not having signed in yet, until yesterday.
    streak: i32,
    /// The member's present local day.
    today: SignInDay,
    /// The day after it, if today is signed.
    tomorrow: SignInDay,
    /// How days can be made up; null: they cannot.
    make_up: Option<MakeUpTerms>,
}

/// What signing in on a day brings.
#[derive(SimpleObject)]
pub struct SignInDay {
    /// The local day.
    day: Date,
    /// Whether it is signed already.
    signed: bool,
    /// Consecutive days, this one included, once it is signed.
    streak: i32,
    /// Points, the bonus included, by the rule as known now.
    points: Points,
    /// Those of them that are the bonus of the streak.
    bonus: Points,
}

/// How a member can make up days.
#[derive(SimpleObject)]
pub struct MakeUpTerms {
    /// The first day that can be made up today, unless it is signed; the last one is yesterday.
    from: Date,
    /// Days that the member can still make up this month.
    left: i32,
    /// Points that each costs; 0: nothing.
    price: Points,
}

/// A member who signs in.
#[derive(InputObject)]
pub struct SignInInput {
    /// The host's name for the member, 1 to 64 characters. The account is made if it isn't there.
    pub user_id: ID,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Where the member is; the same key from elsewhere is the same request.
    pub origin: Option<OriginInput>,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

/// A day to make up.
#[derive(InputObject)]
pub struct MakeUpSignInInput {
    /// The host's name for the member.
    pub user_id: ID,
    /// The member's local day on which there was no sign-in.
    pub day: Date,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

/// A time zone for a member.
#[derive(InputObject)]
pub struct SetTimeZoneInput {
    /// The host's name for the member. The account is made if it isn't there.
    pub user_id: ID,
    /// IANA time zone, e.g. Asia/Shanghai.
    pub time_zone: String,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

payload!(
    /// A day signed.
    #[graphql(complex)]
    SignInPayload
);
payload!(
    /// A day made up.
    #[graphql(complex)]
    MakeUpSignInPayload
);
payload!(
    /// A time zone set.
    SetTimeZonePayload
);

#[ComplexObject]
impl SignInPayload {
    /// The local day that was signed.
    async fn day(&self) -> async_graphql::Result<Date> {
        Ok(Date(fact(&self.operation, "day")?))
    }

    /// Consecutive days that it made, this one included.
    async fn streak(&self) -> async_graphql::Result<i32> {
        Ok(fact(&self.operation, "streak")?)
    }

    /// Points of the operation that are the bonus of the streak.
    async fn bonus(&self) -> async_graphql::Result<Points> {
        Ok(Points(fact(&self.operation, "bonus")?))
    }
}

#[ComplexObject]
impl MakeUpSignInPayload {
    /// The local day that was made up.
    async fn day(&self) -> async_graphql::Result<Date> {
        Ok(Date(fact(&self.operation, "day")?))
    }

    /// The member's streak with it, until today or yesterday.
    async fn streak(&self) -> async_graphql::Result<i32> {
        Ok(fact(&self.operation, "streak")?)
    }
}

/// Queries about signing in.
#[derive(Default)]
pub struct SignInQuery;

#[Object]
impl SignInQuery {
    /// A month of a member's sign-ins, like 2030-01 (null: the present one), the streak, and what today and tomorrow
    /// bring. Needs the scope read. INVALID_INPUT: month is none, or the wallet has no sign-in.
    async fn sign_in_calendar(
        &self,
        context: &Context<'_>,
        user_id: ID,
        month: Option<String>,
        #[graphql(default = "points")] wallet: String,
    ) -> async_graphql::Result<SignInCalendar> {
        caller(context)?.require("read")?;
        let month = month.map(|month| parse_month(&month)).transpose()?;
        let key = AccountKey::new(user_id, wallet)?;
        let calendar = "select * from api.sign_in_calendar($1, $2, $3)";
        let reads = context.data::<DataLoader<Reads>>()?.loader();
        let row = reads.call(calendar, &[&key.user_id, &month, &key.wallet]).await?;
        let dates = |name| row.get::<_, Vec<NaiveDate>>(name).into_iter().map(Date).collect();
        Ok(SignInCalendar {
            time_zone: row.get("time_zone"),
            days: dates("days"),
            made_up: dates("made_up"),
            streak: row.get("streak"),
            today: SignInDay {
                day: Date(row.get("today")),
                signed: row.get("signed_today"),
                streak: row.get("today_streak"),
                points: Points(row.get("today_points")),
                bonus: Points(row.get("today_bonus")),
            },
            tomorrow: SignInDay {
                day: Date(row.get("tomorrow")),
                signed: false,
                streak: row.get("tomorrow_streak"),
                points: Points(row.get("tomorrow_points")),
                bonus: Points(row.get("tomorrow_bonus")),
            },
            make_up: row.get::<_, Option<NaiveDate>>("make_up_from").map(|from| MakeUpTerms {
                from: Date(from),
                left: row.get("make_up_left"),
                price: Points(row.get("make_up_price")),
            }),
        })
    }
}

/// Mutations of signing in.
#[derive(Default)]
pub struct SignInMutation;

#[Object]
impl SignInMutation {
    /// Signs a member in for the present local day: points by the rule of the terms, and the bonus when the streak is
    /// full. Needs the scope earn. Errors: INVALID_INPUT, FORBIDDEN, UNKNOWN_RULE, IDEMPOTENCY_CONFLICT,
    /// ALREADY_SIGNED_IN (details, RULE_RETIRED, AWARD_DENIED.day), LIMIT_REACHED, ACCOUNT_FROZEN.
    async fn sign_in(&self, context: &Context<'_>, input: SignInInput) -> async_graphql::Result<SignInPayload> {
        let request = Request {
            wallet: input.wallet,
            metadata: input.metadata.map(|metadata| metadata.0),
            origin: input.origin.map(Origin::from),
            ..Request::new(OperationKind::SignIn, caller(context)?.id, input.user_id.0, input.idempotency_key)
        };
        execute(context, request).await
    }

    /// Makes up a day without a sign-in, for the points that it costs: it counts in the streak from then on, and brings
    /// no points by itself. Needs the scope spend. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT,
    /// ALREADY_SIGNED_IN, DAY_OUT_OF_RANGE (details.first and details.last are the days that can be),
    /// INSUFFICIENT_POINTS, LIMIT_REACHED, ACCOUNT_FROZEN.
    async fn make_up_sign_in(
        &self,
        context: &Context<'_>,
        input: MakeUpSignInInput,
    ) -> async_graphql::Result<MakeUpSignInPayload> {
        let request = Request {
            wallet: input.wallet,
            subject: Some(input.day.0.to_string()),
            metadata: input.metadata.map(|metadata| metadata.0),
            ..Request::new(OperationKind::MakeUp, caller(context)?.id, input.user_id.0, input.idempotency_key)
        };
        execute_about(context, request, &[("subject", "day")]).await
    }

    /// Gives a member a time zone of the member's own for days of sign-in, from the next local day on; at most once a
    /// day of the program's time zone. Needs the scope earn. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT,
    /// LIMIT_REACHED.
    async fn set_time_zone(
        &self,
        context: &Context<'_>,
        input: SetTimeZoneInput,
    ) -> async_graphql::Result<SetTimeZonePayload> {
        let request = Request {
            wallet: input.wallet,
            subject: Some(input.time_zone),
            metadata: input.metadata.map(|metadata| metadata.0),
            ..Request::new(OperationKind::SetTimeZone, caller(context)?.id, input.user_id.0, input.idempotency_key)
        };
        execute_about(context, request, &[("subject", "timeZone")]).await
    }
}

/// The first day of a month like 2030-01.
fn parse_month(month: &str) -> Result<NaiveDate, Error> {
    let first = Date::read(&format!("{month}-01"));
    Ok(first.ok_or_else(|| Error::invalid_input("month", "must be a month like 2030-01"))?.0)
}
