//! Jifen: a loyalty points system whose rules live in PostgreSQL. This crate is its gateway.
//!
//! In reading order: [`schema`] joins the domains [`account`] and [`ledger`]; their mutations go through [`lanes`] to
//! `api.execute`, those between members through [`pairs`], their queries through [`reads`] to the views of schema `api`;
//! their subscriptions are fed by [`feed`] and go out through [`sockets`]; [`error`] maps every failure. Resolvers parse,
//! make one call and map: a rule on amounts, levels or dates belongs in `sql/functions`.

// A merged query nests as deep as it has parts.
#![recursion_limit = "256"]

pub mod access;
pub mod account;
pub mod activity;
pub mod alert;
pub mod archive;
pub mod backtest;
pub mod campaign;
pub mod catalogue;
pub mod client;
pub mod command_line;
pub mod commands;
pub mod config;
pub mod database;
pub mod deduction;
pub mod document;
pub mod embedded;
pub mod erasure;
pub mod error;
pub mod expiry;
pub mod explain;
pub mod feed;
pub mod flow;
pub mod freeze;
pub mod graphiql;
pub mod hold;
pub mod intake;
pub mod integrity;
pub mod invitation;
pub mod jobs;
pub mod lanes;
pub mod ledger;
pub mod level;
pub mod level_program;
pub mod limit;
pub mod log;
pub mod merge;
pub mod metrics;
pub mod migrate;
pub mod operation;
pub mod pairs;
pub mod persisted;
pub mod preview;
pub mod rate;
pub mod reads;
pub mod redemption;
pub mod request;
pub mod reversal;
pub mod review;
pub mod reward;
pub mod risk;
pub mod rule;
pub mod scalars;
pub mod schema;
pub mod seal;
pub mod server;
pub mod sign_in;
pub mod sockets;
pub mod task;
#[cfg(feature = "otel")]
pub mod telemetry;
pub mod token;
pub mod transfer;
pub mod variables;
pub mod webhooks;
