//! An HTTP/1.1 client that sends raw bytes, including those that no library would send.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Status(u16),
    /// An HTTP/2 connection that ended with this error.
    GoAway(u32),
    /// An HTTP/2 stream that ended with this error.
    Reset(u32),
    /// The connection was closed without an answer.
    Closed,
    /// Nothing was answered, and the connection is still open.
    Open,
}

impl Outcome {
    /// Returns the outcome without HTTP/2's error code.
    pub fn name(self) -> String {
        match self {
            Self::GoAway(_) => "goaway".to_owned(),
            Self::Reset(_) => "reset".to_owned(),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::GoAway(error) => write!(f, "goaway {error}"),
            Self::Reset(error) => write!(f, "reset {error}"),
            Self::Closed => f.write_str("closed"),
            Self::Open => f.write_str("open"),
        }
    }
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub outcome: Outcome,
    /// The head, in lower case.
    pub head: String,
    /// The body, as far as `content-length` announces it.
    pub body: String,
    /// Whether a 100 came first.
    pub continued: bool,
}

impl Answer {
    fn nothing(outcome: Outcome) -> Self {
        Self { outcome, head: String::new(), body: String::new(), continued: false }
    }
}

/// Connects without Nagle's algorithm, so that small writes are sent at once.
pub async fn connect(server: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends these pieces. Returns the first answer, even if it comes before everything is sent.
pub async fn ask(server: SocketAddr, pieces: &[&[u8]], patience: Duration) -> Answer {
    let Ok(stream) = connect(server).await else { return Answer::nothing(Outcome::Closed) };
    let (mut reader, mut writer) = stream.into_split();
    let writing = async {
        for piece in pieces {
            // A server that has answered may have closed the connection.
            if writer.write_all(piece).await.is_err() {
                break;
            }
        }
        std::future::pending().await
    };
    let mut unread = Vec::new();
    let reading = timeout(patience, answer(&mut reader, &mut unread));
    tokio::select! {
        answer = reading => answer.unwrap_or_else(|_| Answer::nothing(Outcome::Open)),
        never = writing => never,
    }
}

/// Reads one answer from a connection that is not read again.
pub async fn only_answer(reader: &mut (impl AsyncReadExt + Unpin)) -> Answer {
    answer(reader, &mut Vec::new()).await
}

/// Reads one answer with its body. Bytes after it stay in `unread`.
pub async fn answer(reader: &mut (impl AsyncReadExt + Unpin), unread: &mut Vec<u8>) -> Answer {
    let mut continued = false;
    loop {
        if let Some(end) = unread.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&unread[..end]).to_ascii_lowercase();
            let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            let length = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0);
            if status < 200 {
                continued |= status == 100;
                unread.drain(..end + 4);
                continue;
            }
            if unread.len() >= end + 4 + length {
                let bytes: Vec<u8> = unread.drain(..end + 4 + length).collect();
                let body = String::from_utf8_lossy(&bytes[end + 4..]).into_owned();
                return Answer { outcome: Outcome::Status(status), head, body, continued };
            }
        }
        if !matches!(reader.read_buf(unread).await, Ok(1..)) {
            return Answer { continued, ..Answer::nothing(Outcome::Closed) };
        }
    }
}
