//! The outcome of a request, as a row counts it.

use std::fmt;
use std::io::{ErrorKind, Result};
use std::net::SocketAddr;
use std::time::Duration;

use birdhook_test_harness::http_client::{self, read_answer};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Status(u16),
    /// An HTTP/2 connection that ended with this error.
    GoAway(u32),
    /// An HTTP/2 stream that ended with this error.
    Reset(u32),
    Closed,
    /// Nothing was answered, and the connection is still open.
    Open,
}

impl Outcome {
    /// Returns the outcome without HTTP/2's error code.
    pub fn name(self) -> String {
        self.to_string().split(' ').take(1).collect()
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
    pub content: http_client::Answer,
}

impl From<Result<http_client::Answer>> for Answer {
    fn from(answer: Result<http_client::Answer>) -> Self {
        let outcome = match &answer {
            Ok(answer) => Outcome::Status(answer.status),
            Err(error) if error.kind() == ErrorKind::TimedOut => Outcome::Open,
            Err(_) => Outcome::Closed,
        };
        Self { outcome, content: answer.unwrap_or_default() }
    }
}

/// Sends these pieces. Returns the first answer, even if it comes before everything is sent.
pub async fn ask(server: SocketAddr, pieces: &[&[u8]], limit: Duration) -> Answer {
    http_client::exchange(server, pieces, limit).await.into()
}

/// Reads one answer. Bytes after it stay in `unread`.
pub async fn answer(reader: &mut (impl AsyncReadExt + Unpin), unread: &mut Vec<u8>) -> Answer {
    read_answer(reader, unread).await.into()
}

/// Reads one answer from a connection that is not read again.
pub async fn only_answer(reader: &mut (impl AsyncReadExt + Unpin)) -> Answer {
    answer(reader, &mut Vec::new()).await
}

pub async fn answer_within(limit: Duration, reader: &mut (impl AsyncReadExt + Unpin)) -> Outcome {
    timeout(limit, only_answer(reader)).await.map_or(Outcome::Open, |answer| answer.outcome)
}
