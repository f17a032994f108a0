//! Processes: servers of our own, and the program itself.

mod batches;
mod clients;
mod commands;
mod consume;
mod doctor;
mod embedded;
mod log;
#[cfg(feature = "otel")]
mod otel;
mod postgres_tls;
pub mod program;
pub mod running;
mod serve;
mod webhooks;

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// An ordinary user.
pub const NOBODY: u32 = 65534;

/// A directory that the user who runs PostgreSQL can reach, removed at the end.
pub struct Directory(pub PathBuf);

impl Directory {
    pub fn new(name: &str) -> Directory {
        let path = PathBuf::from(format!("/tmp/jifen-test-{}-{name}", std::process::id()));
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Directory(path)
    }

    pub fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    pub fn is_roots(&self) -> bool {
        fs::metadata(&self.0).unwrap().uid() == 0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

pub fn is_running(pid: u32) -> bool {
    // a zombie has a directory in /proc, too, but no command line
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|command| !command.is_empty())
}

/// The processes whose command names this directory: servers and guards.
pub fn processes_of(directory: &Path) -> Vec<String> {
    // with the slash: another test's may begin alike
    let name = format!("{}/", directory.to_str().unwrap());
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok())
        .map(|command| String::from_utf8_lossy(&command).replace('\0', " "))
        .filter(|command| command.contains(&name) && !command.contains("--exact"))
        .collect()
}

pub fn wait_until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// No server is left there, and no guard soon: its helper takes a moment to die.
pub fn assert_stopped(directory: &Path) {
    let servers: Vec<_> =
        processes_of(directory).into_iter().filter(|command| !command.starts_with("/bin/sh ")).collect();
    assert_eq!(servers, [""; 0]);
    wait_until("no guard is left", Duration::from_secs(15), || processes_of(directory).is_empty());
}

pub fn signal(name: &str, pid: u32) {
    Command::new("/bin/sh").args(["-c", "kill -s \"$0\" \"$1\"", name, &pid.to_string()]).status().unwrap();
}
