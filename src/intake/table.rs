//! CSV files of operations, row by row, as they come in.

use std::io::{self, Chain, Read};

use async_graphql::Json;
use chrono::{DateTime, Utc};
use csv::{ByteRecord, Terminator};
use serde_json::json;

use crate::{
    commands::import::file::{Limited, parse_amount},
    error::Error,
    ledger::{Origin, Request},
    operation::OperationKind,
};

/// The columns that there may be; a field that is empty says nothing.
const COLUMNS: [&str; 15] = [
    "kind",
    "user_id",
    "idempotency_key",
    "rule",
    "amount",
    "points",
    "occurred_at",
    "expires_at",
    "order_key",
    "reason",
    "actor",
    "wallet",
    "metadata",
    "address",
    "device",
];
/// Those that there must be.
const NEEDED: usize = 3;
/// Bytes that a row may have, about: a lost quote must not read the rest of the file into memory.
const MAX_ROW: usize = 1 << 16;

/// A table whose header has been read.
pub struct Table<R> {
    reader: csv::Reader<Limited<Chain<R, &'static [u8]>>>,
    record: ByteRecord,
    /// For each field of a row, its column.
    columns: Vec<usize>,
}

/// An error of a line.
pub fn at_line(line: u64, column: &str, message: &str) -> Error {
    Error {
        details: Some(Json(json!({ "line": line, "column": column }))),
        ..Error::malformed(format!("line {line}: {column}: {message}"))
    }
}

impl<R: Read> Table<R> {
    /// Reads the header.
    pub fn open(input: R) -> Result<Self, Error> {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            // A record then takes its whole line, which keeps the count of lines right; a CR before it is cut off.
            .terminator(Terminator::Any(b'\n'))
            // And so that the last line has an end, too:
            .from_reader(Limited { input: input.chain(&b"\n"[..]), left: MAX_ROW });
        let mut table = Table { reader, record: ByteRecord::new(), columns: Vec::new() };
        table.read()?;
        let names: Vec<String> =
            table.fields().map(|name| String::from_utf8_lossy(name).trim().to_lowercase()).collect();
        for name in names {
            match COLUMNS.iter().position(|column| *column == name) {
                Some(column) if table.columns.contains(&column) => return Err(at_line(1, &name, "is named twice")),
                Some(column) => table.columns.push(column),
                None => {
                    let name: String = name.escape_default().take(64).collect();
                    return Err(at_line(1, &name, &format!("is no column; there are {}", COLUMNS.join(", "))));
                }
            }
        }
        match (0..NEEDED).find(|needed| !table.columns.contains(needed)) {
            Some(needed) => Err(at_line(1, COLUMNS[needed], "is missing")),
            None => Ok(table),
        }
    }

    /// The next row, and the line that it starts in; None: there is none.
    pub fn next(&mut self, client_id: i32) -> Result<Option<(u64, Request)>, Error> {
        if !self.read()? {
            return Ok(None);
        }
        let breaks: usize = self.fields().map(|field| field.iter().filter(|&&byte| byte == b'\n').count()).sum();
        // The reader stands behind the record, at the beginning of a line.
        let line = self.reader.position().line() - 1 - breaks as u64;
        let found = self.fields().count();
        if found != self.columns.len() {
            let message = format!("has {found} fields, and the first line has {}", self.columns.len());
            return Err(at_line(line, "row", &message));
        }
        let mut texts = [""; COLUMNS.len()];
        let fields: Vec<&[u8]> = self.fields().collect();
        for (field, &column) in fields.iter().zip(&self.columns) {
            texts[column] = std::str::from_utf8(field).map_err(|_| at_line(line, COLUMNS[column], "is not UTF-8"))?;
        }
        let request = request(client_id, &texts).map_err(|(column, message)| at_line(line, column, &message))?;
        request.check().map_err(|error| at_line(line, "row", &error.message))?;
        Ok(Some((line, request)))
    }

    /// Reads the next record that isn't a blank line; false: there is none.
    fn read(&mut self) -> Result<bool, Error> {
        loop {
            self.reader.get_mut().left = MAX_ROW;
            let line = self.reader.position().line();
            match self.reader.read_byte_record(&mut self.record) {
                Ok(false) => return Ok(false),
                Ok(true) if self.record.len() == 1 && self.fields().all(<[u8]>::is_empty) => {}
                Ok(true) => return Ok(true),
                Err(error) => {
                    let too_long = matches!(error.kind(), csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::FileTooLarge);
                    let message = if too_long {
                        "is longer than 64 KiB; is a quote missing?".to_owned()
                    } else {
                        format!("the file did not come to its end: {error}")
                    };
                    return Err(at_line(line, "row", &message));
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
}

type Column<'a, T> = Result<T, (&'static str, String)>;

fn request<'a>(client_id: i32, texts: &[&'a str; COLUMNS.len()]) -> Column<'a, Request> {
    let &[
        kind,
        user_id,
        key,
        rule,
        amount,
        points,
        occurred_at,
        expires_at,
        order_key,
        reason,
        actor,
        wallet,
        metadata,
        address,
        device,
    ] = texts;
    let kind = match kind.trim() {
        "earn" => OperationKind::Earn,
        "spend" => OperationKind::Spend,
        "adjust" => OperationKind::Adjust,
        _ => return Err(("kind", "must be earn, spend or adjust".to_owned())),
    };
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let address = parsed(address, "address", "must be an IPv4 or IPv6 address", |text| text.parse().ok())?;
    let device = text(device);
    Ok(Request {
        rule: text(rule),
        amount: parsed(amount, "amount", "must be a decimal number such as 12.50, of at most 28 digits", parse_amount)?,
        points: parsed(points, "points", "must be a whole number such as 100 or -100", |text| text.parse().ok())?,
        occurred_at: parsed(occurred_at, "occurred_at", INSTANT, instant)?,
        expires_at: parsed(expires_at, "expires_at", INSTANT, instant)?,
        order_key: text(order_key),
        reason: text(reason),
        actor: text(actor),
        wallet: text(wallet),
        metadata: parsed(metadata, "metadata", "must be JSON", |text| serde_json::from_str(text).ok())?,
        origin: (address.is_some() || device.is_some()).then_some(Origin { address, device }),
        ..Request::new(kind, client_id, user_id.to_owned(), key.to_owned())
    })
}

const INSTANT: &str = "must be an instant such as 2024-05-01T09:30:00+08:00";

fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.to_utc())
}

fn parsed<T>(
    text: &str,
    column: &'static str,
    message: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Column<'static, Option<T>> {
    match text.trim() {
        "" => Ok(None),
        text => parse(text).map(Some).ok_or_else(|| (column, message.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(u64, Request)>, String> {
        let mut table = Table::open(text.as_bytes()).map_err(|error| error.message)?;
        let mut rows = Vec::new();
        while let Some(row) = table.next(7).map_err(|error| error.message)? {
            rows.push(row);
        }
        Ok(rows)
    }

    #[test]
    fn rows_are_operations_whatever_the_order_of_columns_and_the_line_ends() {
        let text = "\u{feff}Amount,user_id,kind,idempotency_key,rule,device,metadata\r\n\r\n\
            12.50,ann,earn,o1,ORDER,phone,\"{\"\"a\"\":\n1}\"\r\n,bob,earn,o2,SIGN_IN,,";
        let rows = read(text).unwrap();
        let [(3, first), (5, second)] = &rows[..] else { panic!("{rows:?}") };
        assert_eq!((&*first.user_id, first.client_id, first.amount), ("ann", 7, parse_amount("12.50")));
        assert_eq!(first.origin.as_ref().unwrap().device.as_deref(), Some("phone"));
        assert_eq!(first.metadata, Some(json!({ "a": 1 })));
        assert_eq!((&*second.idempotency_key, second.amount, second.origin.is_none()), ("o2", None, true));
    }

    #[test]
    fn what_is_wrong_names_its_line_and_column() {
        let header = "kind,user_id,idempotency_key,points,occurred_at,reason";
        for (text, message) in [
            ("kind,user_id", "line 1: idempotency_key: is missing"),
            ("kind,kind", "line 1: kind: is named twice"),
            ("", "line 1: kind: is missing"),
            ("kind,amonut", "line 1: amonut: is no column; there are kind"),
            (&format!("{header}\nspend,a,k,1,,\n\nspend,a,k,1.5,,"), "line 4: points: must be a whole number"),
            (&format!("{header}\ngive,a,k,1,,"), "line 2: kind: must be earn, spend or adjust"),
            (&format!("{header}\nspend,a,k,1,yesterday,"), "line 2: occurred_at: must be an instant"),
            (&format!("{header}\nspend,a,k,1"), "line 2: row: has 4 fields, and the first line has 6"),
            (&format!("{header}\nspend,a,k,1,,\"\0\""), "line 2: row: reason: must not contain the character NUL"),
            (&format!("{header}\n\"spend,{}", "a\n".repeat(50_000)), "line 2: row: is longer than 64 KiB"),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.starts_with(message), "{told} for {text:.100}");
        }
    }
}
