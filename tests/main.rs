mod common;
mod database;
mod process;
