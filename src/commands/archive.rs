//! `jifen archive`: the months of the ledger, and files of those that are archived.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter, Cursor, Read, Seek, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, NaiveDate, Utc};
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use futures_util::{SinkExt, TryStreamExt, pin_mut};
use sha2::{Digest, Sha256};
use tokio_postgres::{Client, Row, Transaction};

use super::say;
use crate::{
    config::ArchiveCommand,
    database::{self, Config},
    error,
};

/// The tables of a month, with the order of rows in their files: so the same rows make the same file.
const PARTS: [(&str, &str); 2] =
    [("entry", "bucket, account_id, seq"), ("lot_use", "bucket, account_id, seq, lot_seq, lot_no")];
/// Rows are sent to PostgreSQL in pieces of so many bytes.
const PIECE: usize = 64 * 1024;

/// Why an archive command failed.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// There is no connection.
    #[error(transparent)]
    Unreachable(#[from] database::Unreachable),
    /// PostgreSQL refused it.
    #[error("{}", error::brief(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// A file can't be read or written.
    #[error("{}: {}", .0.display(), .1)]
    File(PathBuf, io::Error),
    /// The month isn't archived.
    #[error("{} is not archived; `jifen archive list` shows what is", .0.format("%Y-%m"))]
    NotArchived(NaiveDate),
    /// It was never exported.
    #[error("{} was never exported, so there is no checksum to tell its files by", .0.format("%Y-%m"))]
    NotExported(NaiveDate),
    /// A file is another one.
    #[error("{} is not the file that was exported: its SHA-256 is {}, and that one's was {}. Nothing was loaded", .0.display(), .1, .2)]
    AnotherFile(PathBuf, String, String),
    /// It has rows.
    #[error("points.{0} has rows; nothing was loaded")]
    NotEmpty(String),
}

/// Carries out an archive command.
pub async fn archive(config: &Config, command: Option<&ArchiveCommand>) -> Result<(), ArchiveError> {
    let mut client = database::open(config).await?;
    match command {
        None | Some(ArchiveCommand::List(_)) => list(&client).await,
        Some(ArchiveCommand::Export(options)) => export(&client, options.month, &options.to).await,
        Some(ArchiveCommand::Load(options)) => load(&mut client, options.month, &options.from).await,
        Some(ArchiveCommand::Restore(options)) => {
            client.execute("select api.restore_month($1)", &[&options.month]).await?;
            say(format_args!("{} is live again.", options.month.format("%Y-%m")));
            Ok(())
        }
    }
}

async fn list(client: &Client) -> Result<(), ArchiveError> {
    say(format_args!(
        "{:<8} {:>12} {:>12} {:<20} {:<20} STATE",
        "MONTH", "ENTRIES", "LOT USES", "ARCHIVED", "EXPORTED"
    ));
    for row in client.query("select * from api.ledger_month order by month", &[]).await? {
        say(line(&row));
    }
    Ok(())
}

fn line(row: &Row) -> String {
    let count = |column: &str| row.get::<_, Option<i64>>(column).map_or("-".to_owned(), |count| count.to_string());
    let instant = |column: &str| {
        let at: Option<DateTime<Utc>> = row.get(column);
        at.map_or("-".to_owned(), |at| at.format("%Y-%m-%d %H:%M:%S").to_string())
    };
    let archived: Option<DateTime<Utc>> = row.get("archived_at");
    let state = match (archived, row.get::<_, Option<i64>>("open_lots")) {
        (Some(_), _) => "archived".to_owned(),
        (None, None) => "live".to_owned(),
        (None, Some(lots)) => format!("waits for {lots} lots and {} holds", count("open_holds")),
    };
    format!(
        "{:<8} {:>12} {:>12} {:<20} {:<20} {state}",
        row.get::<_, NaiveDate>("month").format("%Y-%m").to_string(),
        count("entries"),
        count("lot_uses"),
        instant("archived_at"),
        instant("exported_at"),
    )
}

/// A table of a month; its file has the same name.
fn table(part: &str, month: NaiveDate) -> String {
    format!("{part}_{}", month.format("%Y_%m"))
}

fn file_of(directory: &Path, table: &str) -> PathBuf {
    directory.join(format!("{table}.csv.gz"))
}

async fn export(client: &Client, month: NaiveDate, directory: &Path) -> Result<(), ArchiveError> {
    client.batch_execute("set role jifen_owner; set timezone = 'UTC'; set datestyle = 'ISO'").await?;
    let known = "select from points.ledger_month where month = $1 and archived_at is not null";
    client.query_opt(known, &[&month]).await?.ok_or(ArchiveError::NotArchived(month))?;
    client.execute("select points.month_complete($1)", &[&month]).await?;
    let mut checksums = Vec::new();
    for (part, order) in PARTS {
        let table = table(part, month);
        let path = file_of(directory, &table);
        let copy = format!("copy (select * from points.{table} order by {order}) to stdout (format csv, header)");
        let checksum = write(client, &copy, &path).await?;
        say(format_args!("{}  {}", hex(&checksum), path.display()));
        checksums.push(checksum);
    }
    client.execute("select points.note_export($1, $2, $3)", &[&month, &checksums[0], &checksums[1]]).await?;
    Ok(())
}

/// Writes what a COPY says to a compressed file, which has its name only when it is whole and on disk.
async fn write(client: &Client, copy: &str, path: &Path) -> Result<Vec<u8>, ArchiveError> {
    let failed = |error| ArchiveError::File(path.to_owned(), error);
    if path.exists() {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    }
    let partial = path.with_extension("partial");
    // Not through a link that somebody else has put there.
    let unfinished = |error| ArchiveError::File(partial.clone(), error);
    let file = OpenOptions::new().write(true).create_new(true).open(&partial).map_err(unfinished)?;
    let hashing = Hashing { inner: BufWriter::new(file), hasher: Sha256::new() };
    let mut encoder = GzEncoder::new(hashing, Compression::default());
    let rows = client.copy_out(copy).await?;
    pin_mut!(rows);
    while let Some(piece) = rows.try_next().await? {
        encoder.write_all(&piece).map_err(failed)?;
    }
    let Hashing { inner, hasher } = encoder.finish().map_err(failed)?;
    inner.into_inner().map_err(|error| failed(error.into_error()))?.sync_all().map_err(failed)?;
    fs::rename(&partial, path).map_err(failed)?;
    // The database says that it is there only when a loss of power can't undo it.
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all()).map_err(failed)?;
    Ok(hasher.finalize().to_vec())
}

async fn load(client: &mut Client, month: NaiveDate, directory: &Path) -> Result<(), ArchiveError> {
    client.batch_execute("set role jifen_owner").await?;
    let transaction = client.transaction().await?;
    let known = "select entry_sha256, lot_use_sha256 from points.ledger_month
        where month = $1 and archived_at is not null for no key update";
    let row = transaction.query_opt(known, &[&month]).await?.ok_or(ArchiveError::NotArchived(month))?;
    let mut files = Vec::new();
    for (place, (part, _)) in PARTS.iter().enumerate() {
        let expected: Option<Vec<u8>> = row.get(place);
        files.push(check_file(
            file_of(directory, &table(part, month)),
            &expected.ok_or(ArchiveError::NotExported(month))?,
        )?);
    }
    transaction.execute("select points.let_load($1, true)", &[&month]).await?;
    for ((part, _), (path, file)) in PARTS.into_iter().zip(files) {
        let table = table(part, month);
        if transaction.query_opt(&format!("select from points.{table} limit 1"), &[]).await?.is_some() {
            return Err(ArchiveError::NotEmpty(table));
        }
        read(&transaction, &table, &path, file).await?;
    }
    transaction.execute("select points.month_complete($1)", &[&month]).await?;
    transaction.execute("select points.let_load($1, false)", &[&month]).await?;
    transaction.commit().await?;
    say(format_args!("{} is there again.", month.format("%Y-%m")));
    Ok(())
}

/// The file, open at its beginning: what is checked is what is read, whatever its name leads to by then.
fn check_file(path: PathBuf, expected: &[u8]) -> Result<(PathBuf, File), ArchiveError> {
    let failed = |error| ArchiveError::File(path.clone(), error);
    let mut file = File::open(&path).map_err(failed)?;
    let mut hashing = Hashing { inner: io::sink(), hasher: Sha256::new() };
    io::copy(&mut file, &mut hashing).map_err(failed)?;
    file.rewind().map_err(failed)?;
    let found = hashing.hasher.finalize();
    if found[..] == *expected {
        return Ok((path, file));
    }
    Err(ArchiveError::AnotherFile(path, hex(&found), hex(expected)))
}

async fn read(transaction: &Transaction<'_>, table: &str, path: &Path, file: File) -> Result<(), ArchiveError> {
    let failed = |error| ArchiveError::File(path.to_owned(), error);
    let mut rows = GzDecoder::new(BufReader::new(file));
    let sink = transaction.copy_in(&format!("copy points.{table} from stdin (format csv, header match)")).await?;
    pin_mut!(sink);
    loop {
        let mut piece = Vec::with_capacity(PIECE);
        if (&mut rows).take(PIECE as u64).read_to_end(&mut piece).map_err(failed)? == 0 {
            break;
        }
        sink.send(Cursor::new(piece)).await?;
    }
    sink.finish().await?;
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Passes on what is written, and hashes it.
struct Hashing<W> {
    inner: W,
    hasher: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
