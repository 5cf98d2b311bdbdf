//! A keep-alive connection with one request in flight. It also sends requests that no HTTP library
//! would.

use std::io::{Error, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The time limit for a response. A receiver that takes longer counts as hung.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    received: Vec<u8>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, received: Vec::new() }
    }

    /// Sends a request on the open connection, or on a new one.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<Answer, Error> {
        let asked = timeout(PATIENCE, self.exchange(request)).await;
        asked.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into())).inspect_err(|_| self.close())
    }

    /// Sends at most `after` bytes of the request and closes the connection.
    pub(crate) async fn cut_off(&mut self, request: &[u8], after: usize) -> Result<(), Error> {
        let stream = self.stream().await?;
        stream.write_all(&request[..after.min(request.len())]).await?;
        self.close();
        Ok(())
    }

    pub(crate) fn close(&mut self) {
        self.stream = None;
        self.received.clear();
    }

    async fn stream(&mut self) -> Result<&mut TcpStream, Error> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(stream);
        }
        Ok(self.stream.as_mut().unwrap())
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<Answer, Error> {
        self.stream().await?.write_all(request).await?;
        loop {
            if let Some((answer, is_last)) = self.answer()? {
                if is_last {
                    self.close();
                }
                return Ok(answer);
            }
            let stream = self.stream.as_mut().unwrap();
            if stream.read_buf(&mut self.received).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Returns the response once it is complete, and whether the receiver may close the connection.
    fn answer(&mut self) -> Result<Option<(Answer, bool)>, Error> {
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut head = httparse::Response::new(&mut headers);
        let parsed = head.parse(&self.received).map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
        let httparse::Status::Complete(start) = parsed else { return Ok(None) };
        let header = |name: &str| {
            let found = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
            found.and_then(|header| std::str::from_utf8(header.value).ok())
        };
        let length = header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        if self.received.len() < start + length {
            return Ok(None);
        }
        let status = head.code.unwrap_or(0);
        // The receiver may reject a request without reading its body, and then close the
        // connection.
        let is_last = header("connection") == Some("close") || (400..500).contains(&status);
        let body = self.received.drain(..start + length).skip(start).collect();
        Ok(Some((Answer { status, body }, is_last)))
    }
}
