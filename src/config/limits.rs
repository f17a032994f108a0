//! Limits on callers.

use std::time::Duration;

use clap::Args;

/// How long callers may take, and how many of them, and of their requests, there may be.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct Limits {
    /// Seconds from the opening of a connection to the end of its first request's headers
    #[arg(long, env = "JIFEN_HEADER_TIMEOUT", default_value = "10", value_parser = parse_seconds)]
    pub header_timeout: Duration,
    /// Seconds from an answer to the end of the next request's headers: longer than proxies and clients keep a
    /// connection that is idle
    #[arg(long, env = "JIFEN_IDLE_TIMEOUT", default_value = "75", value_parser = parse_seconds)]
    pub idle_timeout: Duration,
    /// Seconds that a body may stand still, and take altogether before it must have come at 1,000 bytes a second
    #[arg(long, env = "JIFEN_BODY_TIMEOUT", default_value = "30", value_parser = parse_seconds)]
    pub body_timeout: Duration,
    /// Connections at a time; others wait until one is closed
    #[arg(long, env = "JIFEN_MAX_CONNECTIONS", default_value_t = 60_000, value_parser = parse_count)]
    pub max_connections: usize,
    /// Connections of one address at a time, or of one IPv6 network of 64 bits; others are closed [default: as many as
    /// there may be, since behind a proxy all have its address]
    #[arg(long, env = "JIFEN_MAX_CONNECTIONS_PER_ADDRESS", value_parser = parse_count)]
    pub max_connections_per_address: Option<usize>,
    /// Requests a second of a member, by the token's subject, and ten seconds' worth at once; 0: as many as the member
    /// likes
    #[arg(long, env = "JIFEN_MEMBER_RATE", default_value_t = 50.0, value_parser = parse_rate)]
    pub member_rate: f64,
    /// Requests a second without a credential, or with a wrong one, from one address or IPv6 network of 64 bits, and
    /// ten seconds' worth at once; 0: as many as there are, for where a proxy in front has such a limit
    #[arg(long, env = "JIFEN_STRANGER_RATE", default_value_t = 50.0, value_parser = parse_rate)]
    pub stranger_rate: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(30),
            max_connections: 60_000,
            max_connections_per_address: None,
            member_rate: 50.0,
            stranger_rate: 50.0,
        }
    }
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds| (0.1..=3600.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| "say how many seconds, from 0.1 to 3600".to_owned())
}

fn parse_count(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| (1..=1_000_000).contains(count));
    count.ok_or_else(|| "say how many, from 1 to 1000000".to_owned())
}

fn parse_rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|&rate| rate == 0.0 || (0.001..=1e6).contains(&rate));
    rate.ok_or_else(|| "say how many a second, from 0.001 to 1000000, or 0 for no limit".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::config::Cli;

    #[test]
    fn limits_are_those_that_the_help_prints() {
        let Cli { serve, .. } = Cli::parse_from(["jifen"]);
        assert_eq!(serve.exposure.limits, Limits::default());
    }
}
