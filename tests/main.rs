mod common;
mod contract;
mod database;
mod faults;
mod graphql;
mod import;
mod process;
