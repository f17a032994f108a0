//! Members' own tokens: JWTs that the host signs.
//!
//! The algorithm is the configured one, whatever a token says of itself, and so are the keys: nothing in a token leads to a
//! key but the `kid` of one in the JWKS file. Every token that is refused is refused alike.

use std::{
    collections::HashMap,
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, RwLock},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, Validation, decode, decode_header,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use tracing::{info, warn};

use crate::{client::hash_key, config::JwtOptions};

/// No token is longer.
const MAX_TOKEN: usize = 8192;
/// RFC 7518 wants as many bits as the hash has.
const MIN_SECRET: usize = 32;
/// Bytes of a modulus of 2048 bits; in DER it is a little longer.
const MIN_RSA: usize = 256;
/// Tokens in memory; past it all are forgotten, so that the memory is bounded.
const VERIFIED: usize = 10_000;
/// How often the file is looked at for other keys.
pub const RELOAD: Duration = Duration::from_secs(2);

/// Why tokens can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The options do not go together.
    #[error("{0}")]
    Options(&'static str),
    /// The file can't be read.
    #[error("cannot read {path}: {error}")]
    Unreadable { path: String, error: io::Error },
    /// The file has no usable key.
    #[error("{path} {fault}")]
    BadKey { path: String, fault: String },
}

/// A member, as a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The host's name for the member.
    pub user_id: String,
    /// When the token ends, skew included.
    pub expires_at: DateTime<Utc>,
}

impl Member {
    fn unless_expired(self, now: DateTime<Utc>) -> Result<Self, Expired> {
        if self.expires_at > now { Ok(self) } else { Err(Expired) }
    }
}

/// Of a token that would be taken, had it not ended.
#[derive(Debug)]
pub struct Expired;

/// Which tokens are taken.
pub struct Tokens {
    algorithm: Algorithm,
    validation: Validation,
    leeway: TimeDelta,
    subject_claim: String,
    file: KeyFile,
    keys: RwLock<Arc<Keys>>,
}

enum KeyFile {
    /// One key: a secret, or a public key in PEM.
    Key(PathBuf),
    /// Public keys by `kid`.
    Jwks(PathBuf),
}

struct Keys {
    /// Rises with each change of the file.
    version: u64,
    content: Vec<u8>,
    set: KeySet,
    /// Members by the SHA-256 of their tokens. A member sends the same token again and again, and a signature by RSA takes
    /// a third of a millisecond to verify.
    verified: Mutex<HashMap<[u8; 32], Member>>,
}

impl Keys {
    fn verified(&self) -> MutexGuard<'_, HashMap<[u8; 32], Member>> {
        self.verified.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

enum KeySet {
    One(DecodingKey),
    ByKid(HashMap<String, DecodingKey>),
}

impl KeySet {
    fn get(&self, kid: Option<&str>) -> Option<&DecodingKey> {
        match self {
            KeySet::One(key) => Some(key),
            KeySet::ByKid(keys) => keys.get(kid?),
        }
    }
}

impl Tokens {
    /// What the options say; None: no tokens are taken.
    pub fn load(options: &JwtOptions) -> Result<Option<Self>, TokenError> {
        let JwtOptions { jwt_algorithm, jwt_key_file, jwt_jwks_file, jwt_issuer, jwt_audience, .. } = options;
        let Some(algorithm) = *jwt_algorithm else {
            let stray =
                jwt_key_file.is_some() || jwt_jwks_file.is_some() || jwt_issuer.is_some() || jwt_audience.is_some();
            return if stray {
                Err(TokenError::Options(
                    "--jwt-algorithm is missing: say HS256, RS256 or EdDSA, since no token decides that",
                ))
            } else {
                Ok(None)
            };
        };
        let file = match (jwt_key_file, jwt_jwks_file) {
            (Some(path), None) => KeyFile::Key(path.clone()),
            (None, Some(path)) => KeyFile::Jwks(path.clone()),
            (None, None) => return Err(TokenError::Options("--jwt-algorithm needs --jwt-key-file or --jwt-jwks-file")),
            (Some(_), Some(_)) => {
                return Err(TokenError::Options("--jwt-key-file and --jwt-jwks-file do not go together: name one"));
            }
        };
        let said = |option: &Option<String>| option.clone().filter(|text| !text.is_empty());
        let (Some(issuer), Some(audience)) = (said(jwt_issuer), said(jwt_audience)) else {
            return Err(TokenError::Options(
                "--jwt-algorithm needs --jwt-issuer and --jwt-audience, or tokens made for others would be taken",
            ));
        };
        let mut validation = Validation::new(algorithm);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        // By one clock, which the caller reads.
        validation.validate_exp = false;
        let keys = read_keys(&file, algorithm, None)?;
        Ok(Some(Tokens {
            algorithm,
            validation,
            leeway: TimeDelta::seconds(options.jwt_leeway_seconds.into()),
            subject_claim: options.jwt_subject_claim.clone(),
            file,
            keys: RwLock::new(Arc::new(keys)),
        }))
    }

    /// The member whose token it is, if it was verified before.
    pub fn known(&self, token: &str, now: DateTime<Utc>) -> Option<Result<Member, Expired>> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let known = self.keys().verified().get(&hash_key(token)).cloned();
        known.map(|member| member.unless_expired(now))
    }

    /// The member whose token it is; None: it is not one to be taken.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Option<Result<Member, Expired>> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let keys = self.keys();
        let member = self.verify_anew(&keys.set, token, now)?;
        let hash = hash_key(token);
        let mut verified = keys.verified();
        if verified.len() >= VERIFIED {
            verified.clear();
        }
        verified.insert(hash, member.clone());
        Some(member.unless_expired(now))
    }

    /// The member whose token it is, if the token has ended, too.
    fn verify_anew(&self, keys: &KeySet, token: &str, now: DateTime<Utc>) -> Option<Member> {
        let header = decode_header(token).ok()?;
        // What a header calls critical is something that is not understood here.
        if header.alg != self.algorithm || header.crit.is_some() {
            return None;
        }
        let key = keys.get(header.kid.as_deref())?;
        let claims = decode::<Map<String, Value>>(token, key, &self.validation).ok()?.claims;
        let expires_at = instant(claims.get("exp")?)?.checked_add_signed(self.leeway)?;
        if let Some(not_before) = claims.get("nbf")
            && instant(not_before)?.checked_sub_signed(self.leeway)? > now
        {
            return None;
        }
        let user_id = match claims.get(&self.subject_claim)? {
            Value::String(text) => text.clone(),
            Value::Number(number) if number.is_u64() => number.to_string(),
            _ => return None,
        };
        (1..=64).contains(&user_id.chars().count()).then_some(Member { user_id, expires_at })
    }

    fn keys(&self) -> Arc<Keys> {
        self.keys.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// Another number when the keys are others.
    pub fn version(&self) -> u64 {
        self.keys().version
    }

    /// Reads the file again. True: there are other keys now, of a JWKS perhaps none.
    pub fn reload(&self) -> Result<bool, TokenError> {
        let known = self.keys();
        if read(self.file.path())? == known.content {
            return Ok(false);
        }
        let keys = read_keys(&self.file, self.algorithm, Some(known.version))?;
        *self.keys.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = Arc::new(keys);
        Ok(true)
    }

    /// Follows the file for ever. One that is not there, or can't be used, leaves the keys as they are.
    pub async fn follow(self: Arc<Self>) {
        let mut said = String::new();
        loop {
            tokio::time::sleep(RELOAD).await;
            match self.reload() {
                Ok(changed) => {
                    said.clear();
                    if changed {
                        info!("keys of tokens read again from {}", self.file.path().display());
                    }
                }
                Err(error) if error.to_string() == said => {}
                Err(error) => {
                    said = error.to_string();
                    warn!("the keys of tokens stay as they were: {said}");
                }
            }
        }
    }
}

impl KeyFile {
    fn path(&self) -> &PathBuf {
        match self {
            KeyFile::Key(path) | KeyFile::Jwks(path) => path,
        }
    }
}

fn read(path: &PathBuf) -> Result<Vec<u8>, TokenError> {
    fs::read(path).map_err(|error| TokenError::Unreadable { path: path.display().to_string(), error })
}

/// The keys in the file. `before`: the version of those it had; None: the gateway starts.
fn read_keys(file: &KeyFile, algorithm: Algorithm, before: Option<u64>) -> Result<Keys, TokenError> {
    let content = read(file.path())?;
    let path = || file.path().display().to_string();
    let set = match file {
        KeyFile::Key(_) => parse_key(&content, algorithm).map(KeySet::One),
        KeyFile::Jwks(_) => parse_jwks(&content, algorithm).and_then(|(keys, fault)| match (fault, before) {
            (Some(fault), None) => Err(fault),
            // Whoever takes a key out wants it gone, whatever else is in the file.
            (fault, _) => {
                if let Some(fault) = fault {
                    warn!("{} {fault}; the others count", path());
                }
                Ok(KeySet::ByKid(keys))
            }
        }),
    };
    let set = set.map_err(|fault| TokenError::BadKey { path: path(), fault })?;
    Ok(Keys { version: before.map_or(0, |before| before + 1), content, set, verified: Mutex::default() })
}

fn parse_key(content: &[u8], algorithm: Algorithm) -> Result<DecodingKey, String> {
    let text = String::from_utf8_lossy(content);
    if text.contains("PRIVATE KEY") {
        return Err("has a private key: Jifen needs no more than the public one".to_owned());
    }
    let key = match algorithm {
        Algorithm::HS256 => parse_secret(content).map(DecodingKey::from_secret),
        Algorithm::RS256 => DecodingKey::from_rsa_pem(content).map_err(|_| "has no RSA public key in PEM".to_owned()),
        _ => DecodingKey::from_ed_pem(content).map_err(|_| "has no Ed25519 public key in PEM".to_owned()),
    }?;
    check_strength(&key).map_err(|fault| format!("has a key that {fault}"))?;
    Ok(key)
}

/// What is public, or a page that says something else, must not become a secret.
fn parse_secret(content: &[u8]) -> Result<&[u8], String> {
    let secret = content.strip_suffix(b"\n").unwrap_or(content);
    let begins = |form: &str| secret.starts_with(form.as_bytes());
    if content.windows(10).any(|part| part == b"-----BEGIN") || begins("ssh-") {
        Err("is a public key or a certificate, and HS256 needs a secret".to_owned())
    } else if begins("<") || begins("{") {
        Err("is a page or JSON, and HS256 needs a secret".to_owned())
    } else if !secret.iter().all(u8::is_ascii_graphic) {
        Err("is no secret in printable ASCII without white space, such as `openssl rand -hex 32` makes".to_owned())
    } else {
        Ok(secret)
    }
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Value>,
}

/// The keys of this algorithm that are for signatures, and what is wrong with others. Those of another use are none of ours.
fn parse_jwks(content: &[u8], algorithm: Algorithm) -> Result<(HashMap<String, DecodingKey>, Option<String>), String> {
    let set: Jwks = serde_json::from_slice(content).map_err(|error| format!("is no JWKS: {error}"))?;
    let mut keys = HashMap::new();
    let mut faults = Vec::new();
    for jwk in set.keys {
        match parse_jwk(jwk, algorithm) {
            Ok(Some((kid, _))) if keys.contains_key(&kid) => faults.push(format!("has two keys {kid}")),
            Ok(Some((kid, key))) => {
                keys.insert(kid, key);
            }
            Ok(None) => {}
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() && keys.is_empty() {
        faults.push(format!("has no key with a kid for {algorithm:?}"));
    }
    Ok((keys, (!faults.is_empty()).then(|| faults.join(", "))))
}

/// None: it is for something else.
fn parse_jwk(jwk: Value, algorithm: Algorithm) -> Result<Option<(String, DecodingKey)>, String> {
    let jwk: Jwk = serde_json::from_value(jwk).map_err(|error| format!("has a key that is none: {error}"))?;
    let Some(kid) = &jwk.common.key_id else { return Ok(None) };
    if matches!(&jwk.common.public_key_use, Some(purpose) if *purpose != PublicKeyUse::Signature)
        || matches!(&jwk.common.key_algorithm, Some(other) if other.to_string() != format!("{algorithm:?}"))
    {
        return Ok(None);
    }
    let ours = match (&jwk.algorithm, algorithm) {
        (AlgorithmParameters::OctetKey(_), Algorithm::HS256) | (AlgorithmParameters::RSA(_), Algorithm::RS256) => true,
        (AlgorithmParameters::OctetKeyPair(pair), Algorithm::EdDSA) => pair.curve == EllipticCurve::Ed25519,
        _ => false,
    };
    if !ours {
        return Ok(None);
    }
    let key = DecodingKey::from_jwk(&jwk).map_err(|_| format!("has a key {kid} that can't be read"))?;
    check_strength(&key).map_err(|fault| format!("has a key {kid} that {fault}"))?;
    Ok(Some((kid.clone(), key)))
}

fn check_strength(key: &DecodingKey) -> Result<(), &'static str> {
    let length = match key.kind() {
        DecodingKeyKind::SecretOrDer(bytes) | DecodingKeyKind::RsaModulusExponent { n: bytes, .. } => bytes.len(),
    };
    match key.family() {
        AlgorithmFamily::Hmac if length < MIN_SECRET => Err("has less than 32 bytes, and can be guessed"),
        AlgorithmFamily::Rsa if length < MIN_RSA => Err("has less than 2048 bits"),
        _ => Ok(()),
    }
}

/// Seconds since 1970, of which JWTs allow fractions.
fn instant(value: &Value) -> Option<DateTime<Utc>> {
    let seconds = value.as_f64().filter(|seconds| (0.0..1e11).contains(seconds))?;
    DateTime::from_timestamp_millis((seconds * 1000.0) as i64)
}
