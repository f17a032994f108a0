mod common;
mod contract;
mod database;
mod process;
