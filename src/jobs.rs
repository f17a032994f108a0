//! What has to be done from time to time. Any number of gateways may do it, and so may a DBA by hand.

use std::time::Duration;

use deadpool_postgres::Pool;
use tracing::{error, info, warn};

use crate::error::Error;

const PAUSE: Duration = Duration::from_secs(3600);
const INVITATIONS_PAUSE: Duration = Duration::from_secs(1);
/// Levels are true to readers and operations whenever they are booked.
const LEVELS_PAUSE: Duration = Duration::from_secs(10);
/// Accounts of one step, which an operation on one of them waits for.
const LEVELS_STEP: i32 = 200;

/// Runs the jobs every hour, for ever. The first run is the migration's.
pub async fn run(pool: Pool) {
    loop {
        tokio::time::sleep(PAUSE).await;
        match create_partitions(&pool).await {
            Ok(0) => {}
            Ok(created) => info!(created, "partitions made"),
            // It will be tried again; rows of a month without a partition go to the default one.
            Err(failure) => error!("cannot make partitions: {}", failure.message),
        }
    }
}

/// Settles what is due of invitations, every second, for ever.
pub async fn run_invitations(pool: Pool) {
    loop {
        match settle_invitation(&pool).await {
            Ok(true) => continue,
            Ok(false) => {}
            // It stays due, so it will be tried again.
            Err(failure) => warn!("cannot settle an invitation: {}", failure.message),
        }
        tokio::time::sleep(INVITATIONS_PAUSE).await;
    }
}

/// Books levels that have ended or were changed, bucket by bucket, for ever.
pub async fn run_levels(pool: Pool, buckets: u16) {
    loop {
        for bucket in 0..buckets.cast_signed() {
            loop {
                match evaluate_levels(&pool, bucket).await {
                    Ok(0) => break,
                    Ok(_) => {}
                    // They stay due, so it will be tried again.
                    Err(failure) => {
                        warn!("cannot evaluate levels: {}", failure.message);
                        break;
                    }
                }
            }
        }
        tokio::time::sleep(LEVELS_PAUSE).await;
    }
}

async fn evaluate_levels(pool: &Pool, bucket: i16) -> Result<i32, Error> {
    let connection = pool.get().await?;
    let statement = connection.prepare_cached("select api.evaluate_levels($1, $2)").await?;
    Ok(connection.query_one(&statement, &[&LEVELS_STEP, &bucket]).await?.get(0))
}

async fn settle_invitation(pool: &Pool) -> Result<bool, Error> {
    let connection = pool.get().await?;
    let statement = connection.prepare_cached("select api.settle_invitation()").await?;
    Ok(connection.query_one(&statement, &[]).await?.get(0))
}

async fn create_partitions(pool: &Pool) -> Result<i32, Error> {
    let connection = pool.get().await?;
    Ok(connection.query_one("select api.create_partitions()", &[]).await?.get(0))
}
