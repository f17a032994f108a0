//! What the server says.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::error::{Error, io_error};

const MAX: u64 = 10 << 20;

/// The server's log, from this start on. Held open, so that it can be read after the guard has removed it.
#[derive(Debug)]
pub(super) struct Log {
    pub path: PathBuf,
    file: File,
    begin: u64,
}

impl Log {
    pub fn open(data_dir: &Path) -> Result<Log, Error> {
        let path = data_dir.join("postgres.log");
        let open = || -> io::Result<(File, u64)> {
            let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&path)?;
            if file.metadata()?.len() > MAX {
                file.set_len(0)?;
            }
            let begin = file.metadata()?.len();
            Ok((file, begin))
        };
        let (file, begin) = open().map_err(io_error("open", &path))?;
        Ok(Log { path, file, begin })
    }

    pub fn writer(&self) -> Result<File, Error> {
        self.file.try_clone().map_err(io_error("open", &self.path))
    }

    pub fn tail(&self) -> String {
        let end = self.file.metadata().map_or(0, |metadata| metadata.len());
        let mut bytes = vec![0; 4096];
        let read = self.file.read_at(&mut bytes, self.begin.max(end.saturating_sub(4096))).unwrap_or(0);
        let text = String::from_utf8_lossy(&bytes[..read]);
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }

    pub fn start_error(&self) -> Error {
        Error::Start { log: self.path.clone(), tail: self.tail() }
    }
}
