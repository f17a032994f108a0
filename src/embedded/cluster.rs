//! The directory of the database: whose it is, making it, and what an earlier run left.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::Write,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use super::{
    Durability, Options, STOP_PATIENCE, SUPERUSER,
    error::{Error, io_error},
    user::{User, command, make_private},
};

const UNFINISHED: &str = "postgres.new-";

/// Takes the directory for this process. The operating system gives it back however we end.
pub(super) fn lock(data_dir: &Path) -> Result<File, Error> {
    let path = data_dir.join("jifen.lock");
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(io_error("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let pid = fs::read_to_string(&path).unwrap_or_default();
            return Err(Error::InUse { data_dir: data_dir.to_owned(), pid: pid.trim().to_owned() });
        }
        Err(TryLockError::Error(error)) => return Err(io_error("lock", &path)(error)),
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(io_error("write to", &path))?;
    Ok(file)
}

pub(super) async fn initialise(
    options: &Options,
    cluster: &Path,
    bin_dir: &Path,
    user: Option<&User>,
) -> Result<(), Error> {
    tracing::info!("initialising the database in {}", cluster.display());
    // an interrupted initdb must never be taken for a database, and may still be writing: hence a name of our own
    remove_unfinished(&options.data_dir);
    let staging = cluster.with_file_name(format!("{UNFINISHED}{}", std::process::id()));
    make_private(&staging, user)?;
    let initdb = async |arguments: &[&str]| -> Result<(), Error> {
        let program = bin_dir.join("initdb");
        let output = tokio::process::Command::from(command(&program, user))
            .arg("-D")
            .arg(&staging)
            .args(arguments)
            .kill_on_drop(true)
            .output()
            .await
            .map_err(io_error("run", &program))?;
        if output.status.success() {
            return Ok(());
        }
        Err(Error::Initdb {
            cluster: cluster.to_owned(),
            output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    };
    initdb(&[
        "--username",
        SUPERUSER,
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=libc",
        "--auth-local=trust",
        "--auth-host=reject",
        "--no-sync",
    ])
    .await?;
    if options.durability == Durability::Durable {
        // one call for the whole file system took 0.05 s where initdb's own, file by file, took 3.5 s
        let synced = Command::new("sync").arg("-f").arg(&staging).output();
        if !synced.is_ok_and(|output| output.status.success()) {
            initdb(&["--sync-only"]).await?;
        }
    }
    fs::rename(&staging, cluster)
        .and_then(|()| File::open(&options.data_dir)?.sync_all())
        .map_err(io_error("move the new database to", cluster))
}

/// Removes databases that were never finished.
pub(super) fn remove_unfinished(data_dir: &Path) {
    for entry in fs::read_dir(data_dir).into_iter().flatten().flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(UNFINISHED.as_bytes()) {
            fs::remove_dir_all(entry.path()).ok();
        }
    }
}

/// A server whose owner was killed takes a moment to end.
pub(super) async fn wait_for_previous(cluster: &Path) -> Result<(), Error> {
    let begun = Instant::now();
    let mut told = false;
    loop {
        let Some(pid) = running_postmaster(cluster) else {
            return Ok(());
        };
        if begun.elapsed() > STOP_PATIENCE {
            return Err(Error::StillRunning { cluster: cluster.to_owned(), pid });
        }
        if !told {
            told = true;
            tracing::info!("waiting for an earlier PostgreSQL server (process {pid}) to end");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub(super) fn running_postmaster(cluster: &Path) -> Option<u32> {
    let path = cluster.join("postmaster.pid");
    let pid = fs::read_to_string(&path).ok()?.lines().next()?.trim().parse().ok()?;
    let command_line = command_line(pid);
    if command_line.contains(&*cluster.to_string_lossy()) {
        return Some(pid);
    }
    if !command_line.contains("postgres") {
        // its number went to another process, as happens in containers; PostgreSQL would take that for a server
        fs::remove_file(&path).ok();
    }
    None
}

/// A process's command, or nothing if it has ended.
fn command_line(pid: u32) -> String {
    let bytes = if Path::new("/proc/self/cmdline").exists() {
        fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default()
    } else {
        Command::new("ps")
            .args(["-ww", "-o", "command=", "-p", &pid.to_string()])
            .output()
            .map(|output| output.stdout)
            .unwrap_or_default()
    };
    String::from_utf8_lossy(&bytes).into_owned()
}
