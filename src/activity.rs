//! Activity: what a member does that puts off the expiry of points by rules with an idle time.

use async_graphql::{Context, InputObject, Object, SimpleObject, dataloader::DataLoader};

use crate::{
    access::caller,
    catalogue::{change, check_terms},
    operation::OperationKind,
    reads::Reads,
};

/// Queries about activity.
#[derive(Default)]
pub struct ActivityQuery;

#[Object]
impl ActivityQuery {
    /// Kinds of operations that count as a member's activity: carried out, by anybody but Jifen itself, they put off the expiry
    /// of the member's points by rules with idle. Needs the scope read or audit, or a member's token.
    async fn activity_kinds(&self, context: &Context<'_>) -> async_graphql::Result<Vec<OperationKind>> {
        caller(context)?;
        let reads = context.data::<DataLoader<Reads>>()?.loader();
        Ok(reads.list("select unnest(p.activity_kinds) from api.program p", &[]).await?)
    }
}

/// What shall count as activity: all of it.
#[derive(InputObject)]
pub struct SetActivityInput {
    /// EARN, SPEND, ADJUST, HOLD, CAPTURE, TRANSFER, REDEEM, SIGN_IN, MAKE_UP, SET_TIME_ZONE, PROGRESS, CLAIM, INVITE or JOIN;
    /// empty: nothing counts.
    pub kinds: Vec<OperationKind>,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
}

/// A change of what counts as activity.
#[derive(SimpleObject)]
pub struct SetActivityPayload {
    /// What counts now.
    activity_kinds: Vec<OperationKind>,
    /// True: it was done earlier under this key.
    replayed: bool,
}

/// Mutations of what activity is.
#[derive(Default)]
pub struct ActivityMutation;

#[Object]
impl ActivityMutation {
    /// Sets which kinds of operations count as a member's activity, from the next operation on. Needs the scope rules. Errors:
    /// INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn set_activity(
        &self,
        context: &Context<'_>,
        input: SetActivityInput,
    ) -> async_graphql::Result<SetActivityPayload> {
        check_terms(&[("idempotencyKey", &input.idempotency_key)], &[])?;
        let sql = "select * from api.set_activity($2, $3, (select name from api.client where id = $1))";
        let row = change(context, sql, &[&caller(context)?.id, &input.kinds, &input.idempotency_key]).await?;
        Ok(SetActivityPayload { activity_kinds: row.get("activity_kinds"), replayed: row.get("replayed") })
    }
}
