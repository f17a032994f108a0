//! The server's command line.

use std::fs;

use super::{Durability, Options};

/// What a durable server is set to.
pub fn durable_settings() -> Vec<(String, String)> {
    [
        ("fsync", "on".to_owned()),
        ("synchronous_commit", "on".to_owned()),
        ("full_page_writes", "on".to_owned()),
        ("shared_buffers", format!("{}MB", shared_buffers())),
        ("max_wal_size", "4GB".to_owned()),
        ("checkpoint_timeout", "15min".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// A quarter of the memory that we may use, in MB, between 128 and 1024.
fn shared_buffers() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let kilobytes = text.strip_prefix("MemTotal:")?.split_whitespace().next()?;
        Some(kilobytes.parse::<u64>().ok()? >> 10)
    });
    let container = fs::read_to_string("/sys/fs/cgroup/memory.max")
        .ok()
        .and_then(|text| Some(text.trim().parse::<u64>().ok()? >> 20));
    let memory = machine.into_iter().chain(container).min();
    (memory.unwrap_or(0) / 4).clamp(128, 1024)
}

/// The server's command line; later settings win.
pub(super) fn command_line(options: &Options) -> Vec<String> {
    let ours = [
        ("listen_addresses", ""),
        ("port", "5432"),
        ("log_destination", "stderr"),
        ("logging_collector", "off"),
        ("timezone", "UTC"),
        ("jit", "off"),
        // A new database fills fast, and plans for empty tables should not outlive that.
        ("autovacuum_naptime", "5s"),
    ];
    let throw_away = ["fsync", "synchronous_commit", "full_page_writes"].map(|name| (name, "off"));
    let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let mut all: Vec<_> = ours.map(own).into();
    all.push(("max_connections".to_owned(), options.max_connections.to_string()));
    match options.durability {
        Durability::Durable => all.extend(durable_settings()),
        Durability::ThrowAway => all.extend(throw_away.map(own)),
    }
    all.extend(options.settings.iter().cloned());
    all.into_iter().flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]).collect()
}
