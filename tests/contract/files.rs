//! The files of `sql/`: all of them are applied, and one function is one file.

use std::{fs, path::Path};

use jifen::migrate::{BUNDLE, MIGRATIONS};

const MOST_LINES: usize = 120;
/// CHECKs rest on them, so they are state; the first two size the database for life, as the lanes know.
const FUNCTIONS_OF_MIGRATIONS: [&str; 3] =
    ["create function points.bucket(", "create function points.bucket_count(", "create function points.ascends("];

/// The .sql files below a folder of `sql/`, as paths from there, sorted.
fn files_below(folder: &str) -> Vec<String> {
    let sql = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
    let mut folders = vec![sql.join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path.strip_prefix(&sql).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

fn listed(files: &[(&str, &str)]) -> Vec<String> {
    files.iter().map(|(path, _)| path.to_string()).collect()
}

fn functions() -> impl Iterator<Item = (&'static str, &'static str)> {
    BUNDLE.iter().copied().filter(|(path, _)| path.starts_with("functions/"))
}

#[test]
fn the_bundle_is_every_function_view_and_trigger_once() {
    let mut there: Vec<_> = ["functions", "views", "triggers"].into_iter().flat_map(files_below).collect();
    there.extend(["checks.sql", "jobs.sql", "privileges.sql", "retired.sql"].map(str::to_owned));
    there.sort();
    let mut bundle = listed(BUNDLE);
    bundle.sort();
    assert_eq!(bundle, there);
    assert!(functions().count() > 30 && there.len() > 40, "{there:?}");
}

#[test]
fn retired_signatures_go_first_and_privileges_come_last() {
    let bundle = listed(BUNDLE);
    assert_eq!(bundle.first().unwrap(), "retired.sql");
    assert_eq!(bundle.last().unwrap(), "privileges.sql");
    let triggers = bundle.iter().position(|path| path.starts_with("triggers/")).unwrap();
    assert_eq!(bundle.iter().rposition(|path| path.starts_with("functions/")), Some(triggers - 1));
}

#[test]
fn the_migrations_are_every_file_in_order_without_gaps() {
    let migrations = listed(MIGRATIONS);
    let mut sorted = migrations.clone();
    sorted.sort();
    assert_eq!(sorted, files_below("migrations"));
    for (number, path) in (1..).zip(&migrations) {
        assert!(path.starts_with(&format!("migrations/V{number}__")), "{path} is number {number}");
    }
}

#[test]
fn migrations_hold_no_functions_views_or_triggers() {
    for (path, sql) in MIGRATIONS {
        let code: Vec<_> = statements(sql)
            .filter(|line| {
                ["function", "procedure", "view", "trigger"].iter().any(|what| {
                    line.starts_with(&format!("create {what} ")) || line.contains(&format!("replace {what} "))
                })
            })
            .filter(|line| !FUNCTIONS_OF_MIGRATIONS.iter().any(|allowed| line.starts_with(allowed)))
            .collect();
        assert_eq!(code, [""; 0], "in {path}");
    }
    let all: String = MIGRATIONS.iter().map(|(_, sql)| *sql).collect();
    for function in FUNCTIONS_OF_MIGRATIONS {
        assert_eq!(all.matches(function).count(), 1, "{function}");
    }
}

fn statements(sql: &str) -> impl Iterator<Item = &str> {
    sql.lines().map(str::trim).filter(|line| line.starts_with("create "))
}

#[test]
fn a_function_file_is_one_function_of_its_name_and_its_comment() {
    for (path, sql) in functions() {
        let [create] = statements(sql).collect::<Vec<_>>()[..] else {
            panic!("{path} creates not one thing");
        };
        assert!(sql.starts_with(create), "{path} begins with something else");
        let name = create.strip_prefix("create or replace function ").and_then(|rest| rest.split('(').next()).unwrap();
        let file = Path::new(path).file_stem().unwrap().to_str().unwrap();
        assert!([format!("points.{file}"), format!("api.{file}")].contains(&name.to_owned()), "{path} holds {name}");
        assert_eq!(sql.matches(&format!("comment on function {name}(")).count(), 1, "{path} has one comment");
    }
}

#[test]
fn a_function_is_at_most_120_lines() {
    for (path, sql) in functions() {
        assert!(sql.lines().count() <= MOST_LINES, "{path}");
    }
}

#[test]
fn every_function_states_its_volatility() {
    for (path, sql) in functions() {
        let head = sql.split_once("\nlanguage ").unwrap_or_else(|| panic!("{path} has no line with its language")).1;
        let line = head.lines().next().unwrap();
        let stated = line.split(' ').filter(|word| ["volatile", "stable", "immutable"].contains(word)).count();
        assert_eq!(stated, 1, "{path}: language {line}");
    }
}
