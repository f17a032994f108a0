//! A PostgreSQL server of our own, for `jifen serve` without `DATABASE_URL`, for tests and for benches.
//!
//! It listens on a UNIX socket that only its owner can reach. A guard (`guard.sh`) runs it and stops it when the
//! owner is gone, even after `kill -9`.

mod binaries;
mod cluster;
mod error;
mod fetch;
mod log;
mod settings;
mod socket;
mod user;

use std::{
    env,
    fs::{self, File},
    io::{BufRead, BufReader},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{ChildStdin, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::watch;

pub use error::Error;
pub use settings::durable_settings;

use error::io_error;
use log::Log;
use user::{User, command, give, is_root};

/// The bootstrap superuser.
const SUPERUSER: &str = "jifen";
/// Longer than the guard takes to stop a server.
const STOP_PATIENCE: Duration = Duration::from_secs(40);
/// Replaying the log after a crash may take minutes.
const START_PATIENCE: Duration = Duration::from_secs(600);

/// Whether the data matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// What is committed survives a crash and a power cut.
    Durable,
    /// Faster, without fsync; the data directory is removed at the end.
    ThrowAway,
}

/// What server to start, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// The parent of everything: the cluster is in its `postgres`, the server's log in its `postgres.log`.
    pub data_dir: PathBuf,
    /// Whether the data matters.
    pub durability: Durability,
    /// Further server settings; they win over our own. A throw-away server with [`durable_settings`] is as slow as a
    /// durable one.
    pub settings: Vec<(String, String)>,
    /// How many clients at most.
    pub max_connections: u16,
    /// The directory of `initdb` and `postgres`; None searches for them.
    pub pg_bin: Option<PathBuf>,
}

/// A PostgreSQL server of our own on a UNIX socket. Dropping it stops the server too, without waiting.
#[derive(Debug)]
pub struct Server {
    data_dir: PathBuf,
    durability: Durability,
    bin_dir: PathBuf,
    socket_dir: PathBuf,
    postmaster_pid: u32,
    log: Log,
    exit: watch::Receiver<Option<ExitStatus>>,
    /// The guard's end of life: it stops the server when this closes.
    guard: ChildStdin,
    /// Held for as long as we use the directory.
    _lock: File,
}

impl Server {
    /// Makes the database if there is none yet, starts a server on it, and waits until it takes connections.
    pub async fn start(options: Options) -> Result<Server, Error> {
        let data_dir = std::path::absolute(&options.data_dir).map_err(io_error("find", &options.data_dir))?;
        let options = Options { data_dir, ..options };
        let data_dir = options.data_dir.as_path();
        let new = !data_dir.exists();
        fs::create_dir_all(data_dir).map_err(io_error("create, for want of a DATABASE_URL,", data_dir))?;
        let ours = new || fs::read_dir(data_dir).is_ok_and(|mut entries| entries.next().is_none());
        let lock = cluster::lock(data_dir)?;
        if options.durability == Durability::ThrowAway && data_dir.join("postgres").exists() {
            return Err(Error::HasData { data_dir: data_dir.to_owned() });
        }

        let started = Server::start_locked(&options, lock, new, ours).await;
        if started.is_err() && options.durability == Durability::ThrowAway {
            clear(data_dir);
        }
        started
    }

    async fn start_locked(options: &Options, lock: File, new: bool, ours: bool) -> Result<Server, Error> {
        let data_dir = options.data_dir.as_path();
        let cluster = data_dir.join("postgres");
        let user = User::for_cluster(&cluster)?;
        let user = user.as_ref();
        if let Some(user) = user {
            if new {
                // whatever root's umask is; the cluster in it is closed
                fs::set_permissions(data_dir, fs::Permissions::from_mode(0o755)).map_err(io_error("open", data_dir))?;
            }
            if ours && options.durability == Durability::ThrowAway {
                // the guard, which has no more rights than the server, removes it
                give(data_dir, Some(user))?;
            }
            user.check_reach(data_dir)?;
        }

        let major = fs::read_to_string(cluster.join("PG_VERSION")).ok().and_then(|text| text.trim().parse().ok());
        let made = major.map(|major| (cluster.as_path(), major));
        let bin_dir = binaries::find(options.pg_bin.as_deref(), data_dir, made, user).await?;
        if major.is_none() {
            cluster::initialise(options, &cluster, &bin_dir, user).await?;
        }
        cluster::wait_for_previous(&cluster).await?;

        let log = Log::open(data_dir)?;
        let (socket_dir, private) = socket::directory(data_dir, user)?;
        let mut guard = command("/bin/sh", user)
            .args(["-c", include_str!("guard.sh"), "jifen-guard"])
            .args(match options.durability {
                Durability::Durable => ["INT".as_ref(), "".as_ref()],
                Durability::ThrowAway => ["QUIT".as_ref(), data_dir.as_os_str()],
            })
            .arg(if private { socket_dir.as_os_str() } else { "".as_ref() })
            .arg(bin_dir.join("postgres"))
            .arg("-D")
            .arg(&cluster)
            .args(settings::command_line(options))
            .arg("-c")
            .arg(socket::setting(&socket_dir))
            // Ctrl-C in a terminal is for jifen alone, which then stops the server in its own time
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log.writer()?)
            .spawn()
            .map_err(io_error("run", Path::new("/bin/sh")))?;
        let (Some(stdin), Some(stdout)) = (guard.stdin.take(), guard.stdout.take()) else {
            unreachable!("both were asked for as pipes");
        };
        let (sender, exit) = watch::channel(None);
        // a thread, as a server may outlive the runtime that it was started in
        thread::spawn(move || sender.send_replace(guard.wait().ok()));

        let mut line = String::new();
        // the guard writes it before anything else, so this doesn't block for long
        BufReader::new(stdout).read_line(&mut line).map_err(io_error("read from", Path::new("/bin/sh")))?;
        let Ok(postmaster_pid) = line.trim().parse() else {
            return Err(log.start_error());
        };
        let server = Server {
            data_dir: data_dir.to_owned(),
            durability: options.durability,
            bin_dir,
            socket_dir,
            postmaster_pid,
            log,
            exit,
            guard: stdin,
            _lock: lock,
        };
        server.wait_until_ready(&cluster).await?;
        Ok(server)
    }

    async fn wait_until_ready(&self, cluster: &Path) -> Result<(), Error> {
        let begun = Instant::now();
        let mut told = 0;
        while begun.elapsed() < START_PATIENCE {
            if self.exit.has_changed().unwrap_or(true) {
                return Err(self.log.start_error());
            }
            // as pg_ctl does: the server writes its state into the eighth line
            let state = fs::read_to_string(cluster.join("postmaster.pid")).unwrap_or_default();
            let mut lines = state.lines().map(str::trim);
            if lines.next() == Some(&self.postmaster_pid.to_string()) && lines.nth(6) == Some("ready") {
                return Ok(());
            }
            if begun.elapsed().as_secs() / 5 > told {
                told += 1;
                tracing::info!("PostgreSQL is still starting; after a crash it replays its log");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err(Error::NotReady { seconds: START_PATIENCE.as_secs(), log: self.log.path.clone(), tail: self.log.tail() })
    }

    /// The address of one of its databases, for tokio-postgres and psql alike.
    pub fn url(&self, database: &str) -> String {
        socket::url(&self.socket_dir, database)
    }

    /// Only the server's user (and root) may enter it.
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// Where `postgres` is, and perhaps `psql`.
    pub fn bin_dir(&self) -> &Path {
        &self.bin_dir
    }

    /// The server's main process.
    pub fn postmaster_pid(&self) -> u32 {
        self.postmaster_pid
    }

    /// Stops the server, breaking off its connections, and waits until it has ended.
    pub async fn stop(self) -> Result<(), Error> {
        let Server { guard, mut exit, .. } = self;
        drop(guard);
        // an error means that the guard has ended, too
        tokio::time::timeout(STOP_PATIENCE, exit.changed())
            .await
            .map_err(|_| Error::Stop { pid: self.postmaster_pid })?
            .ok();
        if self.durability == Durability::ThrowAway {
            // the guard may not be allowed to remove the directory itself
            clear(&self.data_dir);
        }
        Ok(())
    }

    /// Resolves when the server ends by itself, with words for the user.
    pub async fn exited(&mut self) -> Error {
        let status = match self.exit.wait_for(Option::is_some).await {
            Ok(status) => *status,
            Err(_) => None,
        };
        Error::Exited {
            status: status.map_or_else(|| "unknown".to_owned(), |status| status.to_string()),
            log: self.log.path.clone(),
            tail: self.log.tail(),
        }
    }
}

/// Where the data is kept unless `--data-dir` says otherwise.
pub fn default_data_dir() -> Result<PathBuf, Error> {
    if is_root() {
        return Ok(PathBuf::from("/var/lib/jifen"));
    }
    let absolute = |variable| {
        let directory = PathBuf::from(env::var_os(variable)?);
        directory.is_absolute().then_some(directory)
    };
    absolute("XDG_DATA_HOME")
        .or_else(|| Some(absolute("HOME")?.join(".local/share")))
        .map(|directory| directory.join("jifen"))
        .ok_or(Error::NoDataDir)
}

/// The address of a database of the server that another jifen runs in this data directory; None: none runs there.
pub fn running_url(data_dir: &Path, database: &str) -> Option<String> {
    let cluster = data_dir.join("postgres");
    cluster::running_postmaster(&cluster)?;
    let state = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    // PostgreSQL documents the fifth line as the first socket directory.
    let directory = state.lines().nth(4)?.trim();
    (!directory.is_empty()).then(|| socket::url(Path::new(directory), database))
}

/// Removes what a throw-away server leaves; the guard does the same.
fn clear(data_dir: &Path) {
    cluster::remove_unfinished(data_dir);
    for directory in ["postgres", "socket", "binaries"] {
        fs::remove_dir_all(data_dir.join(directory)).ok();
    }
    for file in ["postgres.log", "jifen.lock"] {
        fs::remove_file(data_dir.join(file)).ok();
    }
    // not if something else is in it
    fs::remove_dir(data_dir).ok();
}
