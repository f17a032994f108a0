//! The DBA's page names what exists.

use std::collections::BTreeSet;

use jifen::migrate::BUNDLE;

use super::snapshot::catalog;
use crate::common::Database;

const PAGE: &str = include_str!("../../sql/README.md");

/// What stands between backticks and looks like a name, from one heading to the next.
fn names(heading: &str) -> BTreeSet<&'static str> {
    let section = PAGE.split_once(heading).unwrap().1;
    let section = section.split("\n## ").next().unwrap();
    let is_name = |text: &&str| text.chars().all(|c| c.is_ascii_lowercase() || "._".contains(c));
    section.split('`').skip(1).step_by(2).filter(is_name).collect()
}

#[tokio::test]
async fn tables_constraints_and_functions_are_in_the_catalog() {
    let catalog = catalog(&Database::new().await.client().await).await;
    let words: BTreeSet<_> = catalog.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
    let names: BTreeSet<_> = ["## Two schemas", "## The tables", "## The laws"].into_iter().flat_map(names).collect();
    assert!(names.len() > 50, "{names:?}");
    let unknown: Vec<_> = names
        .into_iter()
        .filter(|name| !name.ends_with(".sql") && !name.split('.').all(|part| words.contains(part)))
        .collect();
    assert_eq!(unknown, [""; 0]);
}

#[test]
fn the_path_names_every_file_of_the_engine() {
    let named: BTreeSet<_> = names("## The path").into_iter().filter(|name| name.ends_with(".sql")).collect();
    let engine: BTreeSet<_> = BUNDLE.iter().filter_map(|(path, _)| path.strip_prefix("functions/engine/")).collect();
    assert_eq!(named.into_iter().filter(|name| !name.contains('/')).collect::<BTreeSet<_>>(), engine);
}
