//! Operations sent straight to the engine.

use std::{collections::BTreeMap, net::IpAddr};

use chrono::{DateTime, Utc};
use postgres_types::ToSql;
use rust_decimal::Decimal;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio_postgres::{Client, Error, Row};
use uuid::Uuid;

/// `points.operation_kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSql)]
#[postgres(name = "operation_kind", rename_all = "snake_case")]
#[allow(dead_code, reason = "some are Jifen's own, and the type must be complete")]
pub enum Kind {
    Earn,
    Spend,
    Adjust,
    Hold,
    Capture,
    Release,
    Reverse,
    Return,
    Transfer,
    Redeem,
    Fulfil,
    Cancel,
    Freeze,
    Unfreeze,
    Merge,
    Unmerge,
    Approve,
    Reject,
    SignIn,
    MakeUp,
    SetTimeZone,
    Progress,
    Claim,
    Invite,
    Join,
    Extend,
    CancelAward,
    Activate,
    Reinstate,
    Expire,
    Repay,
    WriteOff,
    Receive,
    Forward,
    Erase,
}

/// `api.request`: one operation as asked for.
#[derive(Clone, Debug, PartialEq, ToSql)]
#[postgres(name = "request")]
pub struct Request {
    pub kind: Option<Kind>,
    pub user_id: Option<String>,
    pub wallet: Option<String>,
    pub client_id: Option<i32>,
    pub idempotency_key: Option<String>,
    pub rule: Option<String>,
    pub order_key: Option<String>,
    pub reward: Option<String>,
    pub original: Option<Uuid>,
    pub counterparty: Option<String>,
    pub amount: Option<Decimal>,
    pub points: Option<i64>,
    pub occurred_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
    pub reason: Option<String>,
    pub actor: Option<String>,
    pub metadata: Option<Value>,
    pub subject: Option<String>,
    pub origin: Option<Origin>,
}

/// `api.origin`: where an award was asked for.
#[derive(Clone, Debug, PartialEq, ToSql)]
#[postgres(name = "origin")]
pub struct Origin {
    pub address: Option<IpAddr>,
    pub device: Option<String>,
}

impl Request {
    fn new(kind: Kind, user_id: &str, key: &str) -> Request {
        Request {
            kind: Some(kind),
            user_id: Some(user_id.to_owned()),
            wallet: None,
            client_id: Some(1),
            idempotency_key: Some(key.to_owned()),
            rule: None,
            order_key: None,
            reward: None,
            original: None,
            counterparty: None,
            amount: None,
            points: None,
            occurred_at: None,
            expires_at: None,
            reason: None,
            actor: None,
            metadata: None,
            subject: None,
            origin: None,
        }
    }

    pub fn earn(user_id: &str, rule: &str, key: &str) -> Request {
        Request { rule: Some(rule.to_owned()), ..Request::new(Kind::Earn, user_id, key) }
    }

    pub fn spend(user_id: &str, points: i64, key: &str) -> Request {
        Request { points: Some(points), ..Request::new(Kind::Spend, user_id, key) }
    }

    pub fn adjust(user_id: &str, points: i64, key: &str) -> Request {
        Request {
            points: Some(points),
            reason: Some("correction".to_owned()),
            actor: Some("tester".to_owned()),
            ..Request::new(Kind::Adjust, user_id, key)
        }
    }

    pub fn hold(user_id: &str, points: i64, key: &str) -> Request {
        Request { points: Some(points), ..Request::new(Kind::Hold, user_id, key) }
    }

    /// Captures, releases or reverses what the same client asked for under another key.
    pub fn undo(kind: Kind, user_id: &str, original_key: &str, key: &str) -> Request {
        Request { original: Some(operation_id(1, original_key)), ..Request::new(kind, user_id, key) }
    }

    /// All of an order, unless an amount is added.
    pub fn return_order(user_id: &str, order_key: &str, key: &str) -> Request {
        Request::new(Kind::Return, user_id, key).order_key(order_key)
    }

    /// Freezes or unfreezes.
    pub fn freeze(kind: Kind, user_id: &str, key: &str) -> Request {
        let text = |text: &str| Some(text.to_owned());
        Request { reason: text("a suspicion"), actor: text("tester"), ..Request::new(kind, user_id, key) }
    }

    /// What an operator does about an operation: activates, cancels, extends or reinstates its points.
    pub fn decide(kind: Kind, user_id: &str, original: Uuid, key: &str) -> Request {
        Request { original: Some(original), ..Request::freeze(kind, user_id, key) }
    }

    /// Extends what expires before an instant in UTC.
    pub fn extend_before(user_id: &str, before: &str, key: &str) -> Request {
        Request::freeze(Kind::Extend, user_id, key).subject(before)
    }

    pub fn sign_in(user_id: &str, key: &str) -> Request {
        Request::new(Kind::SignIn, user_id, key)
    }

    pub fn make_up(user_id: &str, day: &str, key: &str) -> Request {
        Request::new(Kind::MakeUp, user_id, key).subject(day)
    }

    pub fn set_time_zone(user_id: &str, time_zone: &str, key: &str) -> Request {
        Request::new(Kind::SetTimeZone, user_id, key).subject(time_zone)
    }

    pub fn progress(user_id: &str, task: &str, steps: i64, key: &str) -> Request {
        Request::new(Kind::Progress, user_id, key).subject(task).points(steps)
    }

    pub fn claim(user_id: &str, task: &str, key: &str) -> Request {
        Request::new(Kind::Claim, user_id, key).subject(task)
    }

    pub fn invite(user_id: &str, key: &str) -> Request {
        Request::new(Kind::Invite, user_id, key)
    }

    pub fn join(user_id: &str, code: &str, key: &str) -> Request {
        Request::new(Kind::Join, user_id, key).subject(code)
    }

    /// From this address and device; an empty one is unknown.
    pub fn origin(self, address: &str, device: &str) -> Request {
        let device = (!device.is_empty()).then(|| device.to_owned());
        Request { origin: Some(Origin { address: address.parse().ok(), device }), ..self }
    }

    pub fn subject(self, subject: &str) -> Request {
        Request { subject: Some(subject.to_owned()), ..self }
    }

    pub fn order_key(self, order_key: &str) -> Request {
        Request { order_key: Some(order_key.to_owned()), ..self }
    }

    pub fn amount(self, amount: &str) -> Request {
        Request { amount: Some(amount.parse().unwrap()), ..self }
    }

    pub fn points(self, points: i64) -> Request {
        Request { points: Some(points), ..self }
    }

    pub fn occurred_at(self, at: DateTime<Utc>) -> Request {
        Request { occurred_at: Some(at), ..self }
    }

    pub fn expires_at(self, at: DateTime<Utc>) -> Request {
        Request { expires_at: Some(at), ..self }
    }

    pub fn metadata(self, metadata: Value) -> Request {
        Request { metadata: Some(metadata), ..self }
    }

    pub fn client_id(self, client_id: i32) -> Request {
        Request { client_id: Some(client_id), ..self }
    }

    pub fn bucket(&self) -> i16 {
        bucket(self.user_id.as_deref().unwrap_or_default(), self.wallet.as_deref().unwrap_or("points"))
    }
}

/// `api.operation_id`, computed apart from the database.
pub fn operation_id(client_id: i32, key: &str) -> Uuid {
    let hash = Sha256::digest(format!("{client_id}:{key}"));
    Uuid::from_slice(&hash[..16]).unwrap()
}

/// The bucket of an account among 8, computed apart from the database.
pub fn bucket(user_id: &str, wallet: &str) -> i16 {
    let hash = Sha256::digest(format!("{user_id}\n{wallet}"));
    i16::from(hash[2] % 8)
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    pub refusal: Option<String>,
    pub detail: Option<Value>,
    pub replayed: bool,
    /// Points of the stored operation; None: nothing is stored.
    pub points: Option<i64>,
    pub rule_version: Option<i32>,
    pub entry: Option<Entry>,
    /// The account at the end of the batch, by the real clock.
    pub account: Option<Account>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub seq: i64,
    pub pending_delta: i64,
    pub available_delta: i64,
    pub held_delta: i64,
    pub debt_delta: i64,
    pub pending_after: i64,
    pub available_after: i64,
    pub held_after: i64,
    pub debt_after: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: i64,
    pub pending: i64,
    pub available: i64,
    pub held: i64,
    pub earned: i64,
    pub spent: i64,
    pub version: i64,
    pub level: Option<String>,
}

/// The columns that [`Outcome`] is read from.
const OUTCOME: &str = "refusal, detail, replayed, (operation).points, (operation).rule_version,
    (entry).seq, (entry).pending_delta, (entry).available_delta, (entry).held_delta, (entry).debt_delta,
    (entry).pending_after, (entry).available_after, (entry).held_after, (entry).debt_after,
    (account).id, (account).pending, (account).available, (account).held, (account).earned, (account).spent,
    (account).version, (account).level";

impl Outcome {
    fn from_row(row: &Row) -> Outcome {
        let entry = row.get::<_, Option<i64>>(5).map(|seq| Entry {
            seq,
            pending_delta: row.get(6),
            available_delta: row.get(7),
            held_delta: row.get(8),
            debt_delta: row.get(9),
            pending_after: row.get(10),
            available_after: row.get(11),
            held_after: row.get(12),
            debt_after: row.get(13),
        });
        let account = row.get::<_, Option<i64>>(14).map(|id| Account {
            id,
            pending: row.get(15),
            available: row.get(16),
            held: row.get(17),
            earned: row.get(18),
            spent: row.get(19),
            version: row.get(20),
            level: row.get(21),
        });
        Outcome {
            refusal: row.get(0),
            detail: row.get(1),
            replayed: row.get(2),
            points: row.get(3),
            rule_version: row.get(4),
            entry,
            account,
        }
    }

    /// What it answers by itself, whatever else the batch did to the account.
    pub fn without_account(self) -> Outcome {
        Outcome { account: None, ..self }
    }
}

/// Calls the engine once a bucket, keeping the order within it; `now` sets its clock. Outcomes are in the order of the
/// requests.
pub async fn execute(client: &Client, requests: &[Request], now: Option<DateTime<Utc>>) -> Vec<Outcome> {
    try_execute(client, requests, now).await.unwrap()
}

pub async fn try_execute(
    client: &Client,
    requests: &[Request],
    now: Option<DateTime<Utc>>,
) -> Result<Vec<Outcome>, Error> {
    let mut buckets: BTreeMap<i16, Vec<usize>> = BTreeMap::new();
    for (place, request) in requests.iter().enumerate() {
        buckets.entry(request.bucket()).or_default().push(place);
    }
    let statement = client.prepare(&format!("select {OUTCOME} from points.execute($1, $2, $3)")).await?;
    let mut outcomes = vec![None; requests.len()];
    for (bucket, places) in buckets {
        let batch: Vec<&Request> = places.iter().map(|place| &requests[*place]).collect();
        let rows = client.query(&statement, &[&bucket, &batch, &now]).await?;
        assert_eq!(rows.len(), batch.len(), "one outcome a request");
        for (place, row) in places.into_iter().zip(&rows) {
            outcomes[place] = Some(Outcome::from_row(row));
        }
    }
    Ok(outcomes.into_iter().flatten().collect())
}

/// An instant as people write it: `2024-03-30 12:00:00Z`.
pub fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
