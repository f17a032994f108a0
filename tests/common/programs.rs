use std::{env, io::Write, path::Path};

/// Set where skipping must not pass for success.
const REQUIRED: &str = "JIFEN_REQUIRE_PROGRAMS";

/// Whether a test has to be skipped, as this program of this Debian package is not there: it says so.
pub fn is_missing(program: &str, package: &str) -> bool {
    let path = env::var("PATH").unwrap_or_default() + ":/usr/sbin";
    // That of a program with a path is the program.
    if env::split_paths(&path).any(|folder| Path::new(&folder).join(program).exists()) {
        return false;
    }
    say_skipped(program, &format!("there is no {program}: install the package {package}"));
    true
}

/// Says that what needs this is skipped, or fails where that must not be.
pub fn say_skipped(what: &str, reason: &str) {
    assert!(env::var_os(REQUIRED).is_none(), "{REQUIRED} is set, but {reason}");
    // Not eprintln!, which the test runner keeps to itself when a test passes.
    std::io::stderr().write_all(format!("SKIPPED what needs {what}: {reason}\n").as_bytes()).unwrap();
}
