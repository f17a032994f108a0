//! Two accounts of one person: made one, and parted again.

use async_graphql::{ComplexObject, Context, ID, InputObject, Object, SimpleObject};

use crate::{
    access::caller,
    account::{Account, AccountKey},
    ledger::Request,
    operation::{Entry, Operation, OperationKind, Outcome},
    pairs::Pairs,
    reads::AccountReads,
};

/// Two accounts to merge.
#[derive(InputObject)]
pub struct MergeAccountsInput {
    /// The host's name for the member whose account goes into the other.
    pub user_id: ID,
    /// The host's name for the member whose account stays, 1 to 64 characters. The account is made if it isn't there.
    pub into_user_id: ID,
    /// Unique for the caller's client and the account of userId for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Why, 1 to 500 characters.
    pub reason: String,
    /// The person who does it, 1 to 128 characters.
    pub actor: String,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
}

/// A merged account to part.
#[derive(InputObject)]
pub struct UnmergeAccountsInput {
    /// The host's name for the member whose account was merged into another.
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

/// Two accounts merged or parted.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct MergeAccountsPayload {
    /// The operation on the account of userId; its counterparty is the other member.
    operation: Operation,
    /// The entry of that account.
    entry: Option<Entry>,
    /// That account as it stands now.
    account: Account,
    /// True: it was carried out earlier under this key, and this is what came of it.
    replayed: bool,
}

#[ComplexObject]
impl MergeAccountsPayload {
    /// The other account as it stands now; null: its member was erased.
    async fn other(&self, context: &Context<'_>) -> async_graphql::Result<Option<Account>> {
        let Some(other) = &self.operation.counterparty else { return Ok(None) };
        let key = AccountKey { user_id: other.clone(), wallet: self.operation.wallet.clone() };
        Ok(context.data::<AccountReads>()?.load(key).await?)
    }
}

/// Mutations that merge.
#[derive(Default)]
pub struct MergeMutation;

#[Object]
impl MergeMutation {
    /// Merges an account into another that is the same person's: lots go over with their expiry and source, and so do
    /// debt and what counts for the level. Open holds, keys, operations and orders of userId stay and answer under
    /// userId; whatever they give back or claw back later goes on to intoUserId. All else that is asked of userId, and
    /// all that is asked of intoUserId but was userId's, is ACCOUNT_MERGED, whose details name the member to ask. Needs
    /// the scope adjust. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, LIMIT_REACHED, ACCOUNT_FROZEN,
    /// ACCOUNT_MERGED, REVIEW_WAITING.
    async fn merge_accounts(
        &self,
        context: &Context<'_>,
        input: MergeAccountsInput,
    ) -> async_graphql::Result<MergeAccountsPayload> {
        let request = Request {
            wallet: input.wallet,
            counterparty: Some(input.into_user_id.0),
            reason: Some(input.reason),
            actor: Some(input.actor),
            ..Request::new(OperationKind::Merge, caller(context)?.id, input.user_id.0, input.idempotency_key)
        };
        merge(context, request).await
    }

    /// Parts an account from the one that it was merged into: what it brought and has not expired comes back. Only while
    /// nothing depends on the merge: NOT_REVERSIBLE when points that it brought were used (details.used), it brought a
    /// debt (details.debt), or other accounts had been merged into it before. Needs the scope adjust. Errors:
    /// INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, NOT_REVERSIBLE.
    async fn unmerge_accounts(
        &self,
        context: &Context<'_>,
        input: UnmergeAccountsInput,
    ) -> async_graphql::Result<MergeAccountsPayload> {
        let request = Request {
            wallet: input.wallet,
            reason: Some(input.reason),
            actor: Some(input.actor),
            ..Request::new(OperationKind::Unmerge, caller(context)?.id, input.user_id.0, input.idempotency_key)
        };
        merge(context, request).await
    }
}

async fn merge(context: &Context<'_>, request: Request) -> async_graphql::Result<MergeAccountsPayload> {
    let Outcome { operation, entry, account, replayed } = context
        .data::<Pairs>()?
        .execute(&request)
        .await
        .map_err(|error| error.renamed(&[("counterparty", "intoUserId")]).within(&["input"]))?;
    Ok(MergeAccountsPayload { operation, entry, account, replayed })
}
