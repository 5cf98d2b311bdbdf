//! A connection with at most one request in flight.

use std::future::pending;
use std::io::ErrorKind;
use std::net::SocketAddr;

use httparse::{EMPTY_HEADER, Response, Status, parse_chunk_size};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::ReadHalf;

pub(super) struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    request: Vec<u8>,
    /// The number of bytes that [`push`](Self::push) has sent.
    sent: usize,
    /// Whether the server closes it, or has responded before the whole request was sent.
    is_over: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    length: usize,
    closes: bool,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a server that accepts");
        stream.set_nodelay(true).expect("a socket");
        Self { address, stream, request: Vec::new(), sent: 0, is_over: false }
    }

    /// Reopens a connection that the server has closed, as many servers do after some idle seconds.
    pub(super) async fn renew(&mut self) {
        let is_open = self.stream.try_read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        if self.is_over || !is_open {
            let request = std::mem::take(&mut self.request);
            *self = Self { request, ..Self::open(self.address).await };
        }
    }

    pub(super) fn fill(&mut self, request: &[u8]) {
        self.request.clear();
        self.request.extend_from_slice(request);
        self.sent = 0;
    }

    /// Sends the request. Returns `None` if the server closes the connection without a response.
    pub(super) async fn ask(&mut self) -> Option<Answer> {
        let (mut read, mut write) = self.stream.split();
        // The read reports an error, after a response that the server may have sent first.
        _ = write.write_all(&self.request).await;
        let answer = read_answer(&mut read).await;
        self.is_over = answer.is_none_or(|answer| answer.closes);
        answer
    }

    /// Sends as much of the request as the server takes now, except for its last byte. Returns the
    /// number of bytes sent so far.
    pub(super) fn push(&mut self) -> usize {
        while let Ok(length @ 1..) = self.stream.try_write(&self.request[self.sent..self.request.len() - 1]) {
            self.sent += length;
        }
        self.sent
    }

    /// Sends the rest of the request, unless the server responds before.
    pub(super) async fn finish(&mut self) -> Option<Answer> {
        let (mut read, mut write) = self.stream.split();
        let mut is_sent = false;
        let send = async {
            is_sent = write.write_all(&self.request[self.sent..]).await.is_ok();
            pending().await
        };
        let answer = tokio::select! {
            answer = read_answer(&mut read) => answer,
            never = send => never,
        };
        self.is_over = !is_sent || answer.is_none_or(|answer| answer.closes);
        answer
    }
}

async fn read_answer(stream: &mut ReadHalf<'_>) -> Option<Answer> {
    let (mut received, mut length) = ([0; 4096], 0);
    loop {
        match stream.read(&mut received[length..]).await {
            Ok(more) if more > 0 => length += more,
            _ => return None,
        }
        if let Some(answer) = Answer::read(&received[..length]) {
            assert_eq!(answer.length, length, "more than an answer");
            return Some(answer);
        }
    }
}

impl Answer {
    /// Parses a response. Returns `None` while it is incomplete.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut headers = [EMPTY_HEADER; 48];
        let mut response = Response::new(&mut headers);
        let Status::Complete(head) = response.parse(bytes).expect("an answer of HTTP/1.1") else { return None };
        let header = |name: &str| {
            let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
            std::str::from_utf8(header.value).ok()
        };
        let has = |name: &str, what: &str| header(name).is_some_and(|value| value.eq_ignore_ascii_case(what));
        let length = match header("content-length") {
            Some(length) => length.parse().expect("a content-length"),
            None if has("transfer-encoding", "chunked") => chunked(&bytes[head..])?,
            // Node answers so when it gives up on a request.
            None if has("connection", "close") => bytes.len() - head,
            None => panic!("an answer without its length: {}", String::from_utf8_lossy(&bytes[..head])),
        };
        let (status, closes) = (response.code.expect("a status"), has("connection", "close"));
        (bytes.len() >= head + length).then_some(Self { status, length: head + length, closes })
    }
}

/// Returns the length of a chunked body without trailers.
fn chunked(bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    loop {
        let Status::Complete((line, size)) = parse_chunk_size(bytes.get(length..)?).expect("a chunk") else {
            return None;
        };
        length += line + size as usize + 2;
        if size == 0 {
            return Some(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_at_its_last_byte() {
        let with_length = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ndate: now\r\n\r\nok";
        let chunks = "HTTP/1.1 503 No\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
        let until_closed = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";
        assert_eq!(Answer::read(until_closed.as_bytes()).map(|answer| answer.status), Some(408));
        for (text, status, closes) in [(with_length, 200, false), (chunks, 503, true)] {
            assert_eq!(Answer::read(text.as_bytes()), Some(Answer { status, length: text.len(), closes }));
            for cut in 0..text.len() {
                assert_eq!(Answer::read(&text.as_bytes()[..cut]), None, "cut at {cut}");
            }
        }
    }
}
