mod common;
mod contract;
mod database;
mod graphql;
mod process;
