//! Who runs PostgreSQL: ourselves, or, as it refuses root, a user with fewer rights.

use std::{
    env,
    ffi::OsStr,
    fs::{self, DirBuilder},
    os::unix::{
        fs::{DirBuilderExt, MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::error::{Error, io_error};

pub(super) struct User {
    name: String,
    uid: u32,
    gid: u32,
}

pub(super) fn is_root() -> bool {
    // std tells no user id of its own
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

impl User {
    /// The user for a cluster: nobody else (None) unless this process is root.
    pub fn for_cluster(cluster: &Path) -> Result<Option<User>, Error> {
        if !is_root() {
            return Ok(None);
        }
        // PostgreSQL runs only as its directory's owner, who may be another since `postgres` was added or removed
        if let Ok(owner) = fs::metadata(cluster)
            && owner.uid() != 0
        {
            return Ok(Some(User { name: format!("user {}", owner.uid()), uid: owner.uid(), gid: owner.gid() }));
        }
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        ["postgres", "nobody"].into_iter().find_map(|name| User::parse(&passwd, name)).map(Some).ok_or(Error::NoUser)
    }

    fn parse(passwd: &str, name: &str) -> Option<User> {
        passwd.lines().find_map(|line| {
            let fields: Vec<_> = line.split(':').collect();
            let [found, _, uid, gid, ..] = fields[..] else {
                return None;
            };
            let (uid, gid) = (uid.parse().ok()?, gid.parse().ok()?);
            (found == name && uid != 0).then(|| User { name: name.to_owned(), uid, gid })
        })
    }

    /// Fails with the first directory on the way to `path` that this user may not enter.
    pub fn check_reach(&self, path: &Path) -> Result<(), Error> {
        let mut way: Vec<_> = path.ancestors().collect();
        way.reverse();
        let output = command("/bin/sh", Some(self))
            .args(["-c", r#"for d; do [ -x "$d" ] || exec printf %s "$d"; done"#])
            .arg("sh")
            .args(&way)
            .output()
            .map_err(io_error("run a command as another user for", path))?;
        if output.stdout.is_empty() {
            return Ok(());
        }
        Err(Error::Unreachable {
            directory: PathBuf::from(String::from_utf8_lossy(&output.stdout).into_owned()),
            user: self.name.clone(),
        })
    }
}

/// Gives `path` to the user that runs PostgreSQL.
pub(super) fn give(path: &Path, user: Option<&User>) -> Result<(), Error> {
    match user {
        Some(user) => chown(path, Some(user.uid), Some(user.gid)).map_err(io_error("change the owner of", path)),
        None => Ok(()),
    }
}

/// Makes a directory that only the user who runs PostgreSQL may enter.
pub(super) fn make_private(directory: &Path, user: Option<&User>) -> Result<(), Error> {
    DirBuilder::new().mode(0o700).create(directory).map_err(io_error("create", directory))?;
    give(directory, user)
}

/// A command run as `user`, untouched by settings for other servers and languages.
pub(super) fn command(program: impl AsRef<OsStr>, user: Option<&User>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let bytes = name.as_encoded_bytes();
        if bytes.starts_with(b"PG") || bytes.starts_with(b"LC_") || bytes.starts_with(b"LANG") {
            command.env_remove(&name);
        }
    }
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid);
    }
    // the present directory may be closed to that user
    command.current_dir("/").stdin(Stdio::null());
    command
}
