//! The DBA's page names what exists.

use std::collections::BTreeSet;

use jifen::migrate::BUNDLE;

use super::snapshot::catalog;
use crate::common::Database;

const PAGE: &str = include_str!("../../sql/README.md");

/// What stands between backticks and looks like a name, from one heading to the next.
fn names(heading: &str) -> BTreeSet<&'static str> {
    names_in(PAGE.split_once(heading).unwrap().1.split("\n## ").next().unwrap())
}

fn names_in(text: &'static str) -> BTreeSet<&'static str> {
    let is_name = |text: &&str| text.chars().all(|c| c.is_ascii_lowercase() || "._".contains(c));
    text.split('`').skip(1).step_by(2).map(|code| code.trim_end_matches("()")).filter(is_name).collect()
}

#[tokio::test]
async fn tables_constraints_and_functions_are_in_the_catalog() {
    let catalog = catalog(&Database::new().await.client().await).await;
    let words: BTreeSet<_> = catalog.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
    let qualified = names_in(PAGE).into_iter().filter(|name| name.starts_with("api.") || name.starts_with("points."));
    let sections = ["## Two schemas", "## The tables", "## The laws"].into_iter().flat_map(names);
    let names: BTreeSet<_> = sections.chain(qualified).collect();
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
