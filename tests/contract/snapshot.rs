use std::{env, fs, path::Path};

use tokio_postgres::Client;

use super::strings;
use crate::common::Database;

const HEAD: &str = "\
-- What the catalog holds once everything is applied, but for monthly partitions. Read it in reviews; never run it.
-- Written by JIFEN_BLESS=1 cargo test snapshot.
";

/// Schemas, types, tables, views, functions and rights, in words.
pub(super) async fn catalog(client: &Client) -> String {
    strings(client, include_str!("snapshot.sql")).await.join("\n") + "\n"
}

#[tokio::test]
async fn the_schema_is_the_one_of_the_snapshot() {
    let database = Database::new().await;
    let now = format!("{HEAD}{}", catalog(&database.client().await).await);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/schema.snapshot.sql");
    if env::var_os("JIFEN_BLESS").is_some() {
        fs::write(&path, &now).unwrap();
        return;
    }
    let then = fs::read_to_string(&path).unwrap_or_default();
    let gone: Vec<_> = then.lines().filter(|line| !now.lines().any(|other| other == *line)).collect();
    let new: Vec<_> = now.lines().filter(|line| !then.lines().any(|other| other == *line)).collect();
    assert!(
        now == then,
        "sql/schema.snapshot.sql differs; if that is meant, run JIFEN_BLESS=1 cargo test snapshot\ngone: {gone:#?}\nnew: {new:#?}"
    );
}
