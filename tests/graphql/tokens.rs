//! Members with their own tokens: which tokens are taken, and what members see and do with them.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use chrono::{TimeDelta, Utc};
use jifen::{
    config::{Exposure, JwtOptions, Limits},
    token::{TokenError, Tokens},
};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet},
};
use serde_json::{Value, json};

use super::{
    Gateway, code, make_key,
    socket::{Events, Socket, TRANSPORT},
    until,
};
use crate::common::Database;

const ISSUER: &str = "https://host.example";
const AUDIENCE: &str = "jifen";
const OWN: &str = r#"{ account(userId: "alice") { userId version } }"#;

/// A key that is in the repository for the tests, and opens nothing.
fn key_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys").join(name)
}

/// What signs tokens.
#[derive(Clone)]
pub struct Signer {
    algorithm: Algorithm,
    key: EncodingKey,
    kid: Option<&'static str>,
}

impl Signer {
    pub fn new(algorithm: Algorithm) -> Signer {
        let read = |name| fs::read(key_file(name)).unwrap();
        let key = match algorithm {
            Algorithm::HS256 => EncodingKey::from_secret(read("hs256_secret").trim_ascii_end()),
            Algorithm::RS256 => EncodingKey::from_rsa_pem(&read("rsa_private.pem")).unwrap(),
            Algorithm::EdDSA => EncodingKey::from_ed_pem(&read("ed25519_private.pem")).unwrap(),
            other => panic!("{other:?}"),
        };
        Signer { algorithm, key, kid: None }
    }

    fn with_kid(&self, kid: &'static str) -> Signer {
        Signer { kid: Some(kid), ..self.clone() }
    }

    /// A token of a member that ended so long ago that no leeway saves it.
    pub fn expired(&self, user: &str) -> String {
        let mut claims = claims(user);
        claims["exp"] = json!(Utc::now().timestamp() - 3600);
        self.sign(&claims)
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: self.kid.map(str::to_owned), ..Header::new(self.algorithm) };
        jsonwebtoken::encode(&header, claims, &self.key).unwrap()
    }

    /// A token of a member, good for ten minutes.
    pub fn of(&self, user: &str) -> String {
        self.sign(&claims(user))
    }
}

fn claims(user: &str) -> Value {
    json!({ "iss": ISSUER, "aud": AUDIENCE, "sub": user, "exp": Utc::now().timestamp() + 600 })
}

/// Claims with others in place of some; null: without.
fn claims_but(changes: Value) -> Value {
    let mut claims = claims("alice");
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => claims.as_object_mut().unwrap().remove(name),
            value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    claims
}

pub fn options(algorithm: Algorithm) -> JwtOptions {
    let name = match algorithm {
        Algorithm::HS256 => "hs256_secret",
        Algorithm::RS256 => "rsa_public.pem",
        _ => "ed25519_public.pem",
    };
    JwtOptions {
        jwt_algorithm: Some(algorithm),
        jwt_key_file: Some(key_file(name)),
        jwt_jwks_file: None,
        jwt_issuer: Some(ISSUER.to_owned()),
        jwt_audience: Some(AUDIENCE.to_owned()),
        jwt_leeway_seconds: 0,
        jwt_subject_claim: "sub".to_owned(),
    }
}

/// The same for the program.
pub fn environment(algorithm: Algorithm) -> [(&'static str, String); 4] {
    let options = options(algorithm);
    [
        ("JIFEN_JWT_ALGORITHM", format!("{algorithm:?}")),
        ("JIFEN_JWT_KEY_FILE", options.jwt_key_file.unwrap().to_str().unwrap().to_owned()),
        ("JIFEN_JWT_ISSUER", ISSUER.to_owned()),
        ("JIFEN_JWT_AUDIENCE", AUDIENCE.to_owned()),
    ]
}

fn load(options: &JwtOptions) -> Tokens {
    Tokens::load(options).unwrap().unwrap()
}

/// A gateway that takes tokens beside keys, on a database of its own.
pub async fn gateway(options: &JwtOptions) -> (Gateway, Database) {
    limited_gateway(options, Limits::default()).await
}

/// The same within limits.
pub async fn limited_gateway(options: &JwtOptions, limits: Limits) -> (Gateway, Database) {
    let database = Database::new().await;
    let key = make_key(&database, "test", &["earn", "spend", "operator"], None).await;
    let exposure = Exposure { limits, ..Exposure::default() };
    let (gateway, stop) = Gateway::with(&database.url(), &key, Some(load(options)), &exposure).await;
    std::mem::forget(stop);
    (gateway, database)
}

/// A gateway, and tokens of members.
pub async fn with_members() -> (Gateway, Database, Signer) {
    let (gateway, database) = gateway(&options(Algorithm::EdDSA)).await;
    (gateway, database, Signer::new(Algorithm::EdDSA))
}

/// A file of the test's own, gone with this value.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> File {
        File(PathBuf::from(format!("/tmp/jifen-{name}-{}", std::process::id())))
    }

    fn write(&self, content: &str) {
        fs::write(&self.0, content).unwrap();
    }
}

impl Drop for File {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

fn jwks(keys: &[(&str, Algorithm)]) -> String {
    let keys = keys.iter().map(|(kid, algorithm)| {
        let mut jwk = Jwk::from_encoding_key(&Signer::new(*algorithm).key, *algorithm).unwrap();
        jwk.common.key_id = Some((*kid).to_owned());
        jwk
    });
    serde_json::to_string(&JwkSet { keys: keys.collect() }).unwrap()
}

#[tokio::test]
async fn each_algorithm_is_taken_by_key_file_and_by_jwks() {
    let database = Database::new().await;
    for algorithm in [Algorithm::HS256, Algorithm::RS256, Algorithm::EdDSA] {
        let file = File::new(&format!("jwks-{algorithm:?}"));
        file.write(&jwks(&[("other", Algorithm::RS256), ("one", algorithm)]));
        let by_jwks = JwtOptions { jwt_key_file: None, jwt_jwks_file: Some(file.0.clone()), ..options(algorithm) };
        for (options, signer) in
            [(options(algorithm), Signer::new(algorithm)), (by_jwks, Signer::new(algorithm).with_kid("one"))]
        {
            let (gateway, _stop) =
                Gateway::with(&database.url(), &signer.of("alice"), Some(load(&options)), &Exposure::default()).await;
            assert_eq!(gateway.ask(OWN, json!({})).await["account"]["userId"], "alice", "{algorithm:?}");
            let mut socket = Socket::of(&gateway).await;
            assert_eq!(socket.ask("a", OWN).await["data"]["account"]["userId"], "alice", "{algorithm:?}");
        }
    }
}

/// Tokens that nobody should take from who signs like this, each with what is wrong with it.
fn hostile(signer: &Signer) -> Vec<(&'static str, String)> {
    let public = fs::read(key_file("rsa_public.pem")).unwrap();
    let by_public = Signer { algorithm: Algorithm::HS256, key: EncodingKey::from_secret(&public), ..signer.clone() };
    let other = if signer.algorithm == Algorithm::EdDSA { Algorithm::RS256 } else { Algorithm::EdDSA };
    let other = Signer { kid: signer.kid, ..Signer::new(other) };
    let good = signer.of("alice");
    let [header, payload, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let [_, others_payload, _] = &signer.of("bob").split('.').map(str::to_owned).collect::<Vec<_>>()[..] else {
        panic!()
    };
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let header_of = |algorithm| Header { kid: signer.kid.map(str::to_owned), ..Header::new(algorithm) };
    let critical = Header { crit: Some(vec!["exp".to_owned()]), ..header_of(signer.algorithm) };
    let now = Utc::now().timestamp();
    let mut tokens = vec![
        ("none", format!("{none}.{payload}.")),
        ("none with a signature", format!("{none}.{payload}.{signature}")),
        ("no signature", format!("{header}.{payload}.")),
        ("another's claims", format!("{header}.{others_payload}.{signature}")),
        ("signed with the public key", by_public.of("alice")),
        ("another algorithm", other.of("alice")),
        ("huge", signer.sign(&claims_but(json!({ "more": "x".repeat(9000) })))),
        ("critical", jsonwebtoken::encode(&critical, &claims("alice"), &signer.key).unwrap()),
        ("garbage", "eyJ.garbage.???".to_owned()),
        ("three dots", format!("{good}.{signature}")),
    ];
    for (what, changes) in [
        ("expired", json!({ "exp": now - 1 })),
        ("never expires", json!({ "exp": null })),
        ("expires in words", json!({ "exp": "tomorrow" })),
        ("expires beyond all time", json!({ "exp": 1e300 })),
        ("not yet", json!({ "nbf": now + 300 })),
        ("not before words", json!({ "nbf": "now" })),
        ("wrong issuer", json!({ "iss": "https://other.example" })),
        ("no issuer", json!({ "iss": null })),
        ("wrong audience", json!({ "aud": "another" })),
        ("wrong audiences", json!({ "aud": ["another", "others"] })),
        ("no audience", json!({ "aud": null })),
        ("nobody", json!({ "sub": null })),
        ("no name", json!({ "sub": "" })),
        ("a list of members", json!({ "sub": ["alice"] })),
        ("a long name", json!({ "sub": "x".repeat(65) })),
    ] {
        tokens.push((what, signer.sign(&claims_but(changes))));
    }
    tokens
}

#[tokio::test]
async fn hostile_tokens_are_refused_alike() {
    let database = Database::new().await;
    let (without, _stop) = Gateway::with(&database.url(), "jf_unknown", None, &Exposure::default()).await;
    let expected = without.refused(OWN, json!({})).await;
    assert_eq!(expected["extensions"], json!({ "code": "UNAUTHENTICATED", "retryable": false }));
    for algorithm in [Algorithm::HS256, Algorithm::RS256, Algorithm::EdDSA] {
        let file = File::new(&format!("hostile-{algorithm:?}"));
        file.write(&jwks(&[("one", algorithm)]));
        let by_key = (options(algorithm), Signer::new(algorithm));
        let by_kid = JwtOptions { jwt_key_file: None, jwt_jwks_file: Some(file.0.clone()), ..by_key.0.clone() };
        for (options, signer) in [&by_key, &(by_kid, by_key.1.with_kid("one"))] {
            let (gateway, _stop) = Gateway::with(&database.url(), "", Some(load(options)), &Exposure::default()).await;
            let mut tokens = hostile(signer);
            if signer.kid.is_some() {
                tokens.push(("no kid", by_key.1.of("alice")));
                tokens.extend(["two", ""].map(|kid| ("another kid", signer.with_kid(kid).of("alice"))));
            }
            for (what, token) in &tokens {
                let answer = gateway.with_key(token).refused(OWN, json!({})).await;
                assert_eq!(answer, expected, "{what} {algorithm:?}");
                // a socket takes them in the same way, whatever the algorithm
                if algorithm != Algorithm::EdDSA {
                    continue;
                }
                let mut socket = Socket::open(&gateway, TRANSPORT).await;
                let init =
                    json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {token}") } });
                socket.send(init).await;
                let reason = socket.closed().await.1;
                assert_eq!(reason, expected["message"].as_str().unwrap(), "{what} {algorithm:?}");
            }
            let good = signer.of("alice");
            assert_eq!(gateway.with_key(&good).ask(OWN, json!({})).await["account"]["userId"], "alice");
            // where no tokens are taken they are no keys either
            assert_eq!(without.with_key(&good).refused(OWN, json!({})).await, expected);
        }
    }
}

#[tokio::test]
async fn what_looks_like_a_token_is_no_key() {
    let (gateway, database, signer) = with_members().await;
    let dots = format!("{}.more", signer.of("alice").split('.').map(|part| &part[..9]).collect::<Vec<_>>().join("."));
    let create = "select api.create_client('dots', $1, '{read}')";
    let hash = jifen::client::hash_key(&dots);
    database.client().await.execute(create, &[&&hash[..]]).await.unwrap();
    assert_eq!(code(&gateway.with_key(&dots).refused(OWN, json!({})).await), "UNAUTHENTICATED");
}

#[test]
fn the_clock_may_differ_by_the_leeway() {
    let signer = Signer::new(Algorithm::EdDSA);
    let tokens = load(&JwtOptions { jwt_leeway_seconds: 30, ..options(Algorithm::EdDSA) });
    let now = Utc::now();
    let token = signer.sign(&claims_but(json!({ "exp": now.timestamp() + 100, "nbf": now.timestamp() })));
    let at = |seconds| {
        let now = chrono::DateTime::from_timestamp(now.timestamp() + seconds, 0).unwrap();
        tokens.verify(&token, now).and_then(Result::ok)
    };
    for (seconds, taken) in [(-31, false), (-30, true), (0, true), (129, true), (130, false)] {
        assert_eq!(at(seconds).is_some(), taken, "{seconds}");
    }
    assert_eq!(at(0).unwrap().expires_at.timestamp(), now.timestamp() + 130);
    // fractions of seconds
    let token = signer.sign(&claims_but(json!({ "exp": now.timestamp() as f64 + 0.5 })));
    assert_eq!(tokens.verify(&token, now).unwrap().unwrap().expires_at.timestamp_subsec_millis(), 500);
}

#[test]
fn the_claim_that_names_the_member_can_be_another() {
    let tokens = load(&JwtOptions { jwt_subject_claim: "member_no".to_owned(), ..options(Algorithm::EdDSA) });
    let signer = Signer::new(Algorithm::EdDSA);
    let member = |value: Value| {
        let found = tokens.verify(&signer.sign(&claims_but(json!({ "member_no": value }))), Utc::now());
        found.map(|member| member.unwrap().user_id)
    };
    assert_eq!(member(json!("alice")).as_deref(), Some("alice"));
    assert_eq!(member(json!(4711)).as_deref(), Some("4711"));
    for value in [json!(null), json!(4711.5), json!(-1), json!(true), json!({})] {
        assert_eq!(member(value.clone()), None, "{value}");
    }
}

#[test]
fn bad_options_are_refused_in_words() {
    let good = options(Algorithm::RS256);
    let none =
        JwtOptions { jwt_algorithm: None, jwt_key_file: None, jwt_issuer: None, jwt_audience: None, ..good.clone() };
    assert!(Tokens::load(&none).unwrap().is_none());
    let weak = File::new("weak");
    weak.write("too-short\n");
    let empty = File::new("empty");
    empty.write(r#"{ "keys": [] }"#);
    let ed = File::new("ed");
    ed.write(&jwks(&[("one", Algorithm::EdDSA)]));
    let twice = File::new("twice");
    twice.write(&jwks(&[("one", Algorithm::RS256), ("one", Algorithm::RS256)]));
    let key = |path: PathBuf| JwtOptions { jwt_key_file: Some(path), ..good.clone() };
    let set = |file: &File| JwtOptions { jwt_key_file: None, jwt_jwks_file: Some(file.0.clone()), ..good.clone() };
    let secret = |path: PathBuf| JwtOptions { jwt_algorithm: Some(Algorithm::HS256), ..key(path) };
    for (options, told) in [
        (JwtOptions { jwt_algorithm: None, ..good.clone() }, "--jwt-algorithm is missing"),
        (JwtOptions { jwt_key_file: None, ..good.clone() }, "needs --jwt-key-file or --jwt-jwks-file"),
        (JwtOptions { jwt_jwks_file: Some(ed.0.clone()), ..good.clone() }, "do not go together"),
        (JwtOptions { jwt_issuer: None, ..good.clone() }, "needs --jwt-issuer and --jwt-audience"),
        (JwtOptions { jwt_audience: None, ..good.clone() }, "needs --jwt-issuer and --jwt-audience"),
        (key("/nowhere".into()), "cannot read /nowhere"),
        (key(key_file("ed25519_public.pem")), "has no RSA public key"),
        (key(key_file("rsa_private.pem")), "has a private key"),
        (key(key_file("rsa_1024_public.pem")), "has less than 2048 bits"),
        (secret(weak.0.clone()), "has less than 32 bytes"),
        (JwtOptions { jwt_issuer: Some(String::new()), ..good.clone() }, "needs --jwt-issuer and --jwt-audience"),
        (JwtOptions { jwt_audience: Some(String::new()), ..good.clone() }, "needs --jwt-issuer and --jwt-audience"),
        (secret(key_file("rsa_public.pem")), "HS256 needs a secret"),
        (set(&weak), "is no JWKS"),
        (set(&empty), "has no key with a kid for RS256"),
        (set(&ed), "has no key with a kid for RS256"),
        (set(&twice), "has two keys one"),
    ] {
        let error: TokenError = Tokens::load(&options).err().unwrap_or_else(|| panic!("{told}"));
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[test]
fn what_is_no_secret_never_becomes_one() {
    let file = File::new("secret");
    let good = "0123456789abcdef0123456789abcdef";
    file.write(&format!("{good}\n"));
    let tokens = load(&JwtOptions { jwt_key_file: Some(file.0.clone()), ..options(Algorithm::HS256) });
    let signer = Signer { algorithm: Algorithm::HS256, key: EncodingKey::from_secret(good.as_bytes()), kid: None };
    let token = signer.of("alice");
    let pem = fs::read_to_string(key_file("rsa_public.pem")).unwrap();
    for (content, told) in [
        (format!("\n{pem}"), "HS256 needs a secret"),
        (format!("{good}\n{pem}"), "HS256 needs a secret"),
        (format!("ssh-ed25519{good}"), "HS256 needs a secret"),
        (format!("<html>{good}</html>"), "HS256 needs a secret"),
        (format!("{{\"keys\":[\"{good}\"]}}"), "HS256 needs a secret"),
        (format!("{good} {good}"), "without white space"),
        (format!(" {good}"), "without white space"),
        (format!("{good}\n\n"), "without white space"),
        (format!("{good}\r\n"), "without white space"),
        (format!("ü{good}"), "printable ASCII"),
        (String::new(), "has less than 32 bytes"),
    ] {
        file.write(&content);
        let error = Tokens::load(&JwtOptions { jwt_key_file: Some(file.0.clone()), ..options(Algorithm::HS256) });
        let error = error.err().unwrap_or_else(|| panic!("{content}")).to_string();
        assert!(error.contains(told), "{content}: {error}");
        // nor while it runs
        assert_eq!(tokens.reload().unwrap_err().to_string(), error);
        assert!(matches!(tokens.verify(&token, Utc::now()), Some(Ok(_))), "{content}");
    }
}

#[test]
fn keys_are_withdrawn_by_taking_them_out_of_the_file() {
    let file = File::new("withdrawn");
    file.write(&jwks(&[("one", Algorithm::EdDSA)]));
    let options = JwtOptions { jwt_key_file: None, jwt_jwks_file: Some(file.0.clone()), ..options(Algorithm::EdDSA) };
    let tokens = load(&options);
    let [one, two] = ["one", "two"].map(|kid| Signer::new(Algorithm::EdDSA).with_kid(kid).of("alice"));
    let taken = || [&one, &two].map(|token| tokens.verify(token, Utc::now()).is_some());
    let without = r#"{ "keys": [] }"#;
    let of_others = jwks(&[("one", Algorithm::RS256)]);
    for nothing in [without, &of_others] {
        file.write(&jwks(&[("one", Algorithm::EdDSA)]));
        tokens.reload().unwrap();
        assert_eq!(taken(), [true, false]);
        file.write(nothing);
        assert_eq!((tokens.reload().unwrap(), taken()), (true, [false, false]), "{nothing}");
        assert!(Tokens::load(&options).is_err());
    }
    // One that can't be read is left out, and the others count; a start wants it right.
    let good: Value = serde_json::from_str(&jwks(&[("two", Algorithm::EdDSA)])).unwrap();
    for bad in
        [json!({ "kty": "OKP", "crv": "Ed25519", "kid": "one", "x": "?" }), json!("no key"), good["keys"][0].clone()]
    {
        file.write(&jwks(&[("one", Algorithm::EdDSA)]));
        tokens.reload().unwrap();
        file.write(&json!({ "keys": [good["keys"][0], bad] }).to_string());
        assert_eq!((tokens.reload().unwrap(), taken()), (true, [false, true]), "{bad}");
        assert!(Tokens::load(&options).is_err(), "{bad}");
    }
    // one of a kind that is unknown here is none of ours
    file.write(&json!({ "keys": [good["keys"][0], { "kty": "unheard of", "kid": "one" }] }).to_string());
    assert!(tokens.reload().unwrap() && taken() == [false, true] && Tokens::load(&options).is_ok());
    // What is no JWKS, or not there, says nothing.
    for broken in ["", "{", "[]", "<html></html>"] {
        file.write(broken);
        assert!(tokens.reload().is_err() && taken() == [false, true], "{broken}");
    }
    fs::remove_file(&file.0).unwrap();
    assert!(tokens.reload().is_err() && taken() == [false, true]);
}

#[tokio::test]
async fn other_keys_in_the_file_count_soon_and_a_broken_file_changes_nothing() {
    let file = File::new("follow");
    file.write(&jwks(&[("one", Algorithm::EdDSA)]));
    let options = JwtOptions { jwt_key_file: None, jwt_jwks_file: Some(file.0.clone()), ..options(Algorithm::EdDSA) };
    let tokens = load(&options);
    let signer = Signer::new(Algorithm::EdDSA);
    let [one, two] = ["one", "two"].map(|kid| signer.with_kid(kid).of("alice"));
    let taken = |token: &str| tokens.verify(token, Utc::now()).is_some();
    assert_eq!((taken(&one), taken(&two), tokens.reload().unwrap()), (true, false, false));
    file.write("{");
    assert!(tokens.reload().is_err() && taken(&one));
    file.write(&jwks(&[("one", Algorithm::EdDSA), ("two", Algorithm::EdDSA)]));
    assert_eq!((tokens.reload().unwrap(), taken(&one), taken(&two)), (true, true, true));

    // a gateway follows by itself, and so do its sockets
    let (gateway, _database) = gateway(&options).await;
    let mut socket = Socket::of(&gateway.with_key(&one)).await;
    file.write(&jwks(&[("two", Algorithm::EdDSA)]));
    until("the key is gone", async || gateway.with_key(&one).send(OWN, json!({})).await["data"].is_null()).await;
    assert_eq!(gateway.with_key(&two).ask(OWN, json!({})).await["account"]["userId"], "alice");
    assert_eq!(socket.closed().await.0, 4403);
}

/// What is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(text)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_broken_file_is_logged_once_each_time_that_it_breaks() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let file = File::new("broken");
    let good = [&[("one", Algorithm::EdDSA)][..], &[("two", Algorithm::EdDSA)]].map(jwks);
    file.write(&good[0]);
    let options = JwtOptions { jwt_key_file: None, jwt_jwks_file: Some(file.0.clone()), ..options(Algorithm::EdDSA) };
    let tokens = Arc::new(load(&options));
    let following = tokio::spawn(tokens.clone().follow());
    let logged = |what: &str| String::from_utf8(log.0.lock().unwrap().clone()).unwrap().matches(what).count();
    for (round, good) in [(1, &good[1]), (2, &good[0])] {
        file.write("{");
        until("it is logged", async || logged("the keys of tokens stay as they were") == round).await;
        file.write(good);
        until("it is good", async || logged("keys of tokens read again") == round).await;
    }
    assert_eq!(logged("the keys of tokens stay as they were"), 2);
    following.abort();
}

#[tokio::test]
async fn a_socket_and_events_end_with_the_token() {
    let (gateway, _database, signer) = with_members().await;
    let token = signer.sign(&claims_but(json!({ "exp": Utc::now().timestamp_millis() as f64 / 1000.0 + 1.5 })));
    let gateway = gateway.with_key(&token);
    let subscription = r#"subscription { balanceChanged(userId: "alice") { version } }"#;
    let mut socket = Socket::with(&gateway, subscription).await;
    let mut events = Events::of(&gateway, subscription).await;
    assert_eq!(socket.event().await["version"], 4);
    assert_eq!(events.next().await.unwrap().1["data"]["balanceChanged"]["version"], 4);
    let (closed, reason) = socket.closed().await;
    assert_eq!(closed, 4403);
    let (_, last) = events.next().await.unwrap();
    assert_eq!(code(&last["errors"][0]), "UNAUTHENTICATED");
    assert!(reason.starts_with("Send a valid API key"), "{reason}");
    assert_eq!(events.next().await.map(|(name, _)| name), Some("complete".to_owned()));
    assert_eq!(code(&gateway.refused(OWN, json!({})).await), "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_member_acts_for_himself_and_it_is_stored_that_a_member_did() {
    let (gateway, database, signer) = with_members().await;
    let dora = gateway.with_key(&signer.of("dora"));
    let sign_in = json!({ "userId": "dora", "idempotencyKey": "today" });
    let first = dora.mutate("signIn", sign_in.clone()).await.unwrap();
    assert_eq!((&first["operation"]["client"], &first["operation"]["actor"]), (&json!("members"), &Value::Null));
    assert_eq!(dora.mutate("signIn", sign_in.clone()).await.unwrap()["replayed"], true);
    let asked = r#"{ operation(userId: "dora", idempotencyKey: "today") { client kind points } }"#;
    assert_eq!(dora.ask(asked, json!({})).await["operation"]["kind"], "SIGN_IN");
    // keys are those of members, not those of partners, nor of other members
    assert_eq!(gateway.ask(asked, json!({})).await["operation"], Value::Null);
    assert_eq!(code(&gateway.mutate("signIn", sign_in).await.unwrap_err()), "ALREADY_SIGNED_IN");
    let rosa = gateway.with_key(&signer.of("rosa"));
    let other = rosa.mutate("signIn", json!({ "userId": "rosa", "idempotencyKey": "today" })).await.unwrap();
    assert_eq!(other["replayed"], false);

    // where a member is, and what an order was, is the host's to tell
    let placed = json!({ "userId": "nora", "idempotencyKey": "1", "origin": { "device": "another's" } });
    let nora = gateway.with_key(&signer.of("nora"));
    assert_eq!(code(&nora.mutate("signIn", placed).await.unwrap_err()), "FORBIDDEN");
    let input = json!({ "userId": "alice", "reward": "X", "idempotencyKey": "1", "orderKey": "o", "orderAmount": "1" });
    let alice = gateway.with_key(&signer.of("alice"));
    assert_eq!(code(&alice.mutate("redeemReward", input).await.unwrap_err()), "FORBIDDEN");

    // and psql in their name is held by the same rule
    let client = database.client().await;
    for (sql, state) in [
        ("select api.earn_points('dora', 'SIGN_IN', 'x', p_client => 'members')", "LP003"),
        ("select api.spend_points('dora', 1, 'x', p_client => 'members')", "LP003"),
        ("select api.adjust_points('dora', 1, 'x', 'r', 'a', p_client => 'members')", "LP003"),
        ("select api.hold_points('dora', 1, 'x', p_client => 'members')", "LP003"),
        ("select api.reverse_transfer('dora', gen_random_uuid(), 'x', p_client => 'members')", "LP003"),
        ("select api.merge_accounts('dora', 'rosa', 'x', 'r', 'a', p_client => 'members')", "LP003"),
        ("select api.erase_member('dora', 'x', 'r', 'a', p_client => 'members')", "LP003"),
        ("select api.create_rule('MINE', 'Mine', p_idempotency_key => 'x', p_client => 'members')", "LP003"),
        ("select api.create_client('members', null, '{adjust}')", "LP001"),
    ] {
        let error = client.batch_execute(sql).await.unwrap_err();
        assert_eq!(error.code().map(|code| code.code()), Some(state), "{sql}: {error:?}");
    }
}

#[tokio::test]
async fn of_another_member_there_is_forbidden_and_nothing_else() {
    let (gateway, _database, signer) = with_members().await;
    gateway.grant("alice", 5, "grant", None).await;
    let alice = gateway.with_key(&signer.of("alice"));
    // whether the other is there or not
    let refused = alice.send(r#"{ account(userId: "bob") { version } }"#, json!({})).await;
    assert_eq!(refused, alice.send(r#"{ account(userId: "nobody") { version } }"#, json!({})).await);
    assert!(refused["data"]["account"].is_null(), "{refused}");
    assert_eq!(refused["errors"][0]["extensions"], json!({ "code": "FORBIDDEN", "retryable": false }));
    // under another name, in a fragment, by a variable, beside one's own
    let query = r#"query($other: ID!) { mine: account(userId: "alice") { userId } ...theirs }
        fragment theirs on Query { account: account(userId: $other) { userId } }"#;
    let mixed = alice.send(query, json!({ "other": "bob" })).await;
    assert_eq!(mixed["data"], json!({ "mine": { "userId": "alice" } }));
    assert_eq!(mixed["errors"].as_array().unwrap().iter().map(code).collect::<Vec<_>>(), ["FORBIDDEN"]);

    // what the host keeps with an entry is not for members
    let entries =
        r#"{ account(userId: "alice") { entries(first: 1) { nodes { operation { reason actor metadata } } } } }"#;
    let seen = alice.send(entries, json!({})).await;
    assert_eq!(seen["data"]["account"]["entries"]["nodes"], json!([{ "operation": { "reason": "test" } }]));
    assert_eq!(seen["errors"].as_array().unwrap().iter().map(code).collect::<Vec<_>>(), ["FORBIDDEN"; 2]);
    let node = &gateway.ask(entries, json!({})).await["account"]["entries"]["nodes"][0]["operation"];
    assert_eq!(node["actor"], "tester");
}

#[tokio::test]
async fn members_see_nothing_of_the_risk_rules_that_their_awards_met() {
    let (gateway, database, signer) = with_members().await;
    for (code, decision, mode) in [("WATCHED", "deny", "watch"), ("REVIEWED", "review", "on")] {
        let rule = format!(
            "select api.set_risk_rule('{code}', 'x', '{{ORDER}}', 'window_points', '{decision}', '{mode}', '{code}', 1, 60)"
        );
        database.client().await.batch_execute(&rule).await.unwrap();
    }
    let order = json!({ "userId": "alice", "rule": "ORDER", "amount": 7, "idempotencyKey": "o" });
    let earned = gateway.mutate("earnPoints", order).await.unwrap();
    let risk = json!({ "decision": "review", "reasons": ["REVIEWED"], "watched": ["WATCHED"] });
    assert_eq!(earned["operation"]["details"]["risk"], risk);
    let entries = r#"{ account(userId: "alice") { entries(first: 1) { nodes { operation { kind details } } } } }"#;
    let seen = gateway.ask(entries, json!({})).await;
    assert_eq!(seen["account"]["entries"]["nodes"][0]["operation"]["details"]["risk"], risk);
    let seen = gateway.with_key(&signer.of("alice")).ask(entries, json!({})).await;
    assert_eq!(seen["account"]["entries"]["nodes"], json!([{ "operation": { "kind": "EARN", "details": null } }]));
}

#[tokio::test]
async fn members_give_offer_accept_and_decline_and_see_their_side_alone() {
    let (gateway, database, signer) = with_members().await;
    gateway.grant("alice", 100, "grant", None).await;
    let [alice, bob, rosa] = ["alice", "bob", "rosa"].map(|user| gateway.with_key(&signer.of(user)));
    let send = async |by: &Gateway, field: &str, mut input: Value, fields: &str| {
        input["userId"] = json!("alice");
        let capital = field[..1].to_uppercase() + &field[1..];
        let capital = if ["acceptTransfer", "declineTransfer"].contains(&field) { "AnswerTransfer" } else { &capital };
        let query = format!("mutation($input: {capital}Input!) {{ {field}(input: $input) {{ {fields} }} }}");
        by.send(&query, json!({ "input": input })).await
    };
    let given = send(
        &alice,
        "transferPoints",
        json!({ "toUserId": "bob", "points": 5, "idempotencyKey": "k" }),
        "account { userId } entry { availableDelta } receiver { userId }",
    )
    .await;
    assert_eq!(
        given["data"]["transferPoints"],
        json!({ "account": { "userId": "alice" }, "entry": { "availableDelta": -5 } })
    );
    assert_eq!(given["errors"].as_array().unwrap().iter().map(code).collect::<Vec<_>>(), ["FORBIDDEN"]);

    let mut offers = Vec::new();
    for (to, key) in [("bob", "o1"), ("rosa", "o2"), ("bob", "o3")] {
        let input = json!({ "toUserId": to, "points": 10, "idempotencyKey": key, "accept": true });
        let offered = send(&alice, "transferPoints", input, "operation { id }").await;
        offers.push(offered["data"]["transferPoints"]["operation"]["id"].as_str().expect("an offer").to_owned());
    }
    // not the giver for the receiver, nor another for him, nor a receiver for the giver
    let answer = |offer: usize, to: &str, key: &str| json!({ "toUserId": to, "transferId": offers[offer], "idempotencyKey": key });
    for (by, field, input) in [
        (&alice, "acceptTransfer", answer(0, "bob", "x")),
        (&rosa, "acceptTransfer", answer(0, "bob", "x")),
        (&rosa, "declineTransfer", answer(0, "bob", "x")),
        (&bob, "cancelTransfer", json!({ "transferId": offers[0], "idempotencyKey": "x" })),
    ] {
        assert_eq!(code(&send(by, field, input, "replayed").await["errors"][0]), "FORBIDDEN", "{field}");
    }
    // nor anything on an account that has offered nothing, which is not even made
    for (user, offer) in
        [("alice", offers[1].clone()), ("nobody", offers[0].clone()), ("alice", uuid::Uuid::new_v4().to_string())]
    {
        let query = "mutation($input: AnswerTransferInput!) { acceptTransfer(input: $input) { replayed } }";
        let input = json!({ "userId": user, "toUserId": "bob", "transferId": offer, "idempotencyKey": "litter" });
        let refused = bob.send(query, json!({ "input": input })).await;
        assert_eq!(code(&refused["errors"][0]), "UNKNOWN_OPERATION", "{user}");
    }
    let litter = "select (select count(*) from points.operation where idempotency_key = 'litter') + (select count(*) from points.account where user_id = 'nobody')";
    assert_eq!(database.client().await.query_one(litter, &[]).await.unwrap().get::<_, i64>(0), 0);
    // The same key for both who answer, and the giver's own: no two meet.
    let fields = "replayed operation { client points entry { seq } } entry { availableAfter } account { userId } receiver { userId }";
    for replayed in [false, true] {
        for (by, user, offer) in [(&bob, "bob", 0), (&rosa, "rosa", 1)] {
            let accepted = send(by, "acceptTransfer", answer(offer, user, "k"), fields).await;
            let expected = json!({
                "replayed": replayed, "operation": { "client": "members", "points": 10 }, "receiver": { "userId": user },
            });
            assert_eq!(accepted["data"]["acceptTransfer"], expected, "{accepted}");
            assert_eq!(accepted["errors"].as_array().unwrap().iter().map(code).collect::<Vec<_>>(), ["FORBIDDEN"; 3]);
        }
    }
    let declined =
        send(&bob, "declineTransfer", answer(2, "bob", "k2"), "operation { kind } receiver { userId }").await;
    assert_eq!(declined["data"]["declineTransfer"]["operation"]["kind"], "RELEASE", "{declined}");
    assert_eq!(
        bob.ask(r#"{ account(userId: "bob") { balance { transferred } } }"#, json!({})).await["account"]["balance"]["transferred"],
        15
    );
}

#[tokio::test]
async fn members_see_the_campaigns_that_run() {
    let (gateway, database, signer) = with_members().await;
    let at = |hours| (Utc::now() + TimeDelta::hours(hours)).to_rfc3339();
    let create = format!(
        "select api.create_campaign('NOW', 'Now', 'multiplier', '{{ORDER}}', 'c1', p_multiplier => 2, p_budget => 100, p_starts_at => '{}'),
                api.create_campaign('SOON', 'Soon', 'multiplier', '{{ORDER}}', 'c2', p_multiplier => 2, p_starts_at => '{}')",
        at(-1),
        at(1)
    );
    database.client().await.batch_execute(&create).await.unwrap();
    let alice = gateway.with_key(&signer.of("alice"));
    let query =
        r#"{ campaigns { nodes { code } } now: campaign(code: "NOW") { code } soon: campaign(code: "SOON") { code } }"#;
    let all = gateway.ask(query, json!({})).await;
    assert_eq!(
        (&all["campaigns"]["nodes"], &all["soon"]),
        (&json!([{ "code": "NOW" }, { "code": "SOON" }]), &json!({ "code": "SOON" }))
    );
    let running = alice.ask(query, json!({})).await;
    assert_eq!((&running["campaigns"]["nodes"], &running["soon"]), (&json!([{ "code": "NOW" }]), &Value::Null));
    let budget = alice.send(r#"{ campaign(code: "NOW") { remainingBudget } }"#, json!({})).await;
    assert_eq!(
        (&budget["data"]["campaign"]["remainingBudget"], code(&budget["errors"][0])),
        (&Value::Null, "FORBIDDEN")
    );
}
