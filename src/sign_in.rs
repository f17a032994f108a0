//! Signing in once a local day: streaks, days made up, and the calendar of a month.

use async_graphql::{ComplexObject, Context, ID, InputObject, Json, Object, SimpleObject, dataloader::DataLoader};
use chrono::NaiveDate;
use postgres_types::{FromSql, ToSql};
use serde_json::Value;

use crate::{
    access::{caller, caller_for, reader},
    account::AccountKey,
    catalogue::{change, check_terms},
    error::Error,
    ledger::{Origin, OriginInput, Request, check_text, execute, execute_about, payload},
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

/// What signing in gives in a wallet.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "sign_in_terms")]
#[graphql(complex)]
pub struct SignInTerms {
    /// The wallet.
    pub wallet: String,
    /// Rule that prices a sign-in.
    pub rule: String,
    /// Consecutive days that bring the bonus once more; null: there is none.
    pub bonus_every: Option<i32>,
    #[graphql(skip)]
    pub bonus_points: Option<i64>,
    /// How many days back a day can be made up; 0: none can.
    pub make_up_days: i32,
    /// How many days a member can make up in a month.
    pub make_up_times: i32,
    #[graphql(skip)]
    pub make_up_price: i64,
}

#[ComplexObject]
impl SignInTerms {
    /// Points of the bonus; null: there is none.
    async fn bonus_points(&self) -> Option<Points> {
        self.bonus_points.map(Points)
    }

    /// Points that it costs to make up a day.
    async fn make_up_price(&self) -> Points {
        Points(self.make_up_price)
    }
}

/// The terms of signing in: all of them, what is left out is none.
#[derive(InputObject)]
pub struct SetSignInInput {
    /// Rule that prices a sign-in: one that takes no amount.
    pub rule: String,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Consecutive days that bring the bonus, once more each time, 1 to 3660; null: there is none.
    pub bonus_every: Option<i32>,
    /// Points of the bonus, from 1.
    pub bonus_points: Option<Points>,
    /// How many days back a day can be made up, up to 366; 0: none can.
    #[graphql(default)]
    pub make_up_days: i32,
    /// How many days a member can make up in a month, up to 366.
    #[graphql(default)]
    pub make_up_times: i32,
    /// Points that it costs to make up a day; 0: nothing.
    #[graphql(default_with = "Points(0)")]
    pub make_up_price: Points,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
}

/// A change of the terms of signing in.
#[derive(SimpleObject)]
pub struct SignInTermsPayload {
    /// The terms as they stand now.
    terms: SignInTerms,
    /// True: it was done earlier under this key.
    replayed: bool,
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
    /// What signing in gives in a wallet; null: nothing, nobody can sign in there. Needs the scope read or audit, or a
    /// member's token.
    async fn sign_in_terms(
        &self,
        context: &Context<'_>,
        #[graphql(default = "points")] wallet: String,
    ) -> async_graphql::Result<Option<SignInTerms>> {
        caller(context)?;
        check_text("wallet", &wallet)?;
        let sql = "select t from api.sign_in_terms t where t.wallet = $1";
        Ok(context.data::<DataLoader<Reads>>()?.loader().list(sql, &[&wallet]).await?.pop())
    }

    /// A month of a member's sign-ins, like 2030-01 (null: the present one), the streak, and what today and tomorrow
    /// bring. Needs the scope read or audit, or the member's own token. INVALID_INPUT: month is none, or the wallet has
    /// no sign-in.
    async fn sign_in_calendar(
        &self,
        context: &Context<'_>,
        user_id: ID,
        month: Option<String>,
        #[graphql(default = "points")] wallet: String,
    ) -> async_graphql::Result<SignInCalendar> {
        reader(context, &user_id, &wallet)?;
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
    /// Sets what signing in gives in a wallet, from the next sign-in on; streaks go on. Needs the scope rewards. Errors:
    /// INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn set_sign_in(
        &self,
        context: &Context<'_>,
        input: SetSignInInput,
    ) -> async_graphql::Result<SignInTermsPayload> {
        let wallet = input.wallet.as_deref().unwrap_or("points");
        check_terms(&[("rule", &input.rule), ("idempotencyKey", &input.idempotency_key), ("wallet", wallet)], &[])?;
        let sql = "select r.replayed, r.sign_in_terms from api.set_sign_in(
            $2, $3, $4, $5, $6, $7, $8, $9, (select name from api.client where id = $1)) r";
        let parameters: [&(dyn ToSql + Sync); 9] = [
            &caller(context)?.id,
            &input.rule,
            &input.idempotency_key,
            &input.bonus_every,
            &input.bonus_points.map(|points| points.0),
            &input.make_up_days,
            &input.make_up_times,
            &input.make_up_price.0,
            &wallet,
        ];
        let row = change(context, sql, &parameters).await?;
        Ok(SignInTermsPayload { terms: row.get("sign_in_terms"), replayed: row.get("replayed") })
    }

    /// Signs a member in for the present local day: points by the rule of the terms, and the bonus when the streak is
    /// full. Needs the scope earn, or the member's own token. Errors: INVALID_INPUT, FORBIDDEN, UNKNOWN_RULE,
    /// IDEMPOTENCY_CONFLICT, ALREADY_SIGNED_IN (details.day), RULE_RETIRED, AWARD_DENIED, LIMIT_REACHED,
    /// ACCOUNT_FROZEN.
    async fn sign_in(&self, context: &Context<'_>, input: SignInInput) -> async_graphql::Result<SignInPayload> {
        let request = Request {
            wallet: input.wallet,
            metadata: input.metadata.map(|metadata| metadata.0),
            origin: input.origin.map(Origin::from),
            ..Request::new(
                OperationKind::SignIn,
                caller_for(context, &input.user_id)?.id,
                input.user_id.0,
                input.idempotency_key,
            )
        };
        execute(context, request).await
    }

    /// Makes up a day without a sign-in, for the points that it costs: it counts in the streak from then on, and brings
    /// no points by itself. Needs the scope spend, or the member's own token. Errors: INVALID_INPUT, FORBIDDEN,
    /// IDEMPOTENCY_CONFLICT, ALREADY_SIGNED_IN, DAY_OUT_OF_RANGE (details.first and details.last are the days that can
    /// be), INSUFFICIENT_POINTS, LIMIT_REACHED, ACCOUNT_FROZEN.
    async fn make_up_sign_in(
        &self,
        context: &Context<'_>,
        input: MakeUpSignInInput,
    ) -> async_graphql::Result<MakeUpSignInPayload> {
        let request = Request {
            wallet: input.wallet,
            subject: Some(input.day.0.to_string()),
            metadata: input.metadata.map(|metadata| metadata.0),
            ..Request::new(
                OperationKind::MakeUp,
                caller_for(context, &input.user_id)?.id,
                input.user_id.0,
                input.idempotency_key,
            )
        };
        execute_about(context, request, &[("subject", "day")]).await
    }

    /// Gives a member a time zone of the member's own for days of sign-in, from the next local day on; at most once a
    /// day of the program's time zone. Needs the scope earn, or the member's own token. Errors: INVALID_INPUT,
    /// FORBIDDEN, IDEMPOTENCY_CONFLICT, LIMIT_REACHED.
    async fn set_time_zone(
        &self,
        context: &Context<'_>,
        input: SetTimeZoneInput,
    ) -> async_graphql::Result<SetTimeZonePayload> {
        let request = Request {
            wallet: input.wallet,
            subject: Some(input.time_zone),
            metadata: input.metadata.map(|metadata| metadata.0),
            ..Request::new(
                OperationKind::SetTimeZone,
                caller_for(context, &input.user_id)?.id,
                input.user_id.0,
                input.idempotency_key,
            )
        };
        execute_about(context, request, &[("subject", "timeZone")]).await
    }
}

/// The first day of a month like 2030-01.
fn parse_month(month: &str) -> Result<NaiveDate, Error> {
    let first = Date::read(&format!("{month}-01"));
    Ok(first.ok_or_else(|| Error::invalid_input("month", "must be a month like 2030-01"))?.0)
}
