//! A gateway that speaks TLS itself.

use std::{fs, path::Path, sync::Arc, time::Duration};

use futures_util::{FutureExt, SinkExt, StreamExt};
use jifen::{
    config::{Exposure, TlsOptions},
    database,
    server::{self, Listening, tls::Tls},
};
use reqwest::Certificate;
use rustls::{ClientConfig, RootCertStore, pki_types::pem::PemObject};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

use super::{Gateway, socket::TRANSPORT, until};
use crate::{
    common::{Authority, Database},
    process::Directory,
};

const HOST: &str = "points.example";
const SIGN_IN: &str = r#"mutation {
    earnPoints(input: { userId: "dora", rule: "SIGN_IN", idempotencyKey: "1" }) { account { version } }
}"#;

fn options(files: &(std::path::PathBuf, std::path::PathBuf)) -> TlsOptions {
    TlsOptions { tls_cert: Some(files.0.clone()), tls_key: Some(files.1.clone()) }
}

struct Secure {
    plain: Gateway,
    authority: Authority,
    directory: Directory,
    stop: oneshot::Sender<()>,
    _database: Database,
}

impl Secure {
    async fn start(name: &str) -> Secure {
        let directory = Directory::new(name);
        let authority = Authority::new("A");
        let files = authority.write(&[HOST], &directory.0);
        let (first, database) = Gateway::new().await;
        let config = database::parse_url(&database.url()).unwrap();
        let ready = server::router(&config, None, &Exposure::default()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let listener = Tls::load(&options(&files)).unwrap().unwrap().listen(listener).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(server::serve(Listening::Tls(listener), ready, stopped.map(drop).boxed()));
        let plain = Gateway::at(address, &first.key);
        Secure { plain, authority, directory, stop, _database: database }
    }

    fn client(&self, authority: &Authority) -> reqwest::Client {
        let root = Certificate::from_pem(authority.pem().as_bytes()).unwrap();
        let builder = reqwest::Client::builder().no_proxy().tls_certs_only([root]);
        builder.resolve(HOST, self.plain.address).build().unwrap()
    }

    async fn ask(&self, client: &reqwest::Client, query: &str) -> reqwest::Result<Value> {
        let url = format!("https://{HOST}:{}/graphql", self.plain.address.port());
        let request = client.post(url).bearer_auth(&self.plain.key).json(&json!({ "query": query }));
        request.send().await?.json().await
    }

    async fn tls(&self) -> tokio_rustls::client::TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(rustls::pki_types::CertificateDer::from_pem_slice(self.authority.pem().as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_root_certificates(roots).with_no_client_auth();
        let stream = TcpStream::connect(self.plain.address).await.unwrap();
        TlsConnector::from(Arc::new(config)).connect(HOST.try_into().unwrap(), stream).await.unwrap()
    }
}

/// All that comes until the other side ends or cuts the connection.
async fn to_its_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // An error is an end, too.
    timeout(Duration::from_secs(30), stream.read_to_end(&mut bytes)).await.expect("it stays open").ok();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn queries_mutations_and_subscriptions_go_over_tls() {
    let secure = Secure::start("tls").await;
    let client = secure.client(&secure.authority);
    let answer = secure.ask(&client, SIGN_IN).await.unwrap();
    assert_eq!(answer, json!({ "data": { "earnPoints": { "account": { "version": 1 } } } }));

    let mut request = format!("wss://{HOST}/graphql/ws").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", TRANSPORT.parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::client_async(request, secure.tls().await).await.unwrap();
    let bearer = format!("Bearer {}", secure.plain.key);
    let live = r#"subscription { balanceChanged(userId: "dora") { version } }"#;
    for message in [
        json!({ "type": "connection_init", "payload": { "authorization": bearer } }),
        json!({ "type": "subscribe", "id": "s", "payload": { "query": live } }),
    ] {
        socket.send(Message::text(message.to_string())).await.unwrap();
    }
    let mut next = async || loop {
        let message = timeout(Duration::from_secs(30), socket.next()).await.unwrap().unwrap().unwrap();
        match message {
            Message::Text(text) => return serde_json::from_str::<Value>(&text).unwrap(),
            Message::Close(frame) => return json!({ "closed": u16::from(frame.unwrap().code) }),
            _ => {}
        }
    };
    assert_eq!(next().await["type"], "connection_ack");
    assert_eq!(next().await["payload"]["data"]["balanceChanged"]["version"], 1);
    let again = SIGN_IN.replace("\"1\"", "\"2\"");
    secure.ask(&client, &again).await.unwrap();
    assert_eq!(next().await["payload"]["data"]["balanceChanged"]["version"], 2);

    // it stops as quietly as without TLS
    drop(secure.stop);
    assert_eq!(next().await, json!({ "closed": 1001 }));
    let address = secure.plain.address;
    until("it listens no more", async || TcpStream::connect(address).await.is_err()).await;
}

#[tokio::test]
async fn what_is_no_tls_or_too_slow_is_sent_away_and_holds_nobody_up() {
    let secure = Secure::start("tls-wrong").await;
    let mut silent = TcpStream::connect(secure.plain.address).await.unwrap();
    let mut half = TcpStream::connect(secure.plain.address).await.unwrap();
    half.write_all(&[0x16, 3, 1, 2, 0]).await.unwrap();

    let mut plain = TcpStream::connect(secure.plain.address).await.unwrap();
    plain.write_all(b"POST /graphql HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
    let answer = to_its_end(&mut plain).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("This port speaks https"), "{answer}");
    for garbage in [&b"\0\0\0\0"[..], &[0x16, 3, 1, 0, 4, 1, 2, 3, 4], &[0xff; 3000], b"\n"] {
        let mut stream = TcpStream::connect(secure.plain.address).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        let answer = to_its_end(&mut stream).await;
        assert!(!answer.contains("HTTP"), "{answer}");
    }
    // a client that trusts another authority, or asks for another host, does not go on
    let other = Authority::new("B");
    secure.ask(&secure.client(&other), SIGN_IN).await.unwrap_err();
    let root = Certificate::from_pem(secure.authority.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().unwrap();
    client.get(format!("https://{}/healthz", secure.plain.address)).send().await.unwrap_err();

    let client = secure.client(&secure.authority);
    assert_eq!(secure.ask(&client, SIGN_IN).await.unwrap()["data"]["earnPoints"]["account"]["version"], 1);
    assert_eq!(to_its_end(&mut silent).await, "");
    assert_eq!(to_its_end(&mut half).await, "");
}

#[tokio::test]
async fn another_certificate_is_taken_up_and_a_bad_one_is_not() {
    let secure = Secure::start("tls-renewed").await;
    let query = "{ __typename }";
    // each client makes a connection of its own
    assert!(secure.ask(&secure.client(&secure.authority), query).await.is_ok());
    fs::write(secure.directory.0.join("tls.key"), "nothing").unwrap();
    tokio::time::sleep(server::tls::RELOAD * 2).await;
    assert!(secure.ask(&secure.client(&secure.authority), query).await.is_ok());

    let renewed = Authority::new("B");
    renewed.write(&[HOST], &secure.directory.0);
    until("it is taken up", async || secure.ask(&secure.client(&renewed), query).await.is_ok()).await;
    assert!(secure.ask(&secure.client(&secure.authority), query).await.is_err());
}

#[test]
fn a_certificate_that_can_t_be_used_is_refused_with_words() {
    let directory = Directory::new("tls-bad");
    let authority = Authority::new("A");
    let (certificate, key) = authority.write(&[HOST], &directory.0);
    let other = directory.0.join("other.key");
    fs::write(&other, authority.sign(&[HOST]).1).unwrap();
    let empty = directory.0.join("empty");
    fs::write(&empty, "").unwrap();
    let absent = directory.0.join("absent");
    let load = |certificate: &Path, key: &Path| {
        let options = options(&(certificate.to_owned(), key.to_owned()));
        Tls::load(&options).err().unwrap().to_string()
    };
    for (told, words) in [
        (load(&absent, &key), "absent: No such file"),
        (load(&certificate, &absent), "absent: No such file"),
        (load(&empty, &key), "has no certificate in PEM"),
        (load(&key, &key), "has no certificate in PEM"),
        (load(&certificate, &empty), "has no private key in PEM without a password"),
        (load(&certificate, &certificate), "has no private key in PEM without a password"),
        (load(&certificate, &other), "can't be used: keys may not be consistent: KeyMismatch"),
    ] {
        assert!(told.contains(words) && told.contains("jifen-test-"), "{told}");
    }
}
