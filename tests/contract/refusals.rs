//! One list of error codes: in the database, in the DBA's page, and in the gateway.

use std::collections::BTreeSet;

use jifen::error::CODES;

use crate::common::Database;

const PAGE: &str = include_str!("../../sql/README.md");
const README: &str = include_str!("../../README.md");

/// Code, SQLSTATE, and whether it is final.
type Refusal = (String, String, bool);

async fn stored() -> BTreeSet<Refusal> {
    let database = Database::new().await;
    let rows = database.client().await.query("select code, sqlstate, final from points.refusal", &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

/// The rows `| CODE | LPnnn | yes or no | meaning |` of the page.
fn documented() -> BTreeSet<Refusal> {
    PAGE.lines()
        .map(|line| line.split('|').map(|cell| cell.trim().trim_matches('`')).collect::<Vec<_>>())
        .filter_map(|cells| match cells[..] {
            ["", code, sqlstate, is_final, _, ""] if sqlstate.starts_with("LP") => {
                assert!(["yes", "no"].contains(&is_final), "{code} is final or not: {is_final}");
                Some((code.to_owned(), sqlstate.to_owned(), is_final == "yes"))
            }
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn the_page_lists_exactly_the_refusals_of_the_database() {
    assert_eq!(documented(), stored().await);
}

#[tokio::test]
async fn operations_keep_exactly_the_final_refusals() {
    let database = Database::new().await;
    let constraint: String = database
        .client()
        .await
        .query_one(
            "select pg_get_constraintdef(oid) from pg_constraint where conname = 'operation_refusal_is_final'",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    for (code, _, is_final) in stored().await {
        assert_eq!(constraint.contains(&format!("'{code}'")), is_final, "{code} in {constraint}");
    }
}

#[tokio::test]
async fn the_gateway_knows_every_refusal_and_none_is_worth_a_retry() {
    for (code, ..) in stored().await {
        let known: Vec<_> = CODES.iter().filter(|(known, ..)| *known == code).collect();
        assert_eq!(known.len(), 1, "{code}");
        assert!(!known[0].1, "{code} is retryable");
    }
}

#[test]
fn the_readme_lists_exactly_the_codes_of_the_gateway() {
    let listed: Vec<(&str, bool)> = README
        .lines()
        .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>())
        .filter_map(|cells| match cells[..] {
            ["", code, "yes", _, ""] => Some((code.trim_matches('`'), true)),
            ["", code, "no", _, ""] => Some((code.trim_matches('`'), false)),
            _ => None,
        })
        .collect();
    let codes: Vec<_> = CODES.iter().map(|(code, retryable, _)| (*code, *retryable)).collect();
    assert_eq!(listed, codes);
}
