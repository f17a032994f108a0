//! Risk rules: when an award waits for review or is denied.

use async_graphql::{
    ComplexObject, Context, Enum, InputObject, Object, SimpleObject, connection::Connection, dataloader::DataLoader,
};
use chrono::{DateTime, Utc};
use postgres_types::{FromSql, ToSql};

use crate::{
    access::caller,
    account::{connection, page_complexity, page_size},
    catalogue::{change, check_terms},
    ledger::{check_instant, check_text},
    reads::Reads,
    scalars::Points,
};

/// What a risk rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "risk_measure", rename_all = "snake_case")]
pub enum RiskMeasure {
    /// Points of an award.
    AwardPoints,
    /// Points of the member's awards in a window, this one included: so splitting does not help.
    WindowPoints,
    /// Number of the member's awards in a window, this one included.
    WindowAwards,
    /// Percent of the member's points of a window that came by one rule, this award included.
    SourceShare,
    /// The local hour of the event.
    LocalHour,
    /// Number of awards from the award's network address in a window, this one included.
    AddressAwards,
    /// Number of awards from the award's device in a window, this one included.
    DeviceAwards,
    /// Fan-in: members who got awards from the award's network address in a window, this one included.
    AddressMembers,
    /// Fan-in: members who got awards from the award's device in a window, this one included.
    DeviceMembers,
}

/// What becomes of an award at risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "risk_decision", rename_all = "snake_case")]
pub enum RiskDecision {
    /// It waits, as pending points, for a person to approve or reject it.
    Review,
    /// It is refused with AWARD_DENIED.
    Deny,
}

/// Whether a risk rule decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "risk_mode", rename_all = "snake_case")]
pub enum RiskMode {
    /// It does nothing.
    Off,
    /// It only notes in the details of the operation that it would have decided.
    Watch,
    /// It decides.
    On,
}

/// When an award waits for review or is denied.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "risk_rule")]
#[graphql(complex)]
pub struct RiskRule {
    /// Stable name, e.g. LARGE_AWARD.
    pub code: String,
    /// Name for people.
    pub name: String,
    /// Rules to earn by that it looks at, together; SOURCE_SHARE: each by itself among all.
    pub rules: Vec<String>,
    /// What it looks at.
    pub measure: RiskMeasure,
    #[graphql(skip)]
    pub threshold: Option<i64>,
    /// How far back it looks; null: not at all.
    pub window_minutes: Option<i32>,
    /// SOURCE_SHARE: awards of the window below which it does not decide.
    pub min_awards: Option<i32>,
    /// LOCAL_HOUR: it decides from this full hour on, by the program's time zone.
    pub from_hour: Option<i32>,
    /// LOCAL_HOUR: until this full hour, past midnight if it is the lower one.
    pub to_hour: Option<i32>,
    /// What it decides.
    pub decision: RiskDecision,
    /// REVIEW: days after which an award that nobody has decided on expires; null: it waits until its points expire.
    pub wait_days: Option<i32>,
    /// Whether it decides.
    pub mode: RiskMode,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

#[ComplexObject]
impl RiskRule {
    /// It decides from this on: points, awards, members, or percent; null: LOCAL_HOUR.
    async fn threshold(&self) -> Option<Points> {
        self.threshold.map(Points)
    }
}

/// What a risk rule would have decided.
#[derive(SimpleObject)]
pub struct RiskTest {
    /// Awards that it looked at.
    awards: Points,
    /// Awards that it would have decided on.
    hits: Points,
    /// Accounts that got these.
    members: Points,
    /// Points of these.
    points: Points,
}

/// Queries about risk rules.
#[derive(Default)]
pub struct RiskQuery;

#[Object]
impl RiskQuery {
    /// All risk rules, by code. At most 100 a page, 20 unless asked. Needs the scope rules or audit. INVALID_INPUT:
    /// first or after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn risk_rules(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> async_graphql::Result<Connection<String, RiskRule>> {
        caller(context)?;
        let first = page_size(first)?;
        check_text("after", after.as_deref().unwrap_or_default())?;
        let rules = context.data::<DataLoader<Reads>>()?.loader().list(RISK_RULES, &[&(first + 1), &after]).await?;
        Ok(connection(rules, first, after.is_some(), |rule| rule.code.clone()))
    }

    /// Runs a risk rule, whatever its mode, over the awards that were booked from the first instant until before the
    /// second. What would have come of denying is not worked out. Reads only. Needs the scope rules or audit.
    /// INVALID_INPUT: no such rule, or one that looks at addresses or devices, which are not kept: try it in the mode
    /// WATCH.
    async fn test_risk_rule(
        &self,
        context: &Context<'_>,
        code: String,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> async_graphql::Result<RiskTest> {
        caller(context)?;
        check_text("code", &code)?;
        check_instant("from", Some(from))?;
        check_instant("to", Some(to))?;
        let sql = "select * from api.test_risk_rule($1, $2, $3)";
        let row = context.data::<DataLoader<Reads>>()?.loader().call(sql, &[&code, &from, &to]).await?;
        let count = |column: &str| Points(row.get(column));
        Ok(RiskTest {
            awards: count("awards"),
            hits: count("hits"),
            members: count("members"),
            points: count("points"),
        })
    }
}

/// The terms of a risk rule: all of them, what is left out is none.
#[derive(InputObject)]
pub struct SetRiskRuleInput {
    /// Stable name: 1 to 32 capital letters, digits and _. The rule is made if there is none of this code.
    pub code: String,
    /// Name for people, 1 to 128 characters.
    pub name: String,
    /// Rules to earn by that it looks at, 1 to 100.
    pub rules: Vec<String>,
    /// What it looks at; it never changes.
    pub measure: RiskMeasure,
    /// What it decides.
    pub decision: RiskDecision,
    /// Whether it decides.
    pub mode: RiskMode,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// It decides from this on: points, awards, members (both from an address or device at most 10000), or percent from
    /// 1 to 100; not for LOCAL_HOUR.
    pub threshold: Option<Points>,
    /// All but AWARD_POINTS and LOCAL_HOUR: how far back it looks, 1 to 525600.
    pub window_minutes: Option<i32>,
    /// SOURCE_SHARE: awards of the window below which it does not decide, from 1.
    pub min_awards: Option<i32>,
    /// LOCAL_HOUR: it decides from this full hour on, 0 to 23.
    pub from_hour: Option<i32>,
    /// LOCAL_HOUR: until this full hour, 0 to 23, past midnight if it is the lower one.
    pub to_hour: Option<i32>,
    /// REVIEW: days after which an award that nobody has decided on expires, 1 to 3650; null: with its points.
    pub wait_days: Option<i32>,
}

/// A change of a risk rule.
#[derive(SimpleObject)]
pub struct RiskRulePayload {
    /// The risk rule as it stands now.
    risk_rule: RiskRule,
    /// True: it was done earlier under this key.
    replayed: bool,
}

/// Mutations of risk rules.
#[derive(Default)]
pub struct RiskMutation;

#[Object]
impl RiskMutation {
    /// Makes a risk rule, or gives it these terms from the next award on. Try it with testRiskRule and the mode WATCH before
    /// it decides. Needs the scope rules. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn set_risk_rule(
        &self,
        context: &Context<'_>,
        input: SetRiskRuleInput,
    ) -> async_graphql::Result<RiskRulePayload> {
        check_terms(&[("code", &input.code), ("name", &input.name), ("idempotencyKey", &input.idempotency_key)], &[])?;
        for rule in &input.rules {
            check_terms(&[("rules", rule)], &[])?;
        }
        let sql = "select r.replayed, r.risk_rule from api.set_risk_rule(
            $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, (select name from api.client where id = $1)) r";
        let SetRiskRuleInput { code, name, rules, measure, decision, mode, idempotency_key, .. } = &input;
        let SetRiskRuleInput { window_minutes, min_awards, from_hour, to_hour, wait_days, .. } = &input;
        let (client_id, threshold) = (caller(context)?.id, input.threshold.map(|points| points.0));
        let parameters: [&(dyn ToSql + Sync); 14] = [
            &client_id,
            code,
            name,
            rules,
            measure,
            decision,
            mode,
            idempotency_key,
            &threshold,
            window_minutes,
            min_awards,
            from_hour,
            to_hour,
            wait_days,
        ];
        let row = change(context, sql, &parameters).await?;
        Ok(RiskRulePayload { risk_rule: row.get("risk_rule"), replayed: row.get("replayed") })
    }
}

const RISK_RULES: &str = "select r from api.risk_rule r where r.code > coalesce($2, '') order by r.code limit $1::int";
