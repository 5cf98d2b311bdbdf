//! An HTTP/1.1 client that writes raw bytes. It can be slow, abort, send chunks, lie about lengths
//! and send bodies late, which libraries do not allow.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::time::Duration;

use birdhook_core::{Secret, signature};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The path of the webhook on the servers under test.
pub const PATH: &str = "/webhooks/twitter";

/// The time limit for a response of a [`Request`].
const LIMIT: Duration = Duration::from_secs(20);

#[derive(Clone, Debug, Default)]
pub struct Request {
    method: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Option<Vec<u8>>,
    /// Another `Content-Length` than the length of the body.
    claimed: Option<String>,
    /// The size of the chunks of a chunked body.
    chunks: Option<usize>,
    /// The number of bytes of the body that are sent.
    stuck_after: Option<usize>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as far as `Content-Length` announces it, or the contents of its chunks.
    pub body: Vec<u8>,
    /// Whether a 100 came first.
    pub is_continued: bool,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

pub fn get(query: &str) -> Request {
    method("GET").with_query(query)
}

pub fn post(body: impl Into<Vec<u8>>) -> Request {
    Request { body: Some(body.into()), ..method("POST") }
}

pub fn method(method: &str) -> Request {
    Request { method: method.into(), ..Request::default() }
}

impl Request {
    pub fn signed(self, secret: &str) -> Self {
        let value = sign(secret, self.body());
        self.header(signature::HEADER, &value)
    }

    pub fn signed_oauth2(self, secret: &str) -> Self {
        let value = sign(secret, self.body());
        self.header(signature::HEADER_OAUTH2, &value)
    }

    pub fn query_signed(self, secret: &str) -> Self {
        let value = sign(secret, self.query.as_bytes());
        self.header(signature::HEADER, &value)
    }

    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.into(), value.as_ref().into()));
        self
    }

    /// Adds a header as a line, without a check.
    pub fn line(self, line: &str) -> Self {
        match line.split_once(": ") {
            Some((name, value)) => self.header(name, value),
            None => panic!("{line} is not a header"),
        }
    }

    pub fn with_query(mut self, query: &str) -> Self {
        self.query = query.into();
        self
    }

    /// Sends the body in chunks of this size, without a `Content-Length`.
    pub fn chunked(self, size: usize) -> Self {
        Self { chunks: Some(size), ..self }
    }

    /// Sends only this number of bytes of the body, then stalls.
    pub fn stuck_after(self, bytes: usize) -> Self {
        Self { stuck_after: Some(bytes), ..self }
    }

    /// Flips one bit of the body after it was signed.
    pub fn with_body_changed(mut self) -> Self {
        self.body.as_mut().unwrap()[2] ^= 1;
        self
    }

    pub fn claiming(self, claimed: &str) -> Self {
        Self { claimed: Some(claimed.into()), ..self }
    }

    /// Returns the request as bytes, for a connection that stays open.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.pieces(false).concat()
    }

    /// Returns the head of the request, for a connection that stays open.
    pub fn head(&self) -> Vec<u8> {
        self.pieces(false).swap_remove(0)
    }

    fn body(&self) -> &[u8] {
        self.body.as_deref().unwrap_or_default()
    }

    fn pieces(&self, closes: bool) -> Vec<Vec<u8>> {
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        let mut head = format!("{} {PATH}{query} HTTP/1.1\r\nHost: localhost\r\n", self.method);
        head += if closes { "Connection: close\r\n" } else { "" };
        if self.chunks.is_some() {
            head += "Transfer-Encoding: chunked\r\n";
        } else if self.body.is_some() {
            let length = self.claimed.clone().unwrap_or_else(|| self.body().len().to_string());
            head += &format!("Content-Length: {length}\r\n");
        }
        let mut head = head.into_bytes();
        for (name, value) in &self.headers {
            head.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        head.extend_from_slice(b"\r\n");
        let sent = &self.body()[..self.stuck_after.unwrap_or(usize::MAX).min(self.body().len())];
        let mut pieces = vec![head];
        match self.chunks {
            None => pieces.push(sent.to_vec()),
            Some(size) => {
                let frame = |chunk: &[u8]| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
                pieces.extend(sent.chunks(size).map(frame));
                // The last, empty chunk ends the body.
                pieces.extend(self.stuck_after.is_none().then(|| b"0\r\n\r\n".to_vec()));
            }
        }
        pieces
    }

    pub async fn send(&self, server: SocketAddr) -> Answer {
        self.try_send(server).await.unwrap_or_else(|error| panic!("no answer: {error}"))
    }

    /// Sends the request to a server that may not answer it.
    pub async fn try_send(&self, server: SocketAddr) -> Result<Answer> {
        exchange(server, &self.pieces(true), LIMIT).await
    }

    /// Sends this request and others on one connection, all before the first response.
    pub async fn send_together(&self, others: &[Self], server: SocketAddr) -> Vec<u16> {
        let mut connection = Connection::new(server);
        let bytes = std::iter::once(self).chain(others).flat_map(Self::to_bytes).collect::<Vec<_>>();
        let mut statuses = vec![connection.ask(&bytes, LIMIT).await.unwrap().status];
        for _ in others {
            statuses.push(connection.ask(b"", LIMIT).await.unwrap().status);
        }
        statuses
    }

    /// Sends the head of this request and waits for the response. Then sends the body together with
    /// another request on the same connection.
    ///
    /// Returns the first response, and the status of the second unless the server closed the
    /// connection.
    pub async fn send_late(&self, other: &Self, server: SocketAddr) -> (Answer, Option<u16>) {
        let mut connection = Connection::new(server);
        let first = connection.ask(&self.head(), LIMIT).await.unwrap();
        let rest = [self.body(), &other.to_bytes()].concat();
        // A server that closes the connection may read both, or neither.
        let second = match connection.stream {
            Some(_) => connection.ask(&rest, LIMIT).await.ok().map(|answer| answer.status),
            None => None,
        };
        (first, second)
    }

    pub async fn send_and_leave(&self, server: SocketAddr) {
        let mut stream = connect(server).await.unwrap();
        stream.write_all(&self.pieces(true).concat()).await.unwrap();
        stream.shutdown().await.unwrap();
    }
}

/// A keep-alive connection with one request in flight, which is opened when it is needed.
pub struct Connection {
    server: SocketAddr,
    stream: Option<TcpStream>,
    unread: Vec<u8>,
}

impl Connection {
    pub fn new(server: SocketAddr) -> Self {
        Self { server, stream: None, unread: Vec::new() }
    }

    /// Sends a request on the open connection, or on a new one. Closes the connection after an
    /// error, and if the response announces it.
    pub async fn ask(&mut self, request: &[u8], limit: Duration) -> Result<Answer> {
        let answer = timeout(limit, self.exchange(request)).await.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()));
        if answer.as_ref().map_or(true, |answer| answer.header("connection") == Some("close")) {
            self.close();
        }
        answer
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        let stream = open(&mut self.stream, self.server).await?;
        stream.write_all(request).await?;
        read_answer(stream, &mut self.unread).await
    }

    /// Sends at most `after` bytes of the request and closes the connection.
    pub async fn cut_off(&mut self, request: &[u8], after: usize) -> Result<()> {
        let stream = open(&mut self.stream, self.server).await?;
        stream.write_all(&request[..after.min(request.len())]).await?;
        self.close();
        Ok(())
    }

    pub fn close(&mut self) {
        self.stream = None;
        self.unread.clear();
    }
}

async fn open(stream: &mut Option<TcpStream>, server: SocketAddr) -> Result<&mut TcpStream> {
    if stream.is_none() {
        *stream = Some(connect(server).await?);
    }
    stream.as_mut().ok_or_else(|| ErrorKind::NotConnected.into())
}

/// Connects without Nagle's algorithm, so that small writes are sent at once.
pub async fn connect(server: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends these pieces on a connection of their own. Returns the first response, even if it comes
/// before everything is sent, or `TimedOut` if there is none and the connection is still open.
pub async fn exchange(server: SocketAddr, pieces: &[impl AsRef<[u8]>], limit: Duration) -> Result<Answer> {
    let (mut reader, mut writer) = connect(server).await?.into_split();
    let writing = async {
        for piece in pieces {
            // A server that has answered may have closed the connection.
            if writer.write_all(piece.as_ref()).await.is_err() {
                break;
            }
        }
        std::future::pending().await
    };
    let mut unread = Vec::new();
    let has_body = !pieces.first().is_some_and(|head| head.as_ref().starts_with(b"HEAD "));
    let reading = timeout(limit, read(&mut reader, &mut unread, has_body));
    tokio::select! {
        answer = reading => answer.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into())),
        never = writing => never,
    }
}

/// Reads one response with its body. Bytes after it stay in `unread`.
pub async fn read_answer(reader: &mut (impl AsyncReadExt + Unpin), unread: &mut Vec<u8>) -> Result<Answer> {
    read(reader, unread, true).await
}

async fn read(reader: &mut (impl AsyncReadExt + Unpin), unread: &mut Vec<u8>, has_body: bool) -> Result<Answer> {
    let mut is_continued = false;
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut head = httparse::Response::new(&mut headers);
        let parsed = head.parse(unread).map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
        if let httparse::Status::Complete(start) = parsed {
            let header = |header: &httparse::Header<'_>| {
                (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned())
            };
            let headers = head.headers.iter().map(header).collect();
            let mut answer = Answer { status: head.code.unwrap_or(0), headers, body: Vec::new(), is_continued };
            if answer.status < 200 {
                is_continued |= answer.status == 100;
                unread.drain(..start);
                continue;
            }
            if has_body && answer.header("transfer-encoding") == Some("chunked") {
                if let Some((body, end)) = joined(&unread[start..])? {
                    answer.body = body;
                    unread.drain(..start + end);
                    return Ok(answer);
                }
                read_more(reader, unread).await?;
                continue;
            }
            let length = answer.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            let end = start + if has_body { length } else { 0 };
            if unread.len() >= end {
                answer.body = unread.drain(..end).skip(start).collect();
                return Ok(answer);
            }
        }
        read_more(reader, unread).await?;
    }
}

async fn read_more(reader: &mut (impl AsyncReadExt + Unpin), unread: &mut Vec<u8>) -> Result<()> {
    if reader.read_buf(unread).await? == 0 { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(()) }
}

/// Joins the chunks of a body without trailers. Returns it with the position of its end, or `None`
/// if the last chunk has not arrived.
fn joined(chunks: &[u8]) -> Result<Option<(Vec<u8>, usize)>> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let invalid = |_| Error::new(ErrorKind::InvalidData, "a chunk has no size");
        let httparse::Status::Complete((start, size)) = httparse::parse_chunk_size(&chunks[at..]).map_err(invalid)?
        else {
            return Ok(None);
        };
        let (start, size) = (at + start, usize::try_from(size).map_err(Error::other)?);
        let end = start + size + b"\r\n".len();
        if chunks.len() < end {
            return Ok(None);
        }
        body.extend_from_slice(&chunks[start..start + size]);
        if size == 0 {
            return Ok(Some((body, end)));
        }
        at = end;
    }
}

pub fn sign(secret: &str, message: &[u8]) -> String {
    signature::sign(&Secret::new(secret).unwrap(), message)
}
