//! Stands between a gateway and PostgreSQL, and loses connections, requests and answers when asked to.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use jifen::database;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::JoinHandle,
};
use tokio_postgres::config::Host;

/// For requests that [`marked`] is about.
pub const MARK: &str = "cut-here";
const SOCKET: &str = ".s.PGSQL.5432";
/// How a complete answer ends: PostgreSQL is ready for the next request, outside a transaction.
const READY: &[u8] = b"Z\0\0\0\x05I";
/// How long a connection is silent at most.
const SILENCE: Duration = Duration::from_secs(30);

/// What befalls a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The connection is cut, and PostgreSQL never sees the request.
    CutBefore,
    /// The connection is cut while PostgreSQL works on the request.
    CutMeanwhile,
    /// PostgreSQL has committed; the connection is cut, and nobody sees the answer.
    CutAfter,
    /// PostgreSQL never sees the request; the connection stays open, and nothing comes.
    SilentBefore,
    /// PostgreSQL has committed; the connection stays open, and nothing comes.
    SilentAfter,
    /// The answer is late by so many milliseconds.
    Late(u64),
}

type Choose = dyn Fn(&[u8]) -> Option<Fault> + Send + Sync;

struct Way {
    server: PathBuf,
    choose: Box<Choose>,
    met: Mutex<BTreeMap<Fault, usize>>,
    dark: watch::Sender<bool>,
}

/// A proxy on a port of its own. Dropped, it takes no more connections.
pub struct Proxy {
    address: SocketAddr,
    database: String,
    way: Arc<Way>,
    listening: JoinHandle<()>,
}

impl Proxy {
    /// In front of this database. `choose` sees what a client sends, as it comes, and says what befalls it.
    pub async fn start(url: &str, choose: impl Fn(&[u8]) -> Option<Fault> + Send + Sync + 'static) -> Proxy {
        let config = database::parse_url(url).unwrap();
        let [Host::Unix(server)] = config.get_hosts() else { panic!("{config:?}") };
        let way = Arc::new(Way {
            server: server.join(SOCKET),
            choose: Box::new(choose),
            met: Mutex::default(),
            dark: watch::Sender::new(false),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let listening = tokio::spawn({
            let way = way.clone();
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    let way = way.clone();
                    // However it ends, both sides see their connection closed.
                    tokio::spawn(async move { way.carry(client).await.ok() });
                }
            }
        });
        Proxy { address, database: config.get_dbname().unwrap().to_owned(), way, listening }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self) -> String {
        format!("postgres://jifen@{}/{}?sslmode=disable", self.address, self.database)
    }

    /// How many requests have met which fault.
    pub fn met(&self) -> BTreeMap<Fault, usize> {
        self.way.met.lock().unwrap().clone()
    }

    /// Whether nothing is carried, though connections stay open and new ones are taken.
    pub fn set_dark(&self, dark: bool) {
        self.way.dark.send_replace(dark);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Befalls requests with [`MARK`] in them, until none of these faults are left.
pub fn marked(fault: Fault, left: Arc<AtomicUsize>) -> impl Fn(&[u8]) -> Option<Fault> {
    move |request| {
        let marked = request.windows(MARK.len()).any(|window| window == MARK.as_bytes());
        let take = || left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        (marked && take()).then_some(fault)
    }
}

impl Way {
    /// Carries bytes both ways until either side ends or something befalls them.
    async fn carry(&self, mut client: TcpStream) -> io::Result<()> {
        let mut server = UnixStream::connect(&self.server).await?;
        client.set_nodelay(true)?;
        let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
        let mut coming = None;
        // The end of the answer so far.
        let mut end = Vec::new();
        loop {
            tokio::select! {
                length = client.read(&mut asked) => {
                    let request = &asked[..length?];
                    if request.is_empty() {
                        return Ok(());
                    }
                    self.light().await;
                    if coming.is_none() {
                        coming = (self.choose)(request);
                        end.clear();
                    }
                    if let Some(fault @ (Fault::CutBefore | Fault::SilentBefore)) = coming {
                        return self.meet(fault, &mut client).await;
                    }
                    server.write_all(request).await?;
                    if let Some(fault @ Fault::CutMeanwhile) = coming {
                        return self.meet(fault, &mut client).await;
                    }
                }
                length = server.read(&mut answered) => {
                    let answer = &answered[..length?];
                    if answer.is_empty() {
                        return Ok(());
                    }
                    self.light().await;
                    end.extend_from_slice(&answer[answer.len().saturating_sub(READY.len())..]);
                    match coming {
                        Some(Fault::Late(time)) => {
                            self.meet(Fault::Late(time), &mut client).await?;
                            coming = None;
                        }
                        Some(fault) if end.ends_with(READY) => return self.meet(fault, &mut client).await,
                        Some(_) => continue,
                        None => {}
                    }
                    client.write_all(answer).await?;
                }
            }
        }
    }

    async fn meet(&self, fault: Fault, client: &mut TcpStream) -> io::Result<()> {
        let kind = if let Fault::Late(_) = fault { Fault::Late(0) } else { fault };
        *self.met.lock().unwrap().entry(kind).or_default() += 1;
        match fault {
            Fault::Late(time) => tokio::time::sleep(Duration::from_millis(time)).await,
            Fault::SilentBefore | Fault::SilentAfter => {
                let mut unread = vec![0; 1 << 16];
                let silent = async {
                    while client.read(&mut unread).await? > 0 {}
                    Ok(())
                };
                return tokio::time::timeout(SILENCE, silent).await.unwrap_or(Ok(()));
            }
            _ => {}
        }
        Ok(())
    }

    /// Waits while it is dark.
    async fn light(&self) {
        // The sender is our own.
        self.dark.subscribe().wait_for(|dark| !dark).await.ok();
    }
}
