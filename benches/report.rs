//! What was found: progress lines, the table, the JSON file, and the verdict.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Instant;

use serde::Serialize;

use crate::Result;

static START: OnceLock<Instant> = OnceLock::new();

/// Starts the clock that progress lines show.
pub fn start_clock() {
    START.get_or_init(Instant::now);
}

/// Tells what is being done now.
pub fn say(text: impl AsRef<str>) {
    let seconds = START.get_or_init(Instant::now).elapsed().as_secs();
    eprintln!("[{seconds:>4} s] {}", text.as_ref());
}

/// What a ratio to the baseline must be.
#[derive(Clone, Copy)]
pub enum Target {
    AtLeast(f64),
    AtMost(f64),
}

#[derive(Serialize)]
pub struct Row {
    name: String,
    value: f64,
    unit: &'static str,
    baseline: Option<f64>,
    ratio: Option<f64>,
    #[serde(skip)]
    target: Option<Target>,
}

impl Row {
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, baseline: None, ratio: None, target: None }
    }

    pub fn against(mut self, baseline: f64) -> Self {
        self.baseline = Some(baseline);
        self.ratio = Some(self.value / baseline);
        self
    }

    pub fn wants(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// False also when the ratio is no number.
    fn met(&self) -> Option<bool> {
        let target = self.target?;
        Some(self.ratio.is_some_and(|ratio| match target {
            Target::AtLeast(least) => ratio >= least,
            Target::AtMost(most) => ratio <= most,
        }))
    }

    fn verdict(&self) -> String {
        let wanted = match self.target {
            Some(Target::AtLeast(least)) => format!(">= {least}"),
            Some(Target::AtMost(most)) => format!("<= {most}"),
            None => return String::new(),
        };
        let word = if self.met() == Some(true) { "ok" } else { "MISSED" };
        format!("{word} ({wanted})")
    }
}

#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
    details: Vec<Row>,
    problems: Vec<String>,
    warnings: Vec<String>,
}

/// Cores that other work may use before the figures are doubtful.
const DISTURBANCE: f64 = 0.3;

impl Report {
    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// A row that explains others.
    pub fn detail(&mut self, row: Row) {
        self.details.push(row);
    }

    /// Tells of the cores that other work on the machine used during a measurement.
    pub fn disturbed_by(&mut self, name: &str, cores: f64) {
        if cores > DISTURBANCE {
            self.warnings.push(format!("{name}: other work kept {cores:.1} cores busy, so the figures are doubtful"));
        }
    }

    /// Something that was not measured.
    pub fn warning(&mut self, text: String) {
        say(format!("warning: {text}"));
        self.warnings.push(text);
    }

    /// Something that makes the figures worthless, such as an award that was answered and is not
    /// in the database. The run goes on, and fails.
    pub fn problem(&mut self, text: String) {
        say(format!("PROBLEM: {text}"));
        self.problems.push(text);
    }

    pub fn passed(&self) -> bool {
        self.problems.is_empty() && self.rows.iter().all(|row| row.met() != Some(false))
    }

    pub fn print(&self) {
        print_table(&self.details);
        print_table(&self.rows);
        println!();
        for warning in &self.warnings {
            println!("warning: {warning}");
        }
        for problem in &self.problems {
            println!("PROBLEM: {problem}");
        }
        let missed = self.rows.iter().filter(|row| row.met() == Some(false)).count();
        let wanted = self.rows.iter().filter(|row| row.target.is_some()).count();
        println!("{} of {wanted} targets met, {} problems", wanted - missed, self.problems.len());
    }

    /// Writes `bench.json` in the target directory.
    pub fn write_json(&self) -> Result<()> {
        let path = target_file("bench.json");
        let rows: Vec<&Row> = self.rows.iter().chain(&self.details).collect();
        std::fs::write(&path, serde_json::to_string_pretty(&rows)? + "\n")?;
        println!("written to {}", path.display());
        Ok(())
    }
}

fn print_table(rows: &[Row]) {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    println!("\n{:<width$} {:>12} {:<13} {:>10} {:>7}  target", "", "value", "unit", "baseline", "ratio");
    for row in rows {
        let line = format!(
            "{:<width$} {:>12} {:<13} {:>10} {:>7}  {}",
            row.name,
            number(row.value),
            row.unit,
            row.baseline.map(number).unwrap_or_default(),
            row.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            row.verdict(),
        );
        println!("{}", line.trim_end());
    }
}

/// A file in the target directory.
pub fn target_file(name: &str) -> std::path::PathBuf {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    scratch.parent().unwrap_or(scratch).join(name)
}

/// Three digits for small numbers, and thousands separated in large ones.
fn number(value: f64) -> String {
    if value.abs() < 100.0 {
        return format!("{value:.2}");
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 { format!("-{text}") } else { text }
}
