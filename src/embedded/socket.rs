//! The way to the server.

use std::{
    collections::hash_map::RandomState,
    ffi::OsString,
    fs,
    hash::{BuildHasher, Hasher},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use super::{
    SUPERUSER,
    error::{Error, io_error},
    user::{User, make_private},
};

const NAME: &str = "/.s.PGSQL.5432";
/// macOS's limit for a socket's path; Linux has 107.
const PATH_MAX: usize = 103;

/// The directory for the socket, and whether it is one outside the data directory, to be removed at the end.
pub(super) fn directory(data_dir: &Path, user: Option<&User>) -> Result<(PathBuf, bool), Error> {
    let beside = data_dir.join("socket");
    let bytes = beside.as_os_str().as_bytes();
    // the setting is a list with commas and quotes, and so is a URL's host
    let plain = !bytes.iter().any(|byte| b",\"".contains(byte) || byte.is_ascii_control());
    if plain && bytes.len() + NAME.len() <= PATH_MAX {
        if beside.exists() {
            fs::remove_dir_all(&beside).map_err(io_error("remove", &beside))?;
        }
        make_private(&beside, user)?;
        return Ok((beside, false));
    }
    let random = RandomState::new().build_hasher().finish() as u32;
    let short = PathBuf::from(format!("/tmp/jifen-{random:08x}"));
    make_private(&short, user)?;
    Ok((short, true))
}

/// The address of a database, for tokio-postgres and psql alike.
pub(super) fn url(directory: &Path, database: &str) -> String {
    format!(
        "postgres://{SUPERUSER}@/{}?host={}",
        percent_encode(database.as_bytes()),
        percent_encode(directory.as_os_str().as_bytes())
    )
}

fn percent_encode(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|&byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// The server's setting, quoted as it is a list.
pub(super) fn setting(directory: &Path) -> OsString {
    let mut setting = OsString::from("unix_socket_directories=\"");
    setting.push(directory);
    setting.push("\"");
    setting
}
