//! The real gateway, as a child process.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use crate::Result;
use crate::http::Connection;
use crate::report::target_file;

pub const API_KEY: &str = "bench-key";
const LOG: &str = "bench-gateway.log";
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Gateway {
    child: Child,
    pub address: SocketAddr,
}

impl Gateway {
    /// Starts it on a free port and waits until it's ready: then the database is migrated, and
    /// has the rules of the demonstration program.
    pub async fn start(database_url: &str) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = File::create(target_file(LOG))?;
        let child = Command::new(env!("CARGO_BIN_EXE_jifen"))
            .args(["serve", "--demo"])
            .env("DATABASE_URL", database_url)
            .env("JIFEN_LISTEN", address.to_string())
            .env("JIFEN_DEV_KEY", API_KEY)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let mut gateway = Self { child, address };
        gateway.wait_until_ready().await?;
        Ok(gateway)
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("the gateway ended with {status}; {}", last_words()).into());
            }
            if self.is_ready().await.unwrap_or(false) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(format!("the gateway was not ready after {} s; {}", PATIENCE.as_secs(), last_words()).into())
    }

    async fn is_ready(&self) -> std::io::Result<bool> {
        let mut connection = Connection::open(self.address).await?;
        let request = b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n";
        let answer = tokio::time::timeout(Duration::from_secs(2), connection.exchange(request)).await??;
        Ok(answer.status == 200)
    }

    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    pub async fn stop(mut self) -> Result<()> {
        if let Some(pid) = self.child.id() {
            Command::new("kill").args(["-TERM", &pid.to_string()]).status().await?;
        }
        match tokio::time::timeout(Duration::from_secs(15), self.child.wait()).await {
            Ok(status) => {
                status?;
                Ok(())
            }
            Err(_) => {
                self.child.kill().await?;
                Err("the gateway did not stop within 15 s of SIGTERM".into())
            }
        }
    }
}

fn last_words() -> String {
    let path = target_file(LOG);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(10)..].join("\n");
    format!("its log, {}, ends with:\n{tail}", path.display())
}
