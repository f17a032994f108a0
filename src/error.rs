//! Every error that a caller can see, and the only place where one is made of what PostgreSQL says.

use std::{borrow::Cow, error::Error as _};

use async_graphql::{ErrorExtensions, Json, SimpleObject};
use serde_json::Value;
use tokio_postgres::error::SqlState;
use tracing::{error, warn};

use crate::{database, request};

/// Every code, whether a retry of the same request may succeed, and what it means. The first are the engine's
/// (table `points.refusal`), those from UNAUTHENTICATED on the gateway's.
pub const CODES: &[(&str, bool, &str)] = &[
    ("INVALID_INPUT", false, "An input is missing, malformed or out of range."),
    ("UNKNOWN_RULE", false, "No such rule, or no version of it is in force."),
    ("RULE_RETIRED", false, "The rule awards nothing any more."),
    ("FORBIDDEN", false, "The caller may not do this, or not with this rule, wallet or account."),
    ("IDEMPOTENCY_CONFLICT", false, "The idempotency key was used for another request."),
    ("INSUFFICIENT_POINTS", false, "The account has fewer available points than the operation takes."),
    ("LIMIT_REACHED", false, "The operation would pass a limit."),
    ("ACCOUNT_FROZEN", false, "The account is frozen."),
    ("HOLD_CLOSED", false, "The hold was captured or released before."),
    ("NOT_REVERSIBLE", false, "An operation of this kind, or one that moved nothing, cannot be reversed."),
    ("ALREADY_REVERSED", false, "All that the operation moved has been reversed or returned before."),
    ("RETURN_TOO_LARGE", false, "More would be returned than the order amounts to, as far as that is known."),
    ("UNKNOWN_OPERATION", false, "The account has no such operation or hold."),
    (
        "ACCOUNT_MERGED",
        false,
        "The account was merged into another, or what is asked for is one's that was merged into it; ask for the \
         member in details.",
    ),
    ("AWARD_DENIED", false, "A risk rule denies the award."),
    ("REVIEW_CLOSED", false, "The award was approved or rejected before, or nobody decided in time."),
    ("SECOND_PERSON_NEEDED", false, "Another person than the actor of the award must decide on it."),
    ("REVIEW_WAITING", false, "An award of the account waits for review: decide on it first."),
    ("NOT_PENDING", false, "Nothing of the award is pending any more."),
    ("UNKNOWN_REWARD", false, "No such reward."),
    ("NOT_ON_SALE", false, "The reward is not on sale now."),
    ("PRICE_CHANGED", false, "The reward has another price than the one expected."),
    ("OUT_OF_STOCK", false, "Nothing is left of the reward."),
    ("REDEMPTION_CLOSED", false, "The redemption was fulfilled or cancelled before."),
    ("ALREADY_SIGNED_IN", false, "The member has signed in on that day, or made it up."),
    ("DAY_OUT_OF_RANGE", false, "The day cannot be made up."),
    ("ALREADY_EARNED", false, "The rule awards once for ever, and has done so."),
    ("UNKNOWN_TASK", false, "No such task."),
    ("TASK_CLOSED", false, "The task is not open now."),
    ("TASK_NOT_DONE", false, "Steps of the task are still to be done in its present period."),
    ("ALREADY_CLAIMED", false, "The task was paid in its present period."),
    ("UNKNOWN_INVITATION", false, "No member invites by this code."),
    ("ALREADY_INVITED", false, "The member has joined by an invitation before."),
    ("NOT_INVITABLE", false, "The member cannot join by this invitation."),
    ("UNAUTHENTICATED", false, "Send a valid API key, or a member's valid token, as `Authorization: Bearer KEY`."),
    // The message is what clients of Apollo's protocol look for.
    ("PERSISTED_QUERY_NOT_FOUND", false, "PersistedQueryNotFound"),
    ("DOCUMENT_NOT_ALLOWED", false, "The document is not one of those that this gateway takes."),
    (
        "RATE_LIMITED",
        true,
        "More requests came than the rate of the caller allows; nothing was done. Send the same request again, later.",
    ),
    (
        "OVERLOADED",
        true,
        "Too much is waiting, or the database is away; nothing was done. Send the same request again, a little later.",
    ),
    (
        "OUTCOME_UNKNOWN",
        true,
        "The database was lost while it worked on this. Send the same request again under the same idempotency key: it \
         is done once at most.",
    ),
    ("INTERNAL", false, "Something is wrong in Jifen. Give the operator the trace id."),
];

/// Why a request was not carried out.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(name = "Refusal")]
pub struct Error {
    /// Stable code, e.g. INSUFFICIENT_POINTS.
    pub code: String,
    /// For people.
    pub message: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// Facts, by code; null: there are none.
    pub details: Option<Json<Value>>,
    /// INVALID_INPUT: the path of the input at fault, e.g. ["input", "points"]; null otherwise.
    pub path: Option<Vec<String>>,
}

impl Error {
    fn new(code: impl Into<Cow<'static, str>>) -> Self {
        let code = code.into();
        let (retryable, message) = CODES
            .iter()
            .find(|(known, ..)| *known == code)
            // A database that is newer than this gateway may know more codes.
            .map_or((false, "The operation was refused."), |(_, retryable, message)| (*retryable, *message));
        Error { code: code.into_owned(), message: message.to_owned(), retryable, details: None, path: None }
    }

    /// A refusal by the engine.
    pub fn refused(code: String, detail: Option<Value>) -> Self {
        let mut error = Error::new(code);
        if error.code == "INVALID_INPUT"
            && let Some(Value::Object(detail)) = &detail
            && let (Some(Value::String(path)), Some(Value::String(message))) =
                (detail.get("path"), detail.get("message"))
        {
            return Error::invalid_input(&camel_case(path), message);
        }
        error.details = detail.map(Json);
        error
    }

    /// An input at fault, by its GraphQL name.
    pub fn invalid_input(path: &str, message: &str) -> Self {
        Error {
            message: format!("{path}: {message}"),
            path: Some(vec![path.to_owned()]),
            ..Error::new("INVALID_INPUT")
        }
    }

    /// A body that is no GraphQL request.
    pub fn malformed(message: String) -> Self {
        Error { message, ..Error::new("INVALID_INPUT") }
    }

    /// No usable credential.
    pub fn unauthenticated() -> Self {
        Error::new("UNAUTHENTICATED")
    }

    /// The client lacks a scope, or may not use a wallet.
    pub fn forbidden(what: &str, value: &str) -> Self {
        Error { details: Some(Json(serde_json::json!({ what: value }))), ..Error::new("FORBIDDEN") }
    }

    /// A member asks for what is not his own, whether it is there or not.
    pub fn not_yours() -> Self {
        Error::new("FORBIDDEN")
    }

    /// No document of that hash is known here, or not any more: send it with its hash.
    pub fn persisted_query_not_found() -> Self {
        Error::new("PERSISTED_QUERY_NOT_FOUND")
    }

    /// The operator's list does not have the document.
    pub fn document_not_allowed() -> Self {
        Error::new("DOCUMENT_NOT_ALLOWED")
    }

    /// There is room for a request in so many seconds.
    pub fn rate_limited(seconds: u64) -> Self {
        let details = serde_json::json!({ "retryAfterSeconds": seconds });
        Error { details: Some(Json(details)), ..Error::new("RATE_LIMITED") }
    }

    /// Nothing was done, for want of room or time.
    pub fn overloaded() -> Self {
        Error::new("OVERLOADED")
    }

    /// It may have been done or not.
    pub fn outcome_unknown() -> Self {
        Error::new("OUTCOME_UNKNOWN")
    }

    /// Our fault. The cause goes to the log under the trace id, and only there.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        let trace = request::id();
        error!(trace, "{cause}");
        Error { details: Some(Json(serde_json::json!({ "trace": trace }))), ..Error::new("INTERNAL") }
    }

    /// A response that is nothing but this.
    pub fn into_response(self) -> async_graphql::Response {
        let error = async_graphql::Error::from(self).into_server_error(Default::default());
        async_graphql::Response::from_errors(vec![error])
    }

    /// The same after an attempt of which nobody knows what came: only what no retry changes can still be said.
    pub fn after_unknown(self) -> Self {
        if self.retryable { Error::outcome_unknown() } else { self }
    }

    /// Gives the input at fault the name that it has in this mutation, where that is another than in SQL.
    pub fn renamed(mut self, names: &[(&str, &str)]) -> Self {
        if let Some([name]) = self.path.as_deref()
            && let Some((old, new)) = names.iter().find(|(old, _)| old == name)
        {
            self.message = self.message.replacen(old, new, 1);
            self.path = Some(vec![(*new).to_owned()]);
        }
        self
    }

    /// Says where in the request the input at fault stands.
    pub fn within(mut self, prefix: &[&str]) -> Self {
        if let Some(path) = &mut self.path {
            path.splice(0..0, prefix.iter().map(|&part| part.to_owned()));
        }
        self
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.code() {
            // Taken back by a time-out, or not even sent.
            Some(&SqlState::QUERY_CANCELED | &SqlState::LOCK_NOT_AVAILABLE) => Error::overloaded(),
            Some(code) if exhausted(code).is_some() => {
                warn!("the server has run out of something: {}", describe(&error));
                Error {
                    details: exhausted(code).map(|what| Json(serde_json::json!({ "exhausted": what }))),
                    ..Error::overloaded()
                }
            }
            // A standby, perhaps soon the primary.
            Some(&SqlState::READ_ONLY_SQL_TRANSACTION) => Error::overloaded(),
            // Too many rows of batches wait.
            Some(code) if code.code() == "LP929" => Error {
                details: error.as_db_error().and_then(|db| serde_json::from_str(db.detail()?).ok()).map(Json),
                ..Error::overloaded()
            },
            // A function of schema `api` refuses. Above are faults of ours.
            Some(code) if ("LP000".."LP900").contains(&code.code()) => {
                let db = error.as_db_error();
                Error::refused(
                    db.map_or_else(String::new, |db| db.message().to_owned()),
                    db.and_then(|db| serde_json::from_str(db.detail()?).ok()),
                )
            }
            // For what changes nothing or may be done again. Whoever else calls asks first whether it was lost.
            _ if is_lost(&error) => Error::overloaded(),
            _ => Error::internal(&describe(&error)),
        }
    }
}

/// What the server has no more of, if that is why it rolled back or let nobody in: no statement is at fault.
pub fn exhausted(code: &SqlState) -> Option<&'static str> {
    match *code {
        SqlState::DISK_FULL => Some("disk"),
        SqlState::OUT_OF_MEMORY => Some("memory"),
        SqlState::TOO_MANY_CONNECTIONS => Some("connections"),
        _ => None,
    }
}

/// Whether the connection or the whole server went away.
pub fn is_lost(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        // Classes 08 and 57P.
        Some(code) => code.code().starts_with("08") || code.code().starts_with("57P"),
        None => error.is_closed() || error.source().is_some_and(|cause| cause.is::<std::io::Error>()),
    }
}

impl From<database::Fault> for Error {
    fn from(fault: database::Fault) -> Self {
        match fault {
            database::Fault::Pool(error) => error.into(),
            database::Fault::Unsent => Error::overloaded(),
            // As for a lost connection.
            database::Fault::Late => Error::overloaded(),
            database::Fault::Postgres(error) => error.into(),
        }
    }
}

impl From<deadpool_postgres::PoolError> for Error {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(error) if error.code().and_then(exhausted).is_some() => error.into(),
            // There is no connection, so nothing was sent.
            deadpool_postgres::PoolError::Backend(error) => {
                warn!("cannot reach the database: {}", describe(&error));
                Error::overloaded()
            }
            deadpool_postgres::PoolError::Timeout(_) => Error::overloaded(),
            other => Error::internal(&other),
        }
    }
}

/// What PostgreSQL says of an error, for somebody at a terminal.
pub fn brief(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => {
            let more = [db.detail(), db.hint()].into_iter().flatten().map(|text| format!("; {text}"));
            format!("{}{}", db.message(), more.collect::<String>())
        }
        None => with_causes(error),
    }
}

/// All that PostgreSQL says of an error, for the log.
pub fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!(
            "{}: {}{}{}",
            db.code().code(),
            db.message(),
            db.detail().map(|text| format!("; {text}")).unwrap_or_default(),
            db.where_().map(|text| format!("; {text}")).unwrap_or_default(),
        ),
        None => with_causes(error),
    }
}

fn with_causes(error: &tokio_postgres::Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    let mut text = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
    if let Some(remedy) = database::remedy(error) {
        text += &format!(" ({remedy})");
    }
    text
}

impl ErrorExtensions for Error {
    fn extend(&self) -> async_graphql::Error {
        async_graphql::Error::new(self.message.clone()).extend_with(|_, extensions| {
            extensions.set("code", self.code.as_str());
            extensions.set("retryable", self.retryable);
            if let Some(path) = &self.path {
                extensions.set("path", path.clone());
            }
            if let Some(Json(details)) = &self.details
                && let Ok(details) = async_graphql::Value::from_json(details.clone())
            {
                extensions.set("details", details);
            }
        })
    }
}

impl From<Error> for async_graphql::Error {
    fn from(error: Error) -> Self {
        error.extend()
    }
}

/// Gives a code to what GraphQL itself refuses: a document that doesn't parse, an unknown field, an input of the
/// wrong type.
pub fn complete(mut response: async_graphql::Response) -> async_graphql::Response {
    for error in &mut response.errors {
        let extensions = error.extensions.get_or_insert_default();
        if extensions.get("code").is_none() {
            extensions.set("code", "INVALID_INPUT");
            extensions.set("retryable", false);
            if let Some(path) = argument(&error.message) {
                extensions.set("path", path);
            }
        }
    }
    response
}

/// The path in `Invalid value for argument "input.points", ...`, which is all that async-graphql tells of it.
fn argument(message: &str) -> Option<Vec<String>> {
    let (path, _) = message.strip_prefix("Invalid value for argument \"")?.split_once('"')?;
    Some(path.split('.').map(str::to_owned).collect())
}

fn camel_case(name: &str) -> String {
    let mut result = String::with_capacity(name.len());
    let mut upper = false;
    for character in name.chars() {
        if character == '_' {
            upper = true;
        } else if upper {
            result.extend(character.to_uppercase());
            upper = false;
        } else {
            result.push(character);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_at_fault_is_named_as_in_graphql() {
        let detail = serde_json::json!({ "path": "idempotency_key", "message": "must have 1 to 128 characters" });
        let error = Error::refused("INVALID_INPUT".to_owned(), Some(detail)).within(&["input"]);
        assert_eq!(error.path, Some(vec!["input".to_owned(), "idempotencyKey".to_owned()]));
        assert_eq!(error.message, "idempotencyKey: must have 1 to 128 characters");
    }

    #[test]
    fn an_internal_error_shows_nothing_of_its_cause() {
        let error = Error::internal(&"relation points.secret does not exist");
        assert!(!format!("{error:?}").contains("secret"));
    }
}
