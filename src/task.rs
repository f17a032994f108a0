//! Tasks: what members can do for points, how far they have come, and being paid for it.

use async_graphql::{
    ComplexObject, Context, Enum, ID, InputObject, Json, Object, SimpleObject, connection::Connection,
    dataloader::DataLoader,
};
use chrono::{DateTime, NaiveDate, Utc};
use postgres_types::{FromSql, ToSql};
use serde_json::Value;

use crate::{
    access::{caller, caller_for, reader},
    account::{AccountKey, connection, page_complexity, page_size},
    catalogue::{change, check_terms},
    ledger::{Origin, OriginInput, Request, check_text, execute_about, payload},
    operation::{OperationKind, fact},
    reads::Reads,
    reward::QuotaPeriod,
    scalars::{Date, Points},
};

/// Whether a task can be worked on and claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, ToSql, FromSql)]
#[postgres(name = "task_status", rename_all = "snake_case")]
pub enum TaskStatus {
    /// It can, while it is open.
    Active,
    /// Not for now.
    Paused,
    /// Never again.
    Retired,
}

/// What members can do for points.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "task")]
#[graphql(complex)]
pub struct Task {
    /// Stable name, e.g. PROFILE.
    pub code: String,
    /// Name for people.
    pub name: String,
    /// Kind of points that it brings.
    pub wallet: String,
    /// Rule that prices it, by the version in force when it is claimed.
    pub rule: String,
    #[graphql(skip)]
    pub points: Option<i64>,
    /// It can be done and is paid once a period, by the program's time zone; weeks begin on Monday.
    pub period: QuotaPeriod,
    /// Steps that it takes in a period.
    pub steps: i32,
    /// Whether it can be worked on and claimed.
    pub status: TaskStatus,
    /// Open from then on; null: always has been.
    pub open_from: Option<DateTime<Utc>>,
    /// Open until before then; null: for ever.
    pub open_until: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

#[ComplexObject]
impl Task {
    /// Points that the rule is given; null: it decides by itself.
    async fn points(&self) -> Option<Points> {
        self.points.map(Points)
    }
}

/// How far a member has come with a task in its present period.
#[derive(SimpleObject)]
pub struct TaskProgress {
    /// The task.
    task: Task,
    /// Steps done.
    done: i32,
    /// First day of the period; null: it has one period for ever.
    starts_on: Option<Date>,
    /// When it was paid; null: it was not.
    claimed_at: Option<DateTime<Utc>>,
    /// Whether it can be claimed now.
    claimable: bool,
}

/// Steps of a task.
#[derive(InputObject)]
pub struct ProgressTaskInput {
    /// The host's name for the member, 1 to 64 characters. The account is made if it isn't there.
    pub user_id: ID,
    /// The task.
    pub task: String,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Steps done, from 1 to 1000000.
    #[graphql(default = 1)]
    pub steps: i32,
    /// Kind of points, which must be the task's; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

/// A task to be paid for.
#[derive(InputObject)]
pub struct ClaimTaskInput {
    /// The host's name for the member.
    pub user_id: ID,
    /// The task.
    pub task: String,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Where the member is; the same key from elsewhere is the same request.
    pub origin: Option<OriginInput>,
    /// Kind of points, which must be the task's; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

/// A new task.
#[derive(InputObject)]
pub struct CreateTaskInput {
    /// Stable name: 1 to 32 capital letters, digits and _.
    pub code: String,
    /// Name for people, 1 to 128 characters.
    pub name: String,
    /// Rule that prices it.
    pub rule: String,
    /// It can be done and is paid once a period.
    pub period: QuotaPeriod,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Points that the rule is given; null: it decides by itself.
    pub points: Option<Points>,
    /// Steps that it takes in a period, from 1 to 1000000.
    #[graphql(default = 1)]
    pub steps: i32,
    /// Open from then on; null: at once.
    pub open_from: Option<DateTime<Utc>>,
    /// Open until before then; null: for ever.
    pub open_until: Option<DateTime<Utc>>,
    /// Kind of points that it brings; points unless named.
    pub wallet: Option<String>,
}

/// A task's terms: all of them, as they shall be from now on. Period and wallet stay.
#[derive(InputObject)]
pub struct ChangeTaskInput {
    /// The task.
    pub code: String,
    /// Name for people, 1 to 128 characters.
    pub name: String,
    /// Rule that prices it.
    pub rule: String,
    /// Whether it can be worked on and claimed; RETIRED is for good.
    pub status: TaskStatus,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Points that the rule is given; null: it decides by itself.
    pub points: Option<Points>,
    /// Steps that it takes in a period, from 1 to 1000000.
    #[graphql(default = 1)]
    pub steps: i32,
    /// Open from then on; null: at once.
    pub open_from: Option<DateTime<Utc>>,
    /// Open until before then; null: for ever.
    pub open_until: Option<DateTime<Utc>>,
}

/// A change of the catalogue of tasks.
#[derive(SimpleObject)]
pub struct TaskPayload {
    /// The task as it stands now.
    task: Task,
    /// True: it was done earlier under this key.
    replayed: bool,
}

payload!(
    /// Steps of a task done.
    #[graphql(complex)]
    ProgressTaskPayload
);
payload!(
    /// A task paid for.
    ClaimTaskPayload
);

#[ComplexObject]
impl ProgressTaskPayload {
    /// Steps done in the period, these included, at most those needed.
    async fn done(&self) -> async_graphql::Result<i32> {
        Ok(fact(&self.operation, "done")?)
    }

    /// Steps that it takes.
    async fn needed(&self) -> async_graphql::Result<i32> {
        Ok(fact(&self.operation, "needed")?)
    }

    /// Whether it had been paid in the period, so that the steps counted for nothing.
    async fn claimed(&self) -> async_graphql::Result<bool> {
        Ok(fact(&self.operation, "claimed")?)
    }
}

/// Queries about tasks.
#[derive(Default)]
pub struct TaskQuery;

#[Object]
impl TaskQuery {
    /// The tasks of a wallet, by code, those that are not open included, and how far a member has come with each. At
    /// most 100 a page, 20 unless asked. Needs the scope read or audit, or the member's own token. INVALID_INPUT: first
    /// or after is out of range.
    #[graphql(complexity = "page_complexity(first, child_complexity)")]
    async fn task_progress(
        &self,
        context: &Context<'_>,
        user_id: ID,
        first: Option<i32>,
        after: Option<String>,
        #[graphql(default = "points")] wallet: String,
    ) -> async_graphql::Result<Connection<String, TaskProgress>> {
        reader(context, &user_id, &wallet)?;
        let first = page_size(first)?;
        check_text("after", after.as_deref().unwrap_or_default())?;
        let key = AccountKey::new(user_id, wallet)?;
        let page = "select * from api.task_progress($1, $2, $3, $4)";
        let reads = context.data::<DataLoader<Reads>>()?.loader();
        let rows = reads.query(page, &[&key.user_id, &key.wallet, &(first + 1), &after]).await?;
        let tasks = rows
            .iter()
            .map(|row| TaskProgress {
                task: row.get("task"),
                done: row.get("done"),
                starts_on: row.get::<_, Option<NaiveDate>>("starts_on").map(Date),
                claimed_at: row.get("claimed_at"),
                claimable: row.get("claimable"),
            })
            .collect();
        Ok(connection(tasks, first, after.is_some(), |progress| progress.task.code.clone()))
    }
}

/// Mutations of tasks.
#[derive(Default)]
pub struct TaskMutation;

#[Object]
impl TaskMutation {
    /// Says that a member did steps of a task in its present period; those beyond what it takes count for nothing. Needs
    /// the scope earn. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_TASK, TASK_CLOSED, ACCOUNT_FROZEN.
    async fn progress_task(
        &self,
        context: &Context<'_>,
        input: ProgressTaskInput,
    ) -> async_graphql::Result<ProgressTaskPayload> {
        let request = Request {
            wallet: input.wallet,
            subject: Some(input.task),
            points: Some(input.steps.into()),
            metadata: input.metadata.map(|metadata| metadata.0),
            ..Request::new(OperationKind::Progress, caller(context)?.id, input.user_id.0, input.idempotency_key)
        };
        execute_about(context, request, &[("subject", "task"), ("points", "steps")]).await
    }

    /// Pays a member for a task that is done, once a period, by the rule of the task. Needs the scope earn, or the
    /// member's own token. Errors: INVALID_INPUT, FORBIDDEN, UNKNOWN_RULE, IDEMPOTENCY_CONFLICT, UNKNOWN_TASK,
    /// TASK_CLOSED, TASK_NOT_DONE (the key stays free), ALREADY_CLAIMED, LIMIT_REACHED, ACCOUNT_FROZEN, RULE_RETIRED,
    /// AWARD_DENIED.
    async fn claim_task(
        &self,
        context: &Context<'_>,
        input: ClaimTaskInput,
    ) -> async_graphql::Result<ClaimTaskPayload> {
        let request = Request {
            wallet: input.wallet,
            subject: Some(input.task),
            metadata: input.metadata.map(|metadata| metadata.0),
            origin: input.origin.map(Origin::from),
            ..Request::new(
                OperationKind::Claim,
                caller_for(context, &input.user_id)?.id,
                input.user_id.0,
                input.idempotency_key,
            )
        };
        execute_about(context, request, &[("subject", "task")]).await
    }

    /// Makes a task. Needs the scope rewards. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn create_task(&self, context: &Context<'_>, input: CreateTaskInput) -> async_graphql::Result<TaskPayload> {
        check_terms(
            &[
                ("code", &input.code),
                ("name", &input.name),
                ("rule", &input.rule),
                ("idempotencyKey", &input.idempotency_key),
                ("wallet", input.wallet.as_deref().unwrap_or_default()),
            ],
            &[("openFrom", input.open_from), ("openUntil", input.open_until)],
        )?;
        change_task(
            context,
            "select r.replayed, r.task from api.create_task(
                $2, $3, $4, $5, $6, $7, $8, $9, $10, coalesce($11, 'points'), (select name from api.client where id = $1)) r",
            &[
                &caller(context)?.id,
                &input.code,
                &input.name,
                &input.rule,
                &input.period,
                &input.idempotency_key,
                &input.points.map(|points| points.0),
                &input.steps,
                &input.open_from,
                &input.open_until,
                &input.wallet,
            ],
        )
        .await
    }

    /// Gives a task other terms from now on; what was paid stays paid. Needs the scope rewards. Errors: INVALID_INPUT,
    /// FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_TASK.
    async fn change_task(&self, context: &Context<'_>, input: ChangeTaskInput) -> async_graphql::Result<TaskPayload> {
        check_terms(
            &[
                ("code", &input.code),
                ("name", &input.name),
                ("rule", &input.rule),
                ("idempotencyKey", &input.idempotency_key),
            ],
            &[("openFrom", input.open_from), ("openUntil", input.open_until)],
        )?;
        change_task(
            context,
            "select r.replayed, r.task from api.change_task(
                $2, $3, $4, $5, $6, $7, $8, $9, $10, (select name from api.client where id = $1)) r",
            &[
                &caller(context)?.id,
                &input.code,
                &input.name,
                &input.rule,
                &input.status,
                &input.idempotency_key,
                &input.points.map(|points| points.0),
                &input.steps,
                &input.open_from,
                &input.open_until,
            ],
        )
        .await
    }
}

/// Changes the catalogue; what is wrong is wrong with the argument `input`.
async fn change_task(
    context: &Context<'_>,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> async_graphql::Result<TaskPayload> {
    let row = change(context, sql, parameters).await?;
    Ok(TaskPayload { task: row.get("task"), replayed: row.get("replayed") })
}
