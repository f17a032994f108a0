//! A CSV file of orders or adjustments, row by row.

use std::{
    fs::File,
    io::{self, Chain, Read},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use csv::{ByteRecord, Terminator};
use rust_decimal::Decimal;

use crate::error::Error;

/// What a kind of file has in its rows.
pub struct Layout {
    /// The columns that there must be: the member's, the key's, and others.
    pub columns: &'static [&'static str],
    /// Understands the fields of these columns. Their ranges are the engine's business.
    parse: fn(&[&str]) -> Result<Content, Error>,
    /// Whether points go either way.
    pub either_way: bool,
    /// What it means that a key was used before.
    pub conflict: &'static str,
}

pub const ORDERS: Layout = Layout {
    columns: &["user_id", "order_no", "amount", "occurred_at"],
    parse: order,
    either_way: false,
    conflict: "order_no: an order of this user and number was imported with another amount, time or rule",
};

pub const ADJUSTMENTS: Layout = Layout {
    columns: &["user_id", "key", "points", "reason", "actor"],
    parse: adjustment,
    either_way: true,
    conflict: "key: an adjustment of this user and key was imported with other points, reason or actor",
};

/// Rows read at once.
const CHUNK: usize = 500;
/// Bytes that a row may have, about: a lost quote must not read the rest of the file into memory.
const MAX_ROW: usize = 1 << 20;

/// What is wrong with a file as a whole.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It isn't there, for example.
    #[error("cannot read {}: {error}", .path.display())]
    Io { path: PathBuf, error: io::Error },
    /// It lacks columns.
    #[error(
        "{} has no column {missing}: its first line must name the columns {}, separated by commas, and is: {found}",
        .path.display(), .columns.join(", ")
    )]
    Columns { path: PathBuf, missing: &'static str, columns: &'static [&'static str], found: String },
    /// A column is named twice.
    #[error("{} has two columns {name}", .path.display())]
    TwoColumns { path: PathBuf, name: &'static str },
    /// A row doesn't end.
    #[error(
        "stopped: the row of {} that starts in line {line} is longer than 1 MiB. Is a quote missing? Put it right and \
         run it again: what is imported already stays as it is", .path.display()
    )]
    RowTooLong { path: PathBuf, line: u64 },
}

/// A row of the file.
#[derive(Debug)]
pub struct Row {
    /// The line it starts in, from 1.
    pub line: u64,
    /// Bytes from the start of the file to its end.
    pub end: u64,
    pub user_id: String,
    pub key: String,
    /// Or what can't be understood.
    pub content: Result<Content, Error>,
}

/// What a row says of the order, or of the adjustment.
#[derive(Debug, PartialEq)]
pub enum Content {
    Order { amount: Option<Decimal>, occurred_at: When },
    Adjustment { points: i64, reason: String, actor: String },
}

/// A time as the file has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Instant(DateTime<Utc>),
    /// In the program's time zone.
    Local(NaiveDateTime),
}

impl When {
    pub fn instant(self) -> Option<DateTime<Utc>> {
        match self {
            When::Instant(instant) => Some(instant),
            When::Local(_) => None,
        }
    }

    pub fn local(self) -> Option<NaiveDateTime> {
        match self {
            When::Instant(_) => None,
            When::Local(local) => Some(local),
        }
    }
}

/// An open file whose header has been read.
pub struct Table<R = File> {
    layout: &'static Layout,
    path: PathBuf,
    size: u64,
    reader: csv::Reader<Limited<Chain<R, &'static [u8]>>>,
    record: ByteRecord,
    /// Places of the columns.
    places: Vec<usize>,
    width: usize,
}

impl Table {
    /// Opens it and reads its header.
    pub fn open(path: &Path, layout: &'static Layout) -> Result<Self, FileError> {
        let io = |error| FileError::Io { path: path.to_owned(), error };
        let file = File::open(path).map_err(io)?;
        let size = file.metadata().map_err(io)?.len();
        Self::new(path, layout, size, file)
    }
}

impl<R: Read> Table<R> {
    fn new(path: &Path, layout: &'static Layout, size: u64, input: R) -> Result<Self, FileError> {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            // A record then takes its whole line, which keeps the count of lines right; a CR before it is cut off.
            .terminator(Terminator::Any(b'\n'))
            // And so that the last line has an end, too:
            .from_reader(Limited { input: input.chain(&b"\n"[..]), left: MAX_ROW });
        let path = path.to_owned();
        let mut file = Table { layout, path, size, reader, record: ByteRecord::new(), places: Vec::new(), width: 0 };
        file.read()?;
        let names: Vec<String> =
            file.fields().map(|name| String::from_utf8_lossy(name).trim().to_lowercase()).collect();
        file.width = names.len();
        for &column in layout.columns {
            let mut found = names.iter().enumerate().filter(|(_, name)| *name == column).map(|(place, _)| place);
            let place = found.next().ok_or_else(|| FileError::Columns {
                path: file.path.clone(),
                missing: column,
                columns: layout.columns,
                found: if names.is_empty() {
                    "missing".to_owned()
                } else {
                    names.join(",").escape_default().take(200).collect()
                },
            })?;
            if found.next().is_some() {
                return Err(FileError::TwoColumns { path: file.path.clone(), name: column });
            }
            file.places.push(place);
        }
        Ok(file)
    }

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The next rows, up to 500; none: the file is at its end.
    pub fn next_chunk(&mut self) -> Result<Vec<Row>, FileError> {
        let mut rows = Vec::with_capacity(CHUNK);
        while rows.len() < CHUNK && self.read()? {
            rows.push(self.row());
        }
        Ok(rows)
    }

    /// Reads the next record that isn't a blank line; false: there is none.
    fn read(&mut self) -> Result<bool, FileError> {
        loop {
            self.reader.get_mut().left = MAX_ROW;
            let before = self.reader.position().line();
            match self.reader.read_byte_record(&mut self.record) {
                Ok(false) => return Ok(false),
                Ok(true) if self.fields().all(<[u8]>::is_empty) && self.record.len() == 1 => {}
                Ok(true) => return Ok(true),
                Err(error) => {
                    let path = self.path.clone();
                    let error = match error.into_kind() {
                        csv::ErrorKind::Io(error) => error,
                        other => io::Error::other(format!("{other:?}")),
                    };
                    return Err(match error.kind() {
                        io::ErrorKind::FileTooLarge => FileError::RowTooLong { path, line: before },
                        _ => FileError::Io { path, error },
                    });
                }
            }
        }
    }

    fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let last = self.record.len().saturating_sub(1);
        self.record
            .iter()
            .enumerate()
            .map(move |(place, field)| if place == last { field.strip_suffix(b"\r").unwrap_or(field) } else { field })
    }

    /// Understands the fields of the columns.
    fn content<'a>(&self, fields: impl Iterator<Item = &'a [u8]>) -> Result<Content, Error> {
        let columns = self.layout.columns;
        let texts = fields
            .zip(columns)
            .map(|(field, column)| std::str::from_utf8(field).map_err(|_| Error::invalid_input(column, "is not UTF-8")))
            .collect::<Result<Vec<&str>, Error>>()?;
        match texts.iter().zip(columns).take(2).find(|(text, _)| text.trim() != **text) {
            Some((_, column)) => Err(Error::invalid_input(column, "must not begin or end with a space")),
            None => (self.layout.parse)(&texts),
        }
    }

    fn row(&self) -> Row {
        let fields: Vec<&[u8]> = self.fields().collect();
        let breaks: usize = fields.iter().map(|field| field.iter().filter(|&&byte| byte == b'\n').count()).sum();
        let position = self.reader.position();
        let text = |column: usize| fields.get(self.places[column]).copied().unwrap_or_default();
        let lossy = |column: usize| String::from_utf8_lossy(text(column)).into_owned();
        Row {
            // The reader stands behind the record, at the beginning of a line.
            line: position.line() - 1 - breaks as u64,
            end: position.byte().min(self.size),
            user_id: lossy(0),
            key: lossy(1),
            content: if fields.len() == self.width {
                self.content((0..self.places.len()).map(text))
            } else {
                Err(Error::invalid_input(
                    "row",
                    &format!("has {} fields, and the first line has {}", fields.len(), self.width),
                ))
            },
        }
    }
}

fn order(fields: &[&str]) -> Result<Content, Error> {
    let &[_, _, amount, occurred_at] = fields else { return Err(unlike(&ORDERS)) };
    let amount = match amount.trim() {
        "" => None,
        amount => Some(parse_amount(amount).ok_or_else(|| {
            Error::invalid_input("amount", "must be a decimal number such as 12.50, of at most 28 digits")
        })?),
    };
    let occurred_at = parse_when(occurred_at.trim()).ok_or_else(|| {
        Error::invalid_input(
            "occurred_at",
            "must be a date such as 2024-05-01, a date and time such as 2024-05-01T09:30:00, or an instant such as \
             2024-05-01T09:30:00+08:00",
        )
    })?;
    Ok(Content::Order { amount, occurred_at })
}

fn adjustment(fields: &[&str]) -> Result<Content, Error> {
    let &[_, _, points, reason, actor] = fields else { return Err(unlike(&ADJUSTMENTS)) };
    let points = points
        .trim()
        .parse()
        .map_err(|_| Error::invalid_input("points", "must be a whole number such as 100 or -100"))?;
    Ok(Content::Adjustment { points, reason: reason.trim().to_owned(), actor: actor.trim().to_owned() })
}

fn unlike(layout: &Layout) -> Error {
    Error::internal(&format!("fields that are not those of {:?}", layout.columns))
}

pub fn parse_amount(text: &str) -> Option<Decimal> {
    // Decimal itself would take 1_000.
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b".-+".contains(&byte));
    plain.then(|| Decimal::from_str_exact(text).ok()).flatten()
}

fn parse_when(text: &str) -> Option<When> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(When::Instant(instant.to_utc()));
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|date| date.and_time(NaiveTime::MIN));
    let local = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
        .iter()
        .fold(date, |found, format| found.or_else(|_| NaiveDateTime::parse_from_str(text, format)))
        .ok()?;
    // What PostgreSQL can't hold, or nobody means.
    (1..=9999).contains(&local.year()).then_some(When::Local(local))
}

/// Fails rather than give more bytes than are left.
pub struct Limited<R> {
    pub input: R,
    pub left: usize,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let length = buffer.len().min(self.left);
        let read = self.input.read(&mut buffer[..length])?;
        self.left -= read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<Vec<Row>, FileError> {
        let mut file = Table::new(Path::new("orders.csv"), &ORDERS, text.len() as u64, text)?;
        let mut rows = Vec::new();
        loop {
            let chunk = file.next_chunk()?;
            if chunk.is_empty() {
                return Ok(rows);
            }
            rows.extend(chunk);
        }
    }

    fn lines(text: &str) -> Vec<u64> {
        read(text.as_bytes()).unwrap().iter().map(|row| row.line).collect()
    }

    #[test]
    fn a_row_is_read_whatever_the_order_of_columns_and_the_line_ends() {
        let text = "\u{feff}Amount,note, user_id ,order_no,occurred_at\r\n12.50,\"a, b\",ann,o1,2024-05-01\r\n";
        let rows = read(text.as_bytes()).unwrap();
        let order = Content::Order {
            amount: Some(Decimal::new(1250, 2)),
            occurred_at: When::Local(NaiveDate::from_ymd_opt(2024, 5, 1).unwrap().and_time(NaiveTime::MIN)),
        };
        let [row] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((row.line, row.end, &*row.user_id, &*row.key), (2, text.len() as u64, "ann", "o1"));
        assert_eq!(row.content.as_ref().unwrap(), &order);
    }

    #[test]
    fn lines_are_counted_as_an_editor_does() {
        let header = "user_id,order_no,amount,occurred_at";
        let row = "ann,o1,1,2024-05-01";
        for end in ["\n", "\r\n"] {
            let text = [header, "", row, "\"an\nn\",o1,1,2024-05-01", row, "", "", row].join(end);
            assert_eq!(lines(&text), [3, 4, 6, 9], "{text:?}");
            assert_eq!(lines(&format!("{text}{end}{end}")), [3, 4, 6, 9]);
        }
    }

    #[test]
    fn a_missing_quote_does_not_swallow_the_file() {
        let mut text = "user_id,order_no,amount,occurred_at\n\"ann,o1,1,2024-05-01\n".to_owned();
        text.extend(std::iter::repeat_n("ann,o1,1,2024-05-01\n", 100_000));
        assert!(matches!(read(text.as_bytes()), Err(FileError::RowTooLong { line: 2, .. })));
    }

    #[test]
    fn amounts_are_plain_decimal_numbers() {
        for text in ["12.50", "-1", "+1", ".5", "0", "79228162514264337593543950335"] {
            assert!(parse_amount(text).is_some(), "{text}");
        }
        for text in ["1,5", "1_000", "1e3", "$5", "NaN", "1 000", "--1", "0x1F", "12345678901234567890123456789.123"] {
            assert_eq!(parse_amount(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_instants_or_local() {
        let instant = Some(When::Instant("2024-05-01T01:30:00Z".parse().unwrap()));
        assert_eq!(parse_when("2024-05-01T09:30:00+08:00"), instant);
        assert_eq!(parse_when("2024-05-01T01:30:00Z"), instant);
        let local = Some(When::Local("2024-05-01T09:30:00".parse().unwrap()));
        for text in ["2024-05-01T09:30:00", "2024-05-01 09:30:00.000", "2024-05-01T09:30", "2024-05-01 09:30"] {
            assert_eq!(parse_when(text), local, "{text}");
        }
        for text in ["", "01.05.2024", "2024-02-30", "20240501", "2024-05-01T25:00:00Z", "-2024-05-01", "12024-05-01"] {
            assert_eq!(parse_when(text), None, "{text}");
        }
    }
}
