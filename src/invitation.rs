//! Invitations: a code a member, who was invited by whom, and what came of it.

use async_graphql::{
    ComplexObject, Context, Enum, ID, InputObject, Json, Object, SimpleObject, dataloader::DataLoader,
};
use chrono::{DateTime, Utc};
use postgres_types::{FromSql, ToSql};
use serde_json::Value;

use crate::{
    access::{caller, caller_for, reader},
    account::AccountKey,
    catalogue::{change, check_terms},
    error::Error,
    ledger::{Request, check_text, execute, execute_about, payload},
    operation::{OperationKind, fact},
    reads::Reads,
};

/// What has come of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum InvitationStatus {
    /// The invited member has not qualified yet.
    Joined,
    /// The invited member has, and both are about to be paid.
    Qualified,
    /// Both were paid.
    Paid,
    /// What both were paid was clawed back.
    Revoked,
    /// Neither was paid, for good: the inviter's cap, say.
    Refused,
}

impl InvitationStatus {
    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "joined" => InvitationStatus::Joined,
            "qualified" => InvitationStatus::Qualified,
            "paid" => InvitationStatus::Paid,
            "revoked" => InvitationStatus::Revoked,
            "refused" => InvitationStatus::Refused,
            _ => return None,
        })
    }
}

/// A member's invitations.
#[derive(SimpleObject)]
pub struct Invitations {
    /// The code by which the member invites; null: not made yet.
    code: Option<String>,
    /// Invitations that the member was paid for, those clawed back not counted.
    paid: i32,
    /// Those that were clawed back.
    revoked: i32,
    /// Who invited the member; null: nobody, or one who was erased.
    inviter: Option<ID>,
    /// What came of that; null: nobody invited the member.
    status: Option<InvitationStatus>,
    /// When the member joined by the invitation.
    joined_at: Option<DateTime<Utc>>,
}

/// What invitations give in a wallet.
#[derive(Clone, Debug, FromSql, SimpleObject)]
#[postgres(name = "invitation_terms")]
pub struct InvitationTerms {
    /// The wallet.
    pub wallet: String,
    /// Rule by whose first award an invited member qualifies.
    pub qualifying_rule: String,
    /// Rule that prices what the inviter gets.
    pub inviter_rule: String,
    /// Rule that prices what the invited member gets.
    pub invited_rule: String,
    /// Invitations for which an inviter is paid at most, those clawed back not counted; null: any number.
    pub cap: Option<i32>,
}

/// The terms of invitations: all of them, what is left out is none.
#[derive(InputObject)]
pub struct SetInvitationsInput {
    /// Rule by whose first award an invited member qualifies, e.g. REGISTER or ORDER; none of the other two.
    pub qualifying_rule: String,
    /// Rule that prices what the inviter gets: fixed points, or given ones with a default.
    pub inviter_rule: String,
    /// Rule that prices what the invited member gets: likewise.
    pub invited_rule: String,
    /// Unique for the caller's client for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Invitations for which an inviter is paid at most, from 1; null: any number.
    pub cap: Option<i32>,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
}

/// A change of the terms of invitations.
#[derive(SimpleObject)]
pub struct InvitationTermsPayload {
    /// The terms as they stand now.
    terms: InvitationTerms,
    /// True: it was done earlier under this key.
    replayed: bool,
}

/// A member who wants to invite others.
#[derive(InputObject)]
pub struct CreateInvitationCodeInput {
    /// The host's name for the member, 1 to 64 characters. The account is made if it isn't there.
    pub user_id: ID,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Kind of points; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

/// A member who was invited.
#[derive(InputObject)]
pub struct JoinByInvitationInput {
    /// The host's name for the member, 1 to 64 characters. The account is made if it isn't there.
    pub user_id: ID,
    /// The inviter's code.
    pub code: String,
    /// Unique for the caller's client and the account for ever, 1 to 128 characters.
    pub idempotency_key: String,
    /// Kind of points, which must be the code's; points unless named.
    pub wallet: Option<String>,
    /// An object to keep with the operation, at most 4,096 characters.
    pub metadata: Option<Json<Value>>,
}

payload!(
    /// A code to invite by.
    #[graphql(complex)]
    CreateInvitationCodePayload
);
payload!(
    /// A member who has joined by an invitation.
    JoinByInvitationPayload
);

#[ComplexObject]
impl CreateInvitationCodePayload {
    /// The code: the same for the member for ever.
    async fn code(&self) -> async_graphql::Result<String> {
        Ok(fact(&self.operation, "code")?)
    }
}

/// Queries about invitations.
#[derive(Default)]
pub struct InvitationQuery;

#[Object]
impl InvitationQuery {
    /// What invitations give in a wallet; null: nothing, nobody can invite there. Needs the scope read or audit, or a
    /// member's token.
    async fn invitation_terms(
        &self,
        context: &Context<'_>,
        #[graphql(default = "points")] wallet: String,
    ) -> async_graphql::Result<Option<InvitationTerms>> {
        caller(context)?;
        check_text("wallet", &wallet)?;
        let sql = "select t from api.invitation_terms t where t.wallet = $1";
        Ok(context.data::<DataLoader<Reads>>()?.loader().list(sql, &[&wallet]).await?.pop())
    }

    /// A member's code, how many invitations it has brought, and who invited the member; null: there is no account.
    /// Needs the scope read or audit, or the member's own token.
    async fn invitations(
        &self,
        context: &Context<'_>,
        user_id: ID,
        #[graphql(default = "points")] wallet: String,
    ) -> async_graphql::Result<Option<Invitations>> {
        reader(context, &user_id, &wallet)?;
        let key = AccountKey::new(user_id, wallet)?;
        let reads = context.data::<DataLoader<Reads>>()?.loader();
        let mut rows = reads.query("select * from api.invitations($1, $2)", &[&key.user_id, &key.wallet]).await?;
        let Some(row) = rows.pop() else { return Ok(None) };
        let status: Option<&str> = row.get("status");
        let status = status.map(|text| {
            InvitationStatus::read(text).ok_or_else(|| Error::internal(&format!("an invitation that is {text}")))
        });
        Ok(Some(Invitations {
            code: row.get("code"),
            paid: row.get("paid"),
            revoked: row.get("revoked"),
            inviter: row.get::<_, Option<String>>("inviter").map(ID),
            status: status.transpose()?,
            joined_at: row.get("joined_at"),
        }))
    }
}

/// Mutations of invitations.
#[derive(Default)]
pub struct InvitationMutation;

#[Object]
impl InvitationMutation {
    /// Sets what invitations give in a wallet: those paid already stay as they are. Needs the scope rewards. Errors:
    /// INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT.
    async fn set_invitations(
        &self,
        context: &Context<'_>,
        input: SetInvitationsInput,
    ) -> async_graphql::Result<InvitationTermsPayload> {
        let wallet = input.wallet.as_deref().unwrap_or("points");
        check_terms(
            &[
                ("qualifyingRule", &input.qualifying_rule),
                ("inviterRule", &input.inviter_rule),
                ("invitedRule", &input.invited_rule),
                ("idempotencyKey", &input.idempotency_key),
                ("wallet", wallet),
            ],
            &[],
        )?;
        let sql = "select r.replayed, r.invitation_terms from api.set_invitations(
            $2, $3, $4, $5, $6, $7, (select name from api.client where id = $1)) r";
        let parameters: [&(dyn ToSql + Sync); 7] = [
            &caller(context)?.id,
            &input.qualifying_rule,
            &input.inviter_rule,
            &input.invited_rule,
            &input.idempotency_key,
            &input.cap,
            &wallet,
        ];
        let row = change(context, sql, &parameters).await?;
        Ok(InvitationTermsPayload { terms: row.get("invitation_terms"), replayed: row.get("replayed") })
    }

    /// Makes the code by which a member invites others, or answers the one that is there. Needs the scope earn, or the
    /// member's own token. Errors: INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, ACCOUNT_FROZEN.
    async fn create_invitation_code(
        &self,
        context: &Context<'_>,
        input: CreateInvitationCodeInput,
    ) -> async_graphql::Result<CreateInvitationCodePayload> {
        let request = Request {
            wallet: input.wallet,
            metadata: input.metadata.map(|metadata| metadata.0),
            ..Request::new(
                OperationKind::Invite,
                caller_for(context, &input.user_id)?.id,
                input.user_id.0,
                input.idempotency_key,
            )
        };
        execute(context, request).await
    }

    /// Says that a member was invited by the owner of a code: once for ever, and before the member qualifies. When the
    /// member does, by the first award of the qualifying rule, both are paid, in one transaction, within seconds; when
    /// that award is undone whole, both are clawed back. Needs the scope earn, or the member's own token. Errors:
    /// INVALID_INPUT, FORBIDDEN, IDEMPOTENCY_CONFLICT, UNKNOWN_INVITATION, ALREADY_INVITED, NOT_INVITABLE
    /// (details.because: self, older, qualified), LIMIT_REACHED (the inviter's cap), ACCOUNT_FROZEN.
    async fn join_by_invitation(
        &self,
        context: &Context<'_>,
        input: JoinByInvitationInput,
    ) -> async_graphql::Result<JoinByInvitationPayload> {
        let request = Request {
            wallet: input.wallet,
            subject: Some(input.code),
            metadata: input.metadata.map(|metadata| metadata.0),
            ..Request::new(
                OperationKind::Join,
                caller_for(context, &input.user_id)?.id,
                input.user_id.0,
                input.idempotency_key,
            )
        };
        execute_about(context, request, &[("subject", "code")]).await
    }
}
