//! TLS of the gateway itself: HTTP/1.1 and WebSockets over TLS 1.2 or 1.3, by a certificate that is followed when it changes.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::serve::Listener;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::{AbortHandle, JoinSet},
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tracing::{debug, info, warn};

use crate::config::TlsOptions;

/// How long a client may take for its handshake.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Handshakes at a time; further connections wait.
const MAX_HANDSHAKES: usize = 4_096;
/// How often the files are looked at for another certificate.
pub const RELOAD: Duration = Duration::from_secs(2);
/// Connections that are ready for the server.
const READY: usize = 64;

/// Why the certificate can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("cannot read {path}: {error}")]
    Unreadable {
        /// Which one.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// What is in it can't be used.
    #[error("{path} {fault}")]
    Bad {
        /// Which one.
        path: String,
        /// What is wrong with it.
        fault: String,
    },
}

/// A certificate with its key.
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    /// Of both files.
    content: (Vec<u8>, Vec<u8>),
    config: Arc<ServerConfig>,
}

impl Tls {
    /// What the options say; None: the gateway speaks plain HTTP.
    pub fn load(options: &TlsOptions) -> Result<Option<Self>, TlsError> {
        // Each requires the other.
        let (Some(certificate), Some(key)) = (&options.tls_cert, &options.tls_key) else { return Ok(None) };
        let content = (read(certificate)?, read(key)?);
        let config = configuration(certificate, key, &content)?;
        Ok(Some(Tls { certificate: certificate.clone(), key: key.clone(), content, config }))
    }

    /// Takes connections from a listener that is open.
    pub fn listen(self, listener: TcpListener) -> io::Result<TlsListener> {
        let address = listener.local_addr()?;
        let (sender, ready) = mpsc::channel(READY);
        let accepting = tokio::spawn(accept(listener, self, sender)).abort_handle();
        Ok(TlsListener { address, ready, accepting })
    }

    /// Reads the files again. True: they have another certificate, or another key.
    fn reload(&mut self) -> Result<bool, TlsError> {
        let content = (read(&self.certificate)?, read(&self.key)?);
        if content == self.content {
            return Ok(false);
        }
        self.config = configuration(&self.certificate, &self.key, &content)?;
        self.content = content;
        Ok(true)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| TlsError::Unreadable { path: path.display().to_string(), error })
}

fn configuration(certificate: &Path, key: &Path, content: &(Vec<u8>, Vec<u8>)) -> Result<Arc<ServerConfig>, TlsError> {
    let bad = |path: &Path, fault: String| TlsError::Bad { path: path.display().to_string(), fault };
    let chain = CertificateDer::pem_slice_iter(&content.0)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| bad(certificate, format!("is not in PEM: {error}")))?;
    if chain.is_empty() {
        return Err(bad(certificate, "has no certificate in PEM".to_owned()));
    }
    let private = PrivateKeyDer::from_pem_slice(&content.1)
        .map_err(|_| bad(key, "has no private key in PEM without a password".to_owned()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|error| bad(certificate, format!("and {} can't be used: {error}", key.display())))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Connections whose handshake is done.
pub struct TlsListener {
    address: SocketAddr,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    accepting: AbortHandle,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // It goes on for as long as this is here.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Makes handshakes, for ever; each apart, so that a slow one holds up no other.
async fn accept(mut listener: TcpListener, mut tls: Tls, sender: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>) {
    let mut handshakes = JoinSet::new();
    let mut look = interval(RELOAD);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut said = String::new();
    loop {
        tokio::select! {
            (stream, address) = Listener::accept(&mut listener), if handshakes.len() < MAX_HANDSHAKES => {
                let (acceptor, sender) = (TlsAcceptor::from(tls.config.clone()), sender.clone());
                handshakes.spawn(async move {
                    match timeout(PATIENCE, shake_hands(acceptor, stream)).await {
                        // An error: the server has stopped.
                        Ok(Ok(stream)) => sender.send((stream, address)).await.unwrap_or_default(),
                        Ok(Err(error)) => debug!("no TLS with {address}: {error}"),
                        Err(_) => debug!("no TLS with {address}: too slow"),
                    }
                });
            }
            Some(_) = handshakes.join_next() => {}
            _ = look.tick() => match tls.reload() {
                Ok(changed) => {
                    said.clear();
                    if changed {
                        info!("the certificate was read again from {}", tls.certificate.display());
                    }
                }
                Err(error) if error.to_string() == said => {}
                Err(error) => {
                    said = error.to_string();
                    warn!("the certificate stays as it was: {said}");
                }
            },
        }
    }
}

async fn shake_hands(acceptor: TlsAcceptor, mut stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    // TLS is written in many small pieces.
    stream.set_nodelay(true)?;
    let mut first = [0];
    // A handshake begins with another byte.
    if stream.peek(&mut first).await? == 1 && first[0].is_ascii_uppercase() {
        return Err(say_https(&mut stream).await);
    }
    acceptor.accept(stream).await
}

/// Whoever comes with plain HTTP is told.
async fn say_https(stream: &mut TcpStream) -> io::Error {
    const WORDS: &str = "This port speaks https: ask it by https:// or wss://.\n";
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{WORDS}",
        WORDS.len()
    );
    // What was not read when a connection is closed would take the answer with it.
    let said = async {
        let _length = stream.read(&mut [0; 4096]).await?;
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await
    };
    said.await.err().unwrap_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it speaks plain HTTP"))
}
