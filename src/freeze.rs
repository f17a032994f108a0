//! Freezing an account, for fraud or on closing.

use async_graphql::{Context, ID, InputObject, Object};

use crate::{
    access::caller,
    ledger::{Request, execute, payload},
    operation::OperationKind,
};

/// An account to freeze or unfreeze.
#[derive(InputObject)]
pub struct FreezeAccountInput {
    /// The host's name for the member. The account is made if it isn't there.
    pub user_id: ID,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// The person who does it, 1 to 128 characters.
    pub actor: String,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
}

impl FreezeAccountInput {
    fn into_request(self, kind: OperationKind, client_id: i32) -> Request {
        Request {
            wallet: self.wallet,
            reason: Some(self.reason),
            actor: Some(self.actor),
            ..Request::new(kind, client_id, self.user_id.0, self.idempotency_key)
        }
    }
}

payload!(
    /// An account frozen or unfrozen.
    FreezeAccountPayload
);

/// Mutations that freeze.
#[derive(Default)]
pub struct FreezeMutation;

#[Object]
impl FreezeMutation {
    /// Freezes an account: spending, holding and capturing are refused with ACCOUNT_FROZEN; earning, too, if the
    /// program says so. Needs the scope adjust. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn freeze_account(
        &self,
        context: &Context<'_>,
        input: FreezeAccountInput,
    ) -> async_graphql::Result<FreezeAccountPayload> {
        let request = input.into_request(OperationKind::Freeze, caller(context)?.id);
        execute(context, request).await
    }

    /// Ends what freezeAccount began. Needs the scope adjust. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn unfreeze_account(
        &self,
        context: &Context<'_>,
        input: FreezeAccountInput,
    ) -> async_graphql::Result<FreezeAccountPayload> {
        let request = input.into_request(OperationKind::Unfreeze, caller(context)?.id);
        execute(context, request).await
    }
}
