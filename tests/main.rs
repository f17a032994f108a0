mod common;
mod contract;
mod database;
mod import;
mod process;
