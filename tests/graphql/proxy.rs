//! Stands between a gateway and PostgreSQL, and loses connections when asked to.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
};

use jifen::database;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{UnixListener, UnixStream},
};
use tokio_postgres::config::Host;

use crate::common::Database;

/// A request with this in it is cut off.
pub const MARK: &str = "cut-here";
const SOCKET: &str = ".s.PGSQL.5432";

/// At which moment a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// PostgreSQL never sees the request.
    BeforeTheRequest,
    /// PostgreSQL has carried it out, and nobody sees the answer.
    BeforeTheAnswer,
}

pub struct Proxy {
    directory: PathBuf,
    database: String,
    /// How many more requests to cut off.
    cuts: Arc<AtomicUsize>,
}

impl Proxy {
    pub async fn start(database: &Database, cut: Cut, cuts: usize) -> Proxy {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let config = database::parse_url(&database.url()).unwrap();
        let [Host::Unix(server)] = config.get_hosts() else { panic!("{config:?}") };
        let server = server.join(SOCKET);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let directory = PathBuf::from(format!("/tmp/jifen-proxy-{}-{number}", std::process::id()));
        std::fs::create_dir(&directory).unwrap();
        let listener = UnixListener::bind(directory.join(SOCKET)).unwrap();
        let cuts = Arc::new(AtomicUsize::new(cuts));
        let proxy = Proxy { directory, database: config.get_dbname().unwrap().to_owned(), cuts: cuts.clone() };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&server).await.unwrap();
                tokio::spawn(carry(client, server, cut, cuts.clone()));
            }
        });
        proxy
    }

    pub fn url(&self) -> String {
        format!("postgres://jifen@/{}?host={}", self.database, self.directory.display())
    }

    pub fn cut_no_more(&self) {
        self.cuts.store(0, Ordering::SeqCst);
    }

    pub fn cuts_left(&self) -> usize {
        self.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.directory).ok();
    }
}

/// Carries bytes both ways until either side ends or the connection is cut.
async fn carry(mut client: UnixStream, mut server: UnixStream, cut: Cut, cuts: Arc<AtomicUsize>) {
    let (mut asked, mut answered) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            Ok(length @ 1..) = client.read(&mut asked) => {
                let request = &asked[..length];
                let marked = request.windows(MARK.len()).any(|window| window == MARK.as_bytes());
                let lost = marked
                    && cuts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
                if lost && cut == Cut::BeforeTheRequest {
                    return;
                }
                if server.write_all(request).await.is_err() {
                    return;
                }
                if lost {
                    // The answer comes after the commit.
                    assert!(server.read(&mut answered).await.unwrap() > 0);
                    return;
                }
            }
            Ok(length @ 1..) = server.read(&mut answered) => {
                if client.write_all(&answered[..length]).await.is_err() {
                    return;
                }
            }
            else => return,
        }
    }
}
