//! Documents that are named by their SHA-256: those that clients have sent before (the protocol of Apollo's automatic
//! persisted queries), and, where the operator wants it so, a list of the only ones that are taken.

use std::{
    any::TypeId,
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, RwLock},
    time::Duration,
};

use async_graphql::{Data, Request, from_value, parser::parse_query};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tracing::{info, warn};

use crate::{client::Caller, document::Document, error::Error};

/// Documents that clients have named; past it all are forgotten, and clients send them again.
const MAX_KEPT: usize = 1_000;
const MAX_KEPT_DOCUMENT: usize = 16_384;
/// Of a list.
const MAX_ALLOWED: usize = 10_000;
const MAX_ALLOWED_FILE: u64 = 64 << 20;
/// Folders within folders.
const MAX_FOLDERS: usize = 16;
/// How often the list is read again.
pub const RELOAD: Duration = Duration::from_secs(2);

type Hash = [u8; 32];

/// What a request says in `extensions.persistedQuery`.
#[derive(Deserialize)]
struct PersistedQuery {
    version: i64,
    #[serde(rename = "sha256Hash")]
    sha256_hash: String,
}

/// Documents that clients have sent together with their hash.
#[derive(Default)]
pub struct Kept(Mutex<HashMap<Hash, String>>);

impl Kept {
    /// Gives a request the document that it names. Some: it has sent that itself, to be kept if it is one.
    pub fn resolve(&self, request: &mut Request) -> Result<Option<Hash>, Error> {
        let Some(hash) = named(request)? else { return Ok(None) };
        if request.query.is_empty() {
            request.query = self.documents().get(&hash).cloned().ok_or_else(Error::persisted_query_not_found)?;
            return Ok(None);
        }
        if hash_of(&request.query) == hash { Ok(Some(hash)) } else { Err(other_hash()) }
    }

    /// Keeps what an authenticated client has sent. The others could make the gateway forget again and again.
    pub fn keep(&self, hash: Hash, request: &Request, session: Option<&Data>) {
        let has_caller = |data: &Data| data.contains_key(&TypeId::of::<Caller>());
        if request.query.len() > MAX_KEPT_DOCUMENT || !(has_caller(&request.data) || session.is_some_and(has_caller)) {
            return;
        }
        let mut documents = self.documents();
        if documents.len() >= MAX_KEPT {
            documents.clear();
        }
        documents.insert(hash, request.query.clone());
    }

    fn documents(&self) -> MutexGuard<'_, HashMap<Hash, String>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// The hash that a request names.
fn named(request: &mut Request) -> Result<Option<Hash>, Error> {
    let Some(value) = request.extensions.remove("persistedQuery") else { return Ok(None) };
    let PersistedQuery { version, sha256_hash } = from_value(value)
        .map_err(|_| Error::malformed("extensions.persistedQuery must have version and sha256Hash.".to_owned()))?;
    if version != 1 {
        return Err(Error::malformed("extensions.persistedQuery.version must be 1.".to_owned()));
    }
    parse_hash(&sha256_hash).map(Some).ok_or_else(|| {
        Error::malformed("extensions.persistedQuery.sha256Hash must be a SHA-256: 64 hexadecimal digits.".to_owned())
    })
}

fn other_hash() -> Error {
    Error::malformed("extensions.persistedQuery.sha256Hash is not the SHA-256 of the query.".to_owned())
}

fn hash_of(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

fn parse_hash(text: &str) -> Option<Hash> {
    let bytes = text.as_bytes();
    if bytes.len() != 64 {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(bytes.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(hash)
}

/// Why a list can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// A file or folder can't be read.
    #[error("cannot read {path}: {error}")]
    Unreadable {
        /// Which one.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// What is in it is no such list.
    #[error("{path} {fault}")]
    Bad {
        /// Which one.
        path: String,
        /// What is wrong with it.
        fault: String,
    },
}

/// The only documents that are taken, whoever asks.
pub struct Allowed {
    path: PathBuf,
    list: RwLock<Arc<List>>,
}

struct List {
    /// Of all files.
    fingerprint: Hash,
    /// By hash, with the text.
    documents: HashMap<Hash, (Arc<str>, Arc<Document>)>,
    count: usize,
}

impl Allowed {
    /// The list in a file, which is a document or a JSON map of hashes to documents, or in a folder of documents.
    pub fn load(path: &Path) -> Result<Self, ListError> {
        let list = parse(read(path)?)?;
        info!("only the {} documents in {} are taken", list.count, path.display());
        Ok(Allowed { path: path.to_owned(), list: RwLock::new(Arc::new(list)) })
    }

    /// Gives a request the document that it has or names, or refuses it.
    pub fn resolve(&self, request: &mut Request) -> Result<Arc<Document>, Error> {
        let named = named(request)?;
        // White space around a document is lost in one way or another between a file and a request.
        let hash = match named {
            Some(hash) if request.query.is_empty() => hash,
            Some(hash) if hash_of(&request.query) != hash => return Err(other_hash()),
            _ => hash_of(request.query.trim()),
        };
        let (text, document) = self.list().documents.get(&hash).cloned().ok_or_else(Error::document_not_allowed)?;
        request.query = text.to_string();
        request.set_parsed_query(document.parsed.clone());
        Ok(document)
    }

    fn list(&self) -> Arc<List> {
        self.list.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// Reads the list again. True: it is another one now.
    fn reload(&self) -> Result<bool, ListError> {
        let files = read(&self.path)?;
        if fingerprint(&files) == self.list().fingerprint {
            return Ok(false);
        }
        let list = Arc::new(parse(files)?);
        *self.list.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = list;
        Ok(true)
    }

    /// Follows the list for ever. One that is not there, or can't be used, leaves what is allowed as it is.
    pub async fn follow(self: Arc<Self>) {
        let mut said = String::new();
        loop {
            tokio::time::sleep(RELOAD).await;
            let list = self.clone();
            let result = tokio::task::spawn_blocking(move || list.reload().map_err(|error| error.to_string())).await;
            match result.map_err(|error| error.to_string()).flatten() {
                Ok(changed) => {
                    said.clear();
                    if changed {
                        info!("{} documents read again from {}", self.list().count, self.path.display());
                    }
                }
                Err(error) if error == said => {}
                Err(error) => {
                    warn!("the documents that are allowed stay as they were: {error}");
                    said = error;
                }
            }
        }
    }
}

/// The files of a list, by path and in order.
fn read(path: &Path) -> Result<Vec<(PathBuf, String)>, ListError> {
    let mut files = Vec::new();
    let folder = fs::metadata(path).map_err(|error| unreadable(path, error))?.is_dir();
    if folder {
        gather(path, &mut files, 0)?;
        files.sort();
    } else {
        files.push((path.to_owned(), read_file(path)?));
    }
    Ok(files)
}

fn gather(folder: &Path, files: &mut Vec<(PathBuf, String)>, level: usize) -> Result<(), ListError> {
    if level > MAX_FOLDERS {
        return Err(bad(folder, "is nested too deep"));
    }
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let path = entry.map_err(|error| unreadable(folder, error))?.path();
        if path.is_dir() {
            gather(&path, files, level + 1)?;
        } else if path.extension().is_some_and(|extension| extension == "graphql" || extension == "gql") {
            files.push((path.clone(), read_file(&path)?));
        }
        if files.len() > MAX_ALLOWED {
            return Err(bad(folder, &format!("has more than {MAX_ALLOWED} documents")));
        }
    }
    Ok(())
}

fn read_file(path: &Path) -> Result<String, ListError> {
    let length = fs::metadata(path).map_err(|error| unreadable(path, error))?.len();
    if length > MAX_ALLOWED_FILE {
        return Err(bad(path, "is larger than 64 MiB"));
    }
    fs::read_to_string(path).map_err(|error| unreadable(path, error))
}

fn fingerprint(files: &[(PathBuf, String)]) -> Hash {
    let mut digest = Sha256::new();
    for (path, text) in files {
        digest.update(path.as_os_str().as_encoded_bytes());
        digest.update([0]);
        digest.update(hash_of(text));
    }
    digest.finalize().into()
}

fn parse(files: Vec<(PathBuf, String)>) -> Result<List, ListError> {
    let mut list = List { fingerprint: fingerprint(&files), documents: HashMap::new(), count: 0 };
    for (path, text) in files {
        if path.extension().is_some_and(|extension| extension == "json") {
            let map: HashMap<String, String> = serde_json::from_str(&text)
                .map_err(|error| bad(&path, &format!("is no JSON map of hashes to documents: {error}")))?;
            for (hash, text) in map {
                if parse_hash(&hash) != Some(hash_of(&text)) {
                    return Err(bad(&path, &format!("has a key {hash:?} that is not the SHA-256 of its document")));
                }
                list.add(&path, text)?;
            }
        } else {
            list.add(&path, text)?;
        }
        if list.count > MAX_ALLOWED {
            return Err(bad(&path, &format!("makes more than {MAX_ALLOWED} documents")));
        }
    }
    if list.count == 0 {
        return Err(ListError::Bad { path: "the list of allowed documents".to_owned(), fault: "is empty".to_owned() });
    }
    Ok(list)
}

impl List {
    fn add(&mut self, path: &Path, text: String) -> Result<(), ListError> {
        let parsed =
            parse_query(&text).map_err(|error| bad(path, &format!("has a document that does not parse: {error}")))?;
        let document =
            Document::new(parsed).map_err(|error| bad(path, &format!("has one that is refused: {}", error.message)))?;
        self.count += 1;
        let (whole, trimmed) = (hash_of(&text), hash_of(text.trim()));
        let entry = (Arc::from(text), Arc::new(document));
        self.documents.insert(whole, entry.clone());
        self.documents.insert(trimmed, entry);
        Ok(())
    }
}

fn unreadable(path: &Path, error: io::Error) -> ListError {
    ListError::Unreadable { path: path.display().to_string(), error }
}

fn bad(path: &Path, fault: &str) -> ListError {
    ListError::Bad { path: path.display().to_string(), fault: fault.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_64_hexadecimal_digits() {
        let digits = "854174ebed716fe24fd6659c30290aecd9bc1d17dc4f47939a1848a1b8ed3c6b";
        assert_eq!(parse_hash(digits), Some(hash_of("{ value }")));
        assert_eq!(parse_hash(&digits.to_uppercase()), parse_hash(digits));
        for wrong in ["", "85", &digits[1..], &digits.replace('8', "g"), &digits.replace("85", "é")] {
            assert_eq!(parse_hash(wrong), None, "{wrong}");
        }
    }
}
