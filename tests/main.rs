mod common;
mod contract;
mod process;
