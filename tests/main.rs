mod common;
mod conformance;
mod contract;
mod database;
mod faults;
mod graphql;
mod import;
mod process;
