//! What operators keep: rules, limits, campaigns, risk rules, rewards, tasks. Each change is one call under an idempotency
//! key.

use async_graphql::{Context, dataloader::DataLoader};
use chrono::{DateTime, Utc};
use postgres_types::ToSql;
use tokio_postgres::Row;

use crate::{
    error::Error,
    ledger::{check_instant, check_text},
    reads::Reads,
};

/// Calls a function of schema `api` that changes something; what is wrong is wrong with the argument `input`.
pub async fn change(
    context: &Context<'_>,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> async_graphql::Result<Row> {
    let answer = context.data::<DataLoader<Reads>>()?.loader().change(sql, parameters).await;
    Ok(answer.map_err(|error| error.within(&["input"]))?)
}

/// Refuses inputs that PostgreSQL can't even receive; what is wrong is wrong with the argument `input`.
pub fn check_terms(texts: &[(&str, &str)], instants: &[(&str, Option<DateTime<Utc>>)]) -> Result<(), Error> {
    let texts = texts.iter().try_for_each(|(path, text)| check_text(path, text));
    let instants = instants.iter().try_for_each(|(path, instant)| check_instant(path, *instant));
    texts.and(instants).map_err(|error| error.within(&["input"]))
}
