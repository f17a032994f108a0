mod common;
mod contract;
mod database;
mod graphql;
mod import;
mod process;
