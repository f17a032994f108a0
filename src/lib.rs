//! Jifen: a loyalty points system whose rules live in PostgreSQL. This crate is its gateway.

pub mod database;
pub mod embedded;
pub mod graphiql;
pub mod migrate;
