//! Erasing a member, as the law demands it, without breaking the books.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};

use crate::{
    access::caller,
    error::{self, Error},
    ledger::Request,
    operation::OperationKind,
    pairs::Pairs,
    scalars::Points,
};

/// A member to erase.
#[derive(InputObject)]
pub struct EraseMemberInput {
    /// The host's name for the member, 1 to 64 characters.
    pub user_id: ID,
    /// Unique for the caller's client and the member's accounts for ever, 1 to 128 characters; it must not name the member.
    pub idempotency_key: String,
    /// Why, 1 to 500 characters; kept for ever, so no personal data.
    pub reason: String,
    /// The person who does it, 1 to 128 characters; kept for ever.
    pub actor: String,
}

/// A member erased.
#[derive(SimpleObject)]
pub struct EraseMemberPayload {
    /// Accounts, one a wallet, that were the member's; 0: there were none.
    accounts: i32,
    /// Points written off, of all wallets together.
    points: Points,
    /// When it was done.
    erased_at: DateTime<Utc>,
    /// True: it was carried out earlier under this key, and this is what came of it.
    replayed: bool,
}

/// Mutations that erase.
#[derive(Default)]
pub struct ErasureMutation;

#[Object]
impl ErasureMutation {
    /// Erases a member from every wallet, for ever: holds and offers are released, points and debts written off, and the
    /// name is removed. Entries and operations stay without it, so the books stay equal; keys, reasons, actors and
    /// metadata stay, too, and must hold no personal data. Afterwards the same userId is a new member. Needs the scope
    /// adjust. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn erase_member(
        &self,
        context: &Context<'_>,
        input: EraseMemberInput,
    ) -> async_graphql::Result<EraseMemberPayload> {
        let request = Request {
            reason: Some(input.reason),
            actor: Some(input.actor),
            ..Request::new(OperationKind::Erase, caller(context)?.id, input.user_id.0, input.idempotency_key)
        };
        let row = context.data::<Pairs>()?.erase(&request).await.map_err(|error| error.within(&["input"]))?;
        let payload = EraseMemberPayload::from_row(&row).map_err(|error| Error::internal(&error::describe(&error)))?;
        Ok(payload.map_err(|error| error.within(&["input"]))?)
    }
}

impl EraseMemberPayload {
    fn from_row(row: &tokio_postgres::Row) -> Result<Result<Self, Error>, tokio_postgres::Error> {
        if let Some(code) = row.try_get("refusal")? {
            return Ok(Err(Error::refused(code, row.try_get("detail")?)));
        }
        Ok(Ok(EraseMemberPayload {
            accounts: row.try_get("accounts")?,
            points: Points(row.try_get("points")?),
            erased_at: row.try_get("erased_at")?,
            replayed: row.try_get("replayed")?,
        }))
    }
}
