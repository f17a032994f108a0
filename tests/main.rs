mod common;
mod conformance;
mod contract;
mod database;
mod graphql;
mod import;
mod process;
