//! `jifen import orders`.

use tokio_postgres::Config;

use crate::config::ImportOrders;

/// Why an import stopped.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {}

/// Awards points for past orders.
pub async fn import_orders(_config: &Config, _options: &ImportOrders) -> Result<(), ImportError> {
    Ok(())
}
