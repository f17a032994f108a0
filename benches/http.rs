//! The least HTTP/1.1 client that will do: one request at a time on a connection that is kept. The
//! load generator shares its cores with what it measures, and this takes about 4 microseconds of
//! CPU a request where hyper took more than 6.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Answers are a few kilobytes at most: a batch of 100 union members.
const LARGEST_ANSWER: usize = 1 << 20;

pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 16 * 1024] })
    }

    /// Sends a whole request, head and body, and reads the whole answer.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        let mut head = None;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).await?;
            if read == 0 {
                return Err(Error::new(ErrorKind::UnexpectedEof, "the server closed the connection"));
            }
            filled += read;
            if head.is_none() {
                head = Head::parse(&self.buffer[..filled])?;
            }
            if let Some(Head { status, body, length }) = head {
                let end = body + length;
                if filled >= end {
                    return Ok(Answer { status, body: &self.buffer[body..end] });
                }
                if end > LARGEST_ANSWER {
                    return Err(Error::new(ErrorKind::InvalidData, "the answer is too long"));
                }
                if end > self.buffer.len() {
                    self.buffer.resize(end, 0);
                }
            } else if filled == self.buffer.len() {
                return Err(Error::new(ErrorKind::InvalidData, "the head of the answer is too long"));
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Head {
    status: u16,
    /// Where the body starts.
    body: usize,
    length: usize,
}

impl Head {
    /// None while the head is incomplete.
    fn parse(bytes: &[u8]) -> Result<Option<Head>> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(None);
        };
        let invalid = |text: &str| Error::new(ErrorKind::InvalidData, text);
        let text = std::str::from_utf8(&bytes[..end]).map_err(|_| invalid("the head of the answer is no text"))?;
        let mut lines = text.split("\r\n");
        let status = lines
            .next()
            .and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok())
            .ok_or_else(|| invalid("the answer is not HTTP/1.1"))?;
        let length = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, value)| value.trim().parse().ok())
            .ok_or_else(|| invalid("the answer has no content-length"))?;
        Ok(Some(Head { status, body: end + 4, length }))
    }
}
