//! What has to be done from time to time. Any number of gateways may do it, and so may a DBA by hand.

use std::time::Duration;

use deadpool_postgres::Pool;
use tracing::{error, info, warn};

use crate::error::Error;

const PAUSE: Duration = Duration::from_secs(3600);
const INVITATIONS_PAUSE: Duration = Duration::from_secs(1);

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
        match forget_origins(&pool).await {
            Ok(0) => {}
            Ok(forgotten) => info!(forgotten, "rows about addresses and devices forgotten"),
            // It will be tried again.
            Err(failure) => error!("cannot forget addresses and devices: {}", failure.message),
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

async fn settle_invitation(pool: &Pool) -> Result<bool, Error> {
    let connection = pool.get().await?;
    let statement = connection.prepare_cached("select api.settle_invitation()").await?;
    Ok(connection.query_one(&statement, &[]).await?.get(0))
}

async fn create_partitions(pool: &Pool) -> Result<i32, Error> {
    let connection = pool.get().await?;
    Ok(connection.query_one("select api.create_partitions()", &[]).await?.get(0))
}

async fn forget_origins(pool: &Pool) -> Result<i32, Error> {
    let connection = pool.get().await?;
    let mut forgotten = 0;
    loop {
        let step: i32 = connection.query_one("select api.forget_origins()", &[]).await?.get(0);
        forgotten += step;
        if step == 0 {
            return Ok(forgotten);
        }
    }
}
