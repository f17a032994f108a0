//! Transfers and gifts: points of a member for another.

use async_graphql::{ComplexObject, Context, ID, InputObject, Json, Object, SimpleObject};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    access::{caller, caller_for, owner},
    account::{Account, AccountKey},
    hold::parse_id,
    ledger::Request,
    operation::{Entry, Operation, OperationKind, Outcome},
    pairs::Pairs,
    reads::AccountReads,
    scalars::Points,
};

/// Points to give to another member.
#[derive(InputObject)]
pub struct TransferPointsInput {
    /// The host's name for the member who gives.
    pub user_id: ID,
    /// The host's name for the member who gets, 1 to 64 characters. The account is made if it isn't there.
    pub to_user_id: ID,
    /// Points, from 1.
    pub points: Points,
    /// Unique for the caller's client and the giver's account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// What for, at most 500 characters.
    pub reason: Option<String>,
    /// True: the points are only offered, and held until the receiver accepts or declines, the giver cancels, or the
    /// deadline.
    #[graphql(default)]
    pub accept: bool,
    /// With accept: when the offer ends by itself, in the future; null: never.
    pub deadline: Option<DateTime<Utc>>,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

impl TransferPointsInput {
    fn into_request(self, client_id: i32) -> Request {
        let kind = if self.accept { OperationKind::Hold } else { OperationKind::Transfer };
        Request {
            wallet: self.wallet,
            counterparty: Some(self.to_user_id.0),
            points: Some(self.points.0),
            expires_at: self.deadline,
            reason: self.reason,
            metadata: self.metadata.map(|metadata| metadata.0),
            ..Request::new(kind, client_id, self.user_id.0, self.idempotency_key)
        }
    }
}

/// The receiver's answer to an offer.
#[derive(InputObject)]
pub struct AnswerTransferInput {
    /// The host's name for the member who offers.
    pub user_id: ID,
    /// The host's name for the member who answers: the one to whom it was offered.
    pub to_user_id: ID,
    /// id of the operation that made the offer.
    pub transfer_id: ID,
    /// Unique for the caller's client and the giver's account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Why, at most 500 characters.
    pub reason: Option<String>,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

impl AnswerTransferInput {
    fn into_request(self, kind: OperationKind, client_id: i32) -> async_graphql::Result<Request> {
        Ok(Request {
            wallet: self.wallet,
            counterparty: Some(self.to_user_id.0),
            original: Some(parse_id("transferId", &self.transfer_id).map_err(|error| error.within(&["input"]))?),
            reason: self.reason,
            metadata: self.metadata.map(|metadata| metadata.0),
            ..Request::new(kind, client_id, self.user_id.0, self.idempotency_key)
        })
    }
}

/// An offer to take back.
#[derive(InputObject)]
pub struct CancelTransferInput {
    /// The host's name for the member who offers.
    pub user_id: ID,
    /// id of the operation that made the offer.
    pub transfer_id: ID,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Why, at most 500 characters.
    pub reason: Option<String>,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

/// A transfer to undo.
#[derive(InputObject)]
pub struct ReverseTransferInput {
    /// The host's name for the member who gave.
    pub user_id: ID,
    /// id of the operation of the kind TRANSFER on that member's account: of transferPoints, or of acceptTransfer.
    pub transfer_id: ID,
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

macro_rules! transfer_payload {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(SimpleObject)]
        #[graphql(complex)]
        pub struct $name {
            /// The operation on the giver's account; its counterparty is the receiver, unless an offer was taken back.
            operation: Operation,
            #[graphql(skip)]
            entry: Option<Entry>,
            #[graphql(skip)]
            account: Account,
            /// True: it was carried out earlier under this key, and this is what came of it.
            replayed: bool,
        }

        #[ComplexObject]
        impl $name {
            /// The giver's entry; null: nothing moved. FORBIDDEN: a receiver asks with a token of his own.
            async fn entry(&self, context: &Context<'_>) -> async_graphql::Result<Option<Entry>> {
                owner(context, Some(&self.account.user_id))?;
                Ok(self.entry.clone())
            }

            /// The giver's account as it stands now. Null and FORBIDDEN: a receiver asks with a token of his own.
            async fn account(&self, context: &Context<'_>) -> async_graphql::Result<Option<Account>> {
                owner(context, Some(&self.account.user_id))?;
                Ok(Some(self.account.clone()))
            }

            /// The receiver's account as it stands now; null: an offer was taken back, or the receiver was erased. FORBIDDEN:
            /// a giver asks with a token of his own.
            async fn receiver(&self, context: &Context<'_>) -> async_graphql::Result<Option<Account>> {
                let Some(receiver) = &self.operation.counterparty else { return Ok(None) };
                owner(context, Some(receiver))?;
                let key = AccountKey { user_id: receiver.clone(), wallet: self.operation.wallet.clone() };
                Ok(context.data::<AccountReads>()?.load(key).await?)
            }
        }

        impl From<Outcome> for $name {
            fn from(outcome: Outcome) -> Self {
                let Outcome { operation, entry, account, replayed } = outcome;
                $name { operation, entry, account, replayed }
            }
        }
    };
}

transfer_payload!(
    /// Points given, or offered: then the operation's kind is HOLD.
    TransferPointsPayload
);
transfer_payload!(
    /// An offer accepted: the operation's kind is TRANSFER.
    AcceptTransferPayload
);
transfer_payload!(
    /// An offer declined.
    DeclineTransferPayload
);
transfer_payload!(
    /// An offer taken back.
    CancelTransferPayload
);
transfer_payload!(
    /// A transfer undone.
    ReverseTransferPayload
);

/// Mutations between two members.
#[derive(Default)]
pub struct TransferMutation;

#[Object]
impl TransferMutation {
    /// Gives points to another member, those that expire soonest first; they keep their expiry and source. It earns
    /// nothing, so levels do not move. With accept the points are only offered; the offer counts for the limits of its
    /// day, whatever becomes of it. A frozen member receives only if the program lets frozen accounts earn. Needs the
    /// scope spend, or the member's own token. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT,
    /// INSUFFICIENT_POINTS, LIMIT_REACHED, ACCOUNT_FROZEN, ACCOUNT_MERGED.
    async fn transfer_points(
        &self,
        context: &Context<'_>,
        input: TransferPointsInput,
    ) -> async_graphql::Result<TransferPointsPayload> {
        let client_id = caller_for(context, &input.user_id)?.id;
        let request = input.into_request(client_id);
        transfer(context, request).await
    }

    /// Completes an offer, whole. What of it has expired meanwhile expires with the receiver. Needs the scope spend, or
    /// the member's own token. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_OPERATION, HOLD_CLOSED,
    /// LIMIT_REACHED, ACCOUNT_FROZEN, ACCOUNT_MERGED.
    async fn accept_transfer(
        &self,
        context: &Context<'_>,
        input: AnswerTransferInput,
    ) -> async_graphql::Result<AcceptTransferPayload> {
        let client_id = caller_for(context, &input.to_user_id)?.id;
        let request = input.into_request(OperationKind::Transfer, client_id)?;
        transfer(context, request).await
    }

    /// Declines an offer: the points go back to their lots. Needs the scope spend, or the member's own token. Errors:
    /// INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_OPERATION, HOLD_CLOSED, ACCOUNT_MERGED.
    async fn decline_transfer(
        &self,
        context: &Context<'_>,
        input: AnswerTransferInput,
    ) -> async_graphql::Result<DeclineTransferPayload> {
        let client_id = caller_for(context, &input.to_user_id)?.id;
        let request = input.into_request(OperationKind::Release, client_id)?;
        transfer(context, request).await
    }

    /// Takes an offer back that was not accepted yet: the points go back to their lots. Needs the scope spend, or the
    /// member's own token. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_OPERATION, HOLD_CLOSED,
    /// ACCOUNT_MERGED.
    async fn cancel_transfer(
        &self,
        context: &Context<'_>,
        input: CancelTransferInput,
    ) -> async_graphql::Result<CancelTransferPayload> {
        let client_id = caller_for(context, &input.user_id)?.id;
        let request = Request {
            wallet: input.wallet,
            original: Some(parse_id("transferId", &input.transfer_id).map_err(|error| error.within(&["input"]))?),
            reason: input.reason,
            metadata: input.metadata.map(|metadata| metadata.0),
            ..Request::new(OperationKind::Release, client_id, input.user_id.0, input.idempotency_key)
        };
        transfer(context, request).await
    }

    /// Undoes a transfer, whole: the points go back to the lots that they came from, with their own expiry. What the
    /// receiver has spent of them becomes the receiver's debt, or is forgiven, as the program's debt policy says. Needs
    /// the scope reverse. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_OPERATION, NOT_REVERSIBLE,
    /// ALREADY_REVERSED, ACCOUNT_MERGED.
    async fn reverse_transfer(
        &self,
        context: &Context<'_>,
        input: ReverseTransferInput,
    ) -> async_graphql::Result<ReverseTransferPayload> {
        let request = Request {
            wallet: input.wallet,
            original: Some(parse_id("transferId", &input.transfer_id).map_err(|error| error.within(&["input"]))?),
            reason: input.reason,
            actor: input.actor,
            metadata: input.metadata.map(|metadata| metadata.0),
            ..Request::new(OperationKind::Reverse, caller(context)?.id, input.user_id.0, input.idempotency_key)
        };
        transfer(context, request).await
    }
}

async fn transfer<P: From<Outcome>>(context: &Context<'_>, request: Request) -> async_graphql::Result<P> {
    let outcome = context.data::<Pairs>()?.execute(&request).await.map_err(|error| {
        error.renamed(&[("counterparty", "toUserId"), ("expiresAt", "deadline")]).within(&["input"])
    })?;
    Ok(outcome.into())
}
