//! What the log says of a request: its id, by which all of it is found again, and statements that took long.
//!
//! The id is the client's own, from the header `x-request-id`, where that is a plain word; else one is made. It is answered
//! in the same header, stands in each line of the log that the request causes, and is the trace id of INTERNAL.

use std::{
    future::Future,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue},
    response::Response,
};
use tokio_postgres::{
    Statement,
    types::{ToSql, private::BytesMut},
};
use tracing::{Instrument, Span, debug, info_span, warn};
use uuid::Uuid;

/// The header of the id.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const MAX_ID: usize = 64;
/// Of a statement, in the log.
const MAX_STATEMENT: usize = 300;

tokio::task_local! {
    static ID: String;
}

/// The id of the request that this is done for, or a new one.
pub fn id() -> String {
    ID.try_with(Clone::clone).unwrap_or_else(|_| Uuid::new_v4().to_string())
}

/// Gives a request its id, until it is answered.
pub async fn identify<F: Future<Output = Response>>(request: Request, answer: impl FnOnce(Request) -> F) -> Response {
    let id = given(request.headers()).unwrap_or_else(|| Uuid::new_v4().to_string());
    let header = HeaderValue::from_str(&id);
    let span = info_span!("request", %id);
    let begun = Instant::now();
    let answered = async {
        let mut response = answer(request).await;
        debug!(status = response.status().as_u16(), ms = millis(begun.elapsed()), "answered");
        if let Ok(header) = header {
            response.headers_mut().insert(HEADER, header);
        }
        response
    };
    ID.scope(id, answered.instrument(span)).await
}

fn given(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(HEADER)?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    ((1..=MAX_ID).contains(&id.len()) && id.bytes().all(plain)).then(|| id.to_owned())
}

/// For what goes on apart from the request that began it, under the same id.
pub struct Carried {
    id: String,
    span: Span,
}

impl Carried {
    /// Of the request that this is done for.
    pub fn new() -> Self {
        Carried { id: id(), span: Span::current() }
    }

    /// Goes on. Not an `async fn`, which would have room for the future twice.
    pub fn run<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        ID.scope(self.id, future.instrument(self.span))
    }
}

impl Default for Carried {
    fn default() -> Self {
        Carried::new()
    }
}

/// From how many milliseconds on a statement is slow; 0: none is.
static SLOW: AtomicU64 = AtomicU64::new(0);

/// Says from how many milliseconds on a statement is in the log; 0: none is.
pub fn log_slow_statements(ms: u64) {
    SLOW.store(ms, Ordering::Relaxed);
}

/// Runs a statement. If that is slow, the log has it with the shapes of its parameters, never their values.
pub async fn timed<T>(
    statement: &Statement,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
    run: impl Future<Output = T>,
) -> T {
    let slow = SLOW.load(Ordering::Relaxed);
    if slow == 0 {
        return run.await;
    }
    let begun = Instant::now();
    let result = run.await;
    let ms = millis(begun.elapsed());
    if ms >= slow {
        let text: Vec<&str> = sql.split_whitespace().collect();
        let text: String = text.join(" ").chars().take(MAX_STATEMENT).collect();
        warn!(ms, statement = text, parameters = shapes(statement, parameters), "slow statement");
    }
    result
}

/// Such as `int2 of 2 bytes, text[] of 240 bytes`.
fn shapes(statement: &Statement, parameters: &[&(dyn ToSql + Sync)]) -> String {
    let shape = |(parameter, kind): (&&(dyn ToSql + Sync), _)| {
        let mut bytes = BytesMut::new();
        match parameter.to_sql_checked(kind, &mut bytes) {
            Ok(tokio_postgres::types::IsNull::Yes) => format!("{kind} null"),
            Ok(tokio_postgres::types::IsNull::No) => format!("{kind} of {} bytes", bytes.len()),
            Err(_) => kind.to_string(),
        }
    };
    parameters.iter().zip(statement.params()).map(shape).collect::<Vec<_>>().join(", ")
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_if_it_is_a_plain_word() {
        let long = "a".repeat(65);
        for (text, taken) in [
            ("a", true),
            ("0af7651916cd43dd8448eb211c80319c", true),
            ("A.b_c-1", true),
            (&long[1..], true),
            (&long, false),
            ("", false),
            ("a b", false),
            ("a\"b", false),
            ("a=b", false),
        ] {
            let headers = HeaderMap::from_iter([(HEADER, HeaderValue::from_str(text).unwrap())]);
            assert_eq!(given(&headers).as_deref(), taken.then_some(text), "{text}");
        }
        let bytes = HeaderMap::from_iter([(HEADER, HeaderValue::from_bytes(b"\xff").unwrap())]);
        assert_eq!((given(&bytes), given(&HeaderMap::new())), (None, None));
    }
}
