//! Undoing: a whole operation, or an order by what of it was returned.

use async_graphql::{ComplexObject, Context, ID, InputObject, Json, Object, SimpleObject};
use serde_json::Value;

use crate::{
    access::caller,
    account::Account,
    hold::parse_id,
    ledger::{Request, execute, payload},
    operation::{Operation, OperationKind, Outcome},
    scalars::{Decimal, Points},
};

/// An operation to undo.
#[derive(InputObject)]
pub struct ReverseOperationInput {
    /// The host's name for the member.
    pub user_id: ID,
    /// id of the operation.
    pub operation_id: ID,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Why, at most 500 characters.
    pub reason: Option<String>,
    /// The person who does it, at most 128 characters.
    pub actor: Option<String>,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

/// An order returned, or part of it.
#[derive(InputObject)]
pub struct ReturnOrderInput {
    /// The host's name for the member.
    pub user_id: ID,
    /// The order: the orderKey of what was earned and spent, or the idempotencyKey of an earn by an amount.
    pub order_key: String,
    /// Amount of money returned now; null: all of the order.
    pub amount: Option<Decimal>,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Why, at most 500 characters.
    pub reason: Option<String>,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

payload!(
    /// An operation undone.
    ReverseOperationPayload
);

/// A return.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct ReturnOrderPayload {
    /// The operation. What it undid are operations of Jifen's own, of the kind REVERSE.
    operation: Operation,
    /// The account as it stands now.
    account: Account,
    /// True: it was carried out earlier under this key, and this is what came of it.
    replayed: bool,
}

#[ComplexObject]
impl ReturnOrderPayload {
    /// Points earned by the order that this return took back, those that the member had spent already included.
    async fn clawed_back(&self) -> Points {
        self.fact("clawed_back")
    }

    /// Points spent on the order that this return gave back.
    async fn refunded(&self) -> Points {
        self.fact("refunded")
    }

    /// Points of those clawed back that the member had spent already: a debt, or forgiven, as the program's debt
    /// policy says.
    async fn shortfall(&self) -> Points {
        self.fact("shortfall")
    }
}

impl ReturnOrderPayload {
    fn fact(&self, name: &str) -> Points {
        let facts = self.operation.detail.as_ref();
        Points(facts.and_then(|facts| facts.get(name)).and_then(Value::as_i64).unwrap_or(0))
    }
}

impl From<Outcome> for ReturnOrderPayload {
    fn from(outcome: Outcome) -> Self {
        let Outcome { operation, account, replayed, .. } = outcome;
        ReturnOrderPayload { operation, account, replayed }
    }
}

/// Mutations that undo.
#[derive(Default)]
pub struct ReversalMutation;

#[Object]
impl ReversalMutation {
    /// Undoes an operation, as far as returns have not done so already: what was spent goes back to the lots that it
    /// came from, with their own expiry; what was granted is taken back, and what the member has spent of it becomes a
    /// debt, or is forgiven, as the program's debt policy says. Needs the scope reverse. Errors: INVALID_INPUT,
    /// FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_OPERATION, NOT_REVERSIBLE, ALREADY_REVERSED, HOLD_CLOSED,
    /// ACCOUNT_MERGED.
    async fn reverse_operation(
        &self,
        context: &Context<'_>,
        input: ReverseOperationInput,
    ) -> async_graphql::Result<ReverseOperationPayload> {
        let client_id = caller(context)?.id;
        let request = Request {
            wallet: input.wallet,
            original: Some(parse_id("operationId", &input.operation_id).map_err(|error| error.within(&["input"]))?),
            reason: input.reason,
            actor: input.actor,
            metadata: input.metadata.map(|metadata| metadata.0),
            ..Request::new(OperationKind::Reverse, client_id, input.user_id.0, input.idempotency_key)
        };
        execute(context, request).await
    }

    /// Returns an order, or part of it. Of each operation of the order, floor(points * returned / amount of the order)
    /// is undone, all returns together: in one part or many, in any order, even if the order comes later. The amount of
    /// the order is the orderAmount of what was spent on it, or else the amount of what it earned. Needs the scope
    /// reverse. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, RETURN_TOO_LARGE, ACCOUNT_MERGED.
    async fn return_order(
        &self,
        context: &Context<'_>,
        input: ReturnOrderInput,
    ) -> async_graphql::Result<ReturnOrderPayload> {
        let client_id = caller(context)?.id;
        let request = Request {
            wallet: input.wallet,
            order_key: Some(input.order_key),
            amount: input.amount.map(|amount| amount.0),
            reason: input.reason,
            metadata: input.metadata.map(|metadata| metadata.0),
            ..Request::new(OperationKind::Return, client_id, input.user_id.0, input.idempotency_key)
        };
        execute(context, request).await
    }
}
