//! What the command line does besides serving.

mod archive;
#[cfg(any(feature = "nats", feature = "rabbitmq"))]
mod consume;
mod doctor;
pub(crate) mod import;
mod jobs;
mod key;
mod reconcile;
mod verify;

use std::{
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

pub use archive::archive;
#[cfg(any(feature = "nats", feature = "rabbitmq"))]
pub use consume::consume;
pub use doctor::doctor;
pub use import::import;
pub use jobs::{list_jobs, run_job};
pub use key::{key, put_development_key};
pub use reconcile::reconcile;
pub use verify::{VerifyError, verify, verify_receipt};

/// Prints a line; that nobody reads it is no failure.
pub fn say(text: impl std::fmt::Display) {
    let _unread = writeln!(io::stdout(), "{text}");
}

/// Writes a file that only its owner can read.
pub fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{text}")
}

/// What `jifen serve` says when it is ready.
pub fn banner(base: &str, key: Option<&str>, private: bool, graphiql: bool) -> String {
    let shown = |text: String| if graphiql { text } else { String::new() };
    let Some(key) = key else {
        let graphiql = shown(format!(", GraphiQL at {base}/"));
        return format!("Jifen is ready: {base}/graphql{graphiql}\nMake a key with `jifen key create NAME`.");
    };
    let request = |query: &str| {
        format!(
            "  curl {base}/graphql -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\\n    -d '{}'",
            serde_json::json!({ "query": query })
        )
    };
    let earn = r#"mutation { earnPoints(input: {userId: "dora", rule: "ORDER", amount: "42.50", idempotencyKey: "order-1"}) { replayed operation { points } account { balance { available } } } }"#;
    let spend = r#"mutation { spendPoints(input: {userId: "dora", points: 10, idempotencyKey: "redeem-1"}) { account { balance { available spent } } } }"#;
    let ask = r#"{ account(userId: "dora") { balance { available earned } level { code } entries(first: 5) { nodes { seq kind availableDelta availableAfter } } } }"#;
    format!(
        "Jifen is ready.\n\n  GraphQL   {base}/graphql\n{}  Key       {key}\n\n\
         THIS IS A DEVELOPMENT SET-UP: {}whoever has the key may do everything.\n\nTry:\n\n{}\n\n{}\n\n{}\n",
        shown(format!("  GraphiQL  {base}/#key={key}\n")),
        if private { "a private PostgreSQL with a demonstration program, and " } else { "" },
        request(earn),
        request(spend),
        request(ask),
    )
}
