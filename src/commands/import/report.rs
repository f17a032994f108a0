//! What an import says: progress on stderr, a summary on stdout, and the rejected rows in a file.

use std::{
    fmt::{self, Display},
    fs::{self, File},
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use async_graphql::Json;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::{super::say, ImportError, MOST_INTERNAL, file::Layout};
use crate::{error::Error, ledger::Request, operation::Outcome};

/// Time between two lines of progress where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);
const BAR: &str = "{wide_bar} {percent:>3} %  {msg} rows  {elapsed}, left {eta}";

/// Counts of rows.
#[derive(Default)]
struct Tally {
    rows: u64,
    moved: u64,
    /// Points that came in.
    points: u64,
    /// Points that were taken.
    taken: u64,
    nothing: u64,
    there: u64,
    rejected: u64,
    /// Of those rejected.
    internal: u64,
    /// Whether anything was written.
    changed: bool,
}

pub struct Report {
    layout: &'static Layout,
    tally: Tally,
    rejected: PathBuf,
    writer: Option<csv::Writer<File>>,
    size: u64,
    bar: Option<ProgressBar>,
    last_line: Instant,
}

impl Report {
    /// For this file. The list of rejected rows of an earlier import is taken away.
    pub fn new(path: &Path, size: u64, layout: &'static Layout) -> Result<Self, ImportError> {
        let mut rejected = path.as_os_str().to_owned();
        rejected.push(".rejected.csv");
        let rejected = PathBuf::from(rejected);
        match fs::remove_file(&rejected) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(ImportError::Rejected { path: rejected, error: error.into() });
            }
            _ => {}
        }
        let bar = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(size).with_style(style)
        });
        Ok(Report { layout, tally: Tally::default(), rejected, writer: None, size, bar, last_line: Instant::now() })
    }

    /// What came of a row that ends at this byte of the file.
    pub fn row(
        &mut self,
        line: u64,
        end: u64,
        request: &Request,
        answer: Result<Outcome, Error>,
    ) -> Result<(), ImportError> {
        let tally = &mut self.tally;
        tally.rows += 1;
        let internal = matches!(&answer, Err(error) if error.code == "INTERNAL");
        match answer {
            Ok(outcome) if outcome.replayed => tally.there += 1,
            Ok(outcome) => {
                tally.changed = true;
                match outcome.operation.points {
                    0 => tally.nothing += 1,
                    points => {
                        tally.moved += 1;
                        let sum = if points > 0 { &mut tally.points } else { &mut tally.taken };
                        *sum = sum.saturating_add(points.unsigned_abs());
                    }
                }
            }
            Err(error) => {
                tally.rejected += 1;
                // A refusal for good, which is kept.
                tally.changed |= ["LIMIT_REACHED", "INSUFFICIENT_POINTS"].contains(&&*error.code);
                self.reject(line, request, &error).map_err(|error| self.cannot_write(error))?;
            }
        }
        self.tally.internal += u64::from(internal);
        self.progress(end);
        if internal && self.tally.internal >= MOST_INTERNAL {
            return Err(ImportError::Internal { line });
        }
        Ok(())
    }

    fn reject(&mut self, line: u64, request: &Request, error: &Error) -> Result<(), csv::Error> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                let mut writer = csv::Writer::from_path(&self.rejected)?;
                writer.write_record(["line", "user_id", self.layout.columns[1], "code", "reason"])?;
                self.writer.insert(writer)
            }
        };
        writer.write_record([
            &line.to_string(),
            &request.user_id,
            &request.idempotency_key,
            &error.code,
            &reason(error, self.layout),
        ])
    }

    fn cannot_write(&self, error: csv::Error) -> ImportError {
        ImportError::Rejected { path: self.rejected.clone(), error }
    }

    fn progress(&mut self, end: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(end);
            bar.set_message(HumanCount(self.tally.rows).to_string());
        } else if self.last_line.elapsed() >= LINE_EVERY {
            let percent = (end * 100).checked_div(self.size).map(|percent| format!(", {percent} %"));
            eprintln!("jifen: {} rows{}", HumanCount(self.tally.rows), percent.unwrap_or_default());
            self.last_line = Instant::now();
        }
    }

    /// Something to know meanwhile.
    pub fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(format!("jifen: {text}")),
            None => eprintln!("jifen: {text}"),
        }
    }

    /// Completes the list of rejected rows, and prints the summary.
    pub fn finish(&mut self) -> Result<(), ImportError> {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        let flushed = self.writer.as_mut().map_or(Ok(()), |writer| writer.flush());
        say(&self);
        flushed.map_err(|error| self.cannot_write(error.into()))
    }

    /// An error if rows were rejected.
    pub fn verdict(self) -> Result<(), ImportError> {
        match self.tally.rejected {
            0 => Ok(()),
            rows => Err(ImportError::SomeRejected { rows, path: self.rejected }),
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { rows, moved, points, taken, nothing, there, rejected, changed, .. } = self.tally;
        let [rows, moved, points, taken, nothing, there, rejected_rows] =
            [rows, moved, points, taken, nothing, there, rejected].map(HumanCount);
        if self.layout.either_way {
            write!(f, "{rows} rows: {moved} adjusted, {points} points added and {taken} taken")?;
        } else {
            write!(f, "{rows} rows: {moved} awarded {points} points, {nothing} earned nothing")?;
        }
        write!(f, ", {there} were there already, {rejected_rows} rejected")?;
        if rejected > 0 {
            write!(f, " ({})", self.rejected.display())?;
        }
        if !changed {
            write!(f, "; nothing has changed")?;
        }
        Ok(())
    }
}

/// An error in the words of the file.
fn reason(error: &Error, layout: &Layout) -> String {
    if error.code == "IDEMPOTENCY_CONFLICT" {
        return layout.conflict.to_owned();
    }
    for (input, column) in [("userId", "user_id"), ("idempotencyKey", layout.columns[1]), ("occurredAt", "occurred_at")]
    {
        if let Some(rest) = error.message.strip_prefix(input) {
            return format!("{column}{rest}");
        }
    }
    match &error.details {
        Some(Json(details)) => format!("{} {details}", error.message),
        None => error.message.clone(),
    }
}
