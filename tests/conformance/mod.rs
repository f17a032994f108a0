//! Whether what is promised holds whatever is sent, and however many send it at once.
//!
//! Each test here has a short run, and a long one, whose histories `JIFEN_HISTORIES` counts, as in all tests of random histories.

mod arguments;
mod checker;
mod clients;
mod fields;
mod functions;
mod world;
