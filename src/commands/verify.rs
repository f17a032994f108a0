//! `jifen verify`: computes all hash chains, Merkle trees and seals again, apart from the database's own functions; or checks
//! one receipt without a database. docs/tamper-evidence.md says what is hashed, byte by byte.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use futures_util::TryStreamExt;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use super::say;
use crate::{
    config::Verify,
    database::{self, Config, Unreachable},
    error,
};

type Hash = [u8; 32];

const START: Hash = [0; 32];
/// Minutes until an entry has to be sealed: the job comes every minute.
const PATIENCE: i32 = 15;
/// 2000-01-01 00:00 UTC, from 1970 on, in microseconds.
const EPOCH: i64 = 946_684_800_000_000;

/// Why verifying failed. What does not agree is no failure.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is no connection.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// PostgreSQL refused it.
    #[error("{}", error::brief(.0))]
    Postgres(#[from] tokio_postgres::Error),
    /// A file can't be read.
    #[error("{}: {}", .0.display(), .1)]
    File(PathBuf, io::Error),
    /// A file has no roots.
    #[error("{} has no root: 64 hexadecimal digits", .0.display())]
    NoRoots(PathBuf),
    /// A file is no receipt.
    #[error("{} is no receipt: {}", .0.display(), .1)]
    NoReceipt(PathBuf, String),
}

fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

/// An entry as it is hashed.
struct Entry {
    bucket: i16,
    account_id: i64,
    seq: i64,
    operation_id: Uuid,
    /// The four deltas, and the four pockets after it.
    points: [i64; 8],
    /// Microseconds since 2000.
    occurred_at: i64,
    recorded_at: i64,
    kind: String,
}

impl Entry {
    fn from_row(row: &Row) -> Entry {
        let micros = |place: usize| row.get::<_, DateTime<Utc>>(place).timestamp_micros() - EPOCH;
        let mut points = [0; 8];
        points.iter_mut().enumerate().for_each(|(place, points)| *points = row.get(4 + place));
        Entry {
            bucket: row.get(0),
            account_id: row.get(1),
            seq: row.get(2),
            operation_id: row.get(3),
            points,
            occurred_at: micros(12),
            recorded_at: micros(13),
            kind: row.get(14),
        }
    }

    fn digest(&self) -> Hash {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend(self.bucket.to_be_bytes());
        bytes.extend(self.account_id.to_be_bytes());
        bytes.extend(self.seq.to_be_bytes());
        bytes.extend(self.operation_id.as_bytes());
        self.points.iter().for_each(|points| bytes.extend(points.to_be_bytes()));
        bytes.extend(self.occurred_at.to_be_bytes());
        bytes.extend(self.recorded_at.to_be_bytes());
        bytes.extend(self.kind.as_bytes());
        sha256(&[&bytes])
    }
}

fn leaf(bucket: i16, account_id: i64, seq: i64, head: &Hash) -> Hash {
    sha256(&[&[0], &bucket.to_be_bytes(), &account_id.to_be_bytes(), &seq.to_be_bytes(), head])
}

fn node(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

fn merkle_root(mut nodes: Vec<Hash>) -> Option<Hash> {
    while nodes.len() > 1 {
        nodes =
            nodes.chunks(2).map(|pair| if let [left, right] = pair { node(left, right) } else { pair[0] }).collect();
    }
    nodes.pop()
}

/// A seal as it is hashed.
struct Seal {
    bucket: i16,
    number: i64,
    entries: i64,
    accounts: i64,
    sealed_at: i64,
    previous: Hash,
    leaves_root: Hash,
}

impl Seal {
    fn root(&self) -> Hash {
        sha256(&[
            &[2],
            &self.bucket.to_be_bytes(),
            &self.number.to_be_bytes(),
            &self.entries.to_be_bytes(),
            &self.accounts.to_be_bytes(),
            &self.sealed_at.to_be_bytes(),
            &self.previous,
            &self.leaves_root,
        ])
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(bytes)
}

/// Verifies a receipt or the whole ledger, and says what does not agree. True: all does.
pub async fn verify(config: &Config, options: &Verify) -> Result<bool, VerifyError> {
    let kept = options.roots.as_deref().map(roots).transpose()?;
    let client = database::open(config).await?;
    // One snapshot, since seals are made meanwhile.
    client.batch_execute("set role jifen_owner; begin isolation level repeatable read read only").await?;
    let late = client.query_one("select now() - make_interval(mins => $1)", &[&PATIENCE]).await?.get(0);
    let mut faults = Vec::new();
    let (mut sealed, mut found) = (0, BTreeSet::new());
    for row in client.query("select bucket from points.lane order by bucket", &[]).await? {
        sealed += verify_bucket(&client, row.get(0), late, &mut found, &mut faults).await?;
    }
    for root in kept.iter().flatten().filter(|root| !found.contains(*root)) {
        faults.push(format!("the root {root} was kept, and no seal has it"));
    }
    faults.iter().for_each(say);
    if let Some(kept) = kept {
        say(format_args!("{} roots that were kept are compared.", kept.len()));
    }
    say(format_args!("{sealed} entries in {} seals, {} faults.", found.len(), faults.len()));
    Ok(faults.is_empty())
}

fn roots(path: &Path) -> Result<BTreeSet<String>, VerifyError> {
    let text = fs::read_to_string(path).map_err(|error| VerifyError::File(path.to_owned(), error))?;
    // Other columns may stand beside them; psql writes \x before a bytea.
    let roots: BTreeSet<_> = text
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .map(|word| word.strip_prefix('x').unwrap_or(word))
        .filter(|word| unhex::<32>(word).is_some())
        .map(str::to_lowercase)
        .collect();
    if roots.is_empty() { Err(VerifyError::NoRoots(path.to_owned())) } else { Ok(roots) }
}

/// The leaves of a bucket as they should be, by seal, from its entries; and then its seals. What was recorded before `late`
/// has to be sealed. Returns the entries sealed.
async fn verify_bucket(
    client: &Client,
    bucket: i16,
    late: DateTime<Utc>,
    found: &mut BTreeSet<String>,
    faults: &mut Vec<String>,
) -> Result<i64, VerifyError> {
    let leaves =
        "select account_id, seq, number, head from points.seal_leaf where bucket = $1 order by account_id, number";
    let mut ends: BTreeMap<(i64, i64), (i64, Vec<u8>)> = BTreeMap::new();
    for row in client.query(leaves, &[&bucket]).await? {
        if ends.insert((row.get(0), row.get(1)), (row.get(2), row.get(3))).is_some() {
            faults.push(format!(
                "account {} in bucket {bucket}: entry {} is sealed twice",
                row.get::<_, i64>(0),
                row.get::<_, i64>(1)
            ));
        }
    }
    let entries = "select bucket, account_id, seq, operation_id, pending_delta, available_delta, held_delta, debt_delta,
            pending_after::bigint, available_after::bigint, held_after::bigint, debt_after::bigint, occurred_at, recorded_at, kind::text
        from points.entry_history where bucket = $1 order by account_id, seq";
    let rows = client.query_raw(entries, [&bucket]).await?;
    futures_util::pin_mut!(rows);
    let mut by_seal: BTreeMap<i64, (Vec<Hash>, i64)> = BTreeMap::new();
    let late = late.timestamp_micros() - EPOCH;
    let (mut account_id, mut seq, mut head, mut since) = (0, 0, START, 0);
    // Entries that should be sealed: of this account since its last seal, and of those before.
    let (mut open, mut unsealed) = (0, 0);
    while let Some(row) = rows.try_next().await? {
        let entry = Entry::from_row(&row);
        if entry.account_id != account_id {
            unsealed += open;
            (account_id, seq, head, since, open) = (entry.account_id, 0, START, 0, 0);
        }
        if entry.seq != seq + 1 {
            faults
                .push(format!("account {account_id} in bucket {bucket}: entry {} comes after entry {seq}", entry.seq));
        }
        seq = entry.seq;
        head = sha256(&[&head, &entry.digest()]);
        since += 1;
        open += i64::from(entry.recorded_at < late);
        if let Some((number, sealed)) = ends.remove(&(account_id, seq)) {
            if head[..] != sealed[..] {
                faults.push(format!(
                    "account {account_id} in bucket {bucket}: the entries up to {seq} are not those of seal {number}"
                ));
            }
            let (leaves, entries) = by_seal.entry(number).or_default();
            leaves.push(leaf(bucket, account_id, seq, &head));
            *entries += since;
            (since, open) = (0, 0);
        }
    }
    unsealed += open;
    if unsealed > 0 {
        faults.push(format!(
            "bucket {bucket}: {unsealed} entries are older than {PATIENCE} minutes and not sealed; does the job seal run?"
        ));
    }
    for ((account_id, seq), (number, _)) in ends {
        faults.push(format!(
            "account {account_id} in bucket {bucket}: entry {seq}, the last of seal {number}, is missing"
        ));
    }
    let seals = "select number, entries, accounts, sealed_at, previous, root from points.seal where bucket = $1 order by number";
    let (mut previous, mut last, mut total) = (START, 0, 0);
    for row in client.query(seals, &[&bucket]).await? {
        let (leaves, entries) = by_seal.remove(&row.get::<_, i64>(0)).unwrap_or_default();
        let seal = Seal {
            bucket,
            number: row.get(0),
            entries,
            accounts: i64::try_from(leaves.len()).unwrap_or(i64::MAX),
            sealed_at: row.get::<_, DateTime<Utc>>(3).timestamp_micros() - EPOCH,
            previous,
            leaves_root: merkle_root(leaves).unwrap_or(START),
        };
        let root: &[u8] = row.get(5);
        if seal.number != last + 1 {
            faults.push(format!("bucket {bucket}: seal {} comes after seal {last}", seal.number));
        }
        let said = (row.get::<_, i64>(1), row.get::<_, i64>(2));
        if said != (seal.entries, seal.accounts) || row.get::<_, &[u8]>(4) != previous || seal.root()[..] != *root {
            faults.push(format!(
                "bucket {bucket}: seal {} is not that of its entries: its root is {}, and should be {}",
                seal.number,
                hex(root),
                hex(&seal.root())
            ));
        }
        found.insert(hex(root));
        (previous, last, total) = (root.try_into().unwrap_or(START), seal.number, total + entries);
    }
    for number in by_seal.keys() {
        faults.push(format!("bucket {bucket}: seal {number} is missing"));
    }
    Ok(total)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Receipt {
    version: i64,
    bucket: i16,
    account_id: String,
    seq: String,
    entry: ReceiptEntry,
    chain: Chain,
    path: Vec<Step>,
    seal: ReceiptSeal,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptEntry {
    operation_id: String,
    kind: String,
    deltas: [i64; 4],
    after: [i64; 4],
    occurred_at: String,
    recorded_at: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chain {
    from: String,
    from_seq: String,
    to_seq: String,
    digests: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Step {
    Left(String),
    Right(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptSeal {
    number: String,
    entries: String,
    accounts: String,
    sealed_at: String,
    previous: String,
    root: String,
}

/// Checks a receipt without a database. True: it leads to a root that was kept.
pub fn verify_receipt(options: &Verify, path: &Path) -> Result<bool, VerifyError> {
    // Anybody can make a receipt that leads to a root of its own; clap asks for the roots.
    let kept = options.roots.as_deref().map(roots).transpose()?.unwrap_or_default();
    let text = fs::read_to_string(path).map_err(|error| VerifyError::File(path.to_owned(), error))?;
    let no_receipt = |why: String| VerifyError::NoReceipt(path.to_owned(), why);
    let receipt: Receipt = serde_json::from_str(&text).map_err(|error| no_receipt(error.to_string()))?;
    let root = receipt_root(&receipt).map_err(|why| no_receipt(why.to_owned()))?;
    let Some(root) = root else {
        say("The entry is not the one of the receipt's chain.");
        return Ok(false);
    };
    let root = hex(&root);
    if !root.eq_ignore_ascii_case(&receipt.seal.root) {
        say(format_args!("The receipt leads to the root {root}, and says {}.", receipt.seal.root));
        return Ok(false);
    }
    let place = format!("seal {} of bucket {}", receipt.seal.number, receipt.bucket);
    let was = if kept.contains(&root) { "was" } else { "was not" };
    say(format_args!("The receipt leads to the root {root} of {place}, which {was} kept."));
    Ok(kept.contains(&root))
}

/// None: the entry is not in the chain.
fn receipt_root(receipt: &Receipt) -> Result<Option<Hash>, &'static str> {
    let number = |text: &str| text.parse::<i64>().map_err(|_| "a number is none");
    let hash = |text: &str| unhex::<32>(text).ok_or("a hash is none");
    let instant = |text: &str| unhex::<8>(text).map(i64::from_be_bytes).ok_or("an instant is none");
    if receipt.version != 1 {
        return Err("its version is not 1");
    }
    let (account_id, seq) = (number(&receipt.account_id)?, number(&receipt.seq)?);
    let (from_seq, to_seq) = (number(&receipt.chain.from_seq)?, number(&receipt.chain.to_seq)?);
    let mut points = [0; 8];
    points[..4].copy_from_slice(&receipt.entry.deltas);
    points[4..].copy_from_slice(&receipt.entry.after);
    let entry = Entry {
        bucket: receipt.bucket,
        account_id,
        seq,
        operation_id: receipt.entry.operation_id.parse().map_err(|_| "the id of its operation is none")?,
        points,
        occurred_at: instant(&receipt.entry.occurred_at)?,
        recorded_at: instant(&receipt.entry.recorded_at)?,
        kind: receipt.entry.kind.clone(),
    };
    let digests = receipt.chain.digests.iter().map(|digest| hash(digest)).collect::<Result<Vec<_>, _>>()?;
    let place =
        seq.checked_sub(from_seq).and_then(|place| usize::try_from(place).ok()).and_then(|place| place.checked_sub(1));
    let length = to_seq.checked_sub(from_seq).and_then(|length| usize::try_from(length).ok());
    if length != Some(digests.len()) || place.and_then(|place| digests.get(place)) != Some(&entry.digest()) {
        return Ok(None);
    }
    let head =
        digests.iter().try_fold(hash(&receipt.chain.from)?, |head, digest| Ok::<_, &str>(sha256(&[&head, digest])))?;
    let mut at = leaf(receipt.bucket, account_id, to_seq, &head);
    for step in &receipt.path {
        at = match step {
            Step::Left(left) => node(&hash(left)?, &at),
            Step::Right(right) => node(&at, &hash(right)?),
        };
    }
    let seal = Seal {
        bucket: receipt.bucket,
        number: number(&receipt.seal.number)?,
        entries: number(&receipt.seal.entries)?,
        accounts: number(&receipt.seal.accounts)?,
        sealed_at: instant(&receipt.seal.sealed_at)?,
        previous: hash(&receipt.seal.previous)?,
        leaves_root: at,
    };
    Ok(Some(seal.root()))
}
