//! The levels of a wallet as operators keep them.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject, dataloader::DataLoader};
use postgres_types::{FromSql, ToSql};
use serde_json::{Value, json};
use tokio_postgres::Row;

use crate::{
    access::caller,
    backtest::Reports,
    catalogue::{change, check_terms},
    error::Error,
    ledger::check_text,
    level::{LevelMeasure, LevelStep},
    reads::Reads,
    scalars::{Decimal, Points},
};

/// How far a level falls when a period ends in which it was not earned again. It then was valid for that period, the next
/// after the one in which it was earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "level_downgrade", rename_all = "snake_case")]
pub enum LevelDowngrade {
    /// Not at all.
    Never,
    /// By one level, at most to the one that was earned.
    OneStep,
    /// To the one that was earned.
    ToEarned,
}

/// The levels of a wallet, and what they go by.
#[derive(SimpleObject)]
pub struct LevelProgram {
    /// Kind of points.
    wallet: String,
    /// Which points earned in it decide.
    measure: LevelMeasure,
    /// How far a level falls when a period ends.
    downgrade: LevelDowngrade,
    /// Days after the end of a period until which a level stays.
    grace_days: i32,
    /// A member is warned so many days before a level ends.
    notice_days: i32,
    /// Rules whose awards in the wallet the level's multiplier applies to.
    multiplied_rules: Vec<String>,
    /// Wallet whose level its accounts show, of the same member; null: its own.
    level_wallet: Option<String>,
    /// The levels, lowest first; of a wallet that shows another's: none.
    levels: Vec<LevelStep>,
}

impl LevelProgram {
    fn from_row(row: &Row) -> Self {
        let wallet: String = row.get("code");
        let codes: Vec<String> = row.get("levels");
        LevelProgram {
            measure: row.get("level_measure"),
            downgrade: row.get("level_downgrade"),
            grace_days: row.get("level_grace_days"),
            notice_days: row.get("level_notice_days"),
            multiplied_rules: row.get("multiplied_rules"),
            level_wallet: row.get("level_wallet"),
            levels: codes.into_iter().map(|code| LevelStep { wallet: wallet.clone(), code }).collect(),
            wallet,
        }
    }
}

/// Members who would go from one level to another, or stay.
#[derive(SimpleObject)]
pub struct LevelMove {
    /// Code of the level that they have; null: below the lowest.
    from: Option<String>,
    /// Code of the level that they would have; null: below the lowest.
    to: Option<String>,
    /// How many they are.
    members: Points,
}

/// A level as it shall be.
#[derive(InputObject)]
pub struct LevelInput {
    /// Stable name: 1 to 32 capital letters, digits and _.
    pub code: String,
    /// Name for people, 1 to 128 characters.
    pub name: String,
    /// Points earned from which it holds, from 0; each level has another.
    pub threshold: Points,
    /// What awards by the multiplied rules are multiplied by, rounded down: from 1 to 100, with at most 6 decimals.
    pub multiplier: Option<Decimal>,
    /// What it gives besides: at most 100 texts of 1 to 500 characters.
    #[graphql(default)]
    pub privileges: Vec<String>,
}

/// The levels of a wallet, all of them, and what they go by.
#[derive(InputObject)]
pub struct LevelProgramInput {
    /// Kind of points.
    #[graphql(default = "points")]
    pub wallet: String,
    /// The levels, at most 100; those left out are no more.
    pub levels: Vec<LevelInput>,
    /// Which points earned in the wallet decide.
    #[graphql(default_with = "LevelMeasure::Ever")]
    pub measure: LevelMeasure,
    /// How far a level falls when a period ends; NEVER where all that was earned ever counts.
    #[graphql(default_with = "LevelDowngrade::Never")]
    pub downgrade: LevelDowngrade,
    /// Days after the end of a period until which a level stays: at most 27 for ROLLING_YEAR, 180 for years, 0 for NEVER.
    #[graphql(default)]
    pub grace_days: i32,
    /// A member is warned so many days before a level ends, 0 to 366.
    #[graphql(default = 30)]
    pub notice_days: i32,
    /// Rules whose awards in the wallet the level's multiplier applies to, at most 100.
    #[graphql(default)]
    pub multiplied_rules: Vec<String>,
    /// Show the member's level in this other wallet instead; then there are no levels here. Campaigns and multipliers go by
    /// the levels of an award's own wallet.
    pub level_wallet: Option<String>,
}

impl LevelProgramInput {
    fn check(&self) -> Result<(), Error> {
        check_terms(
            &[("wallet", &self.wallet), ("levelWallet", self.level_wallet.as_deref().unwrap_or_default())],
            &[],
        )?;
        for level in &self.levels {
            let privileges = level.privileges.iter().map(|text| ("levels", text.as_str()));
            let texts: Vec<_> =
                [("levels", level.code.as_str()), ("levels", &level.name)].into_iter().chain(privileges).collect();
            check_terms(&texts, &[])?;
        }
        self.multiplied_rules.iter().try_for_each(|rule| check_terms(&[("multipliedRules", rule)], &[]))
    }

    fn levels(&self) -> Value {
        let level = |level: &LevelInput| {
            json!({
                "code": level.code, "name": level.name, "threshold": level.threshold.0,
                "multiplier": level.multiplier.map(|multiplier| multiplier.0.normalize().to_string()), "privileges": level.privileges,
            })
        };
        Value::Array(self.levels.iter().map(level).collect())
    }
}

/// The levels of a wallet as they stand.
#[derive(SimpleObject)]
pub struct LevelProgramPayload {
    /// The levels as they stand now.
    level_program: LevelProgram,
    /// True: it was done earlier under this key.
    replayed: bool,
}

/// Queries about levels.
#[derive(Default)]
pub struct LevelQuery;

#[Object]
impl LevelQuery {
    /// The levels of a wallet and what they go by; null: there is no such wallet. Needs the scope read or audit, or a
    /// member's token.
    async fn level_program(
        &self,
        context: &Context<'_>,
        #[graphql(default = "points")] wallet: String,
    ) -> async_graphql::Result<Option<LevelProgram>> {
        caller(context)?;
        check_text("wallet", &wallet)?;
        let rows = context.data::<DataLoader<Reads>>()?.loader().query(LEVEL_PROGRAM, &[&wallet]).await?;
        Ok(rows.first().map(LevelProgram::from_row))
    }

    /// How many members setLevels would move from which level to which, and how many stay. Nothing changes, no account
    /// is locked; one such report runs at a time, for a minute at most. Needs the scope rules or audit. Errors:
    /// INVALID_INPUT, OVERLOADED when another runs or the time is up.
    async fn preview_levels(
        &self,
        context: &Context<'_>,
        input: LevelProgramInput,
    ) -> async_graphql::Result<Vec<LevelMove>> {
        caller(context)?;
        input.check()?;
        let rows = context
            .data::<Reports>()?
            .query(
                "select * from api.preview_levels($1, $2, $3, $4, $5, $6, $7, $8)",
                &[
                    &input.wallet,
                    &input.levels(),
                    &input.measure,
                    &input.downgrade,
                    &input.grace_days,
                    &input.notice_days,
                    &input.multiplied_rules,
                    &input.level_wallet,
                ],
            )
            .await
            .map_err(|error| error.within(&["input"]))?;
        let level_move = |row: &Row| LevelMove {
            from: row.get("previous"),
            to: row.get("level"),
            members: Points(row.get("members")),
        };
        Ok(rows.iter().map(level_move).collect())
    }
}

/// Mutations of levels.
#[derive(Default)]
pub struct LevelMutation;

#[Object]
impl LevelMutation {
    /// Gives a wallet these levels, all of them, and what they go by. Members are decided by them at once when they are read
    /// or earn; the rest is booked in steps in the background. previewLevels says before who would move. idempotencyKey: unique for the
    /// caller's client for ever, 1 to 128 characters. Needs the scope rules. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn set_levels(
        &self,
        context: &Context<'_>,
        input: LevelProgramInput,
        idempotency_key: String,
    ) -> async_graphql::Result<LevelProgramPayload> {
        check_text("idempotencyKey", &idempotency_key)?;
        input.check()?;
        let row = change(
            context,
            "select r.replayed, (r.wallet).*, array(select l.code from unnest(r.levels) l) as levels
             from api.set_levels($2, $3, $4, $5, $6, $7, $8, $9, $10, (select name from api.client where id = $1)) r",
            &[
                &caller(context)?.id,
                &input.wallet,
                &input.levels(),
                &idempotency_key,
                &input.measure,
                &input.downgrade,
                &input.grace_days,
                &input.notice_days,
                &input.multiplied_rules,
                &input.level_wallet,
            ],
        )
        .await?;
        Ok(LevelProgramPayload { level_program: LevelProgram::from_row(&row), replayed: row.get("replayed") })
    }
}

const LEVEL_PROGRAM: &str = "
    select w.*, array(select l.code from api.level l where l.wallet = w.code order by l.threshold) as levels
    from api.wallet w
    where w.code = $1";
