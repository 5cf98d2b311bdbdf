//! An HTTP/1.1 client that writes raw bytes. It can be slow, abort, send chunks, lie about lengths
//! and send bodies late, which libraries do not allow.

use std::net::SocketAddr;
use std::time::Duration;

use birdhook::{Secret, signature};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The path of the webhook on the servers under test.
pub const PATH: &str = "/webhooks/twitter";

/// A request as bytes.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    None,
    /// A body with `Content-Length`, which may be wrong. `written` is the part that is sent.
    Sized {
        length: String,
        written: Vec<u8>,
    },
    /// A chunked body. `ended` is whether the last, empty chunk is sent.
    Chunked {
        chunks: Vec<Vec<u8>>,
        ended: bool,
    },
}

/// A response.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Returns a GET request with this query.
pub fn get(query: &str) -> Request {
    request("GET", query, Body::None)
}

/// Returns an unsigned POST request with this body.
pub fn post(body: impl Into<Vec<u8>>) -> Request {
    let written = body.into();
    request("POST", "", Body::Sized { length: written.len().to_string(), written })
}

/// Returns a request with another method.
pub fn method(method: &str) -> Request {
    request(method, "", Body::None)
}

fn request(method: &str, query: &str, body: Body) -> Request {
    Request { method: method.into(), query: query.into(), headers: Vec::new(), body }
}

impl Request {
    /// Signs the body with this secret.
    pub fn signed(self, secret: &str) -> Self {
        let value = sign(secret, &self.bytes_of_body());
        self.header(signature::HEADER, &value)
    }

    /// Signs the body with this secret, in the OAuth 2.0 header.
    pub fn signed_oauth2(self, secret: &str) -> Self {
        let value = sign(secret, &self.bytes_of_body());
        self.header(signature::HEADER_OAUTH2, &value)
    }

    /// Signs the query with this secret.
    pub fn query_signed(self, secret: &str) -> Self {
        let value = sign(secret, self.query.as_bytes());
        self.header(signature::HEADER, &value)
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.into(), value.as_ref().into()));
        self
    }

    /// Sets the query.
    pub fn with_query(mut self, query: &str) -> Self {
        self.query = query.into();
        self
    }

    /// Sends the body in chunks of this size, without a `Content-Length`.
    pub fn chunked(mut self, size: usize) -> Self {
        let chunks = self.bytes_of_body().chunks(size).map(<[u8]>::to_vec).collect();
        self.body = Body::Chunked { chunks, ended: true };
        self
    }

    /// Sends only this number of bytes of the body, then stalls.
    pub fn stuck_after(mut self, bytes: usize) -> Self {
        match &mut self.body {
            Body::Sized { written, .. } => written.truncate(bytes),
            Body::Chunked { chunks, ended } => {
                *chunks = vec![chunks.concat()[..bytes].to_vec()];
                *ended = false;
            }
            Body::None => {}
        }
        self
    }

    /// Flips one bit of a chunked body after it was signed.
    pub fn with_body_changed(mut self) -> Self {
        if let Body::Chunked { chunks, .. } = &mut self.body {
            chunks[0][2] ^= 1;
        }
        self
    }

    /// Sets another `Content-Length`.
    pub fn claiming(mut self, claimed: &str) -> Self {
        if let Body::Sized { length, .. } = &mut self.body {
            *length = claimed.into();
        }
        self
    }

    fn bytes_of_body(&self) -> Vec<u8> {
        match &self.body {
            Body::None => Vec::new(),
            Body::Sized { written, .. } => written.clone(),
            Body::Chunked { chunks, .. } => chunks.concat(),
        }
    }

    fn head(&self) -> Vec<u8> {
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        let mut head = format!("{} {PATH}{query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", self.method);
        match &self.body {
            Body::None => {}
            Body::Sized { length, .. } => head += &format!("Content-Length: {length}\r\n"),
            Body::Chunked { .. } => head += "Transfer-Encoding: chunked\r\n",
        }
        let mut head = head.into_bytes();
        for (name, value) in &self.headers {
            head.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    fn pieces(&self) -> Vec<Vec<u8>> {
        let mut pieces = vec![self.head()];
        match &self.body {
            Body::None => {}
            Body::Sized { written, .. } => pieces.push(written.clone()),
            Body::Chunked { chunks, ended } => {
                let frame = |chunk: &Vec<u8>| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat();
                pieces.extend(chunks.iter().map(frame));
                pieces.extend(ended.then(|| b"0\r\n\r\n".to_vec()));
            }
        }
        pieces
    }

    /// Sends the request on its own connection and reads the response.
    pub async fn send(&self, server: SocketAddr) -> Answer {
        let sending = async {
            let stream = TcpStream::connect(server).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let (mut reader, mut writer) = stream.into_split();
            let pieces = self.pieces();
            let writing = tokio::spawn(async move {
                for piece in pieces {
                    // The server may have responded early and closed the connection.
                    if writer.write_all(&piece).await.is_err() || writer.flush().await.is_err() {
                        break;
                    }
                }
                writer
            });
            let answer = read_answer(&mut reader, &mut Vec::new(), self.method == "HEAD").await;
            writing.abort();
            answer
        };
        timeout(Duration::from_secs(20), sending).await.unwrap_or_else(|_| panic!("no answer in 20 s"))
    }

    /// Sends this request and others on one connection, all before the first response.
    pub async fn send_together(&self, others: &[Self], server: SocketAddr) -> Vec<u16> {
        let sending = async {
            let mut stream = TcpStream::connect(server).await.unwrap();
            let requests = std::iter::once(self).chain(others);
            let bytes: Vec<u8> = requests.clone().flat_map(Self::pieces).flatten().collect();
            let text = String::from_utf8(bytes).unwrap().replace("Connection: close\r\n", "");
            stream.write_all(text.as_bytes()).await.unwrap();
            let (mut statuses, mut unread) = (Vec::new(), Vec::new());
            for request in requests {
                statuses.push(read_answer(&mut stream, &mut unread, request.method == "HEAD").await.status);
            }
            statuses
        };
        timeout(Duration::from_secs(20), sending).await.unwrap_or_else(|_| panic!("no answer in 20 s"))
    }

    /// Sends the head of this request and waits for the response. Then sends the body together with
    /// another request on the same connection.
    ///
    /// Returns the first response, and the status of the second unless the server closed the
    /// connection.
    pub async fn send_late(&self, other: &Self, server: SocketAddr) -> (Answer, Option<u16>) {
        let sending = async {
            let mut stream = TcpStream::connect(server).await.unwrap();
            let head = String::from_utf8(self.head()).unwrap().replace("Connection: close\r\n", "");
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut unread = Vec::new();
            let first = read_answer(&mut stream, &mut unread, false).await;
            let rest = [self.bytes_of_body(), other.pieces().concat()].concat();
            // A server that closes the connection may read both, or neither.
            let is_open =
                stream.write_all(&rest).await.is_ok() && stream.read_buf(&mut unread).await.is_ok_and(|n| n > 0);
            let second = if is_open { Some(read_answer(&mut stream, &mut unread, false).await.status) } else { None };
            (first, second)
        };
        timeout(Duration::from_secs(20), sending).await.unwrap_or_else(|_| panic!("no answer in 20 s"))
    }

    /// Sends the request and closes the connection without waiting for a response.
    pub async fn send_and_leave(&self, server: SocketAddr) {
        let mut stream = TcpStream::connect(server).await.unwrap();
        for piece in self.pieces() {
            stream.write_all(&piece).await.unwrap();
        }
        stream.shutdown().await.unwrap();
    }
}

/// Reads one response. Bytes after it stay in `bytes`.
async fn read_answer(reader: &mut (impl AsyncReadExt + Unpin), bytes: &mut Vec<u8>, bodyless: bool) -> Answer {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut head = httparse::Response::new(&mut headers);
        if let httparse::Status::Complete(length) = head.parse(bytes).unwrap() {
            let header = |header: &httparse::Header<'_>| {
                (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned())
            };
            let (status, headers) = (head.code.unwrap(), head.headers.iter().map(header).collect::<Vec<_>>());
            let wanted = headers.iter().find(|(name, _)| name == "content-length");
            let wanted = wanted.map_or(0, |(_, value)| value.parse().unwrap());
            let wanted = length + if bodyless { 0 } else { wanted };
            if status >= 200 && bytes.len() >= wanted {
                return Answer { status, headers, body: bytes.drain(..wanted).skip(length).collect() };
            }
            if status < 200 {
                bytes.drain(..length);
                continue;
            }
        }
        let read = reader.read_buf(bytes).await;
        assert!(matches!(read, Ok(1..)), "the connection ended without an answer: {read:?}, {bytes:?}");
    }
}

/// Returns the value of a signature header.
pub fn sign(secret: &str, message: &[u8]) -> String {
    signature::sign(&Secret::new(secret).unwrap(), message)
}
