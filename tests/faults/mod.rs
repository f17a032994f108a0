//! What goes wrong in the world, under load: whatever it is, nothing that was acknowledged is lost, nothing is done twice,
//! and everybody is answered. Each test runs for a few faults with the others, and for many with
//! `cargo test -- --ignored --nocapture faults`, where JIFEN_FAULTS says how many and JIFEN_SEED which.

mod backends;
mod black_hole;
mod clients;
mod clock;
mod controlled;
mod deadlocks;
mod disk;
mod gateways;
mod lost_answers;
mod own_server;
mod postmaster;
mod standby;

use std::{env, str::FromStr};

use jifen::client;
use tokio_postgres::Client;

use clients::{Load, Ways};

/// Of an environment variable, or else the usual one.
fn option<T: FromStr>(name: &str, usual: T) -> T {
    match env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text}")),
        Err(_) => usual,
    }
}

/// How many faults a long run meets.
fn many(usual: usize) -> usize {
    option("JIFEN_FAULTS", usual)
}

fn seed() -> u64 {
    option("JIFEN_SEED", 1)
}

/// Makes a client that may do all that [`clients`] ask for.
async fn make_key(owner: &Client) -> String {
    let key = client::new_key();
    let create = "select api.create_client('faults', $1, '{earn,spend,adjust,read}', null)";
    owner.execute(create, &[&&client::hash_key(&key)[..]]).await.unwrap();
    key
}
